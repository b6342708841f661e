//! Reports.

use std::collections::BTreeSet;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use proto::sla::v1 as wire;
use proto::sla::v1::report_scope::Dimension as WireDimension;
use rpc::{Refusal, Violations, reasons};

use super::promise::text;
use super::{extension_reason_to_wire, kind_from_wire, kind_to_wire};
use crate::domain::{Dimension, Figures, Histogram, Key, LONGEST_DAYS, Narrowed, Period, PeriodFault, Scope};

/// What a report is about.
pub(crate) fn report_scope(scope: Option<&wire::ReportScope>) -> Result<Scope, Refusal> {
    let mut violations = Violations::new();
    let Some(it) = scope else {
        violations.add("scope", reasons::FIELD_REQUIRED, "must be given");
        return Err(Refusal::invalid(violations));
    };
    let first = date(&mut violations, "scope.first_date", it.first_date.as_ref());
    let last = date(&mut violations, "scope.last_date", it.last_date.as_ref());
    let zone = zone(&mut violations, &it.time_zone);
    let period =
        first.zip(last).zip(zone).and_then(|((first, last), zone)| period(&mut violations, first, last, &zone));
    let mut dimensions = BTreeSet::new();
    for (at, raw) in it.dimensions.iter().enumerate() {
        match WireDimension::try_from(*raw).ok().and_then(dimension) {
            Some(dimension) => drop(dimensions.insert(dimension)),
            None => {
                violations.add(format!("scope.dimensions[{at}]"), reasons::FIELD_INVALID, "is not a dimension");
            }
        }
    }
    let clock = match wire::ClockKind::try_from(it.clock) {
        Ok(kind) => kind_from_wire(kind),
        Err(_) => {
            violations.add("scope.clock", reasons::FIELD_INVALID, "is not a clock");
            None
        }
    };
    let mut only = |path: &str, given: &str| {
        (!given.is_empty()).then(|| {
            text(&mut violations, path, given);
            given.to_owned()
        })
    };
    let narrowed = Narrowed {
        clock,
        policy: only("scope.policy", &it.policy),
        category: only("scope.category", &it.category),
        priority: only("scope.priority", &it.priority),
        channel: only("scope.channel", &it.channel),
        group: only("scope.group", &it.group),
    };
    match period.filter(|_| violations.is_empty()) {
        Some(period) => Ok(Scope { period, dimensions, narrowed }),
        None => Err(Refusal::invalid(violations)),
    }
}

fn period(violations: &mut Violations, first: Date, last: Date, zone: &TimeZone) -> Option<Period> {
    let fault = match Period::new(first, last, zone) {
        Ok(period) => return Some(period),
        Err(fault) => fault,
    };
    match fault {
        PeriodFault::Backwards => {
            violations.add("scope.last_date", reasons::FIELD_INVALID, "must not be before the first");
        }
        PeriodFault::TooLong => {
            let text = format!("must be at most {LONGEST_DAYS} days from the first on");
            violations.add("scope.last_date", reasons::FIELD_INVALID, text);
        }
        PeriodFault::PartsOfHours => {
            let text = "must be whole hours ahead of UTC all through the period";
            violations.add("scope.time_zone", reasons::FIELD_INVALID, text);
        }
    }
    None
}

fn date(violations: &mut Violations, path: &str, given: Option<&proto::Date>) -> Option<Date> {
    let Some(it) = given else {
        violations.add(path, reasons::FIELD_REQUIRED, "must be given");
        return None;
    };
    let parts = (i16::try_from(it.year), i8::try_from(it.month), i8::try_from(it.day));
    let date = match parts {
        // What has no year is no day.
        (Ok(year @ 1..), Ok(month), Ok(day)) => Date::new(year, month, day).ok(),
        _ => None,
    };
    if date.is_none() {
        violations.add(path, reasons::FIELD_INVALID, "must be a day");
    }
    date
}

fn zone(violations: &mut Violations, given: &str) -> Option<TimeZone> {
    if given.is_empty() {
        return Some(TimeZone::UTC);
    }
    let zone = TimeZone::get(given).ok();
    if zone.is_none() {
        violations.add("scope.time_zone", reasons::FIELD_INVALID, "must be the IANA name of a zone");
    }
    zone
}

fn dimension(given: WireDimension) -> Option<Dimension> {
    Some(match given {
        WireDimension::Unspecified => return None,
        WireDimension::Policy => Dimension::Policy,
        WireDimension::Category => Dimension::Category,
        WireDimension::Priority => Dimension::Priority,
        WireDimension::Channel => Dimension::Channel,
        WireDimension::Group => Dimension::Group,
        WireDimension::Date => Dimension::Date,
        WireDimension::Hour => Dimension::Hour,
    })
}

/// A row. What was taken back before it was counted counts as none.
pub(crate) fn report_row(key: Key, figures: &Figures) -> wire::ReportRow {
    let date = |it: Date| proto::Date { year: it.year().into(), month: it.month().into(), day: it.day().into() };
    wire::ReportRow {
        clock: kind_to_wire(key.cell.clock).into(),
        policy: key.cell.policy,
        category: key.cell.category,
        priority: key.cell.priority,
        channel: key.cell.channel,
        group: key.cell.group,
        date: key.date.map(date),
        hour: key.hour.map(i32::from),
        kept_count: figures.kept.count(),
        late_count: figures.late.count(),
        cancelled_count: figures.cancelled.max(0),
        cancelled_late_count: figures.cancelled_late.max(0),
        unmeasured_count: figures.unmeasured.max(0),
        reopened_count: figures.reopened.max(0),
        kept_share: figures.kept_share(),
        extensions: figures
            .extended
            .iter()
            .filter(|(_, count)| **count > 0)
            .map(|(reason, count)| wire::report_row::Extended {
                reason: extension_reason_to_wire(*reason).into(),
                count: *count,
            })
            .collect(),
        lateness: spread(&figures.lateness),
        time_used: spread(&figures.used()),
    }
}

fn spread(histogram: &Histogram) -> Option<wire::Spread> {
    let percentile = |percent| histogram.percentile(percent).map(|seconds| prost_types::Duration { seconds, nanos: 0 });
    Some(wire::Spread {
        mean: Some(prost_types::Duration { seconds: histogram.mean()?.round() as i64, nanos: 0 }),
        p50: percentile(50),
        p90: percentile(90),
        p99: percentile(99),
    })
}
