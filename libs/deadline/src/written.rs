//! A calendar as it is written, and how it becomes one that can be computed with.
//!
//! A regional calendar takes from its base what it does not give itself, and its own dates win:
//!
//! ```text
//! base          [  1-8 January: New Year  ]        [23 February]
//! own                    [6 January: short]                        [1 June: republic's day]
//! comes out     [1-5 January][6 January][7-8 January][23 February] [1 June]
//! ```
//!
//! What is kept and hashed is the written text, never what comes out of it.

use jiff::{
    civil::Date,
    tz::{TimeZone, TimeZoneDatabase},
};
use serde::{Deserialize, Serialize};

use crate::{Exception, Invalid, SpecialDates, Week};

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
    /// Id of the calendar of the same set that it takes from what it does not give itself: all but the zone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
    /// First local date that the calendar knows: nothing is computed from an earlier start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Date>,
    /// Last local date that the calendar knows: nothing is computed past it, because its holidays are not published yet.
    /// Absent where nothing has to be published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub horizon: Option<Date>,
    /// Where the days of each year come from; none, or every year that the calendar knows.
    #[serde(default, skip_serializing_if = "Vec::is_empty", rename = "year")]
    pub years: Vec<Year>,
    /// Left out only by a calendar that has its base's.
    #[serde(default, skip_serializing_if = "Week::is_closed")]
    pub week: Week,
    #[serde(default, skip_serializing_if = "Vec::is_empty", rename = "exception")]
    pub exceptions: Vec<Exception>,
}

/// Where the special days of a year come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Year {
    pub year: i16,
    /// The act that they were published in.
    pub source: String,
    /// The act is still to come: days off may yet be moved.
    #[serde(default, skip_serializing_if = "is_false")]
    pub provisional: bool,
}

/// What comes out of a written calendar and its base.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Resolved {
    pub zone: TimeZone,
    pub from: Option<Date>,
    pub horizon: Option<Date>,
    /// In order.
    pub years: Vec<Year>,
    pub week: Week,
    /// By date and disjoint, with the hours that come out, so that a walk computes none.
    pub special: Vec<SpecialDates>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_false(flag: &bool) -> bool {
    !flag
}

/// The zone of the compiled-in database.
pub(crate) fn zone(id: &str, name: &str) -> Result<TimeZone, Invalid> {
    TimeZoneDatabase::bundled().get(name).map_err(|_| Invalid::Calendar {
        id: id.into(),
        what: format!("the time zone {name:?} is not in the compiled-in database"),
    })
}

// === impl CalendarData ===

impl CalendarData {
    /// Puts what is written in order, so that the same calendar is always the same text.
    pub(crate) fn sort(&mut self) {
        self.exceptions.sort_by_key(|exception| exception.from);
        self.years.sort_by_key(|year| year.year);
    }

    /// What comes out of it. `base` is the calendar that it names, which has none itself.
    pub(crate) fn resolve(&self, base: Option<&Self>) -> Result<Resolved, Invalid> {
        if !crate::is_id(&self.id) {
            return Err(self.invalid("the id is not lower snake case"));
        }
        let zone = zone(&self.id, &self.zone)?;
        let week = match base {
            Some(base) if self.week.is_closed() => &base.week,
            _ => &self.week,
        };
        if week.is_closed() {
            return Err(self.invalid("no weekday has hours, so no term would ever end"));
        }
        let from = self.from.or_else(|| base.and_then(|base| base.from));
        let horizon = self.horizon.or_else(|| base.and_then(|base| base.horizon));
        if let Some((from, horizon)) = from.zip(horizon).filter(|(from, horizon)| from > horizon) {
            return Err(self.invalid(format!("it begins on {from}, after its horizon {horizon}")));
        }
        let years = self.years(base, from, horizon)?;
        let exceptions = self.exceptions(base);
        let special: Result<Vec<_>, _> = exceptions.iter().map(|exception| exception.resolve(week)).collect();
        let special = special.map_err(|what| self.invalid(what))?;
        if let Some(pair) = special.windows(2).find(|pair| pair[1].from <= pair[0].to) {
            return Err(self.invalid(format!("the exceptions {:?} and {:?} overlap", pair[0].label, pair[1].label)));
        }
        Ok(Resolved { zone, from, horizon, years, week: week.clone(), special })
    }

    /// Its own years, and those of the base that it has no word on and that it knows.
    fn years(&self, base: Option<&Self>, from: Option<Date>, horizon: Option<Date>) -> Result<Vec<Year>, Invalid> {
        let inherited = base.into_iter().flat_map(|base| &base.years).filter(|inherited| {
            from.is_none_or(|from| inherited.year >= from.year())
                && horizon.is_none_or(|horizon| inherited.year <= horizon.year())
                && self.years.iter().all(|own| own.year != inherited.year)
        });
        let mut years: Vec<Year> = self.years.iter().chain(inherited).cloned().collect();
        years.sort_by_key(|year| year.year);
        let (Some(first), Some(last)) = (years.first(), years.last()) else { return Ok(years) };
        if let Some(year) = years.iter().find(|year| year.source.trim().is_empty()) {
            return Err(self.invalid(format!("the year {} has no source", year.year)));
        }
        if let Some(pair) = years.windows(2).find(|pair| Some(pair[1].year) != pair[0].year.checked_add(1)) {
            let (one, other) = (pair[0].year, pair[1].year);
            return Err(self.invalid(format!("the years {one} and {other} do not follow each other")));
        }
        let wrong = [(first, from, "begins"), (last, horizon, "ends")].into_iter().find_map(|(year, edge, verb)| {
            edge.filter(|edge| edge.year() != year.year).map(|edge| (year.year, edge, verb))
        });
        match wrong {
            Some((year, edge, verb)) => {
                Err(self
                    .invalid(format!("it {verb} on {edge}, and its years {} with {year}", verb.trim_end_matches('s'))))
            }
            None => Ok(years),
        }
    }

    /// Its own exceptions, and what they leave of the base's; by date.
    fn exceptions(&self, base: Option<&Self>) -> Vec<Exception> {
        let mut all = self.exceptions.clone();
        for inherited in base.into_iter().flat_map(|base| &base.exceptions) {
            let mut rest = vec![inherited.clone()];
            for own in &self.exceptions {
                rest = rest.iter().flat_map(|part| part.without(own.from, own.last())).collect();
            }
            all.extend(rest);
        }
        all.sort_by_key(|exception| exception.from);
        all
    }

    fn invalid(&self, what: impl Into<String>) -> Invalid {
        Invalid::Calendar { id: self.id.clone(), what: what.into() }
    }
}
