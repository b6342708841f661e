//! Spans of counted time.

use deadline::Allowance;
use jiff::SignedDuration;
use proto::sla::v1::{self as wire, allowance::Span};

/// A span that grants time, in whole seconds and within a human's patience; `None` for any other.
pub(super) fn allowance(given: &wire::Allowance) -> Option<Allowance> {
    let time = |given: &prost_types::Duration| (given.nanos == 0).then(|| SignedDuration::from_secs(given.seconds));
    let read = match given.span.as_ref()? {
        Span::RealTime(given) => Allowance::RealTime(time(given)?),
        Span::WorkingTime(given) => Allowance::WorkingTime(time(given)?),
        Span::WorkingDays(days) => Allowance::WorkingDays(u16::try_from(*days).ok()?),
    };
    Some(read).filter(|it| it.is_positive() && it.is_bounded())
}

/// A span on the wire.
pub fn allowance_to_wire(allowance: Allowance) -> wire::Allowance {
    let time = |span: SignedDuration| prost_types::Duration { seconds: span.as_secs(), nanos: span.subsec_nanos() };
    wire::Allowance {
        span: Some(match allowance {
            Allowance::RealTime(span) => Span::RealTime(time(span)),
            Allowance::WorkingTime(span) => Span::WorkingTime(time(span)),
            Allowance::WorkingDays(days) => Span::WorkingDays(days.into()),
        }),
    }
}
