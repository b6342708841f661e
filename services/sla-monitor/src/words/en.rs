//! In English.

use ::deadline::{Allowance, SuspensionReason};
use jiff::SignedDuration;

use super::Words;

pub(super) const WORDS: Words = Words {
    term: |allowance| format!("The term is {}.", length(allowance)),
    counting: |allowance| match allowance {
        Allowance::RealTime(_) => "All time counts, nights and weekends too.",
        Allowance::WorkingTime(_) => "Only opening hours count.",
        Allowance::WorkingDays(_) => "The day of filing does not count; the term ends with the last working day.",
    },
    from: |start, zone| format!("Counted from {start}, {zone} time."),
    days: "Days that count",
    skipped: "Days that do not",
    day_off: "weekend",
    pause: |from, to, reason| format!("From {from} to {to} the clock stood still: {}.", why(reason)),
    paused: |since, reason, left| {
        format!("The clock has stood still since {since}: {}. {left} will be left.", why(reason))
    },
    extended: |from, by| format!("The term that ended {from} is extended by {}.", length(by)),
    due: |due| format!("Due {due}."),
    provisional: |years| format!("The calendar of {years} is not official yet: days off may be moved."),
    folded: "Some of the days are not listed: there are too many.",
    span,
};

fn why(reason: SuspensionReason) -> &'static str {
    match reason {
        SuspensionReason::AwaitingApplicant => "waiting for the applicant's answer",
        SuspensionReason::AwaitingVerification => "waiting for proof of identity",
        SuspensionReason::AwaitingOtherBody => "waiting for another body",
        SuspensionReason::Resolved => "the answer had been given",
        SuspensionReason::Outage => "nobody could work",
    }
}

fn length(allowance: Allowance) -> String {
    match allowance {
        Allowance::RealTime(time) => span(time),
        Allowance::WorkingTime(time) => format!("{} of working time", span(time)),
        Allowance::WorkingDays(days) => counted(days.into(), "working day"),
    }
}

fn span(time: SignedDuration) -> String {
    let minutes = time.as_mins();
    let (hours, minutes) = (minutes / 60, minutes % 60);
    let hours = (hours != 0).then(|| counted(hours, "hour"));
    let minutes = (minutes != 0 || hours.is_none()).then(|| counted(minutes, "minute"));
    [hours, minutes].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

fn counted(count: i64, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}
