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

/// Takes who logs in out of every URL in `value` (`https://user:password@host`): addresses are no secrets, so they are not
/// kept as [`Secret`], but any of them may hold one.
pub(super) fn redact_logins(value: &mut toml::Value) {
    match value {
        toml::Value::String(text) => *text = without_logins(text),
        toml::Value::Array(items) => items.iter_mut().for_each(redact_logins),
        toml::Value::Table(table) => table.iter_mut().for_each(|(_, value)| redact_logins(value)),
        _ => {}
    }
}

fn without_logins(text: &str) -> String {
    let mut parts = text.split("://");
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|it: char| "/?#".contains(it) || it.is_whitespace()).unwrap_or(part.len());
        let (authority, rest) = part.split_at(end);
        shown.push_str("://");
        match authority.rsplit_once('@') {
            Some((_, host)) => shown.extend([REDACTED, "@", host]),
            None => shown.push_str(authority),
        }
        shown.push_str(rest);
    }
    shown
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
