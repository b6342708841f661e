//! A year of special days from an iCalendar file, put into a calendar.
//!
//! ```text
//! calendar      | 2026: decree 1466 | 2027: Labour Code, provisional | (horizon)
//! file          |                   | 2027: the decree, at last      |
//! next version  | 2026: decree 1466 | 2027: the file's days alone    | (horizon)
//! ```
//!
//! One year at a time, because that is how days off are decreed, and with its source, because somebody will ask for it. The year's
//! days become the file's alone: a day that the file does not have is not special any more. The year after the horizon moves the
//! horizon to its end.

use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::{CalendarData, Invalid, PolicySet, Year, ics};

/// What is to be put where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// Id of the calendar.
    pub calendar: String,
    /// The iCalendar file. Days of other years in it are left out.
    pub text: String,
    pub year: i16,
    /// The act that the days were published in.
    pub source: String,
    /// The act is still to come.
    pub provisional: bool,
}

impl PolicySet {
    /// The document that publishes the calendar's next version, with the file's days: for [`revised`](Self::revised).
    ///
    /// # Errors
    /// There is no such calendar, the year does not follow what it knows, or the file can't be read: [`Invalid`] says why.
    pub fn imported(&self, import: &Import) -> Result<String, Invalid> {
        let Import { calendar: id, text, year, source, provisional } = import;
        let refuse = |what: String| Invalid::Calendar { id: id.clone(), what };
        let known = self.calendar(id).ok_or_else(|| refuse("there is none to be imported to".into()))?;
        let edge = |month, day| Date::new(*year, month, day).map_err(|_| refuse(format!("{year} is no year")));
        let (first, last) = (edge(1, 1)?, edge(12, 31)?);

        let mut next: CalendarData = known.data().clone();
        next.version = next.version.saturating_add(1);
        // What it reaches by a base or a later version is not its own to move.
        if let Some(horizon) = next.horizon.filter(|horizon| *horizon < last) {
            if horizon.tomorrow().ok() != Some(first) {
                return Err(refuse(format!("its horizon is {horizon}, which {year} does not follow")));
            }
            next.horizon = Some(last);
        }
        next.exceptions = next.exceptions.iter().flat_map(|day| day.without(first, last)).collect();
        next.exceptions.extend(ics::days(text, Some(first), Some(last))?);
        if !next.years.is_empty() {
            next.years.retain(|known| known.year != *year);
            next.years.push(Year { year: *year, source: source.clone(), provisional: *provisional });
        }
        next.sort();
        toml::to_string(&BTreeMap::from([("calendar", [next])])).map_err(|fault| Invalid::Text(fault.to_string()))
    }
}
