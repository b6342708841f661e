//! Due times, by `deadline` (L1 to L3, L8). The appeal pins policy, calendar and allowance; what is computed here later uses
//! the pinned ones.

use std::borrow::Cow;
use std::sync::Arc;

use deadline::{Allowance, Calendar, Due, NotExtensible, PolicySet, Published, Refused, RungKind, Term};
use jiff::Timestamp;

use super::appeal::{Appeal, Promise};
use super::clocks::{Clock, Suspension};
use super::event::{self, Rebased, RebasedTerm};
use super::extension::Extend;
use super::kinds::ClockKind;
use super::refusal::Refusal;
use super::staff::Level;

/// What decisions need besides the appeal: the policies known here, and the window for reopening.
#[derive(Debug, Clone)]
pub struct Rules<'a> {
    /// The sets of policies known here.
    pub published: Arc<Published>,
    /// Working days after the resolution in which an appeal may be reopened (peers T-04).
    pub reopen_days: u16,
    /// Id of the calendar that counts them.
    pub reopen_calendar: &'a str,
}

/// The end of a term that was computed anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moved {
    pub(super) due_time: Timestamp,
    /// What the citizen is told: the due time, or the promise of the level that acted already.
    pub(super) expected_time: Timestamp,
}

impl Rules<'_> {
    /// The set in force for what is promised at `now`.
    pub(super) fn in_force(&self, now: Timestamp) -> &PolicySet {
        self.published.in_force(now)
    }

    /// The due time of a clock of the appeal that runs again from `now` on with these suspensions, all of them closed.
    ///
    /// The promise of a level that acted moves with the pause. Where even so it is over by now, as after an outage in which the level acted
    /// late, the level has a whole term from now on: nobody is told a time that has passed. The SLA monitor waits for the same one.
    pub(super) fn due(
        &self,
        appeal: &Appeal,
        kind: ClockKind,
        suspensions: &[Suspension],
        now: Timestamp,
    ) -> Result<Moved, Refusal> {
        let clock = appeal.clock(kind).ok_or_else(|| Refusal::Broken("a clock that there is not is due".into()))?;
        let counted: Vec<_> = suspensions.iter().map(Suspension::counted).collect();
        let set = self.pinned(appeal, clock)?;
        let term = term_of(set, appeal, kind);
        let calendar = calendar_of(set, appeal, clock, term.as_ref()).ok_or_else(|| no_calendar(clock))?;
        // A policy that is not in the set any more left its allowance in the clock; all our suspensions then count.
        let pausing = term.as_ref().map_or_else(|| counted.clone(), |term| term.plan().pausing(&counted));
        let granted = appeal.granted(kind);
        let due =
            deadline::extended(&calendar, clock.start_time, clock.allowance, &granted, &pausing).map_err(refused)?;
        let Due::At(due_time) = due else {
            return Err(Refusal::Broken("a due time was asked for while a suspension is open".into()));
        };
        let promise = match (term, clock.acted_level) {
            (Some(term), level @ 1..) => {
                let moved = planned(&term, clock, &counted, due)?;
                moved.filter(|time| *time > now).or_else(|| term.level_end(level, now, &counted)).or(moved)
            }
            _ => None,
        };
        Ok(Moved { due_time, expected_time: promise.unwrap_or(due_time).max(due_time) })
    }

    /// The due time that an extension of the resolution would give, if nothing were suspended from now on.
    pub(super) fn extension(&self, appeal: &Appeal, due: Timestamp, ask: &Extend) -> Result<Timestamp, Refusal> {
        let clock = &appeal.resolution;
        let policy = &appeal.promise.policy;
        let never = || Refusal::NotExtensible(NotExtensible::Never);
        // What the promise allows and nothing newer: it was promised with these bounds.
        let set = self.published.by_hash(&appeal.promise.set_hash).ok_or_else(never)?;
        let rule = set.extension(policy).ok_or_else(never)?;
        let term = term_of(set, appeal, ClockKind::Resolution).ok_or_else(never)?;
        let calendar = calendar_of(set, appeal, clock, Some(&term)).ok_or_else(|| no_calendar(clock))?;
        let counted: Vec<_> = appeal.suspensions.iter().map(Suspension::counted).collect();
        let before = appeal.granted(ClockKind::Resolution).len();
        let pausing = term.plan().pausing(&counted);
        let allowed = rule.allow(&calendar, before, due, ask.reason, ask.length, &pausing).map_err(refused)?;
        allowed.map_err(Refusal::NotExtensible)
    }

    /// Whether a promise is under a newer set than that of the hash.
    pub(super) fn is_newer(&self, promise: &Promise, hash: &str) -> bool {
        self.published.by_hash(hash).is_some_and(|set| set.version() < promise.set_version)
    }

    /// The appeal's promise under the set of that hash: what its policy grants there, from the same start. What it was extended by and what did not
    /// count stays. A clock that runs is in a new epoch where anything of its terms is another. What a level has promised stands: the citizen is
    /// told an earlier time by nobody, and whoever has the appeal keeps their term, as the SLA monitor knows.
    pub(super) fn rebased(&self, appeal: &Appeal, hash: &str, now: Timestamp) -> Result<Rebased, Refusal> {
        let set = self.published.by_hash(hash).ok_or(Refusal::PolicySetUnknown)?;
        let before = self.published.by_hash(&appeal.promise.set_hash);
        let policy = &appeal.promise.policy;
        let mut after = appeal.clone();
        after.promise =
            Promise { policy: policy.clone(), set_version: set.version(), set_hash: set.content_hash().to_string() };
        let counted: Vec<_> = appeal.suspensions.iter().map(Suspension::counted).collect();
        let (mut terms, mut expected_time) = (Vec::new(), None);
        for kind in ClockKind::ALL {
            let Some(clock) = appeal.clock(kind).filter(|clock| !clock.is_over()) else { continue };
            let term = match term_of(set, appeal, kind).map(|term| term.begun_in(clock.start_epoch)) {
                // What the policy promises nothing of any more ends as it was promised, and climbs no ladder.
                None if !kind.is_of_every_policy() && set.policy(policy).is_some() => continue,
                found => found.ok_or(Refusal::PolicyNotInSet)?,
            };
            let Some(under) = after.clock_mut(kind) else { continue };
            under.allowance = term.allowance();
            (under.calendar, under.calendar_version) = (term.calendar().id().to_owned(), term.calendar().version());
            let was = before.and_then(|set| term_of(set, appeal, kind)).map(|was| was.begun_in(clock.start_epoch));
            let is_same = was.is_some_and(|was| was.promises_like(&term));
            let mut due_time = None;
            if clock.is_running() {
                let due = self.due(&after, kind, &appeal.suspensions, now)?.due_time;
                let promised = (clock.acted_level > 0).then_some(appeal.expected_time).flatten();
                let planned = planned(&term, clock, &counted, Due::At(due))?;
                expected_time = [Some(due), promised, planned].into_iter().max().flatten();
                due_time = Some(due);
            } else {
                expected_time = None;
            }
            let moved = clock.is_running() && (due_time != clock.due_time || !is_same);
            terms.push(RebasedTerm {
                clock: kind,
                epoch: clock.epoch + i64::from(moved),
                old_due_time: clock.due_time,
                due_time,
                allowance: term.allowance(),
                calendar: term.calendar().id().to_owned(),
                calendar_version: term.calendar().version(),
            });
        }
        // The resolution comes last, and is open as long as the appeal is.
        Ok(Rebased { promise: after.promise, terms, expected_time })
    }

    /// The term of a clock that begins anew at `now`: the next answer's, or another body's. `None` where the policy promises none, or it can't be
    /// computed.
    pub(super) fn begun(&self, appeal: &Appeal, kind: ClockKind, now: Timestamp) -> Option<event::Term> {
        let set = self.published.by_hash(&appeal.promise.set_hash)?;
        let term = term_of(set, appeal, kind)?;
        begun(&term, now, &appeal.suspensions).ok()
    }

    /// Until when the applicant is waited for who is asked at `now`, and when they are reminded. `None` for good, and never; also where that can't
    /// be computed.
    pub(super) fn waits(&self, appeal: &Appeal, now: Timestamp) -> (Option<Timestamp>, Option<Timestamp>) {
        let set = self.published.by_hash(&appeal.promise.set_hash);
        let Some(term) = set.and_then(|set| term_of(set, appeal, ClockKind::Resolution)) else {
            return (None, None);
        };
        let after = |span: Option<Allowance>| deadline::due(term.calendar(), now, span?, &[]).ok()?.time();
        let resume = after(term.policy().longest_pause);
        // There is nothing to remind of once it has ended.
        let remind = after(term.policy().remind_applicant_after);
        (resume, remind.filter(|remind| resume.is_none_or(|resume| *remind < resume)))
    }

    /// The term of an appeal's resolution that is opened again at `now`, where its policy has it begin anew; `None` where it goes on.
    pub(super) fn reopened(
        &self,
        appeal: &Appeal,
        suspensions: &[Suspension],
        now: Timestamp,
    ) -> Result<Option<event::Term>, Refusal> {
        let set = self.published.by_hash(&appeal.promise.set_hash);
        let term = set.and_then(|set| term_of(set, appeal, ClockKind::Resolution));
        let term = term.filter(|term| term.policy().reopened().is_some());
        term.map(|term| begun(&term.begun_in(appeal.resolution.epoch + 1), now, suspensions)).transpose()
    }

    /// When the term of a level of the ladder ends that the level has from `now` on; `None` where it has no end that is known, or the policy no
    /// such level.
    pub(super) fn level_end(&self, appeal: &Appeal, kind: ClockKind, level: u8, now: Timestamp) -> Option<Timestamp> {
        let set = self.pinned(appeal, appeal.clock(kind)?).ok()?;
        let counted: Vec<_> = appeal.suspensions.iter().map(Suspension::counted).collect();
        term_of(set, appeal, kind)?.level_end(level, now, &counted)
    }

    /// Who a level of a clock's ladder hands to, by the policy of the promise; `None` where that has no such level, or is not known.
    pub(super) fn role(&self, appeal: &Appeal, kind: ClockKind, level: u8) -> Option<Level> {
        let set = self.pinned(appeal, appeal.clock(kind)?).ok()?;
        let plan = set.policy(&appeal.promise.policy)?.plan(kind)?;
        Level::of_holder(plan.ladder.level(level)?.role)
    }

    /// When the window for reopening ends.
    pub fn reopen_until(&self, resolve_time: Timestamp) -> Result<Timestamp, Refusal> {
        let calendar = self.in_force(resolve_time).calendar(self.reopen_calendar);
        let calendar = calendar.ok_or_else(|| Refusal::Broken(format!("no calendar {:?}", self.reopen_calendar)))?;
        let window = deadline::Allowance::WorkingDays(self.reopen_days);
        let due = deadline::due(calendar, resolve_time, window, &[]).map_err(refused)?;
        due.time().ok_or_else(|| Refusal::Broken("a window without suspensions does not pause".into()))
    }

    /// The set that the promise was made under; failing that, the newest one that has the clock's calendar: a term by a newer
    /// version of a calendar is better than none.
    fn pinned(&self, appeal: &Appeal, clock: &Clock) -> Result<&PolicySet, Refusal> {
        let has_calendar = || self.published.sets().rev().find(|set| set.calendar(&clock.calendar).is_some());
        let found = self.published.by_hash(&appeal.promise.set_hash).or_else(has_calendar);
        found.map(Arc::as_ref).ok_or_else(|| no_calendar(clock))
    }
}

/// A clock's term under a set, by the wall that its policy chooses.
fn term_of<'a>(set: &'a PolicySet, appeal: &Appeal, kind: ClockKind) -> Option<Term<'a>> {
    set.term_for(&appeal.promise.policy, kind, Some(appeal.time_zone.as_str()))
}

/// The calendar that a clock was promised by, in the set's version; by its own wall where the set does not say which one.
fn calendar_of<'a>(
    set: &'a PolicySet,
    appeal: &Appeal,
    clock: &Clock,
    term: Option<&Term<'_>>,
) -> Option<Cow<'a, Calendar>> {
    match term {
        Some(term) => set.calendar_for(&clock.calendar, term.plan(), Some(appeal.time_zone.as_str())),
        None => set.calendar(&clock.calendar).map(Cow::Borrowed),
    }
}

/// A term that begins at `now`; only suspensions that are over may lie in it.
pub(super) fn begun(term: &Term<'_>, now: Timestamp, suspensions: &[Suspension]) -> Result<event::Term, Refusal> {
    let counted: Vec<_> = suspensions.iter().map(Suspension::counted).collect();
    let due = term.due(now, &counted).map_err(refused)?;
    Ok(event::Term {
        due_time: due.time().ok_or_else(|| Refusal::Broken("a term begins while a suspension is open".into()))?,
        allowance: term.allowance(),
        calendar: term.calendar().id().to_owned(),
        calendar_version: term.calendar().version(),
    })
}

/// What the level of a clock that acted promises under a due time; `None` before any has.
fn planned(
    term: &Term<'_>,
    clock: &Clock,
    suspensions: &[deadline::Suspension],
    due: Due,
) -> Result<Option<Timestamp>, Refusal> {
    if clock.acted_level == 0 {
        return Ok(None);
    }
    let rungs = term.rungs(clock.start_time, suspensions, due).map_err(refused)?;
    Ok(rungs.iter().find(|rung| rung.kind == RungKind::Level(clock.acted_level)).and_then(|rung| rung.promise))
}

fn no_calendar(clock: &Clock) -> Refusal {
    Refusal::Broken(format!("no calendar {:?} is known", clock.calendar))
}

pub(super) fn refused(refused: Refused) -> Refusal {
    match refused {
        Refused::PastHorizon { calendar, horizon } => Refusal::CalendarHorizon { calendar, horizon },
        other => Refusal::Broken(other.to_string()),
    }
}
