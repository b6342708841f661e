//! Signs tokens: the all-in-one's own issuer, identity's assertions, tests.

use jsonwebtoken::jwk::{Jwk, JwkSet, PublicKeyUse, ThumbprintHash};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Serialize;

/// PKCS#8 wrapping of an Ed25519 private key (RFC 8410): these 16 bytes, then the 32 of the seed.
const PKCS8: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];

/// An Ed25519 key that signs tokens and publishes its public half.
#[derive(Clone)]
pub struct Signer {
    key: EncodingKey,
    jwk: Jwk,
    id: String,
}

impl Signer {
    /// A new key.
    pub fn generate() -> Result<Self, jsonwebtoken::errors::Error> {
        Self::from_seed(&rand::random())
    }

    /// The key of a stored seed (RFC 8032).
    pub fn from_seed(seed: &[u8; 32]) -> Result<Self, jsonwebtoken::errors::Error> {
        let der = [PKCS8.as_slice(), seed.as_slice()].concat();
        let key = EncodingKey::from_ed_der(&der);
        let mut jwk = Jwk::from_encoding_key(&key, Algorithm::EdDSA)?;
        let id = jwk.thumbprint(ThumbprintHash::SHA256)?;
        jwk.common.key_id = Some(id.clone());
        jwk.common.public_key_use = Some(PublicKeyUse::Signature);
        Ok(Self { key, jwk, id })
    }

    /// The key id in tokens and in the JWKS document: the key's thumbprint (RFC 7638).
    pub fn key_id(&self) -> &str {
        &self.id
    }

    /// The JWKS document with the public key.
    pub fn jwks(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(&JwkSet { keys: vec![self.jwk.clone()] })
    }

    /// A compact JWT of the claims.
    pub fn sign(&self, claims: &impl Serialize) -> Result<String, jsonwebtoken::errors::Error> {
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some(self.id.clone());
        jsonwebtoken::encode(&header, claims, &self.key)
    }
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Signer").field("key_id", &self.id).finish_non_exhaustive()
    }
}
