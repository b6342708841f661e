//! An explanation on the wire.

use ::deadline::{ClockKind, Closed, Explanation, What};
use jiff::Timestamp;
use proto::sla::v1::{self as wire, explanation::Span};
use proto::to_wire;

use super::{allowance_to_wire, kind_to_wire};
use crate::domain::micros;

/// `due_time` is what was promised, `policy_version` the version of the set it was promised under.
pub(crate) fn explanation_to_wire(
    it: &Explanation,
    clock: ClockKind,
    policy_version: i64,
    due_time: Option<Timestamp>,
) -> wire::Explanation {
    wire::Explanation {
        clock: kind_to_wire(clock).into(),
        policy: it.policy.id.clone(),
        policy_version,
        calendar: it.calendar.id.clone(),
        calendar_version: it.calendar.version.into(),
        tzdb_version: it.tzdb.to_owned(),
        time_zone: it.zone.clone(),
        allowance: Some(allowance_to_wire(it.allowance)),
        spans: it.spans.iter().map(span_to_wire).collect(),
        computed_due_time: it.due.time().map(|time| to_wire(micros(time))),
        due_time: due_time.map(to_wire),
        text: String::new(),
        // Whoever asks knows the reasons.
        extensions: Vec::new(),
        later_calendar_version: it.later.as_ref().map_or(0, |later| later.version.into()),
        provisional_years: it.provisional.iter().map(|year| (*year).into()).collect(),
    }
}

fn span_to_wire(span: &::deadline::Span) -> Span {
    let (counted, reason) = match &span.what {
        What::Counted => (true, String::new()),
        What::Closed(Closed::OffHours) => (false, "off_hours".to_owned()),
        What::Closed(Closed::Exception(label) | Closed::Day { label, .. }) => (false, label.clone()),
        What::Suspended { reason, .. } => (false, reason.as_str().to_owned()),
        // Many stretches told as one: what of it counted can only be said in words.
        What::Folded { spans, counted, .. } => (false, format!("folded: {spans} stretches, {counted:#} counted")),
    };
    Span { start_time: Some(to_wire(span.from)), end_time: span.to.map(to_wire), counted, reason }
}
