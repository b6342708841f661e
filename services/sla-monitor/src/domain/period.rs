//! What a report is about: days of a zone, and what it tells apart.

use std::collections::BTreeSet;

use ::deadline::ClockKind;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// Most days of a report: a year and its comparison with the month before.
pub const LONGEST_DAYS: i32 = 400;

/// An hour in seconds.
const HOUR: i32 = 3_600;

/// What a report is about.
#[derive(Clone, Debug)]
pub struct Scope {
    /// Which days.
    pub period: Period,
    /// What rows are told apart by, besides the clock.
    pub dimensions: BTreeSet<Dimension>,
    /// Which closings.
    pub narrowed: Narrowed,
}

/// What rows may be told apart by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dimension {
    /// The policy.
    Policy,
    /// The category.
    Category,
    /// The priority.
    Priority,
    /// The channel.
    Channel,
    /// The group.
    Group,
    /// The day of the end.
    Date,
    /// The hour of the day of the end.
    Hour,
}

/// Only closings of these; `None` for all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Narrowed {
    /// Of this clock.
    pub clock: Option<ClockKind>,
    /// Of this policy.
    pub policy: Option<String>,
    /// Of this category.
    pub category: Option<String>,
    /// Of this priority.
    pub priority: Option<String>,
    /// Of this channel.
    pub channel: Option<String>,
    /// Of this group.
    pub group: Option<String>,
}

/// Days of a zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Period {
    stretches: Vec<Stretch>,
}

/// A stretch of time in which the zone's clocks are the same hours ahead of UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// Its beginning: a full hour.
    pub from: Timestamp,
    /// Its end, not included: a full hour.
    pub to: Timestamp,
    /// Hours ahead of UTC.
    pub ahead: i32,
}

/// Why days are no period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeriodFault {
    /// The last day is before the first.
    Backwards,
    /// More than [`LONGEST_DAYS`].
    TooLong,
    /// The zone is not whole hours ahead of UTC all the time.
    PartsOfHours,
}

// === impl Period ===

impl Period {
    /// The days from the first to the last, both included.
    ///
    /// # Errors
    /// [`PeriodFault`].
    pub fn new(first: Date, last: Date, zone: &TimeZone) -> Result<Self, PeriodFault> {
        if last < first {
            return Err(PeriodFault::Backwards);
        }
        if (last - first).get_days() >= LONGEST_DAYS {
            return Err(PeriodFault::TooLong);
        }
        // Where a day has no midnight it begins when the clocks are put forward to.
        let begin = |day: Date| zone.to_zoned(day.at(0, 0, 0, 0)).map(|it| it.timestamp());
        let end = last.tomorrow().and_then(begin).map_err(|_| PeriodFault::TooLong)?;
        let mut from = begin(first).map_err(|_| PeriodFault::TooLong)?;
        let mut stretches = Vec::new();
        while from < end {
            let change = zone.following(from).next().map(|it| it.timestamp());
            let to = change.filter(|change| *change < end).unwrap_or(end);
            let ahead = zone.to_offset(from).seconds();
            let is_whole = |time: Timestamp| time.as_nanosecond() % (i128::from(HOUR) * 1_000_000_000) == 0;
            if ahead % HOUR != 0 || !is_whole(from) || !is_whole(to) {
                return Err(PeriodFault::PartsOfHours);
            }
            stretches.push(Stretch { from, to, ahead: ahead / HOUR });
            from = to;
        }
        Ok(Self { stretches })
    }

    /// The stretches, one after the other.
    pub fn stretches(&self) -> &[Stretch] {
        &self.stretches
    }
}
