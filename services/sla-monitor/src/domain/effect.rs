//! What another set of policies does to a promise: for a preview, and to know whom a re-base concerns.
//!
//! A promise keeps its policy, by id: what changes is what this policy grants. The ticket service decides by the same arithmetic, all clocks of an
//! appeal or none.

use std::collections::BTreeMap;

use ::deadline::{ClockKind, Due, PolicySet, Term};
use jiff::Timestamp;

use super::deadline::Deadline;
use super::policies::Policies;
use super::promise::{Clock, ClockState, Promise};
use super::times::micros;

/// What a set does to a clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nothing.
    Unchanged,
    /// It is paused, or due at the same time, and counts by other terms or climbs another ladder.
    OtherTerms,
    /// It is due at another time.
    Moved {
        /// When it is due.
        from: Timestamp,
        /// When it would be.
        to: Timestamp,
    },
    /// Its policy is not in the set, or the calendar ends before the due time.
    NotRebased,
}

/// How many clocks a set does what to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Impact {
    pub unchanged: u64,
    pub other_terms: u64,
    pub later: u64,
    pub earlier: u64,
    /// Of the earlier ones those that are late at once.
    pub newly_late: u64,
    /// Of the later ones those that are late no longer.
    pub no_longer_late: u64,
    pub not_rebased: u64,
}

/// The same clocks, counted twice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Impacts {
    /// By clock, category and group.
    pub by_group: BTreeMap<(ClockKind, String, Option<String>), Impact>,
    /// By clock and the region of the applicant. A table of its own: all of one by all of the other would be more rows than a message takes.
    pub by_region: BTreeMap<(ClockKind, Option<String>), Impact>,
}

// === impl Policies ===

impl Policies {
    /// What a set does to the clocks of a promise that are not over.
    pub fn effects(&self, promise: &Promise, set: &PolicySet) -> Vec<(ClockKind, Effect)> {
        let open = promise.clocks.iter().filter(|clock| !clock.is_over());
        let effects: Vec<_> = open.map(|clock| (clock.kind, self.effect(promise, clock, set))).collect();
        if effects.iter().any(|(_, effect)| *effect == Effect::NotRebased) {
            return effects.into_iter().map(|(kind, _)| (kind, Effect::NotRebased)).collect();
        }
        effects
    }

    fn effect(&self, promise: &Promise, clock: &Clock, set: &PolicySet) -> Effect {
        // What was promised under a newer set is not set back.
        if set.content_hash().is(&promise.policy_hash) || i64::from(set.version()) < promise.policy_version {
            return Effect::Unchanged;
        }
        let Some(term) = promise.term(set, clock.kind) else {
            // What is promised to nobody any more: who waits for it by now is owed it as before, though it climbs no ladder. Of the next answer
            // that is told with the resolution.
            let is_dropped = !clock.kind.is_of_every_policy() && set.policy(&promise.policy).is_some();
            return match clock.kind {
                ClockKind::Acceptance if is_dropped => Effect::OtherTerms,
                _ if is_dropped => Effect::Unchanged,
                _ => Effect::NotRebased,
            };
        };
        let term = term.begun_in(clock.start_epoch);
        let (granted, suspensions) = (clock.granted(), promise.counted_suspensions());
        let pinned = self.pinned(promise).and_then(|set| promise.term(set, clock.kind));
        let pinned = pinned.map(|pinned| pinned.begun_in(clock.start_epoch));
        let due = term.extended(clock.start_time, &granted, &suspensions).ok();
        match (clock.state, clock.due_time, due) {
            (ClockState::Running, Some(from), Some(Due::At(to))) if micros(to) != from => {
                return Effect::Moved { from, to: micros(to) };
            }
            (ClockState::Running, _, Some(Due::At(_))) => {}
            (ClockState::Running, ..) => return Effect::NotRebased,
            _ => {}
        }
        // An outage in a term that is paused moves nothing yet, and leaves more of it.
        let as_before = |pinned: &Term<'_>| pinned.extended(clock.start_time, &granted, &suspensions).ok() == due;
        let is_same = pinned.is_some_and(|pinned| pinned.promises_like(&term) && as_before(&pinned));
        let before =
            self.pinned(promise).and_then(|set| Some((set.policy(&promise.policy)?, set.extension(&promise.policy))));
        let now = set.policy(&promise.policy).map(|policy| (policy, set.extension(&promise.policy)));
        // What is not of one clock that runs is told with the resolution, which every open appeal has.
        let otherwise = before
            .zip(now)
            .is_some_and(|((was, bounds), (is, others))| bounds == others && was.promises_otherwise_like(is));
        let is_same = is_same && (otherwise || clock.kind != ClockKind::Resolution);
        if is_same { Effect::Unchanged } else { Effect::OtherTerms }
    }
}

// === impl Impact ===

impl Impact {
    /// Counts a clock.
    pub fn add(&mut self, effect: Effect, now: Timestamp) {
        match effect {
            Effect::Unchanged => self.unchanged += 1,
            Effect::OtherTerms => self.other_terms += 1,
            Effect::NotRebased => self.not_rebased += 1,
            Effect::Moved { from, to } if to > from => {
                self.later += 1;
                self.no_longer_late += u64::from(from <= now && now < to);
            }
            Effect::Moved { from, to } => {
                self.earlier += 1;
                self.newly_late += u64::from(to <= now && now < from);
            }
        }
    }
}

// === impl Deadline ===

impl Deadline {
    /// Adds what a set does to its clocks.
    pub fn impact(&self, policies: &Policies, set: &PolicySet, now: Timestamp, impacts: &mut Impacts) {
        for (kind, effect) in policies.effects(&self.promise, set) {
            let key = (kind, self.promise.category.clone(), self.promise.group.clone());
            impacts.by_group.entry(key).or_default().add(effect, now);
            impacts.by_region.entry((kind, self.promise.region.clone())).or_default().add(effect, now);
        }
    }
}
