//! What a configuration lacks before a service can be started by it: everything at once, since a person who mends one fault per
//! start gives up. The same for `--check-config` and for a start.

use std::{
    fmt::Display,
    fs::File,
    io,
    path::{Path, PathBuf},
};

use sealed::Ring;
use serde::Serialize;
use tonic::transport::Endpoint;

use super::{Common, ConfigError, Settings, layers};
use crate::Service;

/// The faults found so far, one line each. The lines name keys and files, never a value.
pub(super) struct Faults {
    service: &'static str,
    lines: Vec<String>,
}

// === impl Settings ===

impl<C: Serialize> Settings<C> {
    /// Whether a service can be started by it, as far as that can be told without its database. `ring_given`: the caller
    /// brings the key ring, so no file need be named.
    ///
    /// # Errors
    /// All faults: what does not fit together, what is missing, files that can't be used.
    pub(crate) fn check<S: Service<Config = C>>(&self, ring_given: bool) -> Result<(), ConfigError> {
        let mut faults = Faults::new(S::NAME);
        faults.consistency::<S>(self);
        faults.sources(&self.common);
        if !ring_given {
            faults.ring(self.common.keys.file.as_deref());
        }
        for (key, path) in files_of(&self.service) {
            faults.file(&key, &path);
        }
        faults.end()
    }

    /// Whether its parts agree with each other; nothing is opened.
    ///
    /// # Errors
    /// All faults.
    pub(super) fn agrees<S: Service<Config = C>>(&self) -> Result<(), ConfigError> {
        let mut faults = Faults::new(S::NAME);
        faults.consistency::<S>(self);
        faults.end()
    }
}

// === impl Faults ===

impl Faults {
    fn new(service: &'static str) -> Self {
        Self { service, lines: Vec::new() }
    }

    fn end(self) -> Result<(), ConfigError> {
        ConfigError::of_faults(&self.lines)
    }

    /// Adds what is wrong with a key.
    pub(super) fn add(&mut self, key: &str, what: impl Display) {
        let key = self.named(key);
        self.lines.push(format!("{key} {what}"));
    }

    /// Adds what concerns more than one key.
    pub(super) fn tell(&mut self, text: String) {
        self.lines.push(text);
    }

    fn neither(&mut self, one: &str, other: &str) {
        let (one, other) = (self.named(one), self.named(other));
        self.lines.push(format!("neither {one} nor {other} is given"));
    }

    /// A key and the environment variable that sets it.
    fn named(&self, key: &str) -> String {
        format!("`{key}` ({})", layers::variable(self.service, key))
    }

    fn consistency<S: Service>(&mut self, settings: &Settings<S::Config>) {
        settings.common.check(S::PEERS, self);
        // The service's own text names its key; which, only the service knows.
        if let Err(error) = S::check(&settings.service) {
            self.tell(format!("{error:#}"));
        }
    }

    /// What must be there, and can be used.
    fn sources(&mut self, common: &Common) {
        let Common { database, auth, token, grpc, peers, telemetry, .. } = common;
        match (&database.url, &database.url_file) {
            (None, None) => self.neither("database.url_file", "database.url"),
            (Some(_), Some(_)) => {} // told already
            (Some(_), None) => self.usable("database.url", database.check()),
            (None, Some(_)) => self.usable("database.url_file", database.check()),
        }
        if auth.jwks_file.is_none() && auth.jwks_url.is_none() {
            self.neither("auth.jwks_file", "auth.jwks_url");
        }
        // Only those who call others show a token.
        if token.file.is_none() && !peers.is_empty() {
            self.add("token.file", "is missing");
        }
        let tls = grpc.tls.as_ref();
        for (key, path) in [
            ("auth.jwks_file", auth.jwks_file.as_ref()),
            ("auth.jwks_ca", auth.jwks_ca.as_ref()),
            ("token.file", token.file.as_ref()),
            ("grpc.tls.cert", tls.map(|it| &it.cert)),
            ("grpc.tls.key", tls.map(|it| &it.key)),
            ("grpc.tls.client_ca", tls.and_then(|it| it.client_ca.as_ref())),
        ] {
            if let Some(path) = path {
                self.file(key, path);
            }
        }
        for (name, peer) in peers {
            self.address(&format!("peers.{name}.url"), &peer.url);
            if let Some(path) = &peer.tls_ca {
                self.file(&format!("peers.{name}.tls_ca"), path);
            }
        }
        if let Some(endpoint) = &telemetry.otlp_endpoint {
            self.address("telemetry.otlp_endpoint", endpoint);
        }
    }

    /// The ring may be missing: it is made for an empty database.
    fn ring(&mut self, file: Option<&Path>) {
        let Some(file) = file else { return self.add("keys.file", "is missing") };
        match Ring::load(file) {
            Err(error) if error.is_absent_ring() => {
                if file.parent().is_some_and(|folder| !folder.as_os_str().is_empty() && !folder.is_dir()) {
                    self.add("keys.file", format!("{}: its folder does not exist", file.display()));
                }
            }
            loaded => self.usable("keys.file", loaded),
        }
    }

    /// Opened, not read: a start reads it, and what is read from a pipe is gone.
    fn file(&mut self, key: &str, path: &Path) {
        let opened = File::open(path).and_then(|file| file.metadata());
        let fault = match opened {
            Ok(meta) if meta.is_dir() => io::ErrorKind::IsADirectory.to_string(),
            Ok(meta) if meta.is_file() && meta.len() == 0 => "the file is empty".to_owned(),
            Ok(_) => return,
            Err(error) => error.kind().to_string(),
        };
        self.add(key, format!("{}: {fault}", path.display()));
    }

    fn address(&mut self, key: &str, url: &str) {
        if Endpoint::from_shared(url.to_owned()).is_err() {
            self.add(key, "is no URL");
        }
    }

    fn usable<T>(&mut self, key: &str, outcome: Result<T, impl Display>) {
        if let Err(error) = outcome {
            self.add(key, format!("can't be used: {error}"));
        }
    }
}

/// The files that a service's own sections name. That a key with `_file` at its end holds a path is the convention of every
/// configuration here ([`super::Secret::pick`]).
fn files_of(service: &impl Serialize) -> Vec<(String, PathBuf)> {
    let mut found = Vec::new();
    // What can't be shown as TOML is refused when it is printed.
    if let Ok(table) = toml::Table::try_from(service) {
        walk("", &table, &mut found);
    }
    found
}

fn walk(above: &str, table: &toml::Table, found: &mut Vec<(String, PathBuf)>) {
    for (name, value) in table {
        let key = if above.is_empty() { name.clone() } else { format!("{above}.{name}") };
        match value {
            toml::Value::Table(inner) => walk(&key, inner, found),
            toml::Value::String(path) if name.ends_with("_file") => found.push((key, path.into())),
            _ => {}
        }
    }
}
