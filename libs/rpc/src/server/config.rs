//! Settings of a server. Every field has a default; durations are written "10s", "250ms".

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Limits, TLS, reflection and drain of one server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServerConfig {
    /// Calls at work at the same time; more are refused with RESOURCE_EXHAUSTED.
    pub max_in_flight: usize,
    /// Deadline of a call that brings none.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub default_deadline: Duration,
    /// Longest deadline honoured.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub max_deadline: Duration,
    /// Answers reflection, v1 and v1alpha. Off in production.
    pub reflection: bool,
    /// TLS of the listener; plain text without it.
    pub tls: Option<TlsConfig>,
    /// Time between NOT_SERVING and the closing of the listener, for load balancers to look elsewhere.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub drain_notice: Duration,
    /// Longest wait for calls under way when stopping.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub grace: Duration,
    /// HTTP/2 ping on a quiet connection.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub keepalive_interval: Duration,
    /// A connection whose ping stays unanswered this long is closed.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub keepalive_timeout: Duration,
    /// Age at which a connection is ended without harm to its calls, so that its client chooses a replica anew; never without it.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::optional")]
    pub max_connection_age: Option<Duration>,
    /// Calls at the same time on one connection.
    pub max_concurrent_streams: u32,
    /// Largest header block, in bytes.
    pub max_header_bytes: u32,
}

/// Files of the listener's TLS, all PEM.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsConfig {
    /// Certificate chain.
    pub cert: PathBuf,
    /// Private key.
    pub key: PathBuf,
    /// Root that client certificates must chain to; none are asked for without it.
    #[serde(default)]
    pub client_ca: Option<PathBuf>,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            max_in_flight: 256,
            default_deadline: Duration::from_secs(10),
            max_deadline: Duration::from_secs(120),
            reflection: true,
            tls: None,
            drain_notice: Duration::ZERO,
            grace: Duration::from_secs(20),
            keepalive_interval: Duration::from_secs(60),
            keepalive_timeout: Duration::from_secs(10),
            max_connection_age: None,
            max_concurrent_streams: 1024,
            max_header_bytes: 16 * 1024,
        }
    }
}
