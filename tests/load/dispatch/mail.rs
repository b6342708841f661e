//! Queued messages by the thousand, sealed as the service seals them; and codes, by the service's own door.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use clock::{Clock as _, SystemClock};
use jiff::SignedDuration;
use jiff_sqlx::ToSqlx as _;
use proto::notification::v1::notification_service_client::NotificationServiceClient;
use proto::notification::v1::{self as wire, Contact, SendNotificationRequest, Variable, variable::Value};
use proto::to_wire;
use sealed::{Personal, Place, Ring};
use sqlx::{Connection as _, PgConnection};
use tests::forms::request_id;
use tonic::Request;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::{Channel, Endpoint};
use uuid::Uuid;

use crate::postgres::{count, execute};

/// Messages of one statement.
const CHUNK: usize = 1_000;
/// How long a run may take before it is called stuck.
pub const PATIENCE: Duration = Duration::from_secs(300);
/// How often it is looked whether all is recorded.
const LOOK: Duration = Duration::from_millis(10);

/// The notification service's tables.
#[derive(Debug)]
pub struct Mail {
    /// The administrator's URL.
    pub admin_url: String,
    ring: Ring,
}

/// Identity verification, which asks for codes.
#[derive(Debug)]
pub struct Client {
    channel: Channel,
    bearer: MetadataValue<Ascii>,
    next: AtomicUsize,
}

// === impl Mail ===

impl Mail {
    /// Sealed under the service's own ring.
    pub fn new(admin_url: &str, ring: Ring) -> Self {
        Self { admin_url: admin_url.to_owned(), ring }
    }

    async fn admin(&self) -> Result<PgConnection> {
        let mut admin = PgConnection::connect(&self.admin_url).await?;
        execute(&mut admin, "SET search_path = notification").await?;
        Ok(admin)
    }

    /// Forgets every message.
    ///
    /// # Errors
    /// Postgres refuses.
    pub async fn clear(&self) -> Result<()> {
        let tables = "recipient, notification, delivery, delivery_part, parked_receipt, outbox, outbox_key";
        execute(&mut self.admin().await?, &format!("TRUNCATE {tables}")).await?;
        Ok(())
    }

    /// Adds registration SMS for as many recipients, all due `after` they are all there.
    ///
    /// # Errors
    /// Postgres refuses.
    pub async fn fill(&self, lane: &str, messages: usize, after: Duration) -> Result<()> {
        let mut admin = self.admin().await?;
        let now = SystemClock.now();
        let values = format!(
            r#"{{"due_time":{{"time":"{}"}},"number":{{"text":"26-KM4T-X"}}}}"#,
            now + SignedDuration::from_hours(24)
        );
        let mut left = messages;
        while left > 0 {
            let ids: Vec<Uuid> = (0..left.min(CHUNK)).map(|_| Uuid::new_v4()).collect();
            left -= ids.len();
            let seal = |id: &Uuid, column, plain: &[u8]| {
                self.ring.seal(Place::new("notification", column, id.as_bytes()), plain)
            };
            let phones: Vec<Vec<u8>> = ids.iter().map(|id| self.phone(id)).collect();
            let variables: Vec<Vec<u8>> = ids.iter().map(|id| seal(id, "variables", values.as_bytes())).collect();
            sqlx::query(
                "WITH given AS MATERIALIZED (
                    SELECT id, phone, variables FROM unnest($1::uuid[], $2::bytea[], $3::bytea[]) AS given (id, phone, variables)
                ), known AS (
                    INSERT INTO recipient (recipient_id, owner, language_code, time_zone, revision, update_time)
                    SELECT id::text, 'systems/ticket', 'ru', 'Europe/Moscow', 1, $4 FROM given
                ), told AS (
                    INSERT INTO notification (notification_id, sender, send_request_id, recipient_id, template, template_version, subject,
                        lane, phone, variables, language_code, event_time, expire_time, state, create_time, update_time)
                    SELECT id, 'systems/ticket', gen_random_uuid(), id::text, 'registration', 1, 'appeals/' || id, $5, phone, variables, 'ru',
                        $4, $4::timestamptz + interval '1 day', 'queued', $4, $4 FROM given
                )
                INSERT INTO delivery (delivery_id, notification_id, channel, lane, state, next_attempt_time)
                SELECT gen_random_uuid(), id, 'sms', $5, 'queued', 'infinity' FROM given",
            )
            .bind(&ids)
            .bind(&phones)
            .bind(&variables)
            .bind(now.to_sqlx())
            .bind(lane)
            .execute(&mut admin)
            .await?;
        }
        execute(&mut admin, "VACUUM ANALYZE delivery").await?;
        let due = SystemClock.now() + SignedDuration::try_from(after)?;
        execute(
            &mut admin,
            &format!("UPDATE delivery SET next_attempt_time = '{due}' WHERE next_attempt_time = 'infinity'"),
        )
        .await?;
        Ok(())
    }

    fn phone(&self, id: &Uuid) -> Vec<u8> {
        let phone = format!("+7916{:07}", id.as_u128() % 10_000_000);
        self.ring.seal_text(Place::new("notification", "phone", id.as_bytes()), &Personal::from(phone))
    }

    /// Deliveries of which this is true.
    ///
    /// # Errors
    /// Postgres is away.
    pub async fn left(&self, condition: &str) -> Result<usize> {
        let statement = format!("SELECT count(*) FROM delivery WHERE {condition}");
        Ok(usize::try_from(count(&mut self.admin().await?, &statement).await?)?)
    }

    /// Waits until this is true of no delivery, over one connection: it is looked while the time counts.
    ///
    /// # Errors
    /// It does not come to that.
    pub async fn until_none(&self, condition: &str) -> Result<()> {
        let (began, mut admin) = (Instant::now(), self.admin().await?);
        let statement = format!("SELECT count(*) FROM (SELECT FROM delivery WHERE {condition} LIMIT 1) AS one");
        while count(&mut admin, &statement).await? > 0 {
            ensure!(began.elapsed() < PATIENCE, "some are still {condition} after {} s", PATIENCE.as_secs());
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }
}

// === impl Client ===

impl Client {
    /// Nothing connects before the first code.
    ///
    /// # Errors
    /// The token is not one line of ASCII.
    pub fn new(port: u16, token: &str) -> Result<Self> {
        let mut bearer: MetadataValue<Ascii> = format!("Bearer {}", token.trim()).parse().context("a token")?;
        bearer.set_sensitive(true);
        let channel = Endpoint::from_shared(format!("http://127.0.0.1:{port}"))?.connect_lazy();
        Ok(Self { channel, bearer, next: AtomicUsize::new(0) })
    }

    /// A number that had no message yet: digits only.
    pub fn phone(&self) -> String {
        format!("7926{:07}", 1_000_000 + self.next.fetch_add(1, Ordering::Relaxed))
    }

    /// Asks for a code to be sent.
    ///
    /// # Errors
    /// It is refused.
    pub async fn send_code(&self, phone: &str) -> Result<()> {
        let variable = |name: &str, value| Variable { name: name.to_owned(), value: Some(value) };
        let notification = wire::Notification {
            recipient: format!("recipients/{}", Uuid::new_v4()),
            template: "verification_code".to_owned(),
            variables: vec![
                variable("code", Value::Code("481516".to_owned())),
                variable("minutes", Value::Number(10)),
                variable("prefix", Value::Text("КМ".to_owned())),
            ],
            contact: Some(Contact { phone: format!("+{phone}"), email: String::new() }),
            channels: vec![wire::Channel::Sms.into()],
            event_time: Some(to_wire(SystemClock.now())),
            ..wire::Notification::default()
        };
        let mut request =
            Request::new(SendNotificationRequest { notification: Some(notification), request_id: request_id() });
        request.set_timeout(Duration::from_secs(10));
        request.metadata_mut().insert("authorization", self.bearer.clone());
        let sent = NotificationServiceClient::new(self.channel.clone()).send_notification(request).await;
        sent.map(drop).map_err(|status| anyhow::anyhow!("a code was refused: {:?} {}", status.code(), status.message()))
    }
}
