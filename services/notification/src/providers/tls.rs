//! The trust of outgoing TLS connections.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use super::ConfigError;

/// Trusts the given authority alone, or the public web's when there is none.
pub(super) fn client(ca_file: Option<&Path>) -> Result<ClientConfig, ConfigError> {
    let mut roots = RootCertStore::empty();
    match ca_file {
        None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        Some(path) => {
            let broken = |cause: String| ConfigError::File { key: "ca_file", path: path.display().to_string(), cause };
            let certificates = CertificateDer::pem_file_iter(path).map_err(|cause| broken(cause.to_string()))?;
            for certificate in certificates {
                let certificate = certificate.map_err(|cause| broken(cause.to_string()))?;
                roots.add(certificate).map_err(|cause| broken(cause.to_string()))?;
            }
            if roots.is_empty() {
                return Err(broken("no certificate in it".to_owned()));
            }
        }
    }
    // The provider is named here because a process that links several of them has no default.
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|cause| ConfigError::value("tls", cause.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(config)
}
