//! A policy: which appeals it is for, and what is promised to them.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{
    Allowance, Case, ExtensionRule, Holder, Invalid, Ladder, Level, Match, Pin, Suspension, SuspensionReason, Warning,
};

/// A published version of a policy. It never changes; another promise is another version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Lower snake case name.
    pub id: String,
    /// Counts from 1, one more for every change.
    pub version: u32,
    /// Of the policies that match, the one with the lowest order is chosen; at the same order the more specific one.
    pub order: u32,
    #[serde(default, rename = "match", skip_serializing_if = "Match::is_catch_all")]
    pub matches: Match,
    /// How this policy counts working days; named here so that it is never inferred.
    pub day_convention: DayConvention,
    /// What is promised once the appeal is opened again.
    #[serde(default, skip_serializing_if = "Reopening::goes_on")]
    pub reopen: Reopening,
    /// How long the applicant is waited for each time they are asked, by the calendar of the resolution; after it the appeal goes on as it is. How
    /// often they are asked is not limited. Absent: they are waited for without end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub longest_pause: Option<Allowance>,
    /// How long after they were asked the applicant is reminded that it is their turn (`L6`), by the same calendar; once for each time they are
    /// asked. Absent: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remind_applicant_after: Option<Allowance>,
    /// Until somebody has it (`L5`). Absent: nothing is promised of that.
    ///
    /// As all that versions of a service before it do not know: publish it when every replica of every service knows it. Appeals that were filed
    /// before are not promised it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acceptance: Option<Plan>,
    pub first_answer: Plan,
    /// For every answer after the first. Absent: only the first one and the last are promised.
    ///
    /// As all that versions of a service before it do not know: publish it when every replica of every service knows it, notification first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_answer: Option<Plan>,
    /// Each time another body is asked, until it has answered (`L5`). Absent: nothing is promised of that.
    ///
    /// As all that versions of a service before it do not know: publish it when every replica of every service knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other_body: Option<Plan>,
    pub resolution: Plan,
    /// Within which bounds the resolution may be extended, where they are others than those of the set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extension: Option<ExtensionRule>,
    /// Appeals that it has to be chosen for: its truth table.
    #[serde(default, rename = "case", skip_serializing_if = "Vec::is_empty")]
    pub cases: Vec<Case>,
}

/// What is promised for one clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Id of the calendar of the same set. Real time does not ask it, but explanations and ladders may.
    pub calendar: String,
    /// By whose wall the calendar's hours are read.
    ///
    /// As all that versions of a service before it do not know: publish another one than the calendar's when every replica of every service knows
    /// it. Appeals that were filed before count by it from their next re-base on. Of those whose clocks have not moved since the SLA monitor hears of
    /// zones, its preview counts by the calendar's own.
    #[serde(default, skip_serializing_if = "ZoneChoice::is_calendar")]
    pub zone: ZoneChoice,
    pub allowance: Allowance,
    /// Share of the counted time after which the operator is reminded (`L6`), 1 to 99.
    pub warn_percent: u8,
    /// Further reminders, the last first; at most nine. Where two fall due at once only the later is given.
    ///
    /// As all that versions of a service before it do not know: publish it when every replica of every service knows it.
    #[serde(default, rename = "warn_before", skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<Warning>,
    /// Which suspensions stop this clock (`L8`).
    pub pauses: BTreeSet<SuspensionReason>,
    /// Who takes over when the due time passes (`L7`).
    pub ladder: Ladder,
}

/// What is promised for the resolution of an appeal that is opened again (peers S-12).
///
/// In TOML: `"continue"`, `"fresh"`, `{ grant = { working_days = 3 } }`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reopening {
    /// The term goes on; the time since the resolution does not count where the plan says so.
    #[default]
    Continue,
    /// A whole term, from then on.
    Fresh,
    /// This term, from then on.
    Grant(Allowance),
}

/// By whose wall a plan reads its calendar's hours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ZoneChoice {
    /// The zone that the calendar names.
    #[default]
    Calendar,
    /// The applicant's own: see [`Calendar::in_zone`](crate::Calendar::in_zone).
    Applicant,
}

/// Which clock of an appeal is meant (`L5`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockKind {
    /// Until somebody has begun with it: took it, was given it, or said that they have seen it where it was handed up to them. Never pauses, since who
    /// asks the applicant has begun.
    Acceptance,
    /// Until a person first answers.
    FirstAnswer,
    /// Until a person answers what the applicant wrote after that (peers S-01). It is there only while the applicant waits, so it begins anew with
    /// each wait, and never pauses: what pauses the others is an answer.
    NextAnswer,
    /// Until another body that was asked has answered. It is there only while that body is waited for, so it begins anew each time one is asked, and
    /// never pauses: nobody else's turn delays that body.
    OtherBody,
    /// Until the answer in writing: the due time that the citizen is told.
    Resolution,
}

impl ClockKind {
    /// Every clock; the resolution last.
    pub const ALL: [Self; 5] =
        [Self::Acceptance, Self::FirstAnswer, Self::NextAnswer, Self::OtherBody, Self::Resolution];

    /// Those that every policy has, and that run from the filing on.
    pub const FROM_FILING: [Self; 2] = [Self::FirstAnswer, Self::Resolution];

    /// The name in databases.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Acceptance => "acceptance",
            Self::FirstAnswer => "first_answer",
            Self::NextAnswer => "next_answer",
            Self::OtherBody => "other_body",
            Self::Resolution => "resolution",
        }
    }

    /// Whether every policy has it.
    pub fn is_of_every_policy(self) -> bool {
        Self::FROM_FILING.contains(&self)
    }
}

/// How working days are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DayConvention {
    /// The day of filing is not counted; due when the last day's opening hours end.
    NextDayToClosing,
}

impl Policy {
    /// What is promised for a clock; `None` where nothing is, which may be so for all but those that every policy has.
    pub fn plan(&self, clock: ClockKind) -> Option<&Plan> {
        match clock {
            ClockKind::Acceptance => self.acceptance.as_ref(),
            ClockKind::FirstAnswer => Some(&self.first_answer),
            ClockKind::NextAnswer => self.next_answer.as_ref(),
            ClockKind::OtherBody => self.other_body.as_ref(),
            ClockKind::Resolution => Some(&self.resolution),
        }
    }

    /// What is promised for every clock that it has.
    pub fn plans(&self) -> impl Iterator<Item = &Plan> {
        ClockKind::ALL.into_iter().filter_map(|clock| self.plan(clock))
    }

    /// What the resolution of an appeal that is opened again is promised from then on; `None` where its term goes on.
    pub fn reopened(&self) -> Option<Allowance> {
        match self.reopen {
            Reopening::Continue => None,
            Reopening::Fresh => Some(self.resolution.allowance),
            Reopening::Grant(allowance) => Some(allowance),
        }
    }

    /// Whether it promises the same as another one besides the terms of the clocks that run: the next answer, another body's, what follows a reopening, how long
    /// the applicant is waited for, and how far the resolution may be extended by rules of its own.
    pub fn promises_otherwise_like(&self, other: &Self) -> bool {
        let rest = |it: &Self| {
            let waits = (it.longest_pause, it.remind_applicant_after);
            (it.next_answer.clone(), it.other_body.clone(), it.reopen, waits, it.extension.clone())
        };
        rest(self) == rest(other)
    }

    /// Id and version, as a promise keeps them.
    pub fn pin(&self) -> Pin {
        Pin { id: self.id.clone(), version: self.version }
    }

    /// What breaks the rules that one policy can be held to alone.
    pub(crate) fn check(&self) -> Vec<Invalid> {
        let mut faults = Vec::new();
        let mut refuse = |what: &str| faults.push(Invalid::Policy { id: self.id.clone(), what: what.into() });
        if !crate::is_id(&self.id) {
            refuse("the id is not lower snake case");
        }
        if self.matches.has_empty_set() {
            refuse("an empty list matches nothing; leave the dimension out to match everything");
        }
        self.matches.misspelt().into_iter().for_each(&mut refuse);
        self.extension.iter().flat_map(ExtensionRule::faults).for_each(&mut refuse);
        for plan in self.plans() {
            let of_level = |level: &Level| [Some(level.allowance), level.acknowledge_within].into_iter().flatten();
            let of_pauses = [self.longest_pause, self.remind_applicant_after];
            let others = || [Some(plan.allowance), self.reopened()].into_iter().chain(of_pauses).flatten();
            let allowances = || plan.ladder.0.iter().flat_map(of_level).chain(others());
            if !allowances().all(Allowance::is_positive) {
                refuse("an allowance must be longer than zero");
            }
            if !allowances().all(Allowance::is_bounded) {
                refuse("an allowance must be at most five years, or 1000 working days");
            }
            if !(1..=99).contains(&plan.warn_percent) {
                refuse("warn_percent must be 1 to 99");
            }
            if plan.earlier.len() > 9 {
                refuse("there are at most 9 warnings besides the last one");
            }
            plan.earlier.iter().filter_map(|it| it.fault(plan.allowance)).for_each(&mut refuse);
            let percents = plan.earlier.iter().filter_map(|it| it.percent()).collect::<Vec<_>>();
            if !std::iter::once(&plan.warn_percent).chain(&percents).is_sorted_by(|later, earlier| later > earlier) {
                refuse(
                    "the percents of warn_before count down from warn_percent: the last warning is the first in the list",
                );
            }
            // They look into what others do, and answer nobody.
            if plan.ladder.0.iter().any(|level| level.role == Holder::SecurityOfficer) {
                refuse("a ladder can't hand anything to a security_officer: they take no appeals");
            }
            // Levels are numbered in a byte and acted on by people; nobody has ten ranks.
            if plan.ladder.len() > 9 {
                refuse("a ladder has at most 9 levels, each counted as often as it acts");
            }
            if plan.ladder.0.iter().any(|level| level.times == 0) {
                refuse("a level that acts no times is none: leave it out");
            }
        }
        faults
    }
}

impl Plan {
    /// Those of an appeal's suspensions that stop this clock.
    pub fn pausing(&self, suspensions: &[Suspension]) -> Vec<Suspension> {
        suspensions.iter().filter(|suspension| self.pauses.contains(&suspension.reason)).copied().collect()
    }
}

impl Reopening {
    fn goes_on(&self) -> bool {
        *self == Self::Continue
    }
}

impl ZoneChoice {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
    fn is_calendar(&self) -> bool {
        *self == Self::Calendar
    }
}
