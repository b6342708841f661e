//! The taxpayer number (ИНН) of a person.

use super::{digits, personal, text_of};

personal! {
    /// Taxpayer number of a person: 12 digits, the last two each a check over those before (T3). Ten digits belong to firms.
    Inn
}

const RULE: &str = "must be 12 digits";
const CHECK: &str = "the check digits do not fit";

const FIRST: [u32; 10] = [7, 2, 4, 10, 3, 5, 9, 4, 6, 8];
const SECOND: [u32; 11] = [3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8];

impl Inn {
    /// Reads a number as typed.
    pub fn parse(typed: &str) -> Result<Self, &'static str> {
        let digits = digits(typed).filter(|digits| digits.len() == 12).ok_or(RULE)?;
        if digits.iter().all(|&digit| digit == 0) {
            return Err(RULE);
        }
        if digits[10] != check(&digits, &FIRST) || digits[11] != check(&digits, &SECOND) {
            return Err(CHECK);
        }
        Ok(Self(text_of(&digits).into()))
    }
}

fn check(digits: &[u8], weights: &[u32]) -> u8 {
    let sum: u32 = digits.iter().zip(weights).map(|(&digit, weight)| u32::from(digit) * weight).sum();
    // Below 10 after the remainder, so nothing is cut off.
    (sum % 11 % 10) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_numbers_are_read() {
        for typed in ["500100732259", "5001 0073 2259", "366512608416"] {
            assert!(Inn::parse(typed).is_ok(), "{typed}");
        }
    }

    #[test]
    fn any_other_digit_is_refused() {
        let good = *b"500100732259";
        for at in 0..12 {
            for digit in b'0'..=b'9' {
                let mut other = good;
                other[at] = digit;
                let other = std::str::from_utf8(&other).unwrap().to_owned();
                assert_eq!(Inn::parse(&other).is_ok(), other.as_bytes() == good, "{other}");
            }
        }
    }

    #[test]
    fn a_firms_number_is_refused() {
        assert_eq!(Inn::parse("7707083893").unwrap_err(), RULE);
        assert_eq!(Inn::parse("000000000000").unwrap_err(), RULE);
    }
}
