//! Opening hours of one day and of one week, in local time.

use std::{fmt, str::FromStr};

use jiff::civil::Weekday;
use serde::{Deserialize, Serialize};

/// Minutes of a day on the wall; 1440 is 24:00, the end of the day.
const DAY: u16 = 24 * 60;

/// One half-open opening interval of a local day, `09:00-21:00`: the first minute is open, the last is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Interval {
    from: u16,
    to: u16,
}

impl Interval {
    /// An interval by minutes since local midnight, `from < to <= 1440`.
    ///
    /// # Errors
    /// Text saying which of the two rules is broken.
    pub fn new(from: u16, to: u16) -> Result<Self, String> {
        match (from < to, to <= DAY) {
            (false, _) => Err(format!("opening interval ends before it begins: {}-{}", Clock(from), Clock(to))),
            (_, false) => Err(format!("opening interval goes past 24:00: {}-{}", Clock(from), Clock(to))),
            (true, true) => Ok(Self { from, to }),
        }
    }

    /// Minutes from local midnight to the opening.
    pub fn from(self) -> u16 {
        self.from
    }

    /// Minutes from local midnight to the closing, 1440 for 24:00.
    pub fn to(self) -> u16 {
        self.to
    }
}

/// Every opening interval of one local day, in order and disjoint; none means closed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Interval>", into = "Vec<Interval>")]
pub struct Hours(Vec<Interval>);

impl Hours {
    /// Hours of a day from its intervals in order.
    ///
    /// # Errors
    /// Text naming the two intervals that overlap or stand in the wrong order.
    pub fn new(intervals: Vec<Interval>) -> Result<Self, String> {
        match intervals.windows(2).find(|pair| pair[1].from < pair[0].to) {
            Some(pair) => Err(format!("opening intervals overlap or are out of order: {}, {}", pair[0], pair[1])),
            None => Ok(Self(intervals)),
        }
    }

    /// The intervals, first to last.
    pub fn intervals(&self) -> &[Interval] {
        &self.0
    }

    /// Whether the day is not worked at all.
    pub fn is_closed(&self) -> bool {
        self.0.is_empty()
    }

    /// The same hours with so many opening minutes taken off the end; `None` when nothing is left.
    pub(crate) fn shortened(&self, minutes: u16) -> Option<Self> {
        let mut left = self.0.clone();
        let mut over = minutes;
        while let Some(last) = left.pop() {
            let length = last.to - last.from;
            if length > over {
                left.push(Interval { from: last.from, to: last.to - over });
                return Some(Self(left));
            }
            over -= length;
        }
        None
    }
}

/// Opening hours by weekday (`L2`). A weekday that is left out is closed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Week {
    #[serde(skip_serializing_if = "Hours::is_closed")]
    pub monday: Hours,
    #[serde(skip_serializing_if = "Hours::is_closed")]
    pub tuesday: Hours,
    #[serde(skip_serializing_if = "Hours::is_closed")]
    pub wednesday: Hours,
    #[serde(skip_serializing_if = "Hours::is_closed")]
    pub thursday: Hours,
    #[serde(skip_serializing_if = "Hours::is_closed")]
    pub friday: Hours,
    #[serde(skip_serializing_if = "Hours::is_closed")]
    pub saturday: Hours,
    #[serde(skip_serializing_if = "Hours::is_closed")]
    pub sunday: Hours,
}

impl Week {
    /// The hours of a weekday.
    pub fn on(&self, day: Weekday) -> &Hours {
        match day {
            Weekday::Monday => &self.monday,
            Weekday::Tuesday => &self.tuesday,
            Weekday::Wednesday => &self.wednesday,
            Weekday::Thursday => &self.thursday,
            Weekday::Friday => &self.friday,
            Weekday::Saturday => &self.saturday,
            Weekday::Sunday => &self.sunday,
        }
    }

    /// Whether no weekday is worked; such a week never ends a term.
    pub fn is_closed(&self) -> bool {
        (1..=7).filter_map(|day| Weekday::from_monday_one_offset(day).ok()).all(|day| self.on(day).is_closed())
    }
}

// === text ===

/// Minutes since midnight as `HH:MM`.
struct Clock(u16);

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", Clock(self.from), Clock(self.to))
    }
}

impl FromStr for Interval {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let minutes = |clock: &str| -> Option<u16> {
            let (hours, minutes) = clock.split_once(':')?;
            let digits = |part: &str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
            let (hours, minutes) = (digits(hours).then_some(hours)?, digits(minutes).then_some(minutes)?);
            let (hours, minutes) = (hours.parse::<u16>().ok()?, minutes.parse::<u16>().ok()?);
            (minutes < 60).then_some(hours * 60 + minutes)
        };
        let (from, to) = text
            .split_once('-')
            .and_then(|(from, to)| Some((minutes(from)?, minutes(to)?)))
            .ok_or_else(|| format!("{text:?} is not an opening interval like \"09:00-21:00\""))?;
        Self::new(from, to)
    }
}

impl TryFrom<String> for Interval {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Interval> for String {
    fn from(interval: Interval) -> Self {
        interval.to_string()
    }
}

impl TryFrom<Vec<Interval>> for Hours {
    type Error = String;

    fn try_from(intervals: Vec<Interval>) -> Result<Self, String> {
        Self::new(intervals)
    }
}

impl From<Hours> for Vec<Interval> {
    fn from(hours: Hours) -> Self {
        hours.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_goes_there_and_back() {
        for text in ["09:00-21:00", "00:00-24:00", "23:59-24:00"] {
            assert_eq!(text.parse::<Interval>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn refuses_what_is_no_interval() {
        for text in ["21:00-09:00", "09:00-09:00", "09:00-24:01", "9:00-10:00", "09:60-10:00", "+9:00-10:00", "09:00"] {
            assert!(text.parse::<Interval>().is_err(), "{text}");
        }
    }

    #[test]
    fn refuses_overlapping_intervals_and_accepts_touching_ones() {
        let hours = |texts: &[&str]| Hours::new(texts.iter().map(|text| text.parse().unwrap()).collect());

        assert!(hours(&["09:00-12:00", "11:59-14:00"]).is_err());
        assert!(hours(&["13:00-14:00", "09:00-12:00"]).is_err());
        assert!(hours(&["09:00-12:00", "12:00-14:00"]).is_ok());
    }
}
