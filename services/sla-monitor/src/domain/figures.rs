//! Figures of how promises were kept: closings folded into sums, and sums into a report.

use std::collections::BTreeMap;

use ::deadline::ExtensionReason;
use jiff::Timestamp;
use jiff::civil::Date;

use super::closing::{Cell, Outcome, Tally};
use super::histogram::{Histogram, bucket_of};

/// What is summed up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Measure {
    /// Time used of those kept.
    Kept,
    /// Time used of those met late.
    Late,
    /// How late those were.
    Lateness,
    /// Cancelled in time: only their number.
    Cancelled,
    /// Cancelled after the due time: only their number.
    CancelledLate,
    /// Met, with no telling whether in time: only their number.
    Unmeasured,
    /// Taken back since, by a reopening: only their number.
    Reopened,
    /// Ended after an extension for that reason, whichever way: only their number.
    Extended(Option<ExtensionReason>),
}

/// What a sum is of. In this order rows are locked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Part {
    /// The hour of UTC.
    pub hour: Timestamp,
    /// What it is told apart by.
    pub cell: Cell,
    /// What is summed up.
    pub measure: Measure,
    /// The bucket of the histogram.
    pub bucket: u8,
}

/// A sum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    /// How many; below zero where more was taken back than counted.
    pub count: i64,
    /// Their seconds in all.
    pub seconds: i64,
}

/// What closings add to the sums.
pub fn fold<'a>(tallies: impl IntoIterator<Item = &'a Tally>) -> BTreeMap<Part, Sum> {
    let mut sums: BTreeMap<Part, Sum> = BTreeMap::new();
    for Tally { closing, taken_back } in tallies {
        let mut add = |measure, seconds: i64, sign: i64| {
            let part = Part { hour: closing.hour(), cell: closing.cell.clone(), measure, bucket: bucket_of(seconds) };
            let sum = sums.entry(part).or_default();
            sum.count += sign;
            sum.seconds += sign * seconds;
        };
        let sign = if *taken_back { -1 } else { 1 };
        match closing.outcome {
            Outcome::Kept => add(Measure::Kept, closing.used, sign),
            Outcome::Late => {
                add(Measure::Late, closing.used, sign);
                add(Measure::Lateness, closing.late, sign);
            }
            Outcome::Cancelled => add(Measure::Cancelled, 0, sign),
            Outcome::CancelledLate => add(Measure::CancelledLate, 0, sign),
            Outcome::Unmeasured => add(Measure::Unmeasured, 0, sign),
        }
        for reason in &closing.extended {
            add(Measure::Extended(*reason), 0, sign);
        }
        if *taken_back {
            add(Measure::Reopened, 0, 1);
        }
    }
    sums
}

/// What a row of a report is of. What it is not told apart by is empty.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// What it is told apart by.
    pub cell: Cell,
    /// The day in the report's zone.
    pub date: Option<Date>,
    /// The hour of the day there.
    pub hour: Option<u8>,
}

/// The figures of a row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Time used of those kept.
    pub kept: Histogram,
    /// Time used of those met late.
    pub late: Histogram,
    /// How late those were.
    pub lateness: Histogram,
    /// Cancelled in time.
    pub cancelled: i64,
    /// Cancelled after the due time.
    pub cancelled_late: i64,
    /// Met, with no telling whether in time.
    pub unmeasured: i64,
    /// Taken back since.
    pub reopened: i64,
    /// Ended after an extension, by its reason.
    pub extended: BTreeMap<Option<ExtensionReason>, i64>,
}

// === impl Figures ===

impl Figures {
    /// Takes a sum in.
    pub fn add(&mut self, measure: Measure, bucket: u8, sum: Sum) {
        match measure {
            Measure::Kept => self.kept.add(bucket, sum.count, sum.seconds),
            Measure::Late => self.late.add(bucket, sum.count, sum.seconds),
            Measure::Lateness => self.lateness.add(bucket, sum.count, sum.seconds),
            Measure::Cancelled => self.cancelled += sum.count,
            Measure::CancelledLate => self.cancelled_late += sum.count,
            Measure::Unmeasured => self.unmeasured += sum.count,
            Measure::Reopened => self.reopened += sum.count,
            Measure::Extended(reason) => *self.extended.entry(reason).or_default() += sum.count,
        }
    }

    /// The share of those met that were met in time, 0 to 1; `None` where none was met.
    pub fn kept_share(&self) -> Option<f64> {
        let met = self.kept.count() + self.late.count();
        (met > 0).then(|| self.kept.count() as f64 / met as f64)
    }

    /// Time used of all that were met.
    pub fn used(&self) -> Histogram {
        self.kept.clone().with(&self.late)
    }

    /// Whether there is nothing to tell, as after everything was taken back and nothing was ever reopened here.
    pub fn is_empty(&self) -> bool {
        let counts = [self.kept.count(), self.late.count(), self.cancelled, self.cancelled_late, self.unmeasured];
        counts.iter().all(|count| *count <= 0) && self.reopened <= 0
    }
}

// === impl Measure ===

impl Measure {
    /// Every measure.
    pub const ALL: [Self; 11] = [
        Self::Kept,
        Self::Late,
        Self::Lateness,
        Self::Cancelled,
        Self::CancelledLate,
        Self::Unmeasured,
        Self::Reopened,
        Self::Extended(None),
        Self::Extended(Some(ExtensionReason::FurtherAnalysis)),
        Self::Extended(Some(ExtensionReason::MissingInformation)),
        Self::Extended(Some(ExtensionReason::OtherDepartments)),
    ];

    /// The name in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Late => "late",
            Self::Lateness => "lateness",
            Self::Cancelled => "cancelled",
            Self::CancelledLate => "cancelled_late",
            Self::Unmeasured => "unmeasured",
            Self::Reopened => "reopened",
            Self::Extended(None) => "extended",
            Self::Extended(Some(ExtensionReason::FurtherAnalysis)) => "extended_further_analysis",
            Self::Extended(Some(ExtensionReason::MissingInformation)) => "extended_missing_information",
            Self::Extended(Some(ExtensionReason::OtherDepartments)) => "extended_other_departments",
        }
    }

    /// The measure of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|measure| measure.as_str() == name)
    }
}
