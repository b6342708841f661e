//! A certificate authority of the tests' own, for the SMS centre and the mail relay behind TLS.

use std::path::Path;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio_rustls::TlsAcceptor;

/// A fresh authority with its own key, trusted by nobody who was not given [`Authority::save`]'s file.
pub struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authority").finish_non_exhaustive()
    }
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}

impl Authority {
    /// A new key and a self-signed certificate.
    pub fn new() -> Self {
        let mut parameters = CertificateParams::new(Vec::new()).expect("no names to be wrong");
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let pem = parameters.self_signed(&key).expect("a certificate").pem();
        Self { pem, issuer: Issuer::new(parameters, key) }
    }

    /// Writes the certificate as PEM for a `ca_file`.
    pub fn save(&self, path: &Path) {
        std::fs::write(path, &self.pem).expect("a folder that can be written");
    }

    /// A certificate for these names and its key, both PEM.
    pub fn certificate(&self, names: &[&str]) -> (String, String) {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let key = KeyPair::generate().expect("a key");
        let certificate =
            CertificateParams::new(names).expect("good names").signed_by(&key, &self.issuer).expect("a certificate");
        (certificate.pem(), key.serialize_pem())
    }

    /// The authority's own certificate as PEM.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// A server's end for `localhost` and 127.0.0.1.
    pub fn acceptor(&self) -> TlsAcceptor {
        self.acceptor_for(&["localhost", "127.0.0.1"])
    }

    /// A server's end for these names.
    pub fn acceptor_for(&self, names: &[&str]) -> TlsAcceptor {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let key = KeyPair::generate().expect("a key");
        let certificate =
            CertificateParams::new(names).expect("good names").signed_by(&key, &self.issuer).expect("a certificate");
        let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("ring has them")
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .expect("a matching key");
        TlsAcceptor::from(Arc::new(config))
    }
}
