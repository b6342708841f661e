//! The service over a database of its own, and the ticket service's side of the talk.

use std::sync::Arc;
use std::time::Duration;

use ::deadline::{ClockKind, PolicySet};
use ::store::{Db, Settings};
use clock::{Clock as _, ManualClock, SharedClock};
use devpg::{Template, TestDatabase};
use jiff::{SignedDuration, Timestamp};
use outbox::{Once, Outbox, Relay};
use policies::Shelf;
use prometheus_client::registry::Registry;
use proto::sla::v1 as wire;
use proto::sla::v1::{GetDeadlineRequest, TrackDeadlineRequest, UpdateDeadlineRequest};
use proto::{from_wire, to_wire};
use rpc::{Caller, Refusal};
use sealed::Ring;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::peers::Peer;
use crate::canary::Canary;
use crate::follow::Follower;
use crate::grpc::convert::duration_to_wire;
use crate::metrics::Metrics;
use crate::watches::Watches;
use crate::{App, FiguresConfig, Service, commands, monitor, queries};

pub fn start() -> Timestamp {
    "2026-03-02T09:00:00Z".parse().unwrap()
}

pub fn hours(hours: i64) -> SignedDuration {
    SignedDuration::from_hours(hours)
}

pub fn minutes(minutes: i64) -> SignedDuration {
    SignedDuration::from_mins(minutes)
}

pub async fn database() -> TestDatabase {
    let template = Template::make("sla", |url| async move {
        let mut admin = PgConnection::connect(&url).await?;
        ::store::provision(&mut admin, &bootstrap::role::<Service>(), "x").await?;
        admin.close().await?;
        bootstrap::migrate::<Service>(&url).await
    });
    TestDatabase::new(Some(&template.await.unwrap())).await.unwrap()
}

/// One replica, with the hand of its clock.
pub struct Rig {
    pub app: Arc<App>,
    pub relay: Relay,
    pub ticket: Peer,
    pub notification: Peer,
    pub hand: ManualClock,
    pub registry: Registry,
    /// Ends what would never end by itself.
    pub stopper: CancellationToken,
    ring: Ring,
    database: Arc<TestDatabase>,
}

impl Rig {
    pub async fn new() -> Rig {
        let hand = ManualClock::at(start());
        let clock = Arc::new(hand.clone());
        let peers = (Peer::default(), Peer::default());
        peers.0.tell_time(&hand);
        Rig::over(Arc::new(database().await), Ring::generate(), hand, clock, peers).await
    }

    /// Another replica over the same database, with a clock of its own.
    pub async fn replica(&self, clock: SharedClock) -> Rig {
        let peers = (self.ticket.clone(), self.notification.clone());
        Rig::over(Arc::clone(&self.database), self.ring.clone(), self.hand.clone(), clock, peers).await
    }

    async fn over(
        database: Arc<TestDatabase>,
        ring: Ring,
        hand: ManualClock,
        clock: SharedClock,
        (ticket, notification): (Peer, Peer),
    ) -> Rig {
        let url = database.url(&bootstrap::role::<Service>(), "x");
        let settings = Settings { max_connections: Some(4), ..Settings::for_url(url) };
        let pool = ::store::connect(&settings, "sla").await.unwrap();
        let mut registry = Registry::default();
        let db = Db::new(pool, clock.clone(), &mut registry);
        let outbox = Outbox::new(ring.clone());
        let stopper = CancellationToken::new();
        let watches = Watches::new(
            watches::Config {
                poll: Duration::from_millis(500),
                checkpoint: Duration::from_secs(30),
                longest: Duration::from_secs(3_600),
                most: 200,
                most_of_person: 10,
            },
            stopper.clone(),
            crate::watches::ended,
        );
        watches.register(&mut registry, "otklik_sla_watches", "Watches of breaches");
        let shelf = Arc::new(Shelf::new(db.clone()));
        shelf.register(&mut registry);
        let app = Arc::new(App {
            db: db.clone(),
            once: Once::new(ring.clone(), clock),
            outbox: outbox.clone(),
            pages: rpc::pages::Tokens::new(&ring.subkey("page-tokens")),
            shelf: Arc::clone(&shelf),
            metrics: Metrics::register(&mut registry),
            batch: 100,
            late_after: SignedDuration::from_secs(60),
            notice_lifetime: hours(24),
            alarm_before: hours(60 * 24),
            figures: FiguresConfig { batch: 1_000, idle: Duration::from_secs(5), keep_days: 1_100 },
            canary: Arc::new(Canary::new(SignedDuration::from_secs(30))),
            keep_breaches: hours(24 * 90),
            watches,
        });
        let ways: Vec<(&'static str, Arc<dyn outbox::Deliver>)> =
            vec![("ticket", Arc::new(ticket.clone())), ("notification", Arc::new(notification.clone()))];
        let follow = Arc::new(Follower(Arc::clone(&app)));
        let relay = Relay::new(&db, &outbox, follow, &outbox::Settings::default(), &mut registry, ways);
        Rig { app, relay, ticket, notification, hand, registry, stopper, ring, database }
    }

    pub fn now(&self) -> Timestamp {
        self.hand.now()
    }

    pub fn at(&self, since_start: SignedDuration) {
        self.hand.set(start() + since_start);
    }

    pub async fn tick(&self) -> usize {
        monitor::tick(&self.app).await.unwrap()
    }

    /// Fires and delivers until nothing moves. Lost calls wait for their retry, so the hand goes on a little where there are some.
    pub async fn settle(&self) {
        let mut quiet = 0;
        while quiet < 3 {
            let moved = self.tick().await + self.relay.step().await.unwrap();
            if moved == 0 {
                quiet += 1;
                self.hand.advance(SignedDuration::from_secs(40));
            } else {
                quiet = 0;
            }
        }
    }

    pub async fn track(&self, deadline: &wire::Deadline) -> wire::Deadline {
        let request = TrackDeadlineRequest { deadline: Some(deadline.clone()), request_id: request_id() };
        commands::track_deadline::run(Arc::clone(&self.app), ticket(), request).await.unwrap()
    }

    pub async fn update(&self, deadline: &wire::Deadline) -> wire::Deadline {
        let request = UpdateDeadlineRequest { deadline: Some(deadline.clone()), request_id: request_id() };
        commands::update_deadline::run(Arc::clone(&self.app), ticket(), request).await.unwrap()
    }

    pub async fn find(&self, name: &str) -> Result<wire::Deadline, Refusal> {
        let request = GetDeadlineRequest { name: name.to_owned() };
        queries::get_deadline::run(Arc::clone(&self.app), Caller::of_staff("anna", []), request).await
    }

    pub async fn get(&self, deadline: &wire::Deadline) -> wire::Deadline {
        self.find(&deadline.name).await.unwrap()
    }

    /// Changes rows as nobody should.
    pub async fn meddle(&self, statement: impl Into<String>) -> u64 {
        let mut admin = PgConnection::connect(&self.admin_url()).await.unwrap();
        admin.execute("SET search_path = sla").await.unwrap();
        let done = sqlx::query(AssertSqlSafe(statement.into())).execute(&mut admin).await.unwrap();
        admin.close().await.unwrap();
        done.rows_affected()
    }

    /// The superuser's way into the database.
    pub fn admin_url(&self) -> String {
        self.database.admin_url()
    }

    pub fn metrics(&self) -> String {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry).unwrap();
        text
    }
}

pub fn ticket() -> Caller {
    Caller::of_system("ticket")
}

pub fn request_id() -> String {
    Uuid::new_v4().to_string()
}

/// An appeal about suspicious activity, filed at the start: first answer within 30 minutes, resolution within 24 hours, all of it real time; then 8
/// hours for each level.
pub fn promise() -> wire::Deadline {
    let uid = Uuid::new_v4();
    let set = PolicySet::builtin();
    let clock = |kind: ClockKind| {
        let term = set.term("suspicious_activity", kind).unwrap();
        let ::deadline::Allowance::RealTime(allowance) = term.plan().allowance else { panic!("real time") };
        wire::Clock {
            kind: crate::grpc::convert::kind_to_wire(kind).into(),
            state: wire::clock::State::Running.into(),
            epoch: 1,
            start_time: Some(to_wire(start())),
            start_epoch: 1,
            due_time: Some(to_wire(start() + allowance)),
            allowance: Some(wire::Allowance {
                span: Some(wire::allowance::Span::RealTime(duration_to_wire(allowance))),
            }),
            calendar: term.calendar().id().to_owned(),
            calendar_version: term.calendar().version().into(),
            end_time: None,
            rungs: Vec::new(),
            extensions: Vec::new(),
            ..wire::Clock::default()
        }
    };
    wire::Deadline {
        name: format!("deadlines/{uid}"),
        appeal: format!("appeals/{uid}"),
        number: "26-KM4T-X".into(),
        revision: 1,
        policy: "suspicious_activity".into(),
        policy_version: set.version().into(),
        policy_hash: set.content_hash().to_string(),
        category: "suspicious_activity".into(),
        priority: "emergency".into(),
        channel: "web_form".into(),
        group: "security".into(),
        clocks: ClockKind::FROM_FILING.map(clock).to_vec(),
        ..wire::Deadline::default()
    }
}

/// The same with the first answer given at once: only the resolution is left to watch.
pub fn answered() -> wire::Deadline {
    let mut deadline = promise();
    over(&mut deadline.clocks[0], start());
    deadline
}

pub const FIRST_ANSWER: usize = 0;
pub const RESOLUTION: usize = 1;

pub fn over(clock: &mut wire::Clock, at: Timestamp) {
    clock.state = wire::clock::State::Met.into();
    clock.due_time = None;
    clock.end_time = Some(to_wire(at));
}

/// The next revision, with the resolution clock changed.
pub fn revised(deadline: &wire::Deadline, change: impl FnOnce(&mut wire::Clock)) -> wire::Deadline {
    let mut next = deadline.clone();
    next.revision += 1;
    change(&mut next.clocks[RESOLUTION]);
    next
}

pub fn pause(clock: &mut wire::Clock) {
    clock.state = wire::clock::State::Paused.into();
    clock.due_time = None;
}

pub fn run_on(clock: &mut wire::Clock, due: Timestamp) {
    clock.state = wire::clock::State::Running.into();
    clock.due_time = Some(to_wire(due));
    clock.end_time = None;
    clock.epoch += 1;
}

/// A deadline without what changes as time goes by.
pub fn timeless(mut deadline: wire::Deadline) -> wire::Deadline {
    deadline.clocks.iter_mut().for_each(|clock| clock.remaining = None);
    deadline
}

/// (epoch, level, state) of the resolution's rungs.
pub fn rungs(deadline: &wire::Deadline) -> Vec<(i64, i32, wire::rung::State)> {
    deadline.clocks[RESOLUTION].rungs.iter().map(|rung| (rung.epoch, rung.level, rung.state())).collect()
}

pub fn instant(time: Option<&prost_types::Timestamp>) -> Option<Timestamp> {
    time.and_then(from_wire)
}
