//! The collector that the overlay sends traces to: it counts spans by the service that they come from.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use all_in_one::Part;
use anyhow::Result;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{TraceService, TraceServiceServer};
use opentelemetry_proto::tonic::collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::ResourceSpans;
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::Server;
use tonic::{Request, Response, Status};

/// What arrived so far.
#[derive(Clone, Debug, Default)]
pub struct Collector(Arc<Mutex<BTreeMap<String, usize>>>);

// === impl Collector ===

impl Collector {
    /// Listens at a port of the system's choice, as long as the runtime lives.
    ///
    /// # Errors
    /// No port is free.
    pub async fn start() -> Result<(Self, SocketAddr)> {
        let collector = Self::default();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let at = listener.local_addr()?;
        let service = TraceServiceServer::new(collector.clone());
        tokio::spawn(Server::builder().add_service(service).serve_with_incoming(TcpListenerStream::new(listener)));
        Ok((collector, at))
    }

    /// How many spans a service has sent.
    pub fn spans(&self, part: Part) -> usize {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.get(&format!("otklik-{part}")).copied().unwrap_or_default()
    }
}

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for spans in request.into_inner().resource_spans {
            let count = spans.scope_spans.iter().map(|it| it.spans.len()).sum::<usize>();
            *counts.entry(service(&spans)).or_default() += count;
        }
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

fn service(spans: &ResourceSpans) -> String {
    let mut attributes = spans.resource.iter().flat_map(|it| &it.attributes);
    let name = attributes.find(|it| it.key == "service.name");
    match name.and_then(|it| it.value.as_ref()).and_then(|it| it.value.as_ref()) {
        Some(Value::StringValue(name)) => name.clone(),
        _ => String::new(),
    }
}
