//! The service over gRPC, its loops by hand, its rows by the superuser.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bootstrap::config::Layers;
use bootstrap::{Admin, Loop, Overrides, Service as _, Step, Time};
use bytes::Bytes;
use clock::{Clock, ManualClock};
use devpg::{Template, TestDatabase};
use jiff::{SignedDuration, Timestamp};
use outbox::{Attempt, Deliver};
use prost::Message as _;
use proto::notification::v1::notification_service_client::NotificationServiceClient;
use proto::notification::v1::{self as wire, NoticeOutcome, SendNotificationRequest, notification::State};
use proto::{ticket, to_wire};
use rpc::auth::{Claims, Signer};
use sqlx::{Connection, PgConnection};
use testkit::mailbox::Mailbox;
use testkit::smsc::Smsc;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::metadata::MetadataValue;
use tonic::service::{Interceptor, interceptor::InterceptedService};
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};
use uuid::Uuid;

const ROLE: &str = "otklik_notification";
/// How long something that is under way may take on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

pub const PHONE: &str = "+79161234567";
pub const EMAIL: &str = "maria@example.org";

/// The lanes in the order of their loops.
#[derive(Clone, Copy)]
pub enum Lane {
    Code,
    Emergency,
    Normal,
    Bulk,
}

/// One service over one database, with everybody around it.
pub struct Rig {
    pub hand: ManualClock,
    pub smsc: Smsc,
    pub mailbox: Mailbox,
    pub database: TestDatabase,
    address: SocketAddr,
    loops: Vec<Loop>,
    told: Arc<Told>,
    signer: Signer,
    pub stopper: CancellationToken,
    _folder: tempfile::TempDir,
}

/// The services that are told outcomes.
#[derive(Default)]
struct Told(Mutex<Vec<(&'static str, NoticeOutcome)>>);

struct Peer(&'static str, Arc<Told>);

#[derive(Clone)]
pub struct Bearer(String);

pub type Client = NotificationServiceClient<InterceptedService<Channel, Bearer>>;

// === impl Rig ===

impl Rig {
    /// With the recipient `recipients/maria`, who has a phone and an e-mail address and belongs to ticket.
    pub async fn new() -> Self {
        Self::with(&[]).await
    }

    /// The same, differently configured.
    pub async fn with(presets: &[(&str, toml::Value)]) -> Self {
        let rig = Self::empty(presets).await;
        rig.recipient("ticket", "maria", 1, PHONE, EMAIL).await.unwrap();
        rig
    }

    async fn empty(presets: &[(&str, toml::Value)]) -> Self {
        let template = Template::make("notification", async |url| {
            let mut admin = PgConnection::connect(&url).await?;
            store::provision(&mut admin, ROLE, "").await?;
            store::migrate(&url, "notification", ROLE, &notification::Service::migrations()).await?;
            Ok(())
        });
        let database = TestDatabase::new(Some(&template.await.unwrap())).await.unwrap();
        let (smsc, mailbox) = (Smsc::start().await, Mailbox::start().await);
        // A Wednesday, 12:00 in Moscow.
        let hand = ManualClock::at("2026-11-25T09:00:00Z".parse().unwrap());
        let signer = Signer::generate().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: String| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path.to_string_lossy().into_owned()
        };
        let mut layers = Layers::default()
            .preset("database.url", database.url(ROLE, ""))
            .preset("database.max_connections", 8)
            .preset("auth.jwks_file", file("jwks.json", signer.jwks().unwrap()))
            .preset("token.file", file("token", token(&signer, &hand, "notification")))
            .preset("lifecycle.drain_notice", "0s")
            .preset("sms.provider", "smpp")
            .preset("smpp.host", "127.0.0.1")
            .preset("smpp.port", i64::from(smsc.port()))
            .preset("smpp.system_id", "otklik")
            .preset("smpp.source_addr", "Gosuslugi")
            .preset("smpp.reconnect_min_milliseconds", 1)
            .preset("smpp.reconnect_max_milliseconds", 1)
            .preset("email.provider", "smtp")
            .preset("smtp.host", "127.0.0.1")
            .preset("smtp.port", i64::from(mailbox.port()))
            .preset("smtp.security", "none")
            .preset("smtp.from_address", "support@example.org");
        for (key, value) in presets {
            layers = layers.preset(key, value.clone());
        }
        let told = Arc::new(Told::default());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stopper = CancellationToken::new();
        let peers = Arc::clone(&told);
        let overrides = Overrides {
            stopper: stopper.clone(),
            listener: Some(listener),
            admin: Admin::Off,
            time: Time::Given(Arc::new(hand.clone())),
            ring: Some(sealed::Ring::generate()),
            around_deliver: Some(Arc::new(move |name, _| Arc::new(Peer(name, Arc::clone(&peers))))),
            ready: None,
        };
        let settings = layers.load::<notification::Service>().unwrap();
        let mut prepared = bootstrap::prepare::<notification::Service>(settings, overrides).await.unwrap();
        let loops = prepared.take_loops();
        tokio::spawn(prepared.run());
        Self { hand, smsc, mailbox, database, address, loops, told, signer, stopper, _folder: folder }
    }

    pub fn now(&self) -> Timestamp {
        self.hand.now()
    }

    pub fn advance(&self, seconds: i64) {
        self.hand.advance(SignedDuration::from_secs(seconds));
    }

    /// The service as a system (`ticket`) or a member of staff (`staff/anna:operator`) sees it.
    pub fn client(&self, who: &str) -> Client {
        let channel = Endpoint::from_shared(format!("http://{}", self.address)).unwrap().connect_lazy();
        let bearer = Bearer(token(&self.signer, &self.hand, who));
        NotificationServiceClient::new(InterceptedService::new(channel, bearer))
    }

    pub async fn recipient(
        &self,
        owner: &str,
        id: &str,
        revision: i64,
        phone: &str,
        email: &str,
    ) -> Result<wire::Recipient, Status> {
        let recipient = wire::Recipient {
            name: format!("recipients/{id}"),
            contact: Some(wire::Contact { phone: phone.into(), email: email.into() }),
            language_code: "ru".into(),
            time_zone: "Europe/Moscow".into(),
            revision,
            update_time: None,
        };
        let request = wire::UpsertRecipientRequest { recipient: Some(recipient), request_id: request_id() };
        self.client(owner).upsert_recipient(request).await.map(tonic::Response::into_inner)
    }

    /// Sends for ticket, under a fresh request id.
    pub async fn send(&self, it: wire::Notification) -> wire::Notification {
        self.send_as("ticket", &request_id(), it).await.unwrap()
    }

    pub async fn send_as(&self, who: &str, id: &str, it: wire::Notification) -> Result<wire::Notification, Status> {
        let request = SendNotificationRequest { notification: Some(it), request_id: id.to_owned() };
        self.client(who).send_notification(request).await.map(tonic::Response::into_inner)
    }

    pub async fn get(&self, it: &wire::Notification) -> wire::Notification {
        let request = wire::GetNotificationRequest { name: it.name.clone() };
        self.client("ticket").get_notification(request).await.unwrap().into_inner()
    }

    /// The one delivery of a notification on one channel.
    pub async fn delivery(&self, it: &wire::Notification) -> wire::Delivery {
        let mut deliveries = self.get(it).await.deliveries;
        assert_eq!(deliveries.len(), 1);
        deliveries.remove(0)
    }

    /// The worker of a lane.
    pub fn worker(&self, lane: Lane) -> Arc<dyn Step> {
        let mut lanes = self.loops.iter().filter(|it| it.name == "dispatch");
        Arc::clone(&lanes.nth(lane as usize).unwrap().step)
    }

    /// One step of a lane's worker; answers how many deliveries it had.
    pub async fn dispatch(&self, lane: Lane) -> usize {
        self.worker(lane).step().await.unwrap().count()
    }

    /// The same beside the test, as by another replica.
    pub fn dispatching(&self, lane: Lane) -> tokio::task::JoinHandle<usize> {
        let worker = self.worker(lane);
        tokio::spawn(async move { worker.step().await.unwrap().count() })
    }

    /// One step of the loops of a name.
    pub async fn step(&self, name: &str) -> usize {
        let mut worked = 0;
        for it in self.loops.iter().filter(|it| it.name == name) {
            worked += it.step.step().await.unwrap().count();
        }
        worked
    }

    /// Takes in so many receipts, which are on their way.
    pub async fn receive(&self, expected: usize) {
        let all = async {
            let mut worked = 0;
            while worked < expected {
                worked += self.step("receipts").await;
                tokio::task::yield_now().await;
            }
            assert_eq!(worked, expected);
        };
        tokio::time::timeout(PATIENCE, all).await.expect("a receipt did not come");
    }

    /// Everything that anybody was told so far: to whom, of which request, what.
    pub async fn told(&self) -> Vec<(&'static str, NoticeOutcome)> {
        while self.step("relay").await > 0 {}
        self.told.0.lock().unwrap().clone()
    }

    /// Only the states.
    pub async fn states_told(&self) -> Vec<State> {
        self.told().await.iter().map(|(_, outcome)| outcome.state()).collect()
    }

    /// The superuser's connection into the service's schema.
    pub async fn admin(&self) -> PgConnection {
        let mut admin = PgConnection::connect(&self.database.admin_url()).await.unwrap();
        sqlx::query("SET search_path = notification").execute(&mut admin).await.unwrap();
        admin
    }

    /// When the one delivery is looked at next: the end of its lease while it is being sent.
    pub async fn leased_until(&self) -> Timestamp {
        let sql = "SELECT next_attempt_time FROM delivery";
        sqlx::query_scalar::<_, jiff_sqlx::Timestamp>(sql).fetch_one(&mut self.admin().await).await.unwrap().to_jiff()
    }

    pub async fn count(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(&mut self.admin().await).await.unwrap()
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        self.stopper.cancel();
    }
}

#[async_trait]
impl Deliver for Peer {
    async fn deliver(&self, method: &str, request: Bytes, _attempt: &Attempt) -> Result<Bytes, Status> {
        assert!(method.ends_with("/RecordNoticeOutcome"), "{method}");
        // The three services' requests are alike.
        let request = ticket::v1::RecordNoticeOutcomeRequest::decode(request).unwrap();
        self.1.0.lock().unwrap().push((self.0, request.outcome.unwrap()));
        Ok(Bytes::new())
    }
}

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        let value = MetadataValue::try_from(format!("Bearer {}", self.0)).unwrap();
        request.metadata_mut().insert("authorization", value);
        Ok(request)
    }
}

fn token(signer: &Signer, hand: &ManualClock, who: &str) -> String {
    let (sub, role, amr) = match who.split_once(':') {
        Some((subject, role)) => (subject.to_owned(), role, vec!["pwd".to_owned(), "otp".to_owned()]),
        None => (format!("systems/{who}"), "system", Vec::new()),
    };
    let exp = (hand.now() + SignedDuration::from_hours(24 * 365)).as_second();
    let claims = Claims { sub, aud: vec!["otklik".to_owned()], exp, nbf: None, roles: vec![role.to_owned()], amr };
    signer.sign(&claims).unwrap()
}

pub fn request_id() -> String {
    Uuid::new_v4().to_string()
}

/// An appeal's name.
pub fn subject() -> String {
    format!("appeals/{}", Uuid::new_v4())
}

fn variable(name: &str, value: wire::variable::Value) -> wire::Variable {
    wire::Variable { name: name.into(), value: Some(value) }
}

fn notice(template: &str, at: Timestamp, channel: wire::Channel, variables: Vec<wire::Variable>) -> wire::Notification {
    wire::Notification {
        recipient: "recipients/maria".into(),
        template: template.into(),
        subject: subject(),
        variables,
        channels: vec![channel.into()],
        event_time: Some(to_wire(at)),
        ..wire::Notification::default()
    }
}

fn number() -> wire::Variable {
    variable("number", wire::variable::Value::Text("2026-000042".into()))
}

fn due(at: Timestamp) -> wire::Variable {
    variable("due_time", wire::variable::Value::Time(to_wire(at + SignedDuration::from_hours(24))))
}

/// "Your appeal is registered", in the normal lane, good for 24 hours: two parts in Russian.
pub fn registration(at: Timestamp, channel: wire::Channel) -> wire::Notification {
    notice("registration", at, channel, vec![number(), due(at)])
}

/// The same by SMS in English: one part.
pub fn short(at: Timestamp) -> wire::Notification {
    wire::Notification { language_code: "en".into(), ..registration(at, wire::Channel::Sms) }
}

/// "Your appeal is overdue", in the lane for emergencies.
pub fn overdue(at: Timestamp, subject: &str) -> wire::Notification {
    let it = notice("overdue_repeat", at, wire::Channel::Sms, vec![number(), due(at)]);
    wire::Notification { subject: subject.into(), ..it }
}

/// "Your appeal is answered".
pub fn resolution(at: Timestamp, subject: &str) -> wire::Notification {
    let summary = variable("summary", wire::variable::Value::Text("Номер подтверждён.".into()));
    let it = notice("resolution", at, wire::Channel::Sms, vec![number(), summary]);
    wire::Notification { subject: subject.into(), ..it }
}

/// "Your appeal is in another state", by e-mail.
pub fn status(at: Timestamp, subject: &str, status: &str) -> wire::Notification {
    let status = variable("status", wire::variable::Value::Text(status.into()));
    let changed = variable("changed_time", wire::variable::Value::Time(to_wire(at)));
    let it = notice("status_change", at, wire::Channel::Email, vec![number(), status, changed]);
    wire::Notification { subject: subject.into(), ..it }
}

/// "We need your answer".
pub fn question(at: Timestamp, subject: &str) -> wire::Notification {
    let question = variable("question", wire::variable::Value::Text("Какой номер?".into()));
    let it = notice("applicant_question", at, wire::Channel::Sms, vec![number(), question]);
    wire::Notification { subject: subject.into(), ..it }
}

/// A code, good for 10 minutes, about nothing.
pub fn code(at: Timestamp, code: &str, channel: wire::Channel) -> wire::Notification {
    use wire::variable::Value;
    let variables = vec![
        variable("code", Value::Code(code.into())),
        variable("minutes", Value::Number(10)),
        variable("prefix", Value::Text("АБ".into())),
    ];
    wire::Notification { subject: String::new(), ..notice("verification_code", at, channel, variables) }
}
