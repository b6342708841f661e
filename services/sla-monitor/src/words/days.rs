//! The days of an explanation: which counted, and which did not under what name.

use std::collections::BTreeMap;

use ::deadline::{Allowance, Closed, Explanation, What};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, ToSpan as _};

/// Local dates from the start to the due time.
pub(super) struct Days {
    pub(super) counted: Vec<Date>,
    /// With the name of the day, where it has one.
    pub(super) skipped: Vec<(Date, Option<String>)>,
}

#[derive(Default)]
struct Day {
    counts: bool,
    is_suspended: bool,
    name: Option<String>,
}

impl Days {
    pub(super) fn of(it: &Explanation, zone: &TimeZone) -> Self {
        let date = |time: jiff::Timestamp| time.to_zoned(zone.clone()).date();
        let mut days: BTreeMap<Date, Day> = BTreeMap::new();
        for span in &it.spans {
            let Some(to) = span.to else { continue };
            // What ends at midnight belongs to the day before.
            let last = date(to.saturating_sub(SignedDuration::from_nanos(1)).unwrap_or(to));
            let mut at = date(span.from);
            while at <= last {
                let day = days.entry(at).or_default();
                match &span.what {
                    What::Counted => day.counts = true,
                    What::Closed(Closed::Exception(label) | Closed::Day { label, .. }) => {
                        day.name = Some(label.clone())
                    }
                    What::Suspended { .. } | What::Folded { .. } => day.is_suspended = true,
                    What::Closed(Closed::OffHours) => {}
                }
                let Ok(next) = at.checked_add(1.day()) else { break };
                at = next;
            }
        }
        let filing = date(it.start);
        let is_days = matches!(it.allowance, Allowance::WorkingDays(_));
        let mut told = Self { counted: Vec::new(), skipped: Vec::new() };
        for (date, day) in days {
            match day {
                // The day of filing is not counted, which is said in words.
                _ if is_days && date == filing => {}
                Day { counts: true, .. } => told.counted.push(date),
                // Its stretch is told by itself.
                Day { is_suspended: true, .. } => {}
                Day { name, .. } => told.skipped.push((date, name)),
            }
        }
        told
    }

    /// `03.03–06.03, 10.03`.
    pub(super) fn counted(&self) -> String {
        let days: Vec<(Date, ())> = self.counted.iter().map(|day| (*day, ())).collect();
        runs(&days).iter().map(|(from, to, ())| run(*from, *to)).collect::<Vec<_>>().join(", ")
    }

    /// `07.03–08.03 — выходные; 09.03 — Выходной после Международного женского дня`.
    pub(super) fn skipped(&self, day_off: &str) -> String {
        let told = |(from, to, name): &(Date, Date, Option<String>)| {
            format!("{} — {}", run(*from, *to), name.as_deref().unwrap_or(day_off))
        };
        runs(&self.skipped).iter().map(told).collect::<Vec<_>>().join("; ")
    }
}

/// Days in a row of the same kind as one.
fn runs<T: Clone + PartialEq>(days: &[(Date, T)]) -> Vec<(Date, Date, T)> {
    let mut runs: Vec<(Date, Date, T)> = Vec::new();
    for (day, kind) in days {
        match runs.last_mut() {
            Some((_, to, before)) if before == kind && to.tomorrow().ok() == Some(*day) => *to = *day,
            _ => runs.push((*day, *day, kind.clone())),
        }
    }
    runs
}

fn run(from: Date, to: Date) -> String {
    let day = |date: Date| date.strftime("%d.%m").to_string();
    if from == to { day(from) } else { format!("{}–{}", day(from), day(to)) }
}
