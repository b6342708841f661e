//! The kubelet's probes, as the manifest says them.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{interval, timeout};
use tonic::transport::Endpoint;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use crate::balancer::Endpoints;
use crate::manifests::{Container, Probe};

/// The probes of one container.
#[derive(Clone, Debug)]
pub struct Prober {
    address: Ipv4Addr,
    admin: u16,
    startup: Probe,
    liveness: Probe,
    readiness: Probe,
}

/// Which probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Probing {
    Startup,
    Liveness,
    Readiness,
}

// === impl Prober ===

impl Prober {
    /// # Errors
    /// A probe is missing.
    pub fn new(address: Ipv4Addr, container: &Container) -> Result<Self> {
        let probe = |it: &Option<Probe>| it.clone().context("three probes are expected");
        Ok(Self {
            address,
            admin: container.port("admin")?,
            startup: probe(&container.startup_probe)?,
            liveness: probe(&container.liveness_probe)?,
            readiness: probe(&container.readiness_probe)?,
        })
    }

    fn probe(&self, probing: Probing) -> &Probe {
        match probing {
            Probing::Startup => &self.startup,
            Probing::Liveness => &self.liveness,
            Probing::Readiness => &self.readiness,
        }
    }

    /// Probes for as long as the container lives, and puts it behind `endpoints` or takes it away as the answers are.
    ///
    /// # Errors
    /// Kubernetes would start the container anew.
    pub async fn watch(self, endpoint: SocketAddr, endpoints: Endpoints, is_ready: watch::Sender<bool>) -> Result<()> {
        self.until(Probing::Startup, true).await?;
        let serving = async {
            loop {
                self.until(Probing::Readiness, true).await?;
                endpoints.add(endpoint);
                is_ready.send_replace(true);
                self.until(Probing::Readiness, false).await?;
                endpoints.remove(endpoint);
                is_ready.send_replace(false);
            }
        };
        tokio::select! {
            failed = serving => failed,
            _ = self.until(Probing::Liveness, false) => bail!("not alive by its probe"),
        }
    }

    /// Repeats a probe until it succeeds, or until it failed as often as the manifest allows.
    async fn until(&self, probing: Probing, success: bool) -> Result<()> {
        let probe = self.probe(probing);
        let mut looks = interval(Duration::from_secs(probe.period_seconds));
        let mut failures = 0;
        loop {
            looks.tick().await;
            match self.ask(probing).await {
                Ok(()) if success => return Ok(()),
                Ok(()) => failures = 0,
                Err(error) => {
                    failures += 1;
                    let is_over = failures >= probe.failure_threshold;
                    if is_over && !success {
                        return Ok(());
                    }
                    // Readiness may be waited for without end.
                    ensure!(
                        !is_over || probing == Probing::Readiness,
                        "{probing:?} failed {failures} times: {error:#}"
                    );
                }
            }
        }
    }

    /// One probe.
    ///
    /// # Errors
    /// What the kubelet would count as a failure.
    pub async fn ask(&self, probing: Probing) -> Result<()> {
        let probe = self.probe(probing);
        let asked = async {
            match (&probe.http_get, &probe.grpc) {
                (Some(get), None) => {
                    ensure!(get.port == "admin", "an unknown port, {}", get.port);
                    get_ok(SocketAddr::from((self.address, self.admin)), &get.path).await
                }
                (None, Some(grpc)) => is_serving(SocketAddr::from((self.address, grpc.port))).await,
                _ => bail!("a probe is either httpGet or grpc"),
            }
        };
        timeout(Duration::from_secs(probe.timeout_seconds), asked).await.context("no answer in time")?
    }
}

async fn get_ok(at: SocketAddr, path: &str) -> Result<()> {
    let mut connection = TcpStream::connect(at).await?;
    let request = format!("GET {path} HTTP/1.1\r\nhost: {at}\r\nconnection: close\r\n\r\n");
    connection.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await?;
    ensure!(answer.starts_with("HTTP/1.1 200 "), "{path} answers {}", answer.lines().next().unwrap_or_default());
    Ok(())
}

async fn is_serving(at: SocketAddr) -> Result<()> {
    let channel = Endpoint::from_shared(format!("http://{at}"))?.connect().await?;
    let request = HealthCheckRequest { service: String::new() };
    let status = HealthClient::new(channel).check(request).await?.into_inner().status();
    ensure!(status == ServingStatus::Serving, "{status:?}");
    Ok(())
}
