//! A working calendar: which instants are working time (`L2`).
//!
//! Hours are local to an IANA zone of the database that is compiled in, so a due time is the same on every machine whatever
//! its image has. A local time of the wall is turned into an instant by one rule, which keeps order and leaves no hole on
//! any day: *the first instant at which the wall shows that time or a later one.* Hence
//!
//! ```text
//! ordinary    09:00            the one instant of that name
//! gap         02:30            the instant of the jump (02:00 -> 03:00); an interval inside the gap is empty that day
//! fold        02:30            the first of the two; an interval across the fold is an hour longer that day
//! 24:00                        00:00 of the next local date, 23 or 25 hours after midnight where the clocks turn
//! ```

use std::sync::Arc;

use jiff::{
    Timestamp,
    civil::Date,
    tz::{AmbiguousOffset, TimeZone},
};
use serde::{Deserialize, Serialize};

use crate::{
    CalendarData, Hours, Invalid, Refused, SpecialDates, Suspension, Week, Year,
    written::{self, Resolved},
};

/// A published version of a calendar. It never changes; other hours are another version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "CalendarData", into = "CalendarData")]
pub struct Calendar {
    data: CalendarData,
    resolved: Resolved,
    /// A later version, for the days after the horizon.
    later: Option<Arc<Calendar>>,
    /// Of its set: they stop every clock.
    outages: Vec<Suspension>,
}

impl Calendar {
    /// Lower snake case name.
    pub fn id(&self) -> &str {
        &self.data.id
    }

    /// Counts from 1.
    pub fn version(&self) -> u32 {
        self.data.version
    }

    /// The zone whose wall clock the hours mean.
    pub fn zone(&self) -> &TimeZone {
        &self.resolved.zone
    }

    /// Last local date covered, by itself or by the version that [continues](Self::continued_by) it; `None` when nothing has to be
    /// published.
    pub fn horizon(&self) -> Option<Date> {
        self.later.as_ref().map_or(self.resolved.horizon, |later| later.horizon())
    }

    /// The instant at which the last local date covered ends.
    pub fn horizon_end(&self) -> Option<Timestamp> {
        self.instant(self.horizon()?, 24 * 60).ok()
    }

    /// The same calendar with the days after its horizon as a later version has them. What it says itself stays: a term that was promised
    /// by it moves only where it could not be computed at all, such as one that was paused until after the last day known at its filing.
    #[must_use]
    pub fn continued_by(&self, later: &Self) -> Self {
        let reaches_further = match (self.resolved.horizon, later.horizon()) {
            (Some(own), Some(further)) => own < further,
            (Some(_), None) => true,
            (None, _) => false,
        };
        let later = (reaches_further && later.id() == self.id()).then(|| Arc::new(later.clone()));
        Self { later, ..self.clone() }
    }

    /// The same calendar with the outages of its set.
    #[must_use]
    pub(crate) fn with_outages(self, outages: Vec<Suspension>) -> Self {
        Self { outages, ..self }
    }

    /// Stretches that count for no clock, by the set that it is of.
    pub fn outages(&self) -> &[Suspension] {
        &self.outages
    }

    /// The later version that a date is taken from.
    pub fn later_on(&self, date: Date) -> Option<&Self> {
        self.later.as_deref().filter(|_| self.resolved.horizon.is_some_and(|horizon| date > horizon))
    }

    /// First local date covered; `None` when it was always so.
    pub fn from(&self) -> Option<Date> {
        self.resolved.from
    }

    /// The years whose sources are told, in order; none, or all that it covers.
    pub fn years(&self) -> &[Year] {
        &self.resolved.years
    }

    /// Where the days of a year come from.
    pub fn year(&self, year: i16) -> Option<&Year> {
        self.resolved.years.iter().find(|it| it.year == year)
    }

    /// The hours of its weekdays.
    pub fn week(&self) -> &Week {
        &self.resolved.week
    }

    /// Everything the calendar says itself; what it has from its base is not in it.
    pub fn data(&self) -> &CalendarData {
        &self.data
    }

    /// The local date of an instant.
    pub fn date_of(&self, instant: Timestamp) -> Date {
        self.resolved.zone.to_datetime(instant).date()
    }

    /// Every run of dates with hours of its own, by date.
    pub fn special_dates(&self) -> &[SpecialDates] {
        &self.resolved.special
    }

    /// Hours of a local date, with the label of the exception that sets them.
    ///
    /// # Errors
    /// [`Refused::BeforeValidity`], [`Refused::PastHorizon`].
    pub fn hours_on(&self, date: Date) -> Result<(&Hours, Option<&str>), Refused> {
        let (hours, special) = self.day(date)?;
        Ok((hours, special.map(|special| special.label.as_str())))
    }

    /// Hours of a local date, with all that is known of it if they are not its weekday's.
    ///
    /// # Errors
    /// [`Refused::BeforeValidity`], [`Refused::PastHorizon`].
    pub fn day(&self, date: Date) -> Result<(&Hours, Option<&SpecialDates>), Refused> {
        let Resolved { from, horizon, week, special, .. } = &self.resolved;
        if let Some(from) = from.filter(|from| date < *from) {
            return Err(Refused::BeforeValidity { calendar: self.data.id.clone(), from });
        }
        if let Some(later) = self.later_on(date) {
            return later.day(date);
        }
        if let Some(horizon) = horizon.filter(|horizon| date > *horizon) {
            return Err(Refused::PastHorizon { calendar: self.data.id.clone(), horizon });
        }
        let after = special.partition_point(|special| special.from <= date);
        let special = special[..after].last().filter(|special| date <= special.to);
        Ok((special.map_or_else(|| week.on(date.weekday()), |special| &special.hours), special))
    }

    /// The first instant at which the wall shows `minute` of `date` or a later time; `minute` 1440 is the next midnight.
    pub(crate) fn instant(&self, date: Date, minute: u16) -> Result<Timestamp, Refused> {
        let (hours, minutes) = (minute / 60, minute % 60);
        let midnight = |date: Date| date.at(0, 0, 0, 0);
        let local = match (i8::try_from(hours), i8::try_from(minutes)) {
            (Ok(hours @ 0..24), Ok(minutes)) => date.at(hours, minutes, 0, 0),
            _ => midnight(date.tomorrow().map_err(|_| Refused::OutOfRange)?),
        };
        let ambiguous = self.resolved.zone.to_ambiguous_timestamp(local);
        match ambiguous.offset() {
            AmbiguousOffset::Gap { .. } => {
                let before = ambiguous.earlier().map_err(|_| Refused::OutOfRange)?;
                self.resolved.zone.following(before).next().map(|jump| jump.timestamp()).ok_or(Refused::OutOfRange)
            }
            _ => ambiguous.earlier().map_err(|_| Refused::OutOfRange),
        }
    }

    /// The same hours by the wall of another zone, such as the applicant's. It has no other id: what is promised is the same.
    ///
    /// # Errors
    /// [`Invalid::Calendar`] when the compiled-in database has no zone of that IANA name.
    pub fn in_zone(&self, zone: &str) -> Result<Self, Invalid> {
        let mut moved = self.clone();
        moved.resolved.zone = written::zone(self.id(), zone)?;
        zone.clone_into(&mut moved.data.zone);
        Ok(moved)
    }

    /// The calendar that is written; `base` is the one it names.
    pub(crate) fn new(mut data: CalendarData, base: Option<&CalendarData>) -> Result<Self, Invalid> {
        data.sort();
        let resolved = data.resolve(base)?;
        Ok(Self { data, resolved, later: None, outages: Vec::new() })
    }
}

impl TryFrom<CalendarData> for Calendar {
    type Error = Invalid;

    fn try_from(data: CalendarData) -> Result<Self, Invalid> {
        match &data.base {
            Some(base) => {
                let what = format!("it is based on {base:?} and can only be read in a set that has both");
                Err(Invalid::Calendar { id: data.id, what })
            }
            None => Self::new(data, None),
        }
    }
}

impl From<Calendar> for CalendarData {
    fn from(calendar: Calendar) -> Self {
        calendar.data
    }
}
