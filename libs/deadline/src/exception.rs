//! Local dates with hours of their own, and which sort of day they are.
//!
//! The sort of a day is what a production calendar calls it, and what a reader of an explanation wants to know: a day off by
//! law, or one moved by a decree. It also says how the hours are written, so that the law's own words ("an hour shorter")
//! stand in the file and not a result computed by hand:
//!
//! ```text
//! none                  hours of their own, or closed
//! holiday               the same; hours are those of a centre that opens on it
//! transferred_holiday   the same; a day off that lies on another date, because it was a weekend
//! regional_holiday      the same
//! working_weekend       on a Saturday or Sunday: hours, or like = "friday", and then perhaps shorter_by = "1h"
//! short_day             one date: shorter_by = "1h", taken off the end of the weekday's hours
//! ```
//!
//! A Saturday that is worked and an hour shorter, such as 2 November 2024, is a `working_weekend` with `shorter_by`.

use jiff::{
    SignedDuration,
    civil::{Date, Weekday},
    fmt::serde::duration::friendly::compact::optional as compact,
};
use serde::{Deserialize, Serialize};

use crate::{Hours, Week, names::names};

names! {
    /// Which sort of day a production calendar calls it.
    DayKind {
        Holiday = "holiday",
        /// A day off in place of one that fell on a weekend or is worked.
        TransferredHoliday = "transferred_holiday",
        /// A Saturday or Sunday that is worked.
        WorkingWeekend = "working_weekend",
        /// Ends earlier than its weekday does, most often before a holiday.
        ShortDay = "short_day",
        /// A holiday of one region.
        RegionalHoliday = "regional_holiday",
    }
}

names! {
    /// A day of the week whose hours another day has.
    DayName {
        Monday = "monday",
        Tuesday = "tuesday",
        Wednesday = "wednesday",
        Thursday = "thursday",
        Friday = "friday",
        Saturday = "saturday",
        Sunday = "sunday",
    }
}

/// Local dates with hours of their own, as they are written: a holiday, a short day, a working Saturday.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exception {
    /// First local date.
    pub from: Date,
    /// Last local date; absent for a single day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Date>,
    /// What people call it; shown in explanations.
    pub label: String,
    /// Absent for a day that is none of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day: Option<DayKind>,
    /// The weekday whose hours it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub like: Option<DayName>,
    /// How much earlier than otherwise it ends, in whole minutes of opening hours.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "compact")]
    pub shorter_by: Option<SignedDuration>,
    /// Hours instead of the weekday's; none means closed, unless the other fields say otherwise.
    #[serde(default, skip_serializing_if = "Hours::is_closed")]
    pub hours: Hours,
}

/// Local dates with hours of their own, as they come out for one calendar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpecialDates {
    /// First local date.
    pub from: Date,
    /// Last local date.
    pub to: Date,
    pub label: String,
    pub day: Option<DayKind>,
    pub hours: Hours,
}

// === impl Exception ===

impl Exception {
    /// The last local date.
    pub fn last(&self) -> Date {
        self.to.unwrap_or(self.from)
    }

    /// What is left of it on both sides of other dates; all of it when it has none of them.
    pub(crate) fn without(&self, from: Date, last: Date) -> Vec<Self> {
        if last < from || last < self.from || self.last() < from {
            return vec![self.clone()];
        }
        // A date past the end of time is no date that anything is left on.
        let before = from.yesterday().ok().filter(|end| *end >= self.from).map(|end| (self.from, end));
        let after = last.tomorrow().ok().filter(|begin| *begin <= self.last()).map(|begin| (begin, self.last()));
        let parts = before.into_iter().chain(after);
        parts.map(|(from, to)| Self { from, to: (to > from).then_some(to), ..self.clone() }).collect()
    }

    /// The hours that come out under a week.
    pub(crate) fn resolve(&self, week: &Week) -> Result<SpecialDates, String> {
        let refuse = |why: &str| {
            let day = self.day.map_or("exception", DayKind::as_str);
            Err(format!("the {day} {:?} of {}: {why}", self.label, self.from))
        };
        if self.last() < self.from {
            return refuse("ends before it begins");
        }
        let shorter_by = match self.shorter_by.map(whole_minutes) {
            Some(None) => return refuse("shorter_by is whole minutes of one day, more than none"),
            Some(minutes) => minutes,
            None => None,
        };
        let hours = match (self.day, self.like, shorter_by) {
            (None | Some(DayKind::Holiday | DayKind::TransferredHoliday | DayKind::RegionalHoliday), None, None) => {
                return Ok(self.with(self.hours.clone()));
            }
            (Some(DayKind::ShortDay), None, Some(_)) if self.to.is_some() => {
                return refuse("a short day is one date, because its weekday says how long it is");
            }
            (Some(DayKind::ShortDay), None, Some(_)) if self.hours.is_closed() => week.on(self.from.weekday()),
            (Some(DayKind::ShortDay), ..) => {
                return refuse("a short day has shorter_by and nothing else; a worked weekend is a working_weekend");
            }
            (Some(DayKind::WorkingWeekend), ..) if !self.is_on_weekend() => {
                return refuse("a working weekend lies on Saturdays and Sundays");
            }
            (Some(DayKind::WorkingWeekend), Some(like), _) if self.hours.is_closed() => week.on(like.into()),
            (Some(DayKind::WorkingWeekend), None, None) if !self.hours.is_closed() => &self.hours,
            (Some(DayKind::WorkingWeekend), ..) => {
                return refuse("a working weekend has hours, or like and perhaps shorter_by");
            }
            _ => return refuse("like and shorter_by are for short days and working weekends"),
        };
        match hours.shortened(shorter_by.unwrap_or(0)) {
            Some(hours) => Ok(self.with(hours)),
            None => refuse("it would be closed altogether"),
        }
    }

    fn with(&self, hours: Hours) -> SpecialDates {
        SpecialDates { from: self.from, to: self.last(), label: self.label.clone(), day: self.day, hours }
    }

    fn is_on_weekend(&self) -> bool {
        let mut dates = self.from.series(jiff::Span::new().days(1)).take_while(|date| *date <= self.last());
        dates.all(|date| matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday))
    }
}

/// Minutes within a day; `None` for anything else.
fn whole_minutes(time: SignedDuration) -> Option<u16> {
    let minutes = u16::try_from(time.as_mins()).ok().filter(|minutes| (1..24 * 60).contains(minutes))?;
    (SignedDuration::from_mins(minutes.into()) == time).then_some(minutes)
}

impl From<DayName> for Weekday {
    fn from(name: DayName) -> Self {
        match name {
            DayName::Monday => Self::Monday,
            DayName::Tuesday => Self::Tuesday,
            DayName::Wednesday => Self::Wednesday,
            DayName::Thursday => Self::Thursday,
            DayName::Friday => Self::Friday,
            DayName::Saturday => Self::Saturday,
            DayName::Sunday => Self::Sunday,
        }
    }
}
