//! One service with its outbox, and the receiver of its calls.

use async_trait::async_trait;
use bytes::Bytes;
use clock::ManualClock;
use devpg::{Template, TestDatabase};
use jiff::SignedDuration;
use outbox::{Attempt, Call, Deliver, Follow, NothingFollows, Once, Outbox, Relay, Settings, Settled};
use prometheus_client::registry::Registry;
use prost::Message;
use proto::outbox::v1::{self as wire, RequeueCallRequest};
use rpc::Refusal;
use sealed::Ring;
use sqlx::{Connection, Executor, PgConnection};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use store::{Db, Tx, transaction};
use tokio::sync::Semaphore;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};
use uuid::Uuid;

/// The one destination of most tests.
pub const PEER: &str = "peer";

/// A migrated database, an outbox in it, and the clock of both sides.
pub struct Rig {
    pub db: Db,
    pub clock: ManualClock,
    pub ring: Ring,
    pub outbox: Outbox,
    pub database: TestDatabase,
}

impl Rig {
    pub async fn new() -> Rig {
        let template = Template::make("outbox", async |admin_url| {
            let mut admin = PgConnection::connect(&admin_url).await?;
            store::provision(&mut admin, "otklik_shared", "secret").await?;
            store::migrate(&admin_url, "shared", "otklik_shared", &[&outbox::MIGRATIONS]).await?;
            // Where routes write what they are told, so that a settlement that is rolled back told nobody.
            admin
                .execute(
                    "CREATE TABLE shared.told (position bigint GENERATED ALWAYS AS IDENTITY, call_id uuid, key text, outcome text);
                    GRANT SELECT, INSERT ON shared.told TO otklik_shared",
                )
                .await?;
            Ok(())
        });
        let database = TestDatabase::new(Some(&template.await.unwrap())).await.unwrap();
        let settings = store::Settings {
            max_connections: Some(12),
            acquire_timeout_ms: 20_000,
            ..store::Settings::for_url(database.url("otklik_shared", "secret"))
        };
        let pool = store::connect(&settings, "shared").await.unwrap();
        let clock = ManualClock::at("2026-01-05T09:00:00Z".parse().unwrap());
        let db = Db::new(pool, Arc::new(clock.clone()), &mut Registry::default());
        let ring = Ring::generate();
        Rig { db, clock, outbox: Outbox::new(ring.clone()), ring, database }
    }

    pub fn receiver(&self) -> Arc<Receiver> {
        Arc::new(Receiver {
            db: self.db.clone(),
            once: Once::new(self.ring.clone(), Arc::new(self.clock.clone())),
            script: Mutex::default(),
            seen: Mutex::default(),
            applied: Mutex::default(),
            gate: Semaphore::new(Semaphore::MAX_PERMITS),
        })
    }

    /// A relay to one receiver, for which nothing follows.
    pub fn relay(&self, receiver: &Arc<Receiver>) -> Relay {
        self.relay_of(Arc::new(NothingFollows), vec![(PEER, receiver.clone())], &Settings::default()).0
    }

    pub fn relay_of(
        &self,
        follow: Arc<dyn Follow>,
        receivers: Vec<(&'static str, Arc<Receiver>)>,
        settings: &Settings,
    ) -> (Relay, Registry) {
        let mut registry = Registry::default();
        let ways = receivers.into_iter().map(|(name, it)| (name, it as Arc<dyn Deliver>)).collect();
        let relay = Relay::new(&self.db, &self.outbox, follow, settings, &mut registry, ways);
        (relay, registry)
    }

    /// Enqueues calls in one transaction.
    pub async fn send(&self, calls: Vec<Call>) {
        let calls = Mutex::new(Some(calls));
        transaction!(self.db, "send", |tx| -> Result<(), store::Error> {
            let calls = calls.lock().unwrap().take().unwrap();
            self.outbox.enqueue(tx, self.db.now(), calls).await
        })
        .unwrap();
    }

    pub fn advance(&self, seconds: i64) {
        self.clock.advance(SignedDuration::from_secs(seconds));
    }

    /// State, attempts and last error of a call.
    pub async fn state(&self, call: Uuid) -> (String, i32, Option<String>) {
        sqlx::query_as("SELECT state, attempts, last_error FROM outbox WHERE call_id = $1")
            .bind(call)
            .fetch_one(self.db.pool())
            .await
            .unwrap()
    }

    pub async fn count(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(self.db.pool()).await.unwrap()
    }
}

/// A call that says `text`, and its id.
pub fn call_to(destination: &'static str, key: &str, text: &str) -> (Call, Uuid) {
    let call = Call::new(destination, key, RequeueCallRequest { name: text.into(), ..Default::default() });
    let id = call.id();
    (call, id)
}

pub fn call(key: &str, text: &str) -> (Call, Uuid) {
    call_to(PEER, key, text)
}

pub fn metrics(registry: &Registry) -> String {
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, registry).unwrap();
    text
}

/// What happens to one attempt.
#[derive(Debug, Clone)]
pub enum Fault {
    /// It never arrives.
    RequestLost,
    /// It is applied, and nobody hears of it.
    AnswerLost,
    /// It is refused with this code and reason.
    Refused(Code, &'static str),
    /// It is refused, to be tried again after so long.
    Later(Code, Duration),
    /// A status without details.
    Bare(Code),
    /// The receiver applies it as it should.
    Works,
}

/// A receiver that applies requests once, unless the script says what befalls the next attempt.
pub struct Receiver {
    db: Db,
    once: Once,
    pub script: Mutex<VecDeque<Fault>>,
    /// Every attempt that was made, arrived or not.
    pub seen: Mutex<Vec<Attempt>>,
    /// What was applied, in order.
    pub applied: Mutex<Vec<String>>,
    /// Attempts wait here before anything happens to them; a test that empties it holds them up.
    pub gate: Semaphore,
}

impl Receiver {
    pub fn next(&self, faults: impl IntoIterator<Item = Fault>) {
        self.script.lock().unwrap().extend(faults);
    }

    pub fn applied(&self) -> Vec<String> {
        self.applied.lock().unwrap().clone()
    }

    pub fn attempts(&self) -> usize {
        self.seen.lock().unwrap().len()
    }

    /// Holds every further attempt until permits are added.
    pub fn close_gate(&self) {
        self.gate.forget_permits(Semaphore::MAX_PERMITS);
    }

    async fn apply(&self, request: &Bytes) -> Result<Bytes, Refusal> {
        let request = RequeueCallRequest::decode(request.clone()).unwrap();
        let key = self.once.key("systems/sender", &request)?;
        transaction!(self.db, "apply", |tx| -> Result<Bytes, Refusal> {
            if let Some(before) = self.once.replay(tx, &key).await? {
                return Ok(before);
            }
            let answer = wire::Call { name: format!("applied {}", request.name), ..Default::default() };
            self.once.record(tx, &key, &answer).await?;
            self.applied.lock().unwrap().push(request.name.clone());
            Ok(answer.encode_to_vec().into())
        })
    }
}

#[async_trait]
impl Deliver for Receiver {
    async fn deliver(&self, method: &str, request: Bytes, attempt: &Attempt) -> Result<Bytes, Status> {
        assert_eq!(method, "/otklik.outbox.v1.OutboxService/RequeueCall");
        self.seen.lock().unwrap().push(attempt.clone());
        drop(self.gate.acquire().await);
        let fault = self.script.lock().unwrap().pop_front().unwrap_or(Fault::Works);
        let detailed = |code, details| Err(Status::with_error_details(code, "+7 921 555 41 22", details));
        match fault {
            Fault::Works => self.apply(&request).await.map_err(|refusal| refusal.into_status("peer.otklik")),
            Fault::RequestLost => Err(Status::unavailable("lost")),
            Fault::AnswerLost => {
                self.apply(&request).await.unwrap();
                Err(Status::unavailable("lost"))
            }
            Fault::Refused(code, reason) => detailed(code, ErrorDetails::with_error_info(reason, "peer.otklik", [])),
            Fault::Later(code, pause) => {
                let mut details = ErrorDetails::with_error_info("BUSY", "peer.otklik", []);
                details.set_retry_info(Some(pause));
                detailed(code, details)
            }
            Fault::Bare(code) => Err(Status::new(code, "no details")),
        }
    }
}

/// Routes that expect APPEAL_CLOSED, remember what they were told, and may be told to fail.
#[derive(Default)]
pub struct Routes {
    pub told: Mutex<Vec<Settled>>,
    /// Whether [`Follow::settled`] fails for a call whose note is `"fails"`.
    pub fails: Mutex<bool>,
    /// What follows from a call with this note.
    pub following: Mutex<Option<(&'static str, Call)>>,
}

impl Routes {
    pub fn told(&self) -> Vec<Settled> {
        self.told.lock().unwrap().clone()
    }
}

#[async_trait]
impl Follow for Routes {
    fn expects(&self, method: &str, reason: &str) -> bool {
        method.ends_with("/RequeueCall") && reason == "APPEAL_CLOSED"
    }

    async fn settled(&self, tx: &mut Tx, settled: &Settled) -> Result<Vec<Call>, store::Error> {
        if settled.note == "fails" && *self.fails.lock().unwrap() {
            return Err(store::Error::Constraint { name: "appeal_state_check".into() });
        }
        sqlx::query("INSERT INTO told (call_id, key, outcome) VALUES ($1, $2, $3)")
            .bind(settled.call_id)
            .bind(&settled.key)
            .bind(format!("{:?}", settled.outcome))
            .execute(&mut **tx)
            .await?;
        self.told.lock().unwrap().push(settled.clone());
        let mut following = self.following.lock().unwrap();
        match following.take() {
            Some((note, call)) if settled.note == note => Ok(vec![call]),
            other => {
                *following = other;
                Ok(Vec::new())
            }
        }
    }
}
