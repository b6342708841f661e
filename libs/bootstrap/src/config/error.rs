//! What is wrong with a configuration, in words for the person who wrote it.

use config::{ConfigError as Cause, Map, Value, ValueKind};

/// A configuration that can't be used. The process exits with 64 (EX_USAGE).
#[derive(Debug)]
pub struct ConfigError(String);

// === impl ConfigError ===

impl ConfigError {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// `Ok` without faults; else one line each.
    pub(super) fn of_faults(lines: &[String]) -> Result<(), Self> {
        match lines {
            [] => Ok(()),
            [line] => Err(Self::new(line)),
            lines => Err(Self(format!("{} faults:\n  {}", lines.len(), lines.join("\n  ")))),
        }
    }

    /// A file that can't be read or is no TOML. The quoted source lines (`3 | password = …`) are left out: they may hold a
    /// secret.
    pub(super) fn unreadable(cause: &Cause) -> Self {
        let text = cause.to_string();
        let lines = text.lines().map(str::trim).filter(|it| !it.contains('|') && !it.is_empty());
        Self(lines.collect::<Vec<_>>().join(": "))
    }

    /// A table that does not fit its type. `table` is what was being read: the origin is looked up there.
    pub(super) fn unfit(cause: &Cause, table: &Map<String, Value>) -> Self {
        let (message, key) = take_apart(cause);
        let field = |prefix| message.strip_prefix(prefix).and_then(|rest: &str| rest.split_once('`'));
        if let Some((name, rest)) = field("unknown field `") {
            let full = join(&key, name);
            let known = rest.trim_start_matches([',', ' ']);
            return Self(format!("unknown key `{full}` in {}; {known}", origin(table, &full)));
        }
        if let Some((name, _)) = field("missing field `") {
            return Self(format!("the key `{}` is missing", join(&key, name)));
        }
        if key.is_empty() {
            return Self(message);
        }
        Self(format!("`{key}` in {}: {message}", origin(table, &key)))
    }
}

impl std::fmt::Display for ConfigError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ConfigError {}

/// The text without key and origin, and the key.
fn take_apart(cause: &Cause) -> (String, String) {
    match cause {
        Cause::At { error, key, .. } => (take_apart(error).0, key.clone().unwrap_or_default()),
        // Not `unexpected`: it quotes the value, which may be a secret in the wrong place.
        Cause::Type { expected, key, .. } => (format!("expected {expected}"), key.clone().unwrap_or_default()),
        other => (other.to_string(), String::new()),
    }
}

fn join(key: &str, name: &str) -> String {
    if key.is_empty() { name.to_owned() } else { format!("{key}.{name}") }
}

/// Where the value of `key` was written; for a table, where its first value was.
fn origin(table: &Map<String, Value>, key: &str) -> String {
    let mut parts = key.split(['.', '[']);
    let mut found = parts.next().and_then(|it| table.get(it));
    for part in parts {
        found = match found.map(|it| &it.kind) {
            Some(ValueKind::Table(inner)) => inner.get(part),
            _ => found,
        };
    }
    while let Some(value) = found {
        if let Some(origin) = value.origin() {
            return origin.to_owned();
        }
        found = match &value.kind {
            ValueKind::Table(inner) => inner.values().next(),
            _ => None,
        };
    }
    "the compiled-in defaults".to_owned()
}
