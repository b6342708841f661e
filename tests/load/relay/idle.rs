//! A quiet service: how soon a new row's call is at its peer, and what waiting costs.

use std::collections::BTreeMap;
use std::time::Duration;

use all_in_one::Part;
use anyhow::{Result, ensure};
use jiff::Timestamp;
use prost::Message as _;
use proto::sla::v1::TrackDeadlineRequest;
use sqlx::{Connection as _, PgConnection, Row as _};
use uuid::Uuid;

use crate::Stage;
use crate::cost::Meter;
use crate::figure::time;
use crate::filing::Portal;
use crate::peer::Peers;
use crate::report::Table;
use crate::statistics::Latencies;
use tests::free_ports;

/// Between two appeals: the relay is idle again.
const PAUSE: Duration = Duration::from_millis(60);

/// What a quiet service does.
#[derive(Debug)]
pub struct Idle {
    /// From the row's time, which is when its request came, to the peer. Not the first one's.
    pub latencies: Latencies,
    /// The first after the start: what is made when it is first needed is made then.
    pub first: Duration,
    /// Share of a core, of the service.
    pub service: f64,
    /// The same of Postgres.
    pub postgres: f64,
}

/// Measures it.
///
/// # Errors
/// A call does not arrive.
pub async fn measure(stage: &Stage) -> Result<Idle> {
    let url = stage.server.database("relay_idle").await?;
    let role = stage.house.migrate(Part::Ticket, &url).await?;
    let [port] = free_ports()?;
    let peers = Peers::start(port, true).await?;
    let service = stage.house.start(Part::Ticket, &stage.house.environment(Part::Ticket, &role, port, &[])).await?;
    let portal = Portal::new(service.port, &stage.house.token("portal")?)?;
    let appeals = stage.sizes.of(300, 30);
    for _ in 0..appeals {
        portal.file_one().await?;
        tokio::time::sleep(PAUSE).await;
    }
    let mut arrivals = BTreeMap::<Uuid, Timestamp>::new();
    for it in peers.arrivals().iter().filter(|it| it.method.ends_with("/TrackDeadline")) {
        let request = TrackDeadlineRequest::decode(it.request.clone())?;
        arrivals.entry(request.request_id.parse()?).or_insert(it.time);
    }
    let mut admin = PgConnection::connect(&url).await?;
    let rows = sqlx::query("SELECT call_id, extract(epoch FROM create_time)::float8 AS time FROM ticket.outbox WHERE destination = 'sla' ORDER BY create_time")
        .fetch_all(&mut admin)
        .await?;
    ensure!(arrivals.len() == rows.len() && rows.len() == appeals, "{} of {appeals} calls arrived", arrivals.len());
    let mut latencies = Vec::new();
    for row in &rows {
        let arrived = arrivals.get(&row.get("call_id")).map_or(f64::NAN, |it| it.as_microsecond() as f64 / 1e6);
        // The service's clock is Postgres's, which is this machine's: a microsecond of difference is no negative latency.
        latencies.push(Duration::try_from_secs_f64(arrived - row.get::<f64, _>("time")).unwrap_or_default());
    }
    drop(admin);
    let first = latencies.remove(0);
    let quiet = stage.sizes.seconds * 2;
    let meter = Meter::start(&stage.server, Some(service.pid()))?;
    tokio::time::sleep(quiet).await;
    let spent = meter.stop(&stage.server)?;
    let share = |it: Duration| it.as_secs_f64() / quiet.as_secs_f64();
    service.stop().await?;
    stage.server.drop_database("relay_idle").await?;
    Ok(Idle {
        latencies: Latencies::new(latencies),
        first,
        service: share(spent.service),
        postgres: share(spent.postgres),
    })
}

// === impl Idle ===

impl Idle {
    /// Where the time of the slowest goes, in words.
    pub fn told(&self) -> String {
        let [p50, p90, max] =
            [self.latencies.percentile(50.0), self.latencies.percentile(90.0), self.latencies.max()].map(time);
        format!(
            "p50 {p50}, p90 {p90}, max {max} of {}; the filing itself, its commit included, is in it",
            self.latencies.count()
        )
    }

    /// In figures.
    pub fn table(&self) -> Table {
        let [p50, p99, max] =
            [self.latencies.percentile(50.0), self.latencies.percentile(99.0), self.latencies.max()].map(time);
        let percent = |share: f64| format!("{:.2} %", share * 100.0);
        let row = vec![time(self.first), p50, p99, max, percent(self.service), percent(self.postgres)];
        Table::new(
            "A quiet ticket service: from a request to its first call at the peer, the filing's commit included; and then nothing at all",
            &["first after start", "p50", "p99", "max", "idle: of a core, service", "Postgres"],
            vec![row],
        )
    }
}
