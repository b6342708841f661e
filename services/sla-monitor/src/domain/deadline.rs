//! A promise under watch.

use jiff::Timestamp;
use uuid::Uuid;

use super::closing::{Closing, Tally};
use super::policies::{Mismatch, Policies};
use super::promise::{Clock, ClockState, Promise};
use super::rung::{Rung, RungState};
use super::times::micros;

/// What was promised for one appeal, with the rungs of its ladders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deadline {
    /// The uid of the appeal.
    pub id: Uuid,
    /// As it was last told.
    pub promise: Promise,
    /// Those that were, are and will be.
    pub rungs: Vec<Rung>,
    /// What is counted of those clocks that are over, at most one of each (L9).
    pub counted: Vec<Closing>,
    /// Our own arithmetic does not confirm the promise.
    pub mismatch: bool,
    /// When it was first tracked here.
    pub create_time: Timestamp,
    /// When it was last changed here.
    pub update_time: Timestamp,
}

/// What follows from what was told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Why our own arithmetic does not confirm the promise.
    pub mismatches: Vec<Mismatch>,
    /// What is counted from now on, or no longer.
    pub tallies: Vec<Tally>,
}

// === impl Deadline ===

impl Deadline {
    /// Begins to watch a promise. One whose clocks are all over is a tombstone: it keeps older revisions out.
    pub fn track(id: Uuid, mut promise: Promise, now: Timestamp, policies: &Policies) -> (Self, Told) {
        let now = micros(now);
        promise.complete(None, now);
        let (rungs, counted) = (Vec::new(), Vec::new());
        let mut deadline = Self { id, promise, rungs, counted, mismatch: false, create_time: now, update_time: now };
        let told = Told { mismatches: deadline.verify(policies), tallies: deadline.recount(None, policies) };
        deadline.rearm(policies);
        (deadline, told)
    }

    /// Takes over a newer state of the promise, also of a stopped one. `None`, and no change, unless the revision is higher.
    pub fn revise(&mut self, mut promise: Promise, now: Timestamp, policies: &Policies) -> Option<Told> {
        if promise.revision <= self.promise.revision {
            return None;
        }
        // A replica of the ticket service that is older than the fields tells none; the appeal is in a group, and its applicant somewhere, all the
        // same.
        promise.group = promise.group.or_else(|| self.promise.group.take());
        promise.region = promise.region.or_else(|| self.promise.region.take());
        promise.zone = promise.zone.or_else(|| self.promise.zone.take());
        // And no acknowledgement; an older one than the level that has it now does no harm.
        promise.acknowledgement = promise.acknowledgement.or(self.promise.acknowledgement);
        promise.complete(Some(&self.promise), micros(now));
        let before = std::mem::replace(&mut self.promise, promise);
        self.touch(now);
        let told = Told { mismatches: self.verify(policies), tallies: self.recount(Some(&before), policies) };
        self.rearm(policies);
        Some(told)
    }

    /// Whether anything can still happen.
    pub fn is_tracked(&self) -> bool {
        self.promise.clocks.iter().any(|clock| !clock.is_over())
    }

    /// The earliest due time of a running clock.
    pub fn next_due_time(&self) -> Option<Timestamp> {
        self.promise.clocks.iter().filter_map(Clock::running_due_time).min()
    }

    /// When the monitor has to look at it: the earliest armed rung of those clocks that may fire.
    pub fn next_fire_time(&self) -> Option<Timestamp> {
        let of = |clock: &Clock| self.armed(clock).filter_map(|rung| rung.fire_time).min();
        self.promise.clocks.iter().filter(|clock| self.may_fire(clock)).filter_map(of).min()
    }

    /// Whether a clock's rungs may fire: it runs, and no hand-over of it is under way.
    pub(super) fn may_fire(&self, clock: &Clock) -> bool {
        let under_way = |rung: &Rung| rung.key.clock == clock.kind && rung.state == RungState::Fired;
        clock.state == ClockState::Running && !self.rungs.iter().any(under_way)
    }

    /// The armed rungs of a clock in its present epoch.
    pub(super) fn armed<'a>(&'a self, clock: &Clock) -> impl Iterator<Item = &'a Rung> + use<'a> {
        let (kind, epoch) = (clock.kind, clock.epoch);
        self.rungs.iter().filter(move |rung| rung.is_armed() && (rung.key.clock, rung.key.epoch) == (kind, epoch))
    }

    /// Notes a change. Another replica's clock may be a little ahead of ours; the time of a change never goes back.
    pub(super) fn touch(&mut self, now: Timestamp) {
        self.update_time = micros(now).max(self.update_time);
    }

    fn verify(&mut self, policies: &Policies) -> Vec<Mismatch> {
        let of = |clock| policies.mismatch(&self.promise, clock);
        let mismatches: Vec<_> = self.promise.clocks.iter().filter_map(of).collect();
        self.mismatch = !mismatches.is_empty();
        mismatches
    }
}
