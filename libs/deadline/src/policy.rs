//! A policy: which appeals it is for, and what is promised to them.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{
    Allowance, Case, Channel, ExtensionRule, Features, Invalid, Kind, Ladder, Level, Pin, Priority, Suspension,
    SuspensionReason,
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
    pub first_answer: Plan,
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
    #[serde(default, skip_serializing_if = "ZoneChoice::is_calendar")]
    pub zone: ZoneChoice,
    pub allowance: Allowance,
    /// Share of the counted time after which the operator is reminded (`L6`), 1 to 99.
    pub warn_percent: u8,
    /// Which suspensions stop this clock (`L8`).
    pub pauses: BTreeSet<SuspensionReason>,
    /// Who takes over when the due time passes (`L7`).
    pub ladder: Ladder,
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
    /// Until a person first answers.
    FirstAnswer,
    /// Until the answer in writing: the due time that the citizen is told.
    Resolution,
}

impl ClockKind {
    /// Both clocks.
    pub const ALL: [Self; 2] = [Self::FirstAnswer, Self::Resolution];

    /// The name in databases.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::FirstAnswer => "first_answer",
            Self::Resolution => "resolution",
        }
    }
}

/// How working days are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DayConvention {
    /// The day of filing is not counted; due when the last day's opening hours end.
    NextDayToClosing,
}

/// Which appeals a policy is for: every named dimension must hold the appeal's value, an absent one holds all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Match {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<BTreeSet<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<BTreeSet<Kind>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<BTreeSet<Priority>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<BTreeSet<Channel>>,
}

impl Policy {
    /// What is promised for a clock.
    pub fn plan(&self, clock: ClockKind) -> &Plan {
        match clock {
            ClockKind::FirstAnswer => &self.first_answer,
            ClockKind::Resolution => &self.resolution,
        }
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
        self.extension.iter().flat_map(ExtensionRule::faults).for_each(&mut refuse);
        for plan in ClockKind::ALL.map(|clock| self.plan(clock)) {
            let of_level = |level: &Level| [Some(level.allowance), level.acknowledge_within].into_iter().flatten();
            let allowances = || plan.ladder.0.iter().flat_map(of_level).chain([plan.allowance]);
            if !allowances().all(Allowance::is_positive) {
                refuse("an allowance must be longer than zero");
            }
            if !allowances().all(Allowance::is_bounded) {
                refuse("an allowance must be at most five years, or 1000 working days");
            }
            if plan.zone != ZoneChoice::Calendar {
                refuse("zone: only \"calendar\" is counted by so far");
            }
            if !(1..=99).contains(&plan.warn_percent) {
                refuse("warn_percent must be 1 to 99");
            }
            // Levels are numbered in a byte and acted on by people; nobody has ten ranks.
            if plan.ladder.0.len() > 9 {
                refuse("a ladder has at most 9 levels");
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

impl ZoneChoice {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
    fn is_calendar(&self) -> bool {
        *self == Self::Calendar
    }
}

impl Match {
    /// Whether an appeal falls under it.
    pub fn holds(&self, features: &Features<'_>) -> bool {
        fn allows<T: Ord>(set: &Option<BTreeSet<T>>, value: &T) -> bool {
            set.as_ref().is_none_or(|set| set.contains(value))
        }
        self.category.as_ref().is_none_or(|set| set.contains(features.category))
            && allows(&self.kind, &features.kind)
            && allows(&self.priority, &features.priority)
            && allows(&self.channel, &features.channel)
    }

    /// How many dimensions it names.
    pub fn specificity(&self) -> u8 {
        [self.category.is_some(), self.kind.is_some(), self.priority.is_some(), self.channel.is_some()]
            .map(u8::from)
            .iter()
            .sum()
    }

    /// Whether it names none and so holds for every appeal.
    pub fn is_catch_all(&self) -> bool {
        self.specificity() == 0
    }

    /// Whether an appeal can fall under both.
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        fn meet<T: Ord>(one: &Option<BTreeSet<T>>, other: &Option<BTreeSet<T>>) -> bool {
            one.as_ref().zip(other.as_ref()).is_none_or(|(one, other)| !one.is_disjoint(other))
        }
        meet(&self.category, &other.category)
            && meet(&self.kind, &other.kind)
            && meet(&self.priority, &other.priority)
            && meet(&self.channel, &other.channel)
    }

    /// Whether every appeal that falls under `other` falls under this too.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        fn within<T: Ord>(wide: &Option<BTreeSet<T>>, narrow: &Option<BTreeSet<T>>) -> bool {
            match (wide, narrow) {
                (None, _) => true,
                (Some(_), None) => false,
                (Some(wide), Some(narrow)) => narrow.is_subset(wide),
            }
        }
        within(&self.category, &other.category)
            && within(&self.kind, &other.kind)
            && within(&self.priority, &other.priority)
            && within(&self.channel, &other.channel)
    }

    fn has_empty_set(&self) -> bool {
        fn empty<T>(set: &Option<BTreeSet<T>>) -> bool {
            set.as_ref().is_some_and(BTreeSet::is_empty)
        }
        empty(&self.category) || empty(&self.kind) || empty(&self.priority) || empty(&self.channel)
    }
}
