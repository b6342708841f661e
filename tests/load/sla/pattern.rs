//! One deadline as the service writes it, and millions like it: copies of the rows that TrackDeadline left, with other ids and times.

use all_in_one::Part;
use anyhow::{Context as _, Result, ensure};
use deadline::{ClockKind, PolicySet};
use jiff::{SignedDuration, Timestamp};
use proto::sla::v1::sla_service_client::SlaServiceClient;
use proto::sla::v1::{Allowance, Clock, ClockKind as WireKind, Deadline, TrackDeadlineRequest, allowance::Span, clock};
use proto::to_wire;
use sqlx::PgConnection;
use tonic::Request;
use tonic::metadata::{Ascii, MetadataValue};
use uuid::Uuid;

use super::seed::POLICY;
use crate::Stage;
use crate::postgres::execute;
use tests::free_ports;

/// After every other.
const ID: Uuid = Uuid::max();
/// What a deadline consists of.
const TABLES: [&str; 3] = ["deadline", "clock", "rung"];
/// The distance of two ids: 10 million of them lie evenly over all there are, so that those that fall due lie among them.
const STEP: usize = 400;

/// Has the service track it, with both its clocks running from `start` on.
///
/// # Errors
/// The service does not start, or refuses it.
pub async fn track(stage: &Stage, role_url: &str, start: Timestamp) -> Result<()> {
    let [nobody] = free_ports()?;
    let service = stage.house.start(Part::Sla, &stage.house.environment(Part::Sla, role_url, nobody, &[])).await?;
    let mut client = SlaServiceClient::connect(format!("http://127.0.0.1:{}", service.port)).await?;
    let token = stage.house.token("services/ticket")?;
    let bearer: MetadataValue<Ascii> = format!("Bearer {}", token.trim()).parse().context("a token")?;
    let mut request =
        Request::new(TrackDeadlineRequest { deadline: Some(deadline(start)?), request_id: Uuid::new_v4().to_string() });
    request.metadata_mut().insert("authorization", bearer);
    let tracked = client.track_deadline(request).await?.into_inner();
    ensure!(!tracked.mismatch, "the pattern is not what its policy gives");
    service.stop().await
}

fn deadline(start: Timestamp) -> Result<Deadline> {
    let set = PolicySet::builtin();
    let clocks = ClockKind::FROM_FILING.map(|kind| {
        let plan = set.policy(POLICY).context("the policy")?.plan(kind).context("its plan")?;
        let calendar = set.calendar(&plan.calendar).context("its calendar")?;
        let deadline::Allowance::RealTime(length) = plan.allowance else { anyhow::bail!("it counts hours") };
        anyhow::Ok(Clock {
            kind: match kind {
                ClockKind::Acceptance => WireKind::Acceptance,
                ClockKind::FirstAnswer => WireKind::FirstAnswer,
                ClockKind::NextAnswer => WireKind::NextAnswer,
                ClockKind::OtherBody => WireKind::OtherBody,
                ClockKind::Resolution => WireKind::Resolution,
            }
            .into(),
            state: clock::State::Running.into(),
            epoch: 1,
            start_time: Some(to_wire(start)),
            due_time: Some(to_wire(start + length)),
            allowance: Some(Allowance { span: Some(Span::RealTime(seconds(length))) }),
            calendar: calendar.id().to_owned(),
            calendar_version: calendar.version().into(),
            ..Clock::default()
        })
    });
    Ok(Deadline {
        name: format!("deadlines/{ID}"),
        appeal: format!("appeals/{ID}"),
        number: "PATTERN".to_owned(),
        revision: 1,
        policy: POLICY.to_owned(),
        policy_version: set.version().into(),
        policy_hash: set.content_hash().to_string(),
        category: POLICY.to_owned(),
        priority: "emergency".to_owned(),
        channel: "web_form".to_owned(),
        group: "security".to_owned(),
        clocks: clocks.into_iter().collect::<Result<_>>()?,
        ..Deadline::default()
    })
}

fn seconds(length: SignedDuration) -> prost_types::Duration {
    prost_types::Duration { seconds: length.as_secs(), nanos: 0 }
}

/// Copies it: the numbers `from` to `to`, each with all its times later by some seconds of half a year.
///
/// # Errors
/// Postgres refuses.
pub async fn copy(admin: &mut PgConnection, from: usize, to: usize) -> Result<()> {
    // The foreign keys hold by how the rows are made; looking each up would take longer than all else.
    execute(admin, "SET session_replication_role = replica").await?;
    for table in TABLES {
        let columns: Vec<(String, String)> = sqlx::query_as(
            "SELECT column_name::text, data_type::text FROM information_schema.columns
            WHERE table_schema = 'sla' AND table_name = $1 ORDER BY ordinal_position",
        )
        .bind(table)
        .fetch_all(&mut *admin)
        .await?;
        let value = |(name, kind): &(String, String)| match (name.as_str(), kind.as_str()) {
            ("deadline_id", _) => "new.id".to_owned(),
            ("number", _) => "'N-' || new.n".to_owned(),
            (name, "timestamp with time zone") => format!("pattern.{name} + new.shift"),
            (name, _) => format!("pattern.{name}"),
        };
        let names: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
        let values: Vec<String> = columns.iter().map(value).collect();
        // In the order of ids, so that the primary key is written in order; the other indexes see times at random, as they come in life.
        let statement = format!(
            "INSERT INTO {table} ({names})
            SELECT {values} FROM (
                SELECT n, (lpad(to_hex(n * {STEP}), 8, '0') || substr(md5('open' || n), 9))::uuid AS id,
                    (hashint8(n) & 16777215) * interval '1 second' AS shift
                FROM generate_series({from}::bigint, {to}::bigint) AS n
            ) AS new CROSS JOIN LATERAL (SELECT *, new.n AS copy_of FROM {table} WHERE deadline_id = '{ID}' OFFSET 0) AS pattern",
            names = names.join(", "),
            values = values.join(", "),
        );
        execute(admin, &statement).await?;
    }
    execute(admin, "SET session_replication_role = origin").await?;
    Ok(())
}
