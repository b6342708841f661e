//! Calls to one peer: a lazy channel with deadline, token, trace and retries ([`PeerChannel`]), and raw calls for the outbox.
//!
//! Nothing connects while a client is made; a peer that is down costs `connect_timeout` and answers UNAVAILABLE.

mod metrics;
mod peer;
mod raw;
mod table;
mod token;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::uri::PathAndQuery;
use serde::{Deserialize, Serialize};
use tonic::metadata::MetadataValue;
use tonic::transport::{Certificate, ClientTlsConfig, Endpoint};
use tonic::{Request, Status};

use crate::server::MAX_MESSAGE_BYTES;
use crate::trace_context;
use peer::{Once, Shared};
use raw::RawCodec;
use token::TokenFile;

pub use metrics::ClientMetrics;
pub use peer::PeerChannel;
pub use table::{METHODS, MethodTable, Policy, TableError};

/// HTTP/2 ping while a call waits, and how long its answer may take: a peer that vanished is noticed in 15 s.
const KEEPALIVE: (Duration, Duration) = (Duration::from_secs(10), Duration::from_secs(5));

/// Where a peer is and how we show who we are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientConfig {
    /// `http://host:port`, or `https://` for TLS.
    pub url: String,
    /// PEM file with the root of the peer's certificate. Needed for `https`.
    #[serde(default)]
    pub tls_ca: Option<PathBuf>,
    /// File with this service's own token. Read again when it changes.
    pub token_file: PathBuf,
    /// Longest wait for a connection.
    #[serde(default = "default_connect", with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub connect_timeout: Duration,
}

fn default_connect() -> Duration {
    Duration::from_secs(1)
}

impl ClientConfig {
    /// The defaults for a peer at `url`.
    pub fn new(url: impl Into<String>, token_file: impl Into<PathBuf>) -> Self {
        Self { url: url.into(), tls_ca: None, token_file: token_file.into(), connect_timeout: default_connect() }
    }
}

/// Why a client can't be made.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The URL or the TLS settings are unusable.
    #[error("{0}")]
    Endpoint(#[from] tonic::transport::Error),
    /// The CA file can't be read.
    #[error("{path}: {error}")]
    File {
        /// The file.
        path: String,
        /// What the system says.
        error: std::io::Error,
    },
}

/// A client of one peer. Cheap to clone; clones share the connection.
#[derive(Debug, Clone)]
pub struct Client {
    channel: PeerChannel,
}

impl Client {
    /// A client of `peer` (its name in metrics). Must run inside a tokio runtime; connects at the first call.
    pub fn new(
        peer: &str,
        config: &ClientConfig,
        table: Arc<MethodTable>,
        metrics: ClientMetrics,
    ) -> Result<Self, ClientError> {
        let mut endpoint = Endpoint::from_shared(config.url.clone())?
            .connect_timeout(config.connect_timeout)
            .http2_keep_alive_interval(KEEPALIVE.0)
            .keep_alive_timeout(KEEPALIVE.1)
            .tcp_nodelay(true);
        if let Some(path) = &config.tls_ca {
            let pem =
                std::fs::read(path).map_err(|error| ClientError::File { path: path.display().to_string(), error })?;
            endpoint = endpoint.tls_config(ClientTlsConfig::new().ca_certificate(Certificate::from_pem(pem)))?;
        }
        let shared = Shared { peer: peer.into(), token: TokenFile::new(&config.token_file), table, metrics };
        Ok(Self { channel: PeerChannel { channel: endpoint.connect_lazy(), shared: Arc::new(shared) } })
    }

    /// The channel for a generated client.
    pub fn channel(&self) -> PeerChannel {
        self.channel.clone()
    }

    /// Sends encoded bytes to `/package.Service/Method` once and gives back the encoded answer. `traceparent` is the one that was stored
    /// with the work; without it the current span's is sent.
    pub async fn call_raw(
        &self,
        method: &str,
        request: Bytes,
        timeout: Duration,
        traceparent: Option<&str>,
    ) -> Result<Bytes, Status> {
        let path = PathAndQuery::try_from(method).map_err(|_| Status::internal("the method is no path"))?;
        let mut request = Request::new(request);
        request.set_timeout(timeout);
        request.extensions_mut().insert(Once);
        if let Some(value) = traceparent.and_then(|text| MetadataValue::try_from(text).ok()) {
            request.metadata_mut().insert(trace_context::HEADER, value);
        }
        let mut grpc = tonic::client::Grpc::new(self.channel()).max_decoding_message_size(MAX_MESSAGE_BYTES);
        grpc.ready().await?;
        grpc.unary(request, path, RawCodec).await.map(tonic::Response::into_inner)
    }
}
