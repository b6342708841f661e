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

use jiff::{
    Timestamp,
    civil::Date,
    tz::{AmbiguousOffset, TimeZone, TimeZoneDatabase},
};
use serde::{Deserialize, Serialize};

use crate::{Exception, Hours, Invalid, Refused, SpecialDates, Week};

/// A published version of a calendar. It never changes; other hours are another version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "CalendarData", into = "CalendarData")]
pub struct Calendar {
    data: CalendarData,
    zone: TimeZone,
    /// By date and disjoint, with the hours that come out, so that a walk computes none.
    special: Vec<SpecialDates>,
}

/// What a calendar says, as it is written in TOML and kept in a database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalendarData {
    /// `support`, `working_days`: lower snake case.
    pub id: String,
    /// Counts from 1, one more for every change.
    pub version: u32,
    /// IANA name of the zone whose wall clock the hours mean.
    pub zone: String,
    /// Last local date that the calendar knows: nothing is computed past it, because its holidays are not published yet.
    /// Absent where nothing has to be published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub horizon: Option<Date>,
    pub week: Week,
    #[serde(default, skip_serializing_if = "Vec::is_empty", rename = "exception")]
    pub exceptions: Vec<Exception>,
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
        &self.zone
    }

    /// Last local date covered; `None` when nothing has to be published.
    pub fn horizon(&self) -> Option<Date> {
        self.data.horizon
    }

    /// Everything the calendar says.
    pub fn data(&self) -> &CalendarData {
        &self.data
    }

    /// The local date of an instant.
    pub fn date_of(&self, instant: Timestamp) -> Date {
        self.zone.to_datetime(instant).date()
    }

    /// Every run of dates with hours of its own, by date.
    pub fn special_dates(&self) -> &[SpecialDates] {
        &self.special
    }

    /// Hours of a local date, with the label of the exception that sets them.
    ///
    /// # Errors
    /// [`Refused::PastHorizon`].
    pub fn hours_on(&self, date: Date) -> Result<(&Hours, Option<&str>), Refused> {
        let (hours, special) = self.day(date)?;
        Ok((hours, special.map(|special| special.label.as_str())))
    }

    /// Hours of a local date, with all that is known of it if they are not its weekday's.
    ///
    /// # Errors
    /// [`Refused::PastHorizon`].
    pub fn day(&self, date: Date) -> Result<(&Hours, Option<&SpecialDates>), Refused> {
        if let Some(horizon) = self.data.horizon.filter(|horizon| date > *horizon) {
            return Err(Refused::PastHorizon { calendar: self.data.id.clone(), horizon });
        }
        let after = self.special.partition_point(|special| special.from <= date);
        let special = self.special[..after].last().filter(|special| date <= special.to);
        Ok((special.map_or_else(|| self.data.week.on(date.weekday()), |special| &special.hours), special))
    }

    /// The first instant at which the wall shows `minute` of `date` or a later time; `minute` 1440 is the next midnight.
    pub(crate) fn instant(&self, date: Date, minute: u16) -> Result<Timestamp, Refused> {
        let (hours, minutes) = (minute / 60, minute % 60);
        let midnight = |date: Date| date.at(0, 0, 0, 0);
        let local = match (i8::try_from(hours), i8::try_from(minutes)) {
            (Ok(hours @ 0..24), Ok(minutes)) => date.at(hours, minutes, 0, 0),
            _ => midnight(date.tomorrow().map_err(|_| Refused::OutOfRange)?),
        };
        let ambiguous = self.zone.to_ambiguous_timestamp(local);
        match ambiguous.offset() {
            AmbiguousOffset::Gap { .. } => {
                let before = ambiguous.earlier().map_err(|_| Refused::OutOfRange)?;
                self.zone.following(before).next().map(|jump| jump.timestamp()).ok_or(Refused::OutOfRange)
            }
            _ => ambiguous.earlier().map_err(|_| Refused::OutOfRange),
        }
    }
}

impl TryFrom<CalendarData> for Calendar {
    type Error = Invalid;

    fn try_from(mut data: CalendarData) -> Result<Self, Invalid> {
        let refuse = |what: String| Err(Invalid::Calendar { id: data.id.clone(), what });
        if !crate::is_id(&data.id) {
            return refuse("the id is not lower snake case".into());
        }
        let Ok(zone) = TimeZoneDatabase::bundled().get(&data.zone) else {
            return refuse(format!("the time zone {:?} is not in the compiled-in database", data.zone));
        };
        if data.week.is_closed() {
            return refuse("no weekday has hours, so no term would ever end".into());
        }
        data.exceptions.sort_by_key(|exception| exception.from);
        let special: Result<Vec<_>, _> =
            data.exceptions.iter().map(|exception| exception.resolve(&data.week)).collect();
        let special = match special {
            Ok(special) => special,
            Err(what) => return refuse(what),
        };
        if let Some(pair) = data.exceptions.windows(2).find(|pair| pair[1].from <= pair[0].last()) {
            return refuse(format!("the exceptions {:?} and {:?} overlap", pair[0].label, pair[1].label));
        }
        Ok(Self { data, zone, special })
    }
}

impl From<Calendar> for CalendarData {
    fn from(calendar: Calendar) -> Self {
        calendar.data
    }
}
