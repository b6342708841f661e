//! When something is due, and why: pure arithmetic over calendars, allowances and suspensions.
//!
//! Ticket computes with it the due time that it tells the citizen; the SLA monitor checks that promise with the same code and
//! derives from it when to warn and when to hand up. No clock, no storage, no network: every instant is an argument.
//!
//! ```text
//! Features --select--> Policy --plan--> allowance, calendar, ladder
//!                                            |
//!          start, suspensions ------------> Walk ---> Due | remaining | share | Rungs | Explanation
//! ```
//!
//! - [`Calendar`]: working time in an IANA zone, by local dates; never "+ 86,400 s".
//! - [`Allowance`]: real time, working time or working days; told apart by name.
//! - [`due`]: the earliest instant at which the allowance is used up; [`Due::Paused`] while a suspension has no end.
//! - [`rungs`]: the warnings and the levels of the ladder; [`level_end`]: the term of one of them that begins at another time.
//! - [`extended`]: the due time of a term that was extended, within the bounds of an [`ExtensionRule`] (`L4`).
//! - [`explain`]: every stretch from start to due, adding up to the allowance.
//! - [`Outage`]: a stretch that counts for nobody.
//! - [`PolicySet`]: an immutable version of all of it; [`PolicySet::builtin`] is compiled in from `data/`,
//!   and [`PolicySet::shipped`] has the older ones. [`PolicySet::revised`] makes the next one, and [`Published`] tells which one counts.
//! - [`Calendar::changes`]: what another version of a calendar changes.
//! - [`ics::days`]: the special days of an iCalendar file; [`PolicySet::imported`] puts a year of them into a calendar.
//!
//! What can't be computed is [`Refused`] with a reason, never guessed: above all a due time past the last date for which
//! holidays are published.

mod allowance;
mod builtin;
mod calendar;
mod cases;
mod changes;
mod due;
mod exception;
mod explain;
mod extension;
mod features;
mod hours;
pub mod ics;
mod import;
mod ladder;
mod matching;
mod names;
mod outage;
mod policy;
mod published;
mod reach;
mod refused;
mod revision;
mod set;
mod suspension;
mod term;
mod walk;
mod warning;
mod written;

pub use allowance::{Allowance, Basis};
pub use calendar::Calendar;
pub use cases::Case;
pub use changes::{Change, DayHours};
pub use due::{Due, due, elapsed, remaining, share};
pub use exception::{DayKind, DayName, Exception, SpecialDates};
pub use explain::{Closed, Explanation, Extended, MAX_SPANS, Pin, Span, What, explain, explain_extended};
pub use extension::{ExtensionReason, ExtensionRule, NotExtensible, extended};
pub use features::{Channel, Features, Kind, Priority, is_region};
pub use hours::{Hours, Interval, Week};
pub use import::Import;
pub use ladder::{Holder, Ladder, Level, Rung, RungInputs, RungKind, acknowledge_end, level_end, rungs};
pub use matching::Match;
pub use names::UnknownName;
pub use outage::Outage;
pub use policy::{ClockKind, DayConvention, Plan, Policy, Reopening, ZoneChoice};
pub use published::{Edition, Published};
pub use refused::{Invalid, Refused};
pub use revision::{Edit, Revision};
pub use set::{ContentHash, PolicySet};
pub use suspension::{Suspension, SuspensionReason};
pub use term::Term;
pub use warning::Warning;
pub use written::{CalendarData, Year};

/// Lower snake case, beginning with a letter: how calendars and policies are named.
fn is_id(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}
