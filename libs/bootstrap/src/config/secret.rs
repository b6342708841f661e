//! Values that a configuration may hold but never show.

use std::{fmt, path::Path};

use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What is printed instead of a secret.
pub const REDACTED: &str = "[redacted]";

/// A password, a key, or a URL that contains one. `Debug` and `--print-config` show only that it is there.
#[derive(Clone)]
pub struct Secret(SecretString);

// === impl Secret ===

impl Secret {
    /// The value itself, for the one call that needs it.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// Reads a secret from a file, without the line end that editors put there.
    ///
    /// # Errors
    /// The file can't be read or is empty; the text names the file, never its content.
    pub fn read(file: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(file)
            .map_err(|error| anyhow::anyhow!("can't read the secret file {}: {error}", file.display()))?;
        let text = text.trim_end_matches(['\r', '\n']);
        anyhow::ensure!(!text.is_empty(), "the secret file {} is empty", file.display());
        Ok(Self::from(text))
    }

    /// The pair every secret is configured by: `<key>_file`, or the value itself in `<key>` (meant for the environment).
    ///
    /// # Errors
    /// Both are given, or the file can't be read.
    pub fn pick(key: &str, value: Option<&Self>, file: Option<&Path>) -> anyhow::Result<Option<Self>> {
        match (value, file) {
            (Some(_), Some(_)) => anyhow::bail!("`{key}` and `{key}_file` are both given: keep one"),
            (Some(value), None) => Ok(Some(value.clone())),
            (None, Some(file)) => Self::read(file).map(Some),
            (None, None) => Ok(None),
        }
    }
}

impl From<&str> for Secret {
    fn from(value: &str) -> Self {
        Self(SecretString::from(value))
    }
}

impl From<String> for Secret {
    fn from(value: String) -> Self {
        Self(SecretString::from(value))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::from)
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(REDACTED)
    }
}
