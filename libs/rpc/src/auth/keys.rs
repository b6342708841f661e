//! Published keys (RFC 7517).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::auth::claims::TokenError;

/// Shortest RSA modulus accepted, in bytes: 2048 bits.
const RSA_BYTES: usize = 256;

/// The keys of one JWKS document that this suite accepts.
#[derive(Clone, Default)]
pub struct KeySet {
    keys: Vec<Key>,
}

#[derive(Clone)]
struct Key {
    id: Option<String>,
    algorithm: Algorithm,
    key: DecodingKey,
}

/// Why a JWKS document can't be used.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The file can't be read.
    #[error("the keys can't be read: {0}")]
    Read(#[from] std::io::Error),
    /// The URL can't be fetched.
    #[error("the keys can't be fetched: {0}")]
    Fetch(#[from] reqwest::Error),
    /// Not a JWKS document.
    #[error("the keys are no JWKS document: {0}")]
    Parse(#[from] serde_json::Error),
    /// No Ed25519 and no RS256 key of at least 2048 bits in it.
    #[error("the JWKS document holds no key for EdDSA or RS256")]
    Empty,
    /// The document is larger than any set of keys.
    #[error("the JWKS document is too large")]
    TooLarge,
}

#[derive(Deserialize)]
struct Document {
    keys: Vec<serde_json::Value>,
}

impl KeySet {
    /// Reads a JWKS document. Keys of other kinds are passed over, since issuers publish keys for other uses beside ours.
    pub fn read(json: &[u8]) -> Result<Self, KeysError> {
        let document: Document = serde_json::from_slice(json)?;
        let keys: Vec<Key> = document.keys.into_iter().filter_map(Key::read).collect();
        if keys.is_empty() { Err(KeysError::Empty) } else { Ok(Self { keys }) }
    }

    /// The claims of a token whose signature one of these keys made. Checks nothing else: times and audience are the caller's to check.
    ///
    /// A token that names a key is tried with that key only, one that names none with every key of its algorithm.
    pub fn open<T: DeserializeOwned>(&self, token: &str) -> Result<T, TokenError> {
        let header = jsonwebtoken::decode_header(token).map_err(|_| TokenError::Malformed)?;
        if !matches!(header.alg, Algorithm::EdDSA | Algorithm::RS256) {
            return Err(TokenError::Algorithm);
        }
        let mut outcome = Err(TokenError::UnknownKey);
        let named = |key: &&Key| key.algorithm == header.alg && (header.kid.is_none() || key.id == header.kid);
        for key in self.keys.iter().filter(named) {
            match key.open(token) {
                Err(TokenError::Signature) => outcome = Err(TokenError::Signature),
                decided => return decided,
            }
        }
        outcome
    }
}

impl Key {
    fn read(json: serde_json::Value) -> Option<Self> {
        let jwk: Jwk = serde_json::from_value(json).ok()?;
        if jwk.common.public_key_use.as_ref().is_some_and(|used| *used != PublicKeyUse::Signature) {
            return None;
        }
        let algorithm = match (&jwk.algorithm, jwk.common.key_algorithm) {
            (AlgorithmParameters::OctetKeyPair(pair), None | Some(KeyAlgorithm::EdDSA))
                if pair.curve == EllipticCurve::Ed25519 && decoded_length(&pair.x) == 32 =>
            {
                Algorithm::EdDSA
            }
            (AlgorithmParameters::RSA(rsa), None | Some(KeyAlgorithm::RS256))
                if decoded_length(&rsa.n) >= RSA_BYTES =>
            {
                Algorithm::RS256
            }
            _ => return None,
        };
        let key = DecodingKey::from_jwk(&jwk).ok()?;
        Some(Self { id: jwk.common.key_id, algorithm, key })
    }

    fn open<T: DeserializeOwned>(&self, token: &str) -> Result<T, TokenError> {
        // The library would compare with the machine's time; ours comes from the clock, see Claims::check.
        let mut validation = Validation::new(self.algorithm);
        validation.validate_exp = false;
        validation.validate_nbf = false;
        validation.validate_aud = false;
        validation.required_spec_claims.clear();
        jsonwebtoken::decode(token, &self.key, &validation).map(|data| data.claims).map_err(|error| {
            match error.kind() {
                jsonwebtoken::errors::ErrorKind::InvalidSignature => TokenError::Signature,
                _ => TokenError::Malformed,
            }
        })
    }
}

fn decoded_length(base64: &str) -> usize {
    URL_SAFE_NO_PAD.decode(base64).map_or(0, |bytes| bytes.len())
}

impl std::fmt::Debug for KeySet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.keys.iter().map(|key| (&key.id, key.algorithm))).finish()
    }
}
