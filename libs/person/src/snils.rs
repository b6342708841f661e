//! The insurance number (СНИЛС).

use super::{digits, personal, text_of};

personal! {
    /// Insurance number: 11 digits, the last two a check over the first nine (T3). Kept as digits.
    Snils
}

const RULE: &str = "must be 11 digits, with or without spaces and hyphens";
const CHECK: &str = "the check digits do not fit";

/// Numbers up to 001-001-998 were issued before there were check digits.
const FIRST_CHECKED: u32 = 1_001_998;

impl Snils {
    /// Reads a number as typed: `112-233-445 95`.
    pub fn parse(typed: &str) -> Result<Self, &'static str> {
        let digits = digits(typed).filter(|digits| digits.len() == 11).ok_or(RULE)?;
        let (body, check) = digits.split_at(9);
        let number = body.iter().fold(0, |number, &digit| number * 10 + u32::from(digit));
        if number == 0 {
            return Err(RULE);
        }
        let sum: u32 = body.iter().zip((1..=9).rev()).map(|(&digit, weight)| u32::from(digit) * weight).sum();
        // 100 has no two digits and counts as 0, as does 101 % 101.
        let expected = sum % 101 % 100;
        let given = u32::from(check[0]) * 10 + u32::from(check[1]);
        if number > FIRST_CHECKED && given != expected {
            return Err(CHECK);
        }
        Ok(Self(text_of(&digits).into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_examples_are_read_in_every_form() {
        for typed in ["112-233-445 95", "11223344595", "112 233 445 95"] {
            assert_eq!(Snils::parse(typed).unwrap().expose(), "11223344595");
        }
        // Sums of 201 and 202: 100 and 0 modulo 101, and both give 00.
        assert!(Snils::parse("087-654-302 00").is_ok());
        assert!(Snils::parse("087-654-303 00").is_ok());
        assert_eq!(Snils::parse("087-654-304 00").unwrap_err(), CHECK);
    }

    #[test]
    fn a_wrong_digit_or_length_is_refused() {
        assert_eq!(Snils::parse("112-233-445 96").unwrap_err(), CHECK);
        assert_eq!(Snils::parse("112-233-445 9").unwrap_err(), RULE);
        assert_eq!(Snils::parse("112-233-445 9x").unwrap_err(), RULE);
        assert_eq!(Snils::parse("000-000-000 00").unwrap_err(), RULE);
    }
}
