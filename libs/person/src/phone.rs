//! Phone numbers.

use phonenumber::{Mode, country};

use super::personal;

personal! {
    /// A phone number, kept as E.164: `+79161234567` (T3).
    Phone
}

const RULE: &str = "must be a phone number, such as +7 916 123-45-67 or 8 (916) 123-45-67";

impl Phone {
    /// Reads a number as typed: `8…`, `7…`, spaces, hyphens and brackets; without `+` a Russian one.
    pub fn parse(typed: &str) -> Result<Self, &'static str> {
        let typed = typed.trim();
        let digits: String = typed.chars().filter(char::is_ascii_digit).collect();
        let plain = |c: char| c.is_ascii_digit() || matches!(c, ' ' | '\u{a0}' | '-' | '(' | ')' | '.');
        if !typed.strip_prefix('+').unwrap_or(typed).chars().all(plain) {
            return Err(RULE);
        }
        // The national prefix is 8, and 7 is the country without its plus; the crate takes 7916… for a national number.
        let international = match (typed.starts_with('+'), digits.len(), digits.as_bytes().first()) {
            (true, _, _) => format!("+{digits}"),
            (false, 11, Some(b'7' | b'8')) => format!("+7{}", &digits[1..]),
            (false, 10, Some(b'3'..=b'9')) => format!("+7{digits}"),
            _ => return Err(RULE),
        };
        let number = phonenumber::parse(Some(country::RU), international).map_err(|_| RULE)?;
        if !phonenumber::is_valid(&number) {
            return Err(RULE);
        }
        Ok(Self(number.format().mode(Mode::E164).to_string().into()))
    }

    /// Reads the numbering plans of all countries in the background, of which the first number would have to wait a tenth of a second.
    pub fn get_ready() {
        std::thread::spawn(|| drop(Self::parse("+79161234567")));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_of_writing_gives_the_same_number() {
        for typed in [
            "+79161234567",
            "89161234567",
            "79161234567",
            "9161234567",
            "8 (916) 123-45-67",
            " +7 916 123 45 67 ",
            "8-916-123-45-67",
        ] {
            assert_eq!(
                Phone::parse(typed).map(|phone| phone.expose().to_owned()),
                Ok("+79161234567".into()),
                "{typed}"
            );
        }
    }

    #[test]
    fn foreign_numbers_need_their_plus() {
        assert_eq!(Phone::parse("+375 29 123-45-67").unwrap().expose(), "+375291234567");
        assert_eq!(Phone::parse("375291234567").unwrap_err(), RULE);
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for typed in ["", "+", "123", "+7916123456", "+791612345678", "8916123456x", "call me", "++79161234567"] {
            assert_eq!(Phone::parse(typed).unwrap_err(), RULE, "{typed}");
        }
    }
}
