//! The sections that every service has. The manual of the keys is `common.default.toml`; here are only their types.

use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf, time::Duration};

use serde::{Deserialize, Serialize};

use super::{Secret, check::Faults, span};

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
    pub auth: rpc::auth::AuthConfig,
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
    pub relay: outbox::Settings,
    /// Logs and traces.
    pub telemetry: TelemetryConfig,
}

/// `[grpc]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct GrpcConfig {
    /// Address to listen on, unless the caller brings a listener.
    pub listen: SocketAddr,
    /// Serve reflection.
    pub reflection: bool,
    /// Requests at once.
    pub max_in_flight: usize,
    /// Deadline of a request that brings none.
    #[serde(with = "span::required")]
    pub default_deadline: Duration,
    /// Longest deadline honoured.
    #[serde(with = "span::required")]
    pub max_deadline: Duration,
    /// HTTP/2 ping on a quiet connection.
    #[serde(with = "span::required")]
    pub keepalive_interval: Duration,
    /// Patience with the answer to it.
    #[serde(with = "span::required")]
    pub keepalive_timeout: Duration,
    /// Age at which a connection is ended.
    #[serde(default, with = "span::optional")]
    pub max_connection_age: Option<Duration>,
    /// Requests at once on one connection.
    pub max_concurrent_streams: u32,
    /// Largest header block, bytes.
    pub max_header_bytes: u32,
    /// TLS of the listener.
    pub tls: Option<rpc::TlsConfig>,
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
    /// Patience with the database at the start.
    #[serde(with = "span::required")]
    pub database_wait: Duration,
    /// Longest step of a background loop.
    #[serde(with = "span::required")]
    pub step_limit: Duration,
    /// From NOT_SERVING to the closing of the listener.
    #[serde(with = "span::required")]
    pub drain_notice: Duration,
    /// Patience with requests and steps in hand at the stop.
    #[serde(with = "span::required")]
    pub grace: Duration,
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
    /// PEM of the root of an https peer's certificate.
    pub tls_ca: Option<PathBuf>,
    /// Longest wait for a connection.
    #[serde(default = "second", with = "span::required")]
    pub connect_timeout: Duration,
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

fn second() -> Duration {
    Duration::from_secs(1)
}

// === impl Common ===

impl Common {
    /// The names of the sections above: what is not among them belongs to the service.
    pub const SECTIONS: [&'static str; 11] =
        ["grpc", "admin", "database", "migrate", "lifecycle", "auth", "token", "keys", "peers", "relay", "telemetry"];

    /// The server's settings, as `rpc` wants them.
    pub fn server(&self) -> rpc::ServerConfig {
        let grpc = &self.grpc;
        rpc::ServerConfig {
            max_in_flight: grpc.max_in_flight,
            default_deadline: grpc.default_deadline,
            max_deadline: grpc.max_deadline,
            reflection: grpc.reflection,
            tls: grpc.tls.clone(),
            drain_notice: self.lifecycle.drain_notice,
            grace: self.lifecycle.grace,
            keepalive_interval: grpc.keepalive_interval,
            keepalive_timeout: grpc.keepalive_timeout,
            max_connection_age: grpc.max_connection_age,
            max_concurrent_streams: grpc.max_concurrent_streams,
            max_header_bytes: grpc.max_header_bytes,
        }
    }

    /// What types can't say.
    pub(super) fn check(&self, peers: &[&str], faults: &mut Faults) {
        for name in self.peers.keys().filter(|it| !peers.contains(&it.as_str())) {
            let known = peers.join(", ");
            faults.tell(format!("unknown peer `peers.{name}`; this service calls: {known}"));
        }
        for name in peers.iter().filter(|it| !self.peers.contains_key(**it)) {
            faults.add(&format!("peers.{name}.url"), "is missing");
        }
        if self.database.url.is_some() && self.database.url_file.is_some() {
            faults.add("database.url", "and `database.url_file` are both given: keep one");
        }
        if self.auth.jwks_file.is_some() && self.auth.jwks_url.is_some() {
            faults.add("auth.jwks_file", "and `auth.jwks_url` are both given: keep one");
        }
        if !(0.0..=1.0).contains(&self.telemetry.trace_share) {
            faults.add("telemetry.trace_share", "must be between 0 and 1");
        }
        if self.grpc.max_in_flight == 0 {
            faults.add("grpc.max_in_flight", "must be at least 1");
        }
        if let Err(text) = self.relay.check() {
            faults.tell(text);
        }
        if let Err(text) = crate::telemetry::check_filter(&self.telemetry.filter) {
            faults.add("telemetry.filter", text);
        }
    }
}
