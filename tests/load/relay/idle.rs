//! A quiet service: how soon a new row's call is at its peer, and what waiting costs.

use std::collections::BTreeMap;
use std::time::Duration;

use all_in_one::Part;
use anyhow::{Context as _, Result, ensure};
use clock::{Clock as _, SystemClock};
use jiff::Timestamp;
use prost::Message as _;
use proto::sla::v1::TrackDeadlineRequest;
use sqlx::postgres::PgRow;
use sqlx::{Connection as _, PgConnection, Row as _};
use uuid::Uuid;

use super::way::{Profile, Way};
use crate::Stage;
use crate::cost::Meter;
use crate::figure::time;
use crate::filing::Portal;
use crate::peer::Peers;
use crate::report::Table;
use crate::statistics::Latencies;
use crate::waits::Waits;
use tests::free_ports;

const DATABASE: &str = "relay_idle";
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
    /// Where the time goes, of a run that was looked at.
    profile: Profile,
}

/// Who files, and who hears of it.
struct Scene {
    portal: Portal,
    peers: Peers,
    admin: PgConnection,
    /// Filed before.
    filed: usize,
}

/// Measures it.
///
/// # Errors
/// A call does not arrive.
pub async fn measure(stage: &Stage) -> Result<Idle> {
    let url = stage.server.database(DATABASE).await?;
    let role = stage.house.migrate(Part::Ticket, &url).await?;
    let [port] = free_ports()?;
    let peers = Peers::start(port, true).await?;
    let service = stage.house.start(Part::Ticket, &stage.house.environment(Part::Ticket, &role, port, &[])).await?;
    let portal = Portal::new(service.port, &stage.house.token("portal")?)?;
    let mut scene = Scene { portal, peers, admin: PgConnection::connect(&url).await?, filed: 0 };
    let appeals = stage.sizes.of(300, 30);
    let mut ways = scene.file(appeals).await?;
    let first = ways.remove(0).whole();
    // A run of its own, since looking costs something.
    let waits = Waits::start(&stage.server.admin_url(), DATABASE, scene.portal.in_flight()).await?;
    let looked_at = scene.file(appeals).await?;
    let profile = Profile::new(looked_at, waits.stop().await?);
    let Scene { admin, .. } = scene;
    drop(admin);
    let quiet = stage.sizes.seconds * 2;
    let meter = Meter::start(&stage.server, Some(service.pid()))?;
    tokio::time::sleep(quiet).await;
    let spent = meter.stop(&stage.server)?;
    let share = |it: Duration| it.as_secs_f64() / quiet.as_secs_f64();
    service.stop().await?;
    stage.server.drop_database(DATABASE).await?;
    Ok(Idle {
        latencies: Latencies::new(ways.iter().map(Way::whole).collect()),
        first,
        service: share(spent.service),
        postgres: share(spent.postgres),
        profile,
    })
}

// === impl Scene ===

impl Scene {
    /// Files so many, each when the one before is long told, in that order.
    async fn file(&mut self, appeals: usize) -> Result<Vec<Way>> {
        let mut answered = Vec::new();
        for _ in 0..appeals {
            self.portal.file_one().await?;
            answered.push(SystemClock.now());
            tokio::time::sleep(PAUSE).await;
        }
        let mut arrivals = BTreeMap::<Uuid, Timestamp>::new();
        for it in self.peers.arrivals().iter().filter(|it| it.method.ends_with("/TrackDeadline")) {
            let request = TrackDeadlineRequest::decode(it.request.clone())?;
            arrivals.entry(request.request_id.parse()?).or_insert(it.time);
        }
        let rows = sqlx::query(
            "SELECT call_id, extract(epoch FROM create_time)::float8 AS time FROM ticket.outbox
            WHERE destination = 'sla' ORDER BY create_time OFFSET $1",
        )
        .bind(i64::try_from(self.filed)?)
        .fetch_all(&mut self.admin)
        .await?;
        ensure!(rows.len() == appeals, "{} of {appeals} calls are there", rows.len());
        self.filed += appeals;
        let way = |(row, answered): (&PgRow, Timestamp)| {
            let asked = Timestamp::from_microsecond((row.get::<f64, _>("time") * 1e6) as i64)?;
            let arrived = arrivals.get(&row.get("call_id")).context("a call did not arrive")?;
            Ok(Way { asked, answered, arrived: *arrived })
        };
        rows.iter().zip(answered).map(way).collect()
    }
}

// === impl Idle ===

impl Idle {
    /// Where the time of the slowest goes, in words.
    pub fn told(&self) -> String {
        let [p50, p90, max] =
            [self.latencies.percentile(50.0), self.latencies.percentile(90.0), self.latencies.max()].map(time);
        format!(
            "p50 {p50}, p90 {p90}, max {max} of {}; the filing itself, its commit included, is in it. {}",
            self.latencies.count(),
            self.profile.told()
        )
    }

    /// In figures.
    pub fn tables(&self) -> Vec<Table> {
        let [p50, p99, max] =
            [self.latencies.percentile(50.0), self.latencies.percentile(99.0), self.latencies.max()].map(time);
        let percent = |share: f64| format!("{:.2} %", share * 100.0);
        let row = vec![time(self.first), p50, p99, max, percent(self.service), percent(self.postgres)];
        let table = Table::new(
            "A quiet ticket service: from a request to its first call at the peer, the filing's commit included; and then nothing at all",
            &["first after start", "p50", "p99", "max", "idle: of a core, service", "Postgres"],
            vec![row],
        );
        [vec![table], self.profile.tables()].concat()
    }
}
