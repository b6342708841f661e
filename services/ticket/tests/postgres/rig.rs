//! The service without its server: commands are called as the generated traits call them, and what would go to other services is
//! delivered into a list.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use clock::ManualClock;
use devpg::{Template, TestDatabase};
use jiff::{SignedDuration, Timestamp};
use outbox::{Attempt, Deliver, NothingFollows, Outbox, Relay};
use prometheus_client::registry::Registry;
use proto::ticket::v1 as wire;
use proto::{DurableCall, to_wire};
use rpc::auth::Signer;
use rpc::{Caller, Refusal, Role};
use sealed::Ring;
use sqlx::{Connection, PgConnection};
use store::{Db, Settings};
use ticket::assertions::{KeySource, StoredKey};
use ticket::{App, Config, audit, commands};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const ROLE: &str = "otklik_ticket";

/// A Monday, 12:00 in Moscow.
pub const MONDAY_NOON: &str = "2026-03-02T09:00:00Z";

/// One service over one database.
pub struct Rig {
    pub app: Arc<App>,
    pub clock: ManualClock,
    pub signer: Signer,
    pub stopper: CancellationToken,
    pub identity: Arc<Identity>,
    relay: Relay,
    sent: Arc<Sent>,
    pub database: TestDatabase,
}

/// Identity verification, as far as its keys go.
#[derive(Default)]
pub struct Identity {
    pub published: Mutex<Vec<StoredKey>>,
    pub down: Mutex<bool>,
}

#[derive(Default)]
struct Sent(Mutex<Vec<(String, Bytes)>>);

#[async_trait]
impl KeySource for Identity {
    async fn published(&self) -> anyhow::Result<Vec<StoredKey>> {
        anyhow::ensure!(!*self.down.lock().unwrap(), "identity verification is down");
        Ok(self.published.lock().unwrap().clone())
    }
}

#[async_trait]
impl Deliver for Sent {
    async fn deliver(&self, method: &str, request: Bytes, _attempt: &Attempt) -> Result<Bytes, tonic::Status> {
        self.0.lock().unwrap().push((method.to_owned(), request));
        Ok(Bytes::new())
    }
}

impl Rig {
    pub async fn new() -> Rig {
        let template = Template::make("ticket", async |url| {
            let mut admin = PgConnection::connect(&url).await?;
            store::provision(&mut admin, ROLE, "it's").await?;
            store::migrate(&url, "ticket", ROLE, &[&outbox::MIGRATIONS, &policies::MIGRATIONS, &ticket::MIGRATIONS])
                .await?;
            Ok(())
        });
        let template = template.await.unwrap();
        let database = TestDatabase::new(Some(&template)).await.unwrap();
        // Hundreds at once on a machine that builds at the same time: waiting is not what is tested.
        let settings = Settings {
            max_connections: Some(6),
            acquire_timeout_ms: 120_000,
            statement_timeout_ms: 60_000,
            ..Settings::for_url(database.url(ROLE, "it's"))
        };
        let clock = ManualClock::at(MONDAY_NOON.parse().unwrap());
        let mut registry = Registry::default();
        let pool = store::connect(&settings, "ticket").await.unwrap();
        let db = Db::new(pool, Arc::new(clock.clone()), &mut registry);
        let ring = Ring::generate();
        let outbox = Outbox::new(ring.clone());
        let signer = Signer::generate().unwrap();
        let identity = Arc::new(Identity::default());
        identity.published.lock().unwrap().push(public(&signer));
        let keys: Arc<dyn KeySource> = identity.clone();
        let config = Config::defaults().unwrap();
        let stopper = CancellationToken::new();
        let app = App::new(db.clone(), ring, outbox.clone(), keys, &config, stopper.clone()).unwrap();
        let app = Arc::new(app);
        let sent = Arc::new(Sent::default());
        let ways = ["sla", "notification"].map(|name| (name, sent.clone() as Arc<dyn Deliver>)).to_vec();
        let relay =
            Relay::new(&db, &outbox, Arc::new(NothingFollows), &outbox::Settings::default(), &mut registry, ways);
        Rig { app, clock, signer, stopper, identity, relay, sent, database }
    }

    /// Forgets everything that is not in the database.
    pub fn restart(&mut self) {
        let old = &self.app;
        let keys: Arc<dyn KeySource> = self.identity.clone();
        let config = Config::defaults().unwrap();
        let stopper = self.stopper.clone();
        let app = App::new(old.db.clone(), old.ring.clone(), old.outbox.clone(), keys, &config, stopper).unwrap();
        self.app = Arc::new(app);
    }

    /// With two members on each level of the ladder in the group `access`.
    pub async fn staffed() -> Rig {
        let rig = Rig::new().await;
        for (id, level) in [
            ("operator-1", Level::Operator),
            ("operator-2", Level::Operator),
            ("senior-1", Level::SeniorSpecialist),
            ("senior-2", Level::SeniorSpecialist),
            ("supervisor-1", Level::Supervisor),
        ] {
            rig.member(id, level).await;
        }
        rig
    }

    /// Registers a member of the groups `access` and `services`, on duty, and answers their token's caller.
    pub async fn member(&self, id: &str, level: Level) -> Caller {
        let member = wire::Member {
            name: format!("staff/{id}"),
            display_name: "Ольга Т.".into(),
            level: level.into(),
            groups: vec!["access".into(), "services".into()],
            language_codes: vec!["ru".into()],
            on_duty: true,
            email: format!("{id}@support.example"),
            ..Default::default()
        };
        let request = wire::CreateMemberRequest { member: Some(member), request_id: new_id() };
        commands::create_member::run(self.app.clone(), supervisor(), request).await.unwrap();
        operator(id)
    }

    pub async fn file(&self, caller: &Caller, appeal: wire::Appeal) -> wire::Appeal {
        self.try_file(caller, appeal, &new_id()).await.unwrap()
    }

    pub async fn try_file(&self, caller: &Caller, appeal: wire::Appeal, id: &str) -> Result<wire::Appeal, Refusal> {
        let request = wire::FileAppealRequest { appeal: Some(appeal), request_id: id.into(), validate_only: false };
        commands::file_appeal::run(self.app.clone(), caller.clone(), request).await
    }

    /// Files an appeal of a citizen and gives it to `operator-1`.
    pub async fn assigned(&self, citizen: &Caller, appeal: wire::Appeal) -> wire::Appeal {
        let filed = self.file(citizen, appeal).await;
        self.assign(&filed.name, "operator-1").await.unwrap()
    }

    pub async fn assign(&self, name: &str, member: &str) -> Result<wire::Appeal, Refusal> {
        let request = wire::AssignAppealRequest {
            name: name.into(),
            assignee: format!("staff/{member}"),
            etag: String::new(),
            request_id: new_id(),
        };
        commands::assign_appeal::run(self.app.clone(), supervisor(), request).await
    }

    pub async fn get(&self, caller: &Caller, name: &str) -> Result<wire::Appeal, Refusal> {
        let request = wire::GetAppealRequest { name: name.into() };
        ticket::queries::get_appeal::run(self.app.clone(), caller.clone(), request).await
    }

    /// Every entry of the journal as staff see it.
    pub async fn events(&self, name: &str) -> Vec<wire::AppealEvent> {
        let request = wire::ListAppealEventsRequest { parent: name.into(), page_size: 500, page_token: String::new() };
        ticket::queries::list_appeal_events::run(self.app.clone(), supervisor(), request).await.unwrap().events
    }

    /// Fails unless the row is what the journal gives.
    pub async fn audit(&self, name: &str) {
        let id = name.strip_prefix("appeals/").unwrap().parse().unwrap();
        assert_eq!(audit::differs_from_journal(&self.app, id).await.unwrap(), None);
    }

    /// Delivers what waits and answers all of it that was ever sent by that method, in order.
    pub async fn sent<R: DurableCall>(&self) -> Vec<R> {
        while self.relay.step().await.unwrap() > 0 {}
        let sent = self.sent.0.lock().unwrap();
        sent.iter()
            .filter(|(method, _)| method == R::METHOD)
            .map(|(_, bytes)| R::decode(bytes.clone()).unwrap())
            .collect()
    }

    /// The templates of all notices so far, with their recipients.
    pub async fn notices(&self) -> Vec<(String, String)> {
        use proto::notification::v1::SendNotificationRequest;
        let sent = self.sent::<SendNotificationRequest>().await;
        sent.into_iter().map(|it| it.notification.unwrap()).map(|it| (it.template, it.recipient)).collect()
    }

    /// An assertion, altered as the test likes.
    pub fn assertion(&self, citizen: &Caller, appeal: &str, alter: impl FnOnce(&mut serde_json::Value)) -> String {
        use clock::Clock as _;
        let mut claims = serde_json::json!({
            "sub": citizen.subject,
            "appeal": appeal,
            "action": "recover_access",
            "level": "simplified",
            "jti": Uuid::new_v4().to_string(),
            "exp": (self.clock.now() + SignedDuration::from_mins(10)).as_second(),
        });
        alter(&mut claims);
        self.signer.sign(&claims).unwrap()
    }

    /// Until so many connections wait for a lock.
    pub async fn until_waiting(&self, count: i64) {
        loop {
            let waits: i64 = sqlx::query_scalar(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
            )
            .fetch_one(self.app.db.pool())
            .await
            .unwrap();
            if waits >= count {
                break;
            }
            tokio::task::yield_now().await;
        }
    }

    pub fn minutes(&self, minutes: i64) -> Timestamp {
        self.clock.advance(SignedDuration::from_mins(minutes))
    }
}

pub use wire::member::Level;

/// The key as identity verification publishes it.
pub fn public(signer: &Signer) -> StoredKey {
    let jwks: serde_json::Value = serde_json::from_str(&signer.jwks().unwrap()).unwrap();
    let public_key = URL_SAFE_NO_PAD.decode(jwks["keys"][0]["x"].as_str().unwrap()).unwrap();
    StoredKey { key_id: signer.key_id().to_owned(), public_key }
}

pub fn new_id() -> String {
    Uuid::new_v4().to_string()
}

pub fn citizen() -> Caller {
    Caller::of_citizen(Uuid::new_v4())
}

pub fn operator(id: &str) -> Caller {
    Caller::of_staff(id, [Role::Operator])
}

pub fn portal() -> Caller {
    Caller::of_system("portal")
}

pub fn supervisor() -> Caller {
    Caller::of_staff("supervisor-1", [Role::Supervisor])
}

/// A form that is right, of the category `application_error`: group `services`, no assurance needed.
pub fn form() -> wire::Appeal {
    wire::Appeal {
        channel: wire::Channel::Portal.into(),
        category: "application_error".into(),
        subject: "Заявление не отправляется".into(),
        description: "После нажатия кнопки ничего не происходит.".into(),
        applicant: Some(wire::Applicant {
            full_name: "Иванов Иван Иванович".into(), ..Default::default()
        }),
        contact: Some(wire::AppealContact { phone: "8 (916) 123-45-67".into(), email: "ivanov@example.org".into() }),
        consent: Some(wire::Consent {
            version: "2026-01".into(),
            agree_time: Some(to_wire(MONDAY_NOON.parse().unwrap())),
        }),
        ..Default::default()
    }
}

/// The same for lost access: group `access`, level simplified needed.
pub fn lost_access() -> wire::Appeal {
    wire::Appeal { category: "access_recovery".into(), ..form() }
}

pub fn time(wire: &Option<prost_types::Timestamp>) -> Timestamp {
    proto::from_wire(wire.as_ref().unwrap()).unwrap()
}

/// The reason of a refusal.
pub fn reason<T: std::fmt::Debug>(result: Result<T, Refusal>) -> &'static str {
    result.unwrap_err().reason()
}

/// The reason of the one field at fault.
pub fn fault<T: std::fmt::Debug>(result: Result<T, Refusal>) -> &'static str {
    let refusal = result.unwrap_err();
    assert_eq!((refusal.reason(), refusal.violations().len()), (rpc::reasons::REQUEST_INVALID, 1));
    refusal.violations()[0].reason
}
