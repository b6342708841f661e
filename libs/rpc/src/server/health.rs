//! Health of the server and of each of its services (grpc.health.v1).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tonic_health::ServingStatus;
use tonic_health::pb::health_server::HealthServer;
use tonic_health::server::{HealthReporter, HealthService};

/// Switches all services of a server, and "" for the server, together.
#[derive(Debug, Clone)]
pub struct Health {
    reporter: HealthReporter,
    names: Arc<[String]>,
    draining: Arc<AtomicBool>,
}

impl Health {
    /// NOT_SERVING until told otherwise.
    pub(super) async fn new(services: &[&str]) -> (Self, HealthServer<HealthService>) {
        let reporter = HealthReporter::new();
        let names = services.iter().copied().chain([""]).map(str::to_owned).collect();
        let service = HealthServer::new(HealthService::from_health_reporter(reporter.clone()));
        let health = Self { reporter, names, draining: Arc::default() };
        health.set(ServingStatus::NotServing).await;
        (health, service)
    }

    /// Ready for calls. Has no effect once the server drains: a readiness loop that is late must not call traffic back.
    pub async fn serving(&self) {
        if !self.draining.load(Ordering::SeqCst) {
            self.set(ServingStatus::Serving).await;
            // The drain may have begun in between.
            if self.draining.load(Ordering::SeqCst) {
                self.set(ServingStatus::NotServing).await;
            }
        }
    }

    /// Not ready, for example while the database does not answer.
    pub async fn not_serving(&self) {
        self.set(ServingStatus::NotServing).await;
    }

    pub(super) async fn drain(&self) {
        self.draining.store(true, Ordering::SeqCst);
        self.set(ServingStatus::NotServing).await;
    }

    async fn set(&self, status: ServingStatus) {
        for name in self.names.iter() {
            self.reporter.set_service_status(name, status).await;
        }
    }
}
