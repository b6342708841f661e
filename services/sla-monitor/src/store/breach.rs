//! Table `breach`: what happened to promises.
//!
//! An entry is told once every transaction up to the one that wrote it has ended (`pg_snapshot_xmin`), and in order of transactions: so none comes
//! in behind a reader's back, whatever order transactions commit in. The price: one that stays open anywhere in the cluster after it has
//! written something holds the news up, of all services, for as long; ours end by themselves within seconds
//! (`idle_in_transaction_session_timeout`, `statement_timeout`).

use ::store::{Error, Tx};
use jiff::Timestamp;
use jiff_sqlx::{Timestamp as Stamp, ToSqlx};
use sqlx::PgPool;
use uuid::Uuid;

use super::{corrupt, stamp, time};
use crate::domain::{Breach, BreachEvent, Logged, Position, kind_of};

/// A row as it is stored.
struct Row {
    xact: i64,
    entry_id: i64,
    event: String,
    deadline_id: Uuid,
    number: String,
    clock: String,
    epoch: i64,
    level: i16,
    policy: String,
    category: String,
    priority: String,
    channel: String,
    queue_group: Option<String>,
    due_time: Option<Stamp>,
    event_time: Stamp,
    promise_time: Option<Stamp>,
    holder: Option<String>,
    reason: Option<String>,
}

/// Adds entries; no round trip where there are none.
pub(crate) async fn append(tx: &mut Tx, now: Timestamp, breaches: &[Breach]) -> Result<(), Error> {
    if breaches.is_empty() {
        return Ok(());
    }
    let all = || breaches.iter();
    let events: Vec<&str> = all().map(|it| it.event.as_str()).collect();
    let deadlines: Vec<Uuid> = all().map(|it| it.deadline).collect();
    let numbers: Vec<&str> = all().map(|it| it.number.as_str()).collect();
    let clocks: Vec<&str> = all().map(|it| it.clock.as_str()).collect();
    let epochs: Vec<i64> = all().map(|it| it.epoch).collect();
    let levels: Vec<i16> = all().map(|it| it.level).collect();
    let policies: Vec<&str> = all().map(|it| it.policy.as_str()).collect();
    let categories: Vec<&str> = all().map(|it| it.category.as_str()).collect();
    let priorities: Vec<&str> = all().map(|it| it.priority.as_str()).collect();
    let channels: Vec<&str> = all().map(|it| it.channel.as_str()).collect();
    let groups: Vec<Option<&str>> = all().map(|it| it.group.as_deref()).collect();
    let dues: Vec<Option<Stamp>> = all().map(|it| stamp(it.due_time)).collect();
    let event_times: Vec<Stamp> = all().map(|it| it.event_time.to_sqlx()).collect();
    let promises: Vec<Option<Stamp>> = all().map(|it| stamp(it.promise_time)).collect();
    let holders: Vec<Option<&str>> = all().map(|it| it.holder.as_deref()).collect();
    let reasons: Vec<Option<&str>> = all().map(|it| it.reason.as_deref()).collect();
    sqlx::query!(
        "-- append_breaches()
        INSERT INTO breach (record_time, event, deadline_id, number, clock, epoch, level, policy, category, priority, channel,
            queue_group, due_time, event_time, promise_time, holder, reason)
        SELECT $1, event, deadline_id, number, clock, epoch, level, policy, category, priority, channel, queue_group, due_time,
            event_time, promise_time, holder, reason
        FROM unnest($2::text[], $3::uuid[], $4::text[], $5::text[], $6::bigint[], $7::smallint[], $8::text[], $9::text[], $10::text[],
                $11::text[], $12::text[], $13::timestamptz[], $14::timestamptz[], $15::timestamptz[], $16::text[], $17::text[])
            AS given (event, deadline_id, number, clock, epoch, level, policy, category, priority, channel, queue_group, due_time,
                event_time, promise_time, holder, reason)",
        now.to_sqlx(),
        &events as &[&str],
        &deadlines,
        &numbers as &[&str],
        &clocks as &[&str],
        &epochs,
        &levels,
        &policies as &[&str],
        &categories as &[&str],
        &priorities as &[&str],
        &channels as &[&str],
        &groups as &[Option<&str>],
        &dues as &[Option<Stamp>],
        &event_times as &[Stamp],
        &promises as &[Option<Stamp>],
        &holders as &[Option<&str>],
        &reasons as &[Option<&str>],
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The last entry that may be told; the beginning where there is none. Reads the end of the index.
pub(crate) async fn last(pool: &PgPool) -> Result<Position, Error> {
    let last = sqlx::query!(
        "-- last_breach()
        SELECT xact, entry_id FROM breach WHERE xact < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
        ORDER BY xact DESC, entry_id DESC LIMIT 1",
    )
    .fetch_optional(pool)
    .await?;
    Ok(last.map_or_else(Position::default, |row| Position { xact: row.xact, entry: row.entry_id }))
}

/// The entries from a place on that may be told, its own among them, in order, at most `limit`. One statement, so one snapshot: what it calls ended is
/// what it sees.
pub(crate) async fn from(pool: &PgPool, place: Position, limit: i64) -> Result<Vec<Logged>, Error> {
    let rows = sqlx::query_as!(
        Row,
        "-- breaches_from()
        SELECT xact, entry_id, event, deadline_id, number, clock, epoch, level, policy, category, priority, channel, queue_group,
            due_time, event_time, promise_time, holder, reason
        FROM breach
        WHERE (xact, entry_id) >= ($1, $2) AND xact < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
        ORDER BY xact, entry_id LIMIT $3",
        place.xact,
        place.entry,
        limit,
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter().map(Row::read).collect()
}

/// Whether that entry is there.
pub(crate) async fn is_known(pool: &PgPool, place: Position) -> Result<bool, Error> {
    let is_known = sqlx::query_scalar!(
        r#"-- is_breach_known()
        SELECT EXISTS (SELECT FROM breach WHERE xact = $1 AND entry_id = $2) AS "is_known!""#,
        place.xact,
        place.entry,
    )
    .fetch_one(pool)
    .await?;
    Ok(is_known)
}

/// Forgets the oldest entries, of those recorded before; answers how many. The last of them stays until the one after it is as old: those who have
/// heard nothing since, because nothing happened, go on from it.
pub(crate) async fn purge(pool: &PgPool, before: Timestamp, limit: i64) -> Result<u64, Error> {
    let gone = sqlx::query!(
        "-- purge_breaches()
        DELETE FROM breach
        USING (
            SELECT xact, entry_id, record_time, lead(record_time) OVER (ORDER BY xact, entry_id) AS next_time
            FROM (SELECT xact, entry_id, record_time FROM breach ORDER BY xact, entry_id LIMIT $2) AS first
        ) AS old
        WHERE breach.xact = old.xact AND breach.entry_id = old.entry_id AND old.record_time < $1 AND old.next_time < $1",
        before.to_sqlx(),
        limit,
    )
    .execute(pool)
    .await?;
    Ok(gone.rows_affected())
}

/// Where there are entries of another cluster, which came with a dump, puts everything that is there before what is still to come, in batches of
/// `limit`; answers how many. The transactions of such entries are still to come here, so they would be told as news one day; seen is only what was
/// committed before, so an entry of this cluster has no such transaction. Others of the dump may have transactions that are past here too, and
/// can't be told from ours: so all are put first, in their order, and no cursor names any of them. The foreign ones come last, so a batch leaves
/// them to tell that there is more to do.
pub(crate) async fn put_foreign_first(pool: &PgPool, limit: i64) -> Result<u64, Error> {
    let foreign = sqlx::query!(
        "-- put_foreign_breaches_first()
        UPDATE breach SET xact = -1
        FROM (SELECT xact, entry_id FROM breach WHERE xact > -1 ORDER BY xact, entry_id LIMIT $1) AS next
        WHERE breach.xact = next.xact AND breach.entry_id = next.entry_id
            AND EXISTS (SELECT FROM breach WHERE xact >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint)",
        limit,
    )
    .execute(pool)
    .await?;
    Ok(foreign.rows_affected())
}

// === impl Row ===

impl Row {
    fn read(self) -> Result<Logged, Error> {
        let breach = Breach {
            event: BreachEvent::parse(&self.event).ok_or_else(|| corrupt("breach.event"))?,
            deadline: self.deadline_id,
            number: self.number,
            clock: kind_of(&self.clock).ok_or_else(|| corrupt("breach.clock"))?,
            epoch: self.epoch,
            level: self.level,
            policy: self.policy,
            category: self.category,
            priority: self.priority,
            channel: self.channel,
            group: self.queue_group,
            due_time: time(self.due_time),
            event_time: self.event_time.to_jiff(),
            promise_time: time(self.promise_time),
            holder: self.holder,
            reason: self.reason,
        };
        Ok(Logged { position: Position { xact: self.xact, entry: self.entry_id }, breach })
    }
}
