//! An outbox of its own, the relay over it, and a peer that answers at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use async_trait::async_trait;
use bytes::Bytes;
use clock::{Clock as _, SystemClock};
use jiff::{SignedDuration, Timestamp};
use outbox::{Attempt, Call, Deliver, NothingFollows, Outbox, Relay, Settings};
use prometheus_client::registry::Registry;
use proto::notification::v1::{Contact, Notification, SendNotificationRequest, Variable, variable::Value};
use sealed::Ring;
use sqlx::{Connection as _, PgConnection};
use store::{Db, transaction};
use tonic::Status;

use crate::Stage;
use crate::postgres::{count, execute};

const PEER: &str = "peer";
const AWAY: &str = "away";
/// Calls of one transaction while filling.
const FILL: usize = 1_000;

/// The outbox and its relay.
pub struct Queue {
    /// The administrator's URL.
    pub admin_url: String,
    /// Whether the other destination is there. At first it is away.
    pub is_back: Arc<AtomicBool>,
    /// How often it was tried.
    pub tries: Arc<AtomicUsize>,
    db: Db,
    outbox: Outbox,
    relay: Relay,
}

/// How generated calls wait.
#[derive(Clone, Copy, Debug)]
pub enum Waiting {
    /// All of one key: the first is to be tried again in an hour, the others come after it.
    OneKey,
    /// Each to be tried again in an hour.
    Retry,
}

/// Answers at once, with nothing.
struct AtOnce;

#[async_trait]
impl Deliver for AtOnce {
    async fn deliver(&self, _: &str, _: Bytes, _: &Attempt) -> Result<Bytes, Status> {
        Ok(Bytes::new())
    }
}

/// Nobody is there until somebody is; then it answers like the peer.
struct Away {
    is_back: Arc<AtomicBool>,
    tries: Arc<AtomicUsize>,
}

#[async_trait]
impl Deliver for Away {
    async fn deliver(&self, _: &str, _: Bytes, _: &Attempt) -> Result<Bytes, Status> {
        self.tries.fetch_add(1, Ordering::Relaxed);
        if self.is_back.load(Ordering::Relaxed) {
            Ok(Bytes::new())
        } else {
            Err(Status::unavailable("nobody is there"))
        }
    }
}

// === impl Queue ===

impl Queue {
    /// In a new database.
    ///
    /// # Errors
    /// Postgres refuses.
    pub async fn open(stage: &Stage, database: &str) -> Result<Self> {
        let admin_url = stage.server.database(database).await?;
        let mut admin = PgConnection::connect(&admin_url).await?;
        store::provision(&mut admin, "otklik_shared", "load").await?;
        store::migrate(&admin_url, "shared", "otklik_shared", &[&outbox::MIGRATIONS]).await?;
        let pool = store::connect(&store::Settings::for_url(admin_url.clone()), "shared").await?;
        let mut registry = Registry::default();
        let db = Db::new(pool, Arc::new(SystemClock), &mut registry);
        let outbox = Outbox::new(Ring::generate());
        let (is_back, tries) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let away = Away { is_back: Arc::clone(&is_back), tries: Arc::clone(&tries) };
        let ways: Vec<(&'static str, Arc<dyn Deliver>)> = vec![(PEER, Arc::new(AtOnce)), (AWAY, Arc::new(away))];
        let relay = Relay::new(&db, &outbox, NothingFollows, &Settings::default(), &mut registry, ways);
        Ok(Self { admin_url, is_back, tries, db, outbox, relay })
    }

    /// Forgets every call.
    ///
    /// # Errors
    /// Postgres refuses.
    pub async fn clear(&self) -> Result<()> {
        let mut admin = PgConnection::connect(&self.admin_url).await?;
        execute(&mut admin, "TRUNCATE shared.outbox, shared.outbox_key").await?;
        Ok(())
    }

    /// So many calls and no other, each of its own key.
    ///
    /// # Errors
    /// Postgres refuses.
    pub async fn fill(&self, calls: usize) -> Result<()> {
        self.clear().await?;
        self.enqueue(calls, None, Duration::ZERO).await?;
        self.settle().await
    }

    /// Brings statistics and visibility up to date, as autovacuum does a minute after a start. Until then a table counts as empty, and
    /// plans made for an empty table are slow ones.
    ///
    /// # Errors
    /// Postgres refuses.
    pub async fn settle(&self) -> Result<()> {
        let mut admin = PgConnection::connect(&self.admin_url).await?;
        execute(&mut admin, "VACUUM ANALYZE shared.outbox").await?;
        execute(&mut admin, "VACUUM ANALYZE shared.outbox_key").await?;
        Ok(())
    }

    /// Adds calls that are due since `age`, each of its own key or all of one.
    ///
    /// # Errors
    /// Postgres refuses.
    pub async fn enqueue(&self, calls: usize, key: Option<&str>, age: Duration) -> Result<()> {
        self.add(calls, SystemClock.now() - SignedDuration::try_from(age)?, || call(PEER, key)).await
    }

    /// Adds calls for the destination that is away, each of its own key, all due.
    ///
    /// # Errors
    /// Postgres refuses.
    pub async fn pile_up(&self, calls: usize) -> Result<()> {
        self.add(calls, SystemClock.now(), || call(AWAY, None)).await?;
        self.settle().await?;
        execute(&mut PgConnection::connect(&self.admin_url).await?, "CHECKPOINT").await?;
        Ok(())
    }

    async fn add(&self, calls: usize, at: Timestamp, call: impl Fn() -> Call) -> Result<()> {
        let mut left = calls;
        while left > 0 {
            let some = left.min(FILL);
            left -= some;
            transaction!(self.db, "fill", |tx| -> Result<(), store::Error> {
                self.outbox.enqueue(tx, at, (0..some).map(|_| call()).collect()).await
            })?;
        }
        Ok(())
    }

    /// Adds calls by the thousand, that must not be delivered, since their requests are not sealed.
    ///
    /// # Errors
    /// Postgres refuses.
    pub async fn generate(&self, calls: usize, waiting: Waiting) -> Result<()> {
        let (key, last, seq, head, next) = match waiting {
            Waiting::OneKey => ("'appeals/long'", calls, "n", "n = 1", "now() + interval '1 hour'"),
            Waiting::Retry => ("'appeals/' || md5(n::text)", 1, "1", "true", "now() + interval '1 hour'"),
        };
        let keys = if matches!(waiting, Waiting::OneKey) { 1 } else { calls };
        let mut admin = PgConnection::connect(&self.admin_url).await?;
        let statement = format!(
            "INSERT INTO shared.outbox_key (destination, ordering_key, last_seq, finished_seq)
            SELECT '{PEER}', {key}, {last}, 0 FROM generate_series(1, {keys}) AS n;
            INSERT INTO shared.outbox (call_id, destination, ordering_key, seq, head, state, method, request, note, create_time, attempts,
                next_attempt_time)
            SELECT gen_random_uuid(), '{PEER}', {key}, {seq}, {head}, 'waiting', '/otklik.load/Call',
                decode(repeat('5a', 300), 'hex'), 'null', now(), 0, {next}
            FROM generate_series(1, {calls}) AS n;"
        );
        execute(&mut admin, &statement).await?;
        execute(&mut admin, "VACUUM ANALYZE shared.outbox").await?;
        execute(&mut admin, "CHECKPOINT").await?;
        Ok(())
    }

    /// One step for the peer, that must find so many.
    ///
    /// # Errors
    /// It finds others.
    pub async fn step(&self, calls: usize) -> Result<()> {
        let found = self.relay.lanes()[0].step().await?.calls();
        ensure!(found == calls, "{found} calls were claimed where {calls} were due");
        Ok(())
    }

    /// One step for the destination that is away or back; calls claimed.
    ///
    /// # Errors
    /// Postgres is away too.
    pub async fn step_of_away(&self) -> Result<usize> {
        Ok(self.relay.lanes()[1].step().await?.calls())
    }

    /// Delivers everything that is due, as the service's two loops would; calls a second.
    ///
    /// # Errors
    /// Something is left.
    pub async fn drain(&self) -> Result<f64> {
        let waiting = self.waiting().await?;
        let began = Instant::now();
        let [one, other] = std::array::from_fn(|_| {
            let lane = Arc::clone(&self.relay.lanes()[0]);
            tokio::spawn(async move {
                // A key's next call is not due for whom the other loop has its first: both may find nothing once.
                let mut empty = 0;
                while empty < 3 {
                    empty = if lane.step().await?.calls() == 0 { empty + 1 } else { 0 };
                }
                Ok::<_, store::Error>(())
            })
        });
        let (one, other) = tokio::join!(one, other);
        one??;
        other??;
        let took = began.elapsed();
        while self.relay.step().await? > 0 {}
        let left = self.waiting().await?;
        ensure!(left == 0, "{left} of {waiting} calls are left");
        Ok(waiting as f64 / took.as_secs_f64())
    }

    /// Calls that wait.
    ///
    /// # Errors
    /// Postgres is away.
    pub async fn waiting(&self) -> Result<usize> {
        let mut admin = PgConnection::connect(&self.admin_url).await?;
        Ok(usize::try_from(count(&mut admin, "SELECT count(*) FROM shared.outbox WHERE state = 'waiting'").await?)?)
    }
}

/// What an appeal's registration notice looks like.
fn call(destination: &'static str, key: Option<&str>) -> Call {
    let id = uuid::Uuid::new_v4();
    let subject = format!("appeals/{id}");
    let notification = Notification {
        recipient: format!("recipients/{id}"),
        template: "registration".to_owned(),
        subject: subject.clone(),
        variables: vec![Variable { name: "number".to_owned(), value: Some(Value::Text("26-KM4T-X".to_owned())) }],
        contact: Some(Contact { phone: "+79161234567".to_owned(), email: "maria@example.org".to_owned() }),
        language_code: "ru".to_owned(),
        ..Notification::default()
    };
    let request = SendNotificationRequest { notification: Some(notification), request_id: String::new() };
    Call::new(destination, key.map_or(subject, str::to_owned), request)
}
