//! The suite that a list happens to, with what is known of its appeals.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use deadline::{Allowance, Warning, ZoneChoice};
use jiff::{SignedDuration, Timestamp};
use sqlx::{Connection as _, PgConnection};
use testkit::mailbox::Mail;
use testkit::smsc::Submitted;
use tests::{Audit, Part, Replica, Suite, SuiteOptions};
use uuid::Uuid;

use crate::desk::Desk;
use crate::forget;
use crate::journal;
use crate::list::List;
use crate::model::{Appeal, MACHINERY};
use crate::op::{Op, Wait};
use crate::people::Asked;
use crate::proof::Code;
use crate::tally::Tally;

/// When a suite begins, unless a list says otherwise: two years before the first holiday that the calendars know. A new suite costs as much as
/// five lists, so it is used for years.
pub const FIRST_DAY: &str = "2024-01-12T06:00:00Z";
/// How long one suite is used. It leaves a list half a year until the calendars' horizon.
const LIFE: SignedDuration = SignedDuration::from_hours(24 * 1_260);

/// Working days that an applicant is waited for, and after which they are reminded.
const LONGEST_PAUSE: u16 = 6;
const REMINDER: u16 = 2;
/// Share of the resolution's term after which is warned for the first of two times.
const EARLIER: u8 = 30;

/// A suite begins so much earlier, for its policies to count by then.
const HEAD_START: SignedDuration = SignedDuration::from_hours(24);

/// The longest that calls may wait: less than the 25 days after which an outbox gives them up, the longest wait of a list included.
const AWAY_MOST: SignedDuration = SignedDuration::from_hours(24 * 20);

/// Everything.
pub struct World {
    pub suite: Suite,
    pub audit: Audit,
    pub db: PgConnection,
    pub desk: Desk,
    pub replicas: Vec<Arc<Replica>>,
    pub appeals: Vec<Appeal>,
    /// What a person asked for last, for repetitions.
    pub asked: Option<Asked>,
    /// The codes that people asked for.
    pub codes: Vec<Code>,
    /// What the SMS centre got, and when; what the mail relay got.
    pub texts: Vec<(Timestamp, Submitted)>,
    pub mails: Vec<(Timestamp, Mail)>,
    /// How many of the texts a receipt was sent for.
    pub receipts: usize,
    /// When the list began.
    pub began: Timestamp,
    /// What only this list did: workers died, messages were doubted.
    pub tally: Tally,
    /// When nothing was left to do last.
    pub rested: Timestamp,
    /// What empties every table.
    pub deletes: String,
    until: Timestamp,
    phones: u32,
}

// === impl World ===

impl World {
    /// A new suite whose clock shows `start`; its policies promise every answer, another body's too, and that somebody has an appeal in time, warn of a resolution
    /// twice, count it by the wall of whoever asks, and wait for applicants no longer than six working days.
    ///
    /// # Errors
    /// The database is away.
    pub async fn new(start: Timestamp) -> Result<Self> {
        let presets = vec![(Part::Notification, "smpp.reconnect_max_milliseconds", toml::Value::Integer(1))];
        let options = SuiteOptions { start: Some(start - HEAD_START), presets, ..SuiteOptions::default() };
        let suite = Suite::with(options).await;
        suite
            .publish(|policy| {
                policy.next_answer = Some(policy.first_answer.clone());
                policy.acceptance = Some(policy.first_answer.clone());
                policy.other_body = Some(policy.first_answer.clone());
                policy.resolution.earlier = vec![Warning::Percent(EARLIER)];
                policy.resolution.zone = ZoneChoice::Applicant;
                policy.longest_pause = Some(Allowance::WorkingDays(LONGEST_PAUSE));
                policy.remind_applicant_after = Some(Allowance::WorkingDays(REMINDER));
            })
            .await;
        suite.hand.set(start);
        suite.step(Part::Ticket, "verification_keys").await;
        let mut db = PgConnection::connect(&suite.admin_url()).await?;
        Ok(Self {
            audit: suite.audit().await?,
            deletes: forget::statements(&mut db).await?,
            db,
            desk: Desk::default(),
            replicas: suite.replicas().await,
            suite,
            appeals: Vec::new(),
            asked: None,
            codes: Vec::new(),
            texts: Vec::new(),
            mails: Vec::new(),
            receipts: 0,
            began: start,
            tally: Tally::default(),
            rested: start,
            until: start + LIFE,
            phones: 0,
        })
    }

    /// Whether the suite has lived long enough.
    pub fn is_old(&self) -> bool {
        self.suite.now() > self.until
    }

    /// Lets a list happen, checks on the way and at its end, and empties the suite.
    ///
    /// # Errors
    /// What should never be.
    pub async fn live(&mut self, list: &List) -> Result<()> {
        ensure!(list.start >= self.suite.now(), "the clock does not go back");
        self.suite.hand.set(list.start);
        self.began = list.start;
        self.rested = list.start;
        self.appeals.clear();
        self.asked = None;
        self.codes.clear();
        self.texts.clear();
        self.mails.clear();
        self.receipts = 0;
        for (line, op) in list.ops.iter().enumerate() {
            self.tally.count_op(op);
            self.happen(op).await.with_context(|| format!("op {}: {op}", line + 1))?;
        }
        self.settle().await.context("at the end")?;
        self.tell().await?;
        self.forget().await
    }

    async fn happen(&mut self, op: &Op) -> Result<()> {
        match op {
            Op::File(form) => self.file(form).await,
            Op::Again { changed } => self.again(*changed).await,
            Op::Assign(appeal, member) => self.assign(*appeal, *member).await,
            Op::Claim(member) => self.claim(*member).await,
            Op::Act(act, appeal) => self.act(*act, *appeal).await,
            Op::Wait(wait) => self.wait(*wait).await,
            Op::Settle => self.settle().await,
            Op::Close => self.close().await,
            machinery => self.turn(machinery).await,
        }
    }

    /// All faults end, all work is done, and everything is looked at.
    async fn settle(&mut self) -> Result<()> {
        self.calm().await;
        self.come_to_rest().await?;
        self.check().await
    }

    /// Everybody takes back what is open.
    async fn close(&mut self) -> Result<()> {
        let open: Vec<usize> = (0..self.appeals.len()).filter(|index| self.appeals[*index].is_open()).collect();
        for index in open {
            self.act(crate::op::Act::Withdraw, index).await?;
        }
        self.settle().await
    }

    async fn wait(&mut self, wait: Wait) -> Result<()> {
        let now = self.suite.now();
        let then = match wait {
            Wait::For(seconds) => now + SignedDuration::from_secs(seconds.into()),
            Wait::Next(seconds) => match self.next_rung(now).await? {
                Some(next) => next + SignedDuration::from_secs(seconds.into()),
                None => now + SignedDuration::from_mins(1),
            },
        };
        if then.duration_since(self.rested) > AWAY_MOST {
            // A call that nobody takes for 25 days dies, as it should: that is for a test of its own.
            self.calm().await;
            self.come_to_rest().await?;
        }
        self.suite.hand.set(then.max(self.suite.now()));
        Ok(())
    }

    /// When a rung is to fire next (the canary is none), as far as the monitor knows or the promises say.
    async fn next_rung(&mut self, now: Timestamp) -> Result<Option<Timestamp>> {
        self.learn(None).await?;
        let sql = "SELECT min(next_fire_time) FROM sla.deadline WHERE next_fire_time > $1 AND state = 'tracked'";
        let stamp = jiff_sqlx::ToSqlx::to_sqlx(now);
        let armed: Option<jiff_sqlx::Timestamp> = sqlx::query_scalar(sql).bind(stamp).fetch_one(&mut self.db).await?;
        let promised = self.appeals.iter().flat_map(|it| {
            let due = it.clocks().into_iter().filter_map(|(_, clock)| clock.due_time);
            let waits = [it.resume_time, it.remind_time].into_iter().flatten().filter(|_| it.is_paused());
            due.chain(it.expected_time).chain(waits).collect::<Vec<_>>()
        });
        Ok(promised.filter(|time| *time > now).chain(armed.map(jiff_sqlx::Timestamp::to_jiff)).min())
    }

    /// Reads what came into the journals. `by`: the appeal that somebody just did something about, and the events that this must have added.
    /// Everything else there is the machinery's.
    pub async fn learn(&mut self, by: Option<(Uuid, &[&str])>) -> Result<()> {
        let known: Vec<(Uuid, i64)> = self.appeals.iter().map(|it| (it.id, it.last_event)).collect();
        if known.is_empty() {
            return Ok(());
        }
        let mut added = Vec::new();
        for event in journal::news(&mut self.db, &known).await? {
            let is_theirs = by.is_some_and(|(id, _)| id == event.appeal);
            if is_theirs {
                added.push(event.kind.clone());
            } else {
                ensure!(by.is_none(), "{} came into another journal", event.kind);
                ensure!(MACHINERY.contains(&event.kind.as_str()), "{} came into a journal, by nobody", event.kind);
            }
            let appeal = self.appeals.iter_mut().find(|it| it.id == event.appeal).context("an appeal of ours")?;
            appeal.learn(&event)?;
        }
        let expected = by.map(|(_, kinds)| kinds).unwrap_or_default();
        ensure!(added == expected, "it added {added:?} to the journal, and should add {expected:?}");
        Ok(())
    }

    /// The appeal of that number, modulo how many there are.
    pub fn pick(&self, appeal: usize) -> Option<usize> {
        (!self.appeals.is_empty()).then(|| appeal % self.appeals.len())
    }

    /// A phone that nobody had before, digits only.
    pub fn new_phone(&mut self) -> String {
        self.phones += 1;
        format!("7916{:07}", self.phones)
    }
}
