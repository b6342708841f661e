//! The portal: citizens' forms, one by one or at scheduled times.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use clock::{Clock as _, SystemClock};
use proto::ticket::v1::FileAppealRequest;
use proto::ticket::v1::ticket_service_client::TicketServiceClient;
use sqlx::{Connection as _, PgConnection};
use tests::forms;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status};
use tonic_types::StatusExt as _;

use crate::postgres::count;
use crate::statistics::Latencies;

/// A portal's pool of connections.
const CONNECTIONS: usize = 4;
const DEADLINE: Duration = Duration::from_secs(10);

/// Whoever files.
#[derive(Debug)]
pub struct Portal {
    channels: Vec<Channel>,
    bearer: MetadataValue<Ascii>,
    filed: AtomicUsize,
    in_flight: Arc<AtomicUsize>,
}

/// What a run came to.
#[derive(Debug)]
pub struct Run {
    /// Appeals a second.
    pub rate: f64,
    /// Of each; all were filed.
    pub latencies: Latencies,
    /// Answers "too many in flight", after which the same appeal was sent again.
    pub sent_back: usize,
    /// How late an appeal with a scheduled time set out, p50.
    pub late: Duration,
    /// Of each appeal with a scheduled time, where it was.
    pub ways: Vec<Way>,
}

/// Where an appeal was from its scheduled time until it was filed.
#[derive(Clone, Copy, Debug)]
pub struct Way {
    /// Before it set out: the portal had no core, or its timer was late.
    pub late: Duration,
    /// Sent back, until it came for the last time.
    pub sent_back: Duration,
    /// From then until it was answered.
    pub served: Duration,
}

// === impl Way ===

impl Way {
    /// All of it.
    pub fn whole(&self) -> Duration {
        self.late + self.sent_back + self.served
    }
}

// === impl Portal ===

impl Portal {
    /// Nothing connects before the first appeal.
    ///
    /// # Errors
    /// The token is not one line of ASCII.
    pub fn new(port: u16, token: &str) -> Result<Self> {
        let mut bearer: MetadataValue<Ascii> = format!("Bearer {}", token.trim()).parse().context("a token")?;
        bearer.set_sensitive(true);
        let endpoint = Endpoint::from_shared(format!("http://127.0.0.1:{port}"))?.tcp_nodelay(true);
        let channels = (0..CONNECTIONS).map(|_| endpoint.connect_lazy()).collect();
        Ok(Self { channels, bearer, filed: AtomicUsize::new(0), in_flight: Arc::default() })
    }

    /// Appeals with a scheduled time that are not filed yet.
    pub fn in_flight(&self) -> Arc<AtomicUsize> {
        Arc::clone(&self.in_flight)
    }

    /// Files one appeal.
    ///
    /// # Errors
    /// It is refused.
    pub async fn file_one(&self) -> Result<()> {
        file(self.client(0), &self.bearer).await?;
        self.filed.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// So many clients, each with one appeal in flight.
    ///
    /// # Errors
    /// An appeal is refused.
    pub async fn closed(&self, clients: usize, length: Duration) -> Result<Run> {
        let began = Instant::now();
        let end = began + length;
        let mut all = JoinSet::new();
        for at in 0..clients {
            let (client, bearer) = (self.client(at), self.bearer.clone());
            all.spawn(async move {
                let mut latencies = Vec::new();
                while Instant::now() < end {
                    let began = Instant::now();
                    file(client.clone(), &bearer).await?;
                    latencies.push(began.elapsed());
                }
                anyhow::Ok(latencies)
            });
        }
        let mut latencies = Vec::new();
        while let Some(ended) = all.join_next().await {
            latencies.extend(ended??);
        }
        self.end(began, latencies)
    }

    /// So many appeals by so many clients.
    ///
    /// # Errors
    /// An appeal is refused.
    pub async fn number(&self, clients: usize, appeals: usize) -> Result<()> {
        let mut all = JoinSet::new();
        let next = Arc::new(AtomicUsize::new(0));
        for at in 0..clients {
            let (client, bearer, next) = (self.client(at), self.bearer.clone(), Arc::clone(&next));
            all.spawn(async move {
                while next.fetch_add(1, Ordering::Relaxed) < appeals {
                    file(client.clone(), &bearer).await?;
                }
                anyhow::Ok(())
            });
        }
        while let Some(ended) = all.join_next().await {
            ended??;
        }
        self.filed.fetch_add(appeals, Ordering::Relaxed);
        Ok(())
    }

    /// Appeals at random moments, so many a second, whatever became of those before: nobody waits for anybody (no coordinated omission).
    /// Whom the service sends back comes again when it says; their latency counts from the first time.
    ///
    /// # Errors
    /// An appeal is refused.
    pub async fn open(&self, rate: f64, length: Duration) -> Result<Run> {
        let began = Instant::now();
        let end = began + length;
        let (mut next, mut all, mut at) = (began, JoinSet::new(), 0);
        let (mut ways, sent_back) = (Vec::new(), Arc::new(AtomicUsize::new(0)));
        while next < end {
            sleep_until(next).await;
            let (scheduled, client, bearer) = (next, self.client(at), self.bearer.clone());
            let (sent_back, in_flight) = (Arc::clone(&sent_back), Arc::clone(&self.in_flight));
            in_flight.fetch_add(1, Ordering::Relaxed);
            all.spawn(async move {
                let form = forms::appeal(SystemClock.now());
                let out = Instant::now();
                let mut sent = out;
                while let Err(status) = send(client.clone(), &bearer, form.clone()).await {
                    let pause = pause(&status).ok_or_else(|| refused(&status))?;
                    sent_back.fetch_add(1, Ordering::Relaxed);
                    sleep(pause).await;
                    sent = Instant::now();
                }
                in_flight.fetch_sub(1, Ordering::Relaxed);
                anyhow::Ok(Way { late: out - scheduled, sent_back: sent - out, served: sent.elapsed() })
            });
            at += 1;
            // Arrivals that know nothing of each other: exponential gaps.
            next += Duration::from_secs_f64(-(1.0 - rand::random::<f64>()).ln() / rate);
            while let Some(ended) = all.try_join_next() {
                ways.push(ended??);
            }
        }
        while let Some(ended) = all.join_next().await {
            ways.push(ended??);
        }
        let run = self.end(began, ways.iter().map(Way::whole).collect())?;
        let late = Latencies::new(ways.iter().map(|it| it.late).collect()).percentile(50.0);
        Ok(Run { sent_back: sent_back.load(Ordering::Relaxed), late, ways, ..run })
    }

    fn end(&self, began: Instant, latencies: Vec<Duration>) -> Result<Run> {
        ensure!(!latencies.is_empty(), "nothing was filed");
        self.filed.fetch_add(latencies.len(), Ordering::Relaxed);
        let rate = latencies.len() as f64 / began.elapsed().as_secs_f64();
        let latencies = Latencies::new(latencies);
        Ok(Run { rate, latencies, sent_back: 0, late: Duration::ZERO, ways: Vec::new() })
    }

    /// Every appeal that was acknowledged is there, once.
    ///
    /// # Errors
    /// It is not.
    pub async fn check(&self, admin_url: &str) -> Result<()> {
        let mut admin = PgConnection::connect(admin_url).await?;
        let rows = count(&mut admin, "SELECT count(*) FROM ticket.appeal").await?;
        let filed = i64::try_from(self.filed.load(Ordering::Relaxed))?;
        ensure!(rows == filed, "{filed} appeals were acknowledged, {rows} are there");
        Ok(())
    }

    fn client(&self, at: usize) -> TicketServiceClient<Channel> {
        TicketServiceClient::new(self.channels[at % CONNECTIONS].clone())
    }
}

async fn file(client: TicketServiceClient<Channel>, bearer: &MetadataValue<Ascii>) -> Result<()> {
    send(client, bearer, forms::appeal(SystemClock.now())).await.map_err(|status| refused(&status))
}

async fn send(
    mut client: TicketServiceClient<Channel>,
    bearer: &MetadataValue<Ascii>,
    form: FileAppealRequest,
) -> Result<(), Status> {
    let mut request = Request::new(form);
    request.set_timeout(DEADLINE);
    request.metadata_mut().insert("authorization", bearer.clone());
    client.file_appeal(request).await.map(drop)
}

/// How long whoever is sent back is to wait; `None` when it is refused.
fn pause(status: &Status) -> Option<Duration> {
    let told = (status.code() == Code::ResourceExhausted).then(|| status.get_details_retry_info())?;
    told.and_then(|info| info.retry_delay)
}

fn refused(status: &Status) -> anyhow::Error {
    anyhow::anyhow!("an appeal was refused: {:?} {}", status.code(), status.message())
}
