//! Wire <-> domain. A request is converted whole: every violation is found before it is refused.

mod breach;
mod drift;
mod explanation;
mod notice;
mod policy_set;
mod promise;
mod rebase;
mod report;
mod report_csv;
mod shown;

use ::deadline::{Allowance, ClockKind, ExtensionReason, Refused};
use jiff::SignedDuration;
use proto::sla::v1 as wire;
use rpc::Refusal;

pub(crate) use self::breach::{Followed, breach_to_wire, watch_breaches};
pub(crate) use self::drift::{drift_to_wire, mend};
pub(crate) use self::explanation::explanation_to_wire;
pub(crate) use self::notice::notice_outcome;
pub(crate) use self::policy_set::{
    overtaken, publish_calendar, publish_policy, record_to_wire, set_name, set_version, shipped_to_wire, stale,
    unreadable,
};
pub(crate) use self::promise::{promise, stopped_promise};
pub(crate) use self::rebase::{
    Previewed, no_rebase, not_in_force, preview_calendar_change, preview_policy_change, preview_to_wire,
    rebase_entry_to_wire, rebase_id, rebase_to_wire, rebased_clock, start_rebase, stop_rebase, under_way,
};
pub(crate) use self::report::{report_row, report_scope};
pub(crate) use self::report_csv::report_pieces;
pub(crate) use self::shown::{deadline_now_to_wire, deadline_to_wire};
use crate::domain::Extension;

/// A due time that can't be computed, of whatever `subject` is.
pub(crate) fn not_computable(subject: &str, refused: Refused) -> Refusal {
    match refused {
        Refused::PastHorizon { calendar, horizon } => {
            let text = "the calendar ends before the due time";
            Refusal::precondition(wire::ErrorReason::CalendarHorizon, subject, text)
                .with("calendar", calendar)
                .with("horizon", horizon.to_string())
        }
        Refused::BeforeValidity { calendar, from } => {
            let text = "the calendar does not know days as early as the start";
            Refusal::precondition(wire::ErrorReason::CalendarHorizon, subject, text)
                .with("calendar", calendar)
                .with("from", from.to_string())
        }
        Refused::OutOfRange => {
            Refusal::precondition(wire::ErrorReason::CalendarHorizon, subject, "the due time lies beyond the year 9999")
        }
        other => Refusal::internal(other),
    }
}

pub(crate) fn kind_to_wire(kind: ClockKind) -> wire::ClockKind {
    match kind {
        ClockKind::Acceptance => wire::ClockKind::Acceptance,
        ClockKind::FirstAnswer => wire::ClockKind::FirstAnswer,
        ClockKind::NextAnswer => wire::ClockKind::NextAnswer,
        ClockKind::OtherBody => wire::ClockKind::OtherBody,
        ClockKind::Resolution => wire::ClockKind::Resolution,
    }
}

pub(crate) fn kind_from_wire(kind: wire::ClockKind) -> Option<ClockKind> {
    match kind {
        wire::ClockKind::Unspecified => None,
        wire::ClockKind::Acceptance => Some(ClockKind::Acceptance),
        wire::ClockKind::FirstAnswer => Some(ClockKind::FirstAnswer),
        wire::ClockKind::NextAnswer => Some(ClockKind::NextAnswer),
        wire::ClockKind::OtherBody => Some(ClockKind::OtherBody),
        wire::ClockKind::Resolution => Some(ClockKind::Resolution),
    }
}

fn extension_reason_from_wire(reason: wire::ExtensionReason) -> Option<ExtensionReason> {
    match reason {
        wire::ExtensionReason::Unspecified => None,
        wire::ExtensionReason::FurtherAnalysis => Some(ExtensionReason::FurtherAnalysis),
        wire::ExtensionReason::MissingInformation => Some(ExtensionReason::MissingInformation),
        wire::ExtensionReason::OtherDepartments => Some(ExtensionReason::OtherDepartments),
    }
}

fn extension_reason_to_wire(reason: Option<ExtensionReason>) -> wire::ExtensionReason {
    match reason {
        None => wire::ExtensionReason::Unspecified,
        Some(ExtensionReason::FurtherAnalysis) => wire::ExtensionReason::FurtherAnalysis,
        Some(ExtensionReason::MissingInformation) => wire::ExtensionReason::MissingInformation,
        Some(ExtensionReason::OtherDepartments) => wire::ExtensionReason::OtherDepartments,
    }
}

pub(crate) fn extension_to_wire(it: &Extension) -> wire::Extension {
    wire::Extension { reason: extension_reason_to_wire(it.reason).into(), length: Some(allowance_to_wire(it.length)) }
}

pub(crate) fn duration_to_wire(span: SignedDuration) -> prost_types::Duration {
    prost_types::Duration { seconds: span.as_secs(), nanos: span.subsec_nanos() }
}

/// The span of a wire value whose parts agree in sign and lie in range.
fn duration_from_wire(span: &prost_types::Duration) -> Option<SignedDuration> {
    let fits = span.nanos.abs() < 1_000_000_000 && span.seconds.signum() * i64::from(span.nanos.signum()) >= 0;
    fits.then(|| SignedDuration::new(span.seconds, span.nanos))
}

fn allowance_to_wire(allowance: Allowance) -> wire::Allowance {
    use wire::allowance::Span;
    wire::Allowance {
        span: Some(match allowance {
            Allowance::RealTime(span) => Span::RealTime(duration_to_wire(span)),
            Allowance::WorkingTime(span) => Span::WorkingTime(duration_to_wire(span)),
            Allowance::WorkingDays(days) => Span::WorkingDays(days.into()),
        }),
    }
}

/// `None` unless it grants time.
fn allowance_from_wire(allowance: &wire::Allowance) -> Option<Allowance> {
    use wire::allowance::Span;
    let allowance = match allowance.span.as_ref()? {
        Span::RealTime(span) => Allowance::RealTime(duration_from_wire(span)?),
        Span::WorkingTime(span) => Allowance::WorkingTime(duration_from_wire(span)?),
        Span::WorkingDays(days) => Allowance::WorkingDays(u16::try_from(*days).ok()?),
    };
    Some(allowance).filter(|allowance| allowance.is_positive())
}
