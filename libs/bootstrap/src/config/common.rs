//! The sections that every service has. The manual of the keys is `common.default.toml`; here are only their types.

use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf, time::Duration};

use serde::{Deserialize, Serialize};

use super::{ConfigError, Secret, span};

/// What all services are configured with alike.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Common {
    /// The gRPC server.
    pub grpc: GrpcConfig,
    /// The port for operators.
    pub admin: AdminConfig,
    /// The service's schema.
    pub database: store::Settings,
    /// The `migrate` step.
    #[serde(default)]
    pub migrate: MigrateConfig,
    /// Start and stop.
    pub lifecycle: LifecycleConfig,
    /// Whom callers must be vouched for by.
    pub auth: AuthConfig,
    /// How the service calls others.
    #[serde(default)]
    pub token: TokenConfig,
    /// What personal data is sealed under.
    #[serde(default)]
    pub keys: KeysConfig,
    /// The services that are called, by name.
    #[serde(default)]
    pub peers: BTreeMap<String, PeerConfig>,
    /// The outbox's loops.
    pub relay: RelayConfig,
    /// Logs and traces.
    pub telemetry: TelemetryConfig,
}

/// `[grpc]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct GrpcConfig {
    /// Address to listen on, unless the caller brings a listener.
    pub listen: SocketAddr,
    /// PEM; goes with `tls_key_file`.
    pub tls_cert_file: Option<PathBuf>,
    /// PEM.
    pub tls_key_file: Option<PathBuf>,
    /// Serve reflection.
    pub reflection: bool,
    /// Requests at once.
    pub max_in_flight: usize,
    /// Upper limit and default of a request's deadline.
    #[serde(with = "span::required")]
    pub max_deadline: Duration,
}

/// `[admin]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct AdminConfig {
    /// Address to listen on, unless the caller brings a listener.
    pub listen: SocketAddr,
}

/// `[migrate]`
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct MigrateConfig {
    /// The administrator's URL.
    pub url: Option<Secret>,
    /// File with that URL.
    pub url_file: Option<PathBuf>,
}

/// `[lifecycle]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct LifecycleConfig {
    /// Patience at the start.
    #[serde(with = "span::required")]
    pub database_wait: Duration,
    /// Patience at the stop.
    #[serde(with = "span::required")]
    pub drain: Duration,
}

/// `[auth]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct AuthConfig {
    /// JWKS in a file.
    pub jwks_file: Option<PathBuf>,
    /// JWKS behind a URL.
    pub jwks_url: Option<String>,
    /// Required in `aud`.
    pub audience: String,
    /// Tolerance on `exp`.
    #[serde(with = "span::required")]
    pub leeway: Duration,
}

/// `[token]`
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct TokenConfig {
    /// File with the service's own token.
    pub file: Option<PathBuf>,
}

/// `[keys]`
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct KeysConfig {
    /// The key ring.
    pub file: Option<PathBuf>,
}

/// `[peers.<name>]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PeerConfig {
    /// `http://host:port` or `https://…`.
    pub url: String,
    /// Authority of an https peer; unset: the usual public ones.
    pub ca_file: Option<PathBuf>,
}

/// `[relay]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RelayConfig {
    /// Rest of the relay.
    #[serde(with = "span::required")]
    pub idle: Duration,
    /// Rest of the sweeper.
    #[serde(with = "span::required")]
    pub purge: Duration,
}

/// `[telemetry]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct TelemetryConfig {
    /// RUST_LOG syntax.
    pub filter: String,
    /// Shape of log lines.
    pub format: LogFormat,
    /// OTLP over gRPC.
    pub otlp_endpoint: Option<String>,
    /// 0.0 to 1.0.
    pub trace_share: f64,
}

/// Shape of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// Text on a terminal, JSON elsewhere.
    Auto,
    /// One JSON object per line.
    Json,
    /// For people.
    Text,
}

// === impl Common ===

impl Common {
    /// The names of the sections above: what is not among them belongs to the service.
    pub const SECTIONS: [&'static str; 11] =
        ["grpc", "admin", "database", "migrate", "lifecycle", "auth", "token", "keys", "peers", "relay", "telemetry"];

    /// What types can't say.
    pub(super) fn check(&self, peers: &[&str]) -> Result<(), ConfigError> {
        let refuse = |text: String| Err(ConfigError::new(text));
        if let Some(name) = self.peers.keys().find(|it| !peers.contains(&it.as_str())) {
            return refuse(format!("unknown peer `peers.{name}`; this service calls: {}", peers.join(", ")));
        }
        if let Some(name) = peers.iter().find(|it| !self.peers.contains_key(**it)) {
            return refuse(format!("the key `peers.{name}.url` is missing"));
        }
        if self.grpc.tls_cert_file.is_some() != self.grpc.tls_key_file.is_some() {
            return refuse("`grpc.tls_cert_file` and `grpc.tls_key_file` go together".to_owned());
        }
        if self.database.url.is_some() && self.database.url_file.is_some() {
            return refuse("`database.url` and `database.url_file` are both given: keep one".to_owned());
        }
        if self.auth.jwks_file.is_some() && self.auth.jwks_url.is_some() {
            return refuse("`auth.jwks_file` and `auth.jwks_url` are both given: keep one".to_owned());
        }
        if !(0.0..=1.0).contains(&self.telemetry.trace_share) {
            return refuse("`telemetry.trace_share` must be between 0 and 1".to_owned());
        }
        if self.grpc.max_in_flight == 0 {
            return refuse("`grpc.max_in_flight` must be at least 1".to_owned());
        }
        crate::telemetry::check_filter(&self.telemetry.filter)
            .map_err(|error| ConfigError::new(format!("`telemetry.filter`: {error}")))
    }
}
