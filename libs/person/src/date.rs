//! Dates of people's lives.

use jiff::civil::{Date, date};

/// Nobody who files an appeal was born, and no passport issued, before.
const EARLIEST: Date = date(1900, 1, 1);

/// A date of birth: personal.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct BirthDate(Date);

const RULE: &str = "must be a full date from 1900-01-01 to today";

impl BirthDate {
    /// Checks a date; `today` is the day it is now where the applicant is.
    pub fn parse(year: i32, month: i32, day: i32, today: Date) -> Result<Self, &'static str> {
        let part = |value| i8::try_from(value).map_err(|_| RULE);
        let year = i16::try_from(year).map_err(|_| RULE)?;
        let date = Date::new(year, part(month)?, part(day)?).map_err(|_| RULE)?;
        if date < EARLIEST || date > today { Err(RULE) } else { Ok(Self(date)) }
    }

    /// One that was checked before, out of the store.
    pub fn stored(date: Date) -> Self {
        Self(date)
    }

    /// The date itself: personal.
    pub fn expose(self) -> Date {
        self.0
    }
}

impl std::fmt::Debug for BirthDate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("BirthDate(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_real_days_up_to_today() {
        let today = date(2026, 3, 1);
        assert_eq!(BirthDate::parse(1990, 2, 28, today).unwrap().expose(), date(1990, 2, 28));
        assert!(BirthDate::parse(2026, 3, 1, today).is_ok());
        for (year, month, day) in [(1990, 2, 29), (2026, 3, 2), (1899, 12, 31), (1990, 0, 0), (1990, 300, 1), (0, 1, 1)]
        {
            assert_eq!(BirthDate::parse(year, month, day, today).unwrap_err(), RULE);
        }
    }
}
