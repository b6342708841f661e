//! Where keys come from.

use std::path::PathBuf;
use std::time::Duration;

use crate::auth::keys::{KeySet, KeysError};

/// Longest wait for a JWKS URL. A call may be waiting for the keys.
const PATIENCE: Duration = Duration::from_secs(2);
/// Largest JWKS document read; real ones have a few kilobytes.
const LARGEST: usize = 256 * 1024;

/// A place that publishes a JWKS document.
#[derive(Debug, Clone)]
pub enum Source {
    /// A file, replaced when keys change.
    File(PathBuf),
    /// A URL.
    Url(reqwest::Client, String),
    /// Fixed bytes, for tests and for one process that signs and verifies.
    Fixed(Vec<u8>),
}

impl Source {
    /// A URL, with an extra root certificate (PEM) when the issuer's is private.
    pub fn url(url: &str, ca: Option<&[u8]>) -> Result<Self, KeysError> {
        // Fails only when one is installed already, which is what is wanted.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = reqwest::Client::builder().timeout(PATIENCE);
        if let Some(pem) = ca {
            builder = builder.add_root_certificate(reqwest::Certificate::from_pem(pem)?);
        }
        Ok(Self::Url(builder.build()?, url.to_owned()))
    }

    /// Loads the keys as they are now.
    pub async fn load(&self) -> Result<KeySet, KeysError> {
        match self {
            Self::File(path) => KeySet::read(&tokio::fs::read(path).await?),
            Self::Url(client, url) => KeySet::read(&fetch(client, url).await?),
            Self::Fixed(json) => KeySet::read(json),
        }
    }
}

async fn fetch(client: &reqwest::Client, url: &str) -> Result<Vec<u8>, KeysError> {
    let mut response = client.get(url).send().await?.error_for_status()?;
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > LARGEST {
            return Err(KeysError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
