//! The internal passport.

use jiff::civil::Date;

use super::{BirthDate, digits, text_of};

/// An internal passport: four digits and six (T3).
#[derive(Clone, PartialEq, Eq)]
pub struct Passport {
    series: sealed::Personal,
    number: sealed::Personal,
    issue_date: Option<Date>,
}

const SERIES: &str = "must be 4 digits";
const NUMBER: &str = "must be 6 digits";

impl Passport {
    /// Reads the series, such as `45 12`.
    pub fn parse_series(typed: &str) -> Result<sealed::Personal, &'static str> {
        exactly(4, typed).ok_or(SERIES)
    }

    /// Reads the number, such as `123456`.
    pub fn parse_number(typed: &str) -> Result<sealed::Personal, &'static str> {
        exactly(6, typed).ok_or(NUMBER)
    }

    /// Reads both. The issue date has no rule that needs the others.
    pub fn parse(series: &str, number: &str, issue_date: Option<Date>) -> Result<Self, &'static str> {
        Ok(Self { series: Self::parse_series(series)?, number: Self::parse_number(number)?, issue_date })
    }

    /// Four digits: personal.
    pub fn series(&self) -> &str {
        self.series.expose()
    }

    /// Six digits: personal.
    pub fn number(&self) -> &str {
        self.number.expose()
    }

    /// Date of issue: personal.
    pub fn issue_date(&self) -> Option<Date> {
        self.issue_date
    }

    /// The rule of dates of issue: as for dates of birth, some day up to today.
    pub fn parse_issue_date(year: i32, month: i32, day: i32, today: Date) -> Result<Date, &'static str> {
        BirthDate::parse(year, month, day, today).map(BirthDate::expose)
    }
}

impl std::fmt::Debug for Passport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Passport(..)")
    }
}

fn exactly(count: usize, typed: &str) -> Option<sealed::Personal> {
    digits(typed).filter(|digits| digits.len() == count).map(|digits| text_of(&digits).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_and_number_have_their_lengths() {
        let passport = Passport::parse("45 12", "123456", None).unwrap();
        assert_eq!((passport.series(), passport.number()), ("4512", "123456"));
        assert_eq!(Passport::parse("451", "123456", None).unwrap_err(), SERIES);
        assert_eq!(Passport::parse("4512", "12345", None).unwrap_err(), NUMBER);
        assert_eq!(Passport::parse("4512", "12345a", None).unwrap_err(), NUMBER);
        assert_eq!(format!("{passport:?}"), "Passport(..)");
    }
}
