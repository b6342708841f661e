//! The server every service runs: layers, health, reflection, TLS, drain.
//!
//! ```text
//! bound     health NOT_SERVING for every service and ""
//!   | Health::serving(), once the schema was checked
//! serving
//!   | stopper
//! draining  health NOT_SERVING -> drain_notice -> listener closed, GOAWAY -> calls under way end, at most `grace`
//!   |
//! cut       whatever connection is left is closed
//! ```

mod config;
mod connection;
mod health;

use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio_stream::StreamExt;
use tokio_stream::wrappers::TcpListenerStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tonic::service::Routes;
use tonic::transport::{Certificate, Identity, ServerTlsConfig};

use crate::access::{Access, AccessError};
use crate::auth::Verifier;
use crate::layers::{self, LayerParts, ServerMetrics};
use crate::methods::Methods;
use connection::Connection;

pub use config::{ServerConfig, TlsConfig};
pub use health::Health;

/// Largest message either side reads: tonic's own default, named so that both sides and the documentation agree. Files travel in pieces.
pub const MAX_MESSAGE_BYTES: usize = 4 * 1024 * 1024;

/// How long connections may take to say goodbye after the last call has ended.
const LINGER: Duration = Duration::from_millis(250);

/// What a server is made of.
#[derive(Debug)]
pub struct ServerParts<'a> {
    /// `ErrorInfo.domain` of what the layers refuse: the service's own.
    pub domain: &'static str,
    /// Limits, TLS, reflection, drain.
    pub config: &'a ServerConfig,
    /// The generated services.
    pub routes: Routes,
    /// Full names of the services in `routes`.
    pub services: &'a [&'static str],
    /// Text of the access table.
    pub access: &'a str,
    /// Encoded descriptor sets that describe the services, such as `proto::FILE_DESCRIPTOR_SET`.
    pub descriptors: &'a [&'static [u8]],
    /// Who checks tokens.
    pub verifier: Arc<Verifier>,
    /// Where calls are counted.
    pub metrics: ServerMetrics,
    /// The server cancels it when it has told every connection to open no more calls: streams that would go on for ever end then, and
    /// their callers come back on another connection.
    pub closing: CancellationToken,
}

/// Why a server does not start, or ended.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The access table and the contracts disagree.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// A descriptor set is unreadable.
    #[error("a descriptor set can't be read: {0}")]
    Descriptors(#[from] prost::DecodeError),
    /// Reflection refuses the descriptor sets.
    #[error("reflection refuses the descriptors: {0}")]
    Reflection(#[from] tonic_reflection::server::Error),
    /// A certificate or key file can't be read.
    #[error("{path}: {error}")]
    File {
        /// The file.
        path: String,
        /// What the system says.
        error: std::io::Error,
    },
    /// TLS or the listener failed.
    #[error("{0}")]
    Transport(#[from] tonic::transport::Error),
}

/// A server ready to serve.
#[derive(Debug)]
pub struct Server {
    builder: tonic::transport::Server,
    routes: Routes,
    layers: LayerParts,
    health: Health,
    grace: Duration,
    drain_notice: Duration,
    closing: CancellationToken,
}

impl Server {
    /// Puts the parts together. Fails when the access table misses an RPC of `services`, names one that does not exist, or a TLS file is unusable.
    pub async fn new(parts: ServerParts<'_>) -> Result<Self, ServerError> {
        let ServerParts { domain, config, routes, services, access, descriptors, verifier, metrics, closing } = parts;
        let methods = Arc::new(Methods::read(descriptors)?);
        let access = Arc::new(Access::read(access, &methods, services)?);
        let (health, health_service) = Health::new(services).await;
        let mut routes = routes.add_service(health_service);
        if config.reflection {
            routes = routes.add_service(reflection(descriptors, services).build_v1()?);
            routes = routes.add_service(reflection(descriptors, services).build_v1alpha()?);
        }
        let mut builder = tonic::transport::Server::builder()
            .http2_keepalive_interval(Some(config.keepalive_interval))
            .http2_keepalive_timeout(Some(config.keepalive_timeout))
            .max_concurrent_streams(config.max_concurrent_streams)
            .http2_max_header_list_size(config.max_header_bytes);
        if let Some(age) = config.max_connection_age {
            builder = builder.max_connection_age(age);
        }
        if let Some(tls) = &config.tls {
            builder = builder.tls_config(read_tls(tls).await?)?;
        }
        let layers = LayerParts {
            domain,
            methods,
            access,
            verifier,
            metrics,
            open_calls: TaskTracker::new(),
            max_in_flight: config.max_in_flight,
            default_deadline: config.default_deadline,
            max_deadline: config.max_deadline,
        };
        let routes = routes.prepare();
        let (grace, drain_notice) = (config.grace, config.drain_notice);
        Ok(Self { builder, routes, layers, health, grace, drain_notice, closing })
    }

    /// The switch of this server's health.
    pub fn health(&self) -> Health {
        self.health.clone()
    }

    /// Serves until `stopper` is cancelled and the drain is over. Returns at the latest `drain_notice + grace` after that.
    pub async fn serve(self, listener: TcpListener, stopper: CancellationToken) -> Result<(), ServerError> {
        let (closing, cut) = (self.closing, CancellationToken::new());
        let connections = {
            let cut = cut.clone();
            TcpListenerStream::new(listener).map(move |accepted| accepted.map(|stream| Connection::new(stream, &cut)))
        };
        let open_calls = self.layers.open_calls.clone();
        let service = layers::stack(self.layers, self.routes);
        let closed = closing.clone().cancelled_owned();
        let serving = self.builder.serve_with_incoming_shutdown(service, connections, closed);
        let draining = async {
            stopper.cancelled().await;
            self.health.drain().await;
            tokio::time::sleep(self.drain_notice).await;
            closing.cancel();
            open_calls.close();
            let quiet = async {
                open_calls.wait().await;
                tokio::time::sleep(LINGER).await;
            };
            if tokio::time::timeout(self.grace, quiet).await.is_err() {
                tracing::warn!(calls = open_calls.len(), "grace period is over; cutting calls");
            }
            cut.cancel();
            std::future::pending::<()>().await;
        };
        tokio::select! {
            served = serving => Ok(served?),
            () = draining => Ok(()),
        }
    }
}

fn reflection<'b>(descriptors: &[&'b [u8]], services: &[&str]) -> tonic_reflection::server::Builder<'b> {
    let own =
        ["grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"];
    let mut builder = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        // The details of errors: a client with reflection alone reads which fields are at fault.
        .register_encoded_file_descriptor_set(tonic_types::pb::FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(tonic_reflection::pb::v1::FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(tonic_reflection::pb::v1alpha::FILE_DESCRIPTOR_SET);
    for set in descriptors {
        builder = builder.register_encoded_file_descriptor_set(set);
    }
    // The descriptor set describes the whole suite; only what is mounted here is listed.
    services.iter().copied().chain(own).fold(builder, tonic_reflection::server::Builder::with_service_name)
}

async fn read_tls(tls: &TlsConfig) -> Result<ServerTlsConfig, ServerError> {
    let read = async |path: &std::path::Path| {
        tokio::fs::read(path).await.map_err(|error| ServerError::File { path: path.display().to_string(), error })
    };
    let mut config = ServerTlsConfig::new().identity(Identity::from_pem(read(&tls.cert).await?, read(&tls.key).await?));
    if let Some(path) = &tls.client_ca {
        config = config.client_ca_root(Certificate::from_pem(read(path).await?));
    }
    Ok(config)
}
