//! What an appeal is and what may happen to it. Pure: no I/O, no clock of its own, no wire and no row types.
//!
//! ```text
//! REGISTERED -> ASSIGNED -> IN_PROGRESS <-> AWAITING_APPLICANT | AWAITING_VERIFICATION | AWAITING_OTHER_BODY
//!                                |
//!                                -> RESOLVED -> CLOSED        RESOLVED -> IN_PROGRESS, or REGISTERED when nobody has it
//! AWAITING_APPLICANT | AWAITING_VERIFICATION -> IN_PROGRESS, or REGISTERED when nobody has it, once they were waited for long enough
//! any open state -> WITHDRAWN, MERGED, REJECTED.   Escalation is a level 0..n on any open state, not a state.
//! ```
//!
//! A command goes through [`decide`], which answers with events or a [`Refusal`]; [`Appeal::apply`] takes events in. The stored
//! row is what its events give when applied in order, and a test over random commands holds us to it. What a command did
//! already is no error: the decision is then empty.
//!
//! Failure handling: everything here is a value. A refusal changed nothing; an error of the arithmetic (a calendar that ends
//! too early) is a refusal like any other.

mod actor;
mod advice;
mod appeal;
mod applicant;
mod apply;
mod assurance;
mod categories;
mod clocks;
mod command;
mod event;
mod extension;
mod filing;
mod filter;
mod kinds;
mod message;
mod names;
mod number;
mod outcome;
mod refusal;
mod staff;
mod state;
mod steps;
mod terms;

pub use actor::Actor;
pub use advice::Advices;
pub use appeal::{Appeal, Escalation, Papers, Promise};
pub use applicant::{Applicant, Consent, Contact, PreferredAnswer, Region};
pub use assurance::{Assertion, AssuranceLevel};
pub use categories::{Catalogue, Category, is_id};
pub use clocks::{Clock, ClockState, Suspension};
pub use command::{BodyOutcome, ClockRef, Command, Escalate, FileAppeal, Need};
pub use event::{Escalated, Event, Handed, NewDue, Proposed, Rebased, RebasedTerm, Recorded, RungNote};
pub use extension::{Extend, Extension, ExtensionState};
pub use filing::file;
pub use filter::{AppealFilter, MemberFilter};
pub use kinds::{Channel, ClockKind, Kind, Priority, State, SuspensionReason, priority_rank, suspension_reason};
pub use message::{Author, Message, MessageMeta, Visibility};
pub use names::{
    NameError, appeal_name, citizen_name, event_name, message_name, parse_appeal, parse_citizen, parse_staff,
};
pub use number::Number;
pub use outcome::{DeadlineOutcome, NoticeOutcome, NoticeState, RungOutcome};
pub use person::{
    AccountNumber, ApplicantGroup, BirthDate, CallTime, Email, Inn, Language, Passport, PersonName, Phone, Snils, Text,
    Zone,
};
pub use refusal::{Refusal, Unsuitable};
pub use staff::{Level, Member, MemberChange};
pub use state::{Decision, decide};
pub use terms::Rules;

#[cfg(test)]
mod tests;
