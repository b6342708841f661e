//! Table `member`: the people who work on appeals (T9). A member's load is counted when it is asked for.

use std::collections::BTreeSet;

use jiff_sqlx::{Timestamp, ToSqlx};
use sealed::{Place, Ring};
use sqlx::PgExecutor;
use store::{Db, Error, Tx};

use crate::domain::{Email, Language, Level, Member, MemberFilter, Text};
use crate::store::corrupt;
use crate::store::event::unfit;

struct Row {
    member_id: String,
    display_name: Vec<u8>,
    email: Option<Vec<u8>>,
    level: i16,
    queue_groups: Vec<String>,
    language_codes: Vec<String>,
    on_duty: bool,
    create_time: Timestamp,
    update_time: Timestamp,
    load: i64,
}

/// A statement that reads members with their load; the columns stand here once.
macro_rules! select_members {
    ($name:literal, $rest:literal $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            Row,
            $name + r#"
        SELECT member_id, display_name, email, level, queue_groups, language_codes, on_duty, create_time, update_time,
            (SELECT count(*) FROM appeal WHERE assignee = member_id AND assignee IS NOT NULL
                AND state IN ('registered', 'assigned', 'in_progress', 'awaiting_applicant', 'awaiting_verification',
                    'awaiting_other_body')) AS "load!"
        FROM member "# + $rest
            $(, $argument)*
        )
    };
}

/// One member.
///
/// # Errors
/// [`Error::Corrupt`] for a row that can't be read; those of any statement.
pub async fn get(executor: impl PgExecutor<'_>, ring: &Ring, id: &str) -> Result<Option<Member>, Error> {
    let row = select_members!("-- member_get()", "WHERE member_id = $1", id).fetch_optional(executor).await?;
    row.map(|row| row.member(ring)).transpose()
}

/// One member, locked until the transaction ends, with the revision of their record.
///
/// # Errors
/// As [`get`].
pub async fn lock(tx: &mut Tx, ring: &Ring, id: &str) -> Result<Option<(Member, i64)>, Error> {
    let revision = sqlx::query_scalar!(
        "-- member_lock()
        SELECT revision FROM member WHERE member_id = $1 FOR UPDATE",
        id
    )
    .fetch_optional(&mut **tx)
    .await?;
    let Some(revision) = revision else { return Ok(None) };
    Ok(get(&mut **tx, ring, id).await?.map(|member| (member, revision)))
}

/// Whom an appeal of the group may be handed to: the group's members on duty at the two upper levels, and `holder` whoever it is.
///
/// # Errors
/// As [`get`].
pub async fn candidates(tx: &mut Tx, ring: &Ring, group: &str, holder: Option<&str>) -> Result<Vec<Member>, Error> {
    let rows = select_members!(
        "-- member_candidates()",
        "WHERE (on_duty AND level >= 3 AND $1 = ANY (queue_groups)) OR member_id = $2 ORDER BY member_id",
        group,
        holder
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter().map(|row| row.member(ring)).collect()
}

/// At most `limit` members after the id `after`, by id; the empty one comes before all.
///
/// # Errors
/// As [`get`].
pub async fn page(db: &Db, ring: &Ring, filter: &MemberFilter, after: &str, limit: i64) -> Result<Vec<Member>, Error> {
    let rows = select_members!(
        "-- member_page()",
        "WHERE ($1::text IS NULL OR $1 = ANY (queue_groups)) AND ($2::smallint IS NULL OR level = $2)
            AND member_id > $3
        ORDER BY member_id LIMIT $4",
        filter.group.as_deref(),
        filter.level.map(Level::rank),
        after,
        limit
    )
    .fetch_all(db.pool())
    .await?;
    rows.into_iter().map(|row| row.member(ring)).collect()
}

/// Adds a member; revision 1. `false` when there is one of that id.
///
/// # Errors
/// Those of any statement.
pub async fn insert(tx: &mut Tx, ring: &Ring, member: &Member) -> Result<bool, Error> {
    let sealed = Sealed::of(ring, member);
    let done = sqlx::query!(
        "-- member_insert()
        INSERT INTO member (member_id, display_name, email, level, queue_groups, language_codes, on_duty, revision,
            create_time, update_time)
        VALUES ($1, $2, $3, $4, $5, $6, $7, 1, $8, $9)
        ON CONFLICT (member_id) DO NOTHING",
        member.id,
        sealed.display_name,
        sealed.email,
        member.level.rank(),
        &sealed.groups,
        &sealed.languages,
        member.on_duty,
        member.create_time.to_sqlx(),
        member.update_time.to_sqlx()
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Writes a locked member, with the revision that follows.
///
/// # Errors
/// Those of any statement.
pub async fn save(tx: &mut Tx, ring: &Ring, member: &Member, revision: i64) -> Result<(), Error> {
    let sealed = Sealed::of(ring, member);
    sqlx::query!(
        "-- member_save()
        UPDATE member SET display_name = $2, email = $3, level = $4, queue_groups = $5, language_codes = $6, on_duty = $7,
            revision = $8, update_time = $9
        WHERE member_id = $1",
        member.id,
        sealed.display_name,
        sealed.email,
        member.level.rank(),
        &sealed.groups,
        &sealed.languages,
        member.on_duty,
        revision,
        member.update_time.to_sqlx()
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Whether there is any member at all.
///
/// # Errors
/// Those of any statement.
pub async fn any(tx: &mut Tx) -> Result<bool, Error> {
    let any = sqlx::query_scalar!(
        r#"-- member_any()
        SELECT EXISTS (SELECT FROM member) AS "any!""#
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(any)
}

/// The columns that are not as the domain has them.
struct Sealed {
    display_name: Vec<u8>,
    email: Option<Vec<u8>>,
    groups: Vec<String>,
    languages: Vec<String>,
}

impl Sealed {
    fn of(ring: &Ring, member: &Member) -> Self {
        let row = member.id.as_bytes();
        Self {
            display_name: ring.seal_text(Place::new("member", "display_name", row), member.display_name.personal()),
            email: member
                .email
                .as_ref()
                .map(|email| ring.seal_text(Place::new("member", "email", row), email.personal())),
            groups: member.groups.iter().cloned().collect(),
            languages: member.languages.iter().map(|language| language.as_str().to_owned()).collect(),
        }
    }
}

impl Row {
    fn member(self, ring: &Ring) -> Result<Member, Error> {
        let row = self.member_id.as_bytes();
        let open = |column: &'static str, value: &[u8]| {
            ring.open_text(Place::new("member", column, row), value).map_err(|_| corrupt("member", column))
        };
        Ok(Member {
            display_name: Text::stored(open("display_name", &self.display_name)?),
            email: self.email.as_deref().map(|email| open("email", email).map(Email::stored)).transpose()?,
            level: Level::of_rank(self.level).ok_or_else(|| corrupt("member", "level"))?,
            groups: self.queue_groups.into_iter().collect::<BTreeSet<_>>(),
            languages: self
                .language_codes
                .iter()
                .map(|code| Language::parse(code).map_err(|_| corrupt("member", "language_codes")))
                .collect::<Result<_, _>>()?,
            on_duty: self.on_duty,
            load: i32::try_from(self.load).map_err(unfit)?,
            create_time: self.create_time.to_jiff(),
            update_time: self.update_time.to_jiff(),
            id: self.member_id,
        })
    }
}
