//! Promises and their rungs: pure, with the time given.
//!
//! ```text
//!                       due, and the highest that is
//!   ARMED ───────────────────────────────────────────► FIRED ──ticket accepts──► ACTED       carried over every later epoch
//!     │ ▲                                                │
//!     │ │ a later epoch (a new row)                      └──ticket refuses─────► SUPPRESSED  armed again by a later epoch
//!     │ └──────────────────────────────────────────────────────────────────────────┘
//!     ├── due, but a higher one is too ──► SUPERSEDED                 (armed again by a later epoch, unless a higher level acted)
//!     ├── the warning, when due ─────────► ACTED                      (nobody has to accept it)
//!     ├── clock paused ──────────────────► ARMED without a fire time  (until the next revision)
//!     └── clock met or cancelled ────────► deleted
//! ```
//!
//! One rule arms ([`Deadline::rearm`]): of the ladder that the promise gives now, the levels above every one that acted, is under way, or
//! has had its turn in this epoch. It is applied after each revision and after each answer, so it does not matter which of the two comes
//! first: a refusal that arrives after the newer epoch arms at once.
//!
//! A clock may begin anew, the next answer's with each wait of the applicant, another body's each time one is asked: what it did in epochs before that is of another promise, and bars
//! nothing.
//!
//! A warning is no level: once the term is extended after it acted it is armed again, where it then falls later.
//!
//! While a hand-over is under way its clock fires nothing: the next level belongs to the one who accepts the level before. And it fires no
//! earlier than that one's term ends, which begins when the level fires or is accepted, not when it was planned: after an outage nobody is
//! promised a time that has passed, and no level falls due because of the outage alone. Where the citizen was not told that the level before is
//! late, since the notice reached nobody, the next one does not wait ([`Deadline::note`]), unless the holder has acknowledged that they have it.

mod arming;
mod breach;
mod canary;
mod closing;
mod deadline;
mod drift;
mod effect;
mod figures;
mod firing;
mod histogram;
mod names;
mod notice;
mod period;
mod policies;
mod promise;
mod publication;
mod rebase;
mod reconciliation;
mod rung;
mod settling;
#[cfg(test)]
mod tests;
mod times;

pub use self::{
    breach::{Breach, BreachEvent, Logged, Position},
    canary::{CANARY, next_canary_time},
    closing::{Cell, Closing, Outcome, Tally},
    deadline::{Deadline, Told},
    drift::{Drift, DriftKind},
    effect::{Effect, Impact, Impacts},
    figures::{Figures, Key, Measure, Part, Sum, fold},
    histogram::Histogram,
    names::{appeal_name, deadline_name, parse_name},
    notice::{NOTICES, is_final},
    period::{Dimension, LONGEST_DAYS, Narrowed, Period, PeriodFault, Scope},
    policies::{Mismatch, Policies},
    promise::{Acknowledgement, Clock, ClockState, Extension, Promise, Suspension, kind_of},
    publication::{Entries, Given, Prepared, Publication, Unfit},
    rebase::{EntryOutcome, Rebase, RebaseEntry, RebaseState, RebaseTally},
    reconciliation::{Counts, Phase, Place},
    rung::{Rung, RungKey, RungState},
    settling::Answer,
    times::{lateness, micros},
};
