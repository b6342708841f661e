//! The number people say and type (T2): `7K3M-9QXT-2R5C`.
//!
//! Eleven random symbols (55 bits) and a check symbol. Random, so it tells nothing of what or how much was filed and can't be
//! counted up; it never authorises anything (peers T-01). The alphabet is Crockford's 32 symbols: no I, L, O, U.
//!
//! The check is a linear one over the field of 32 elements: with the symbols as elements and `a` a generator, the sum of
//! `a^(11-i) * symbol[i]` is zero. Weights are never zero, so any one wrong symbol is caught; they all differ, as `a` has order 31
//! and there are 12 positions, so any two symbols in each other's place are caught, adjacent or not. ISO 7064 does the same
//! only with a 37th symbol that is not in the alphabet.

use std::fmt;

use serde::{Deserialize, Serialize};

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const LENGTH: usize = 12;
const GROUP: usize = 4;

/// An appeal's number, always with a check symbol that fits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Number([u8; LENGTH]);

const RULE: &str = "must be the 12 characters of an appeal number, such as 7K3M-9QXT-2R5C";
const CHECK: &str = "the check character does not fit: a character is wrong or in another's place";

impl Number {
    /// The number of 55 random bits; higher ones are ignored.
    pub fn from_random(bits: u64) -> Self {
        let mut values = [0; LENGTH];
        for (at, value) in values[..LENGTH - 1].iter_mut().enumerate() {
            // Five bits fit in a byte.
            *value = (bits >> (5 * at) & 31) as u8;
        }
        values[LENGTH - 1] = times_a(remainder(&values[..LENGTH - 1]));
        Self(values.map(|value| ALPHABET[usize::from(value)]))
    }

    /// Reads a number as typed: any case, with spaces and hyphens, O for 0, I and L for 1, and Cyrillic letters that look like Latin
    /// ones, as Russian keyboards give them.
    pub fn parse(typed: &str) -> Result<Self, &'static str> {
        let mut values = [0; LENGTH];
        let mut length = 0;
        for letter in typed.chars().filter(|c| !is_gap(*c)) {
            *values.get_mut(length).ok_or(RULE)? = value_of(letter).ok_or(RULE)?;
            length += 1;
        }
        if length != LENGTH {
            return Err(RULE);
        }
        if remainder(&values) != 0 {
            return Err(CHECK);
        }
        Ok(Self(values.map(|value| ALPHABET[usize::from(value)])))
    }

    /// The 12 characters without hyphens, as the store keeps them.
    pub fn compact(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// Horner's rule with the generator.
fn remainder(values: &[u8]) -> u8 {
    values.iter().fold(0, |sum, value| times_a(sum) ^ value)
}

/// Times the generator x in GF(32), modulo x^5 + x^2 + 1.
fn times_a(value: u8) -> u8 {
    let doubled = value << 1;
    if doubled & 32 == 0 { doubled } else { doubled ^ 0b10_0101 }
}

fn is_gap(letter: char) -> bool {
    letter.is_whitespace() || matches!(letter, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}')
}

fn value_of(letter: char) -> Option<u8> {
    let letter = letter.to_uppercase().next()?;
    let latin = match letter {
        'O' | 'О' => '0',
        'I' | 'L' | 'І' => '1',
        'З' => '3',
        'А' => 'A',
        'В' => 'B',
        'С' => 'C',
        'Е' => 'E',
        'Н' => 'H',
        'К' => 'K',
        'М' => 'M',
        'Р' => 'P',
        'Т' => 'T',
        'Х' => 'X',
        'У' => 'Y',
        other => other,
    };
    let at = ALPHABET.iter().position(|symbol| char::from(*symbol) == latin)?;
    u8::try_from(at).ok()
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let groups: Vec<&str> = (0..LENGTH).step_by(GROUP).map(|at| &self.compact()[at..at + GROUP]).collect();
        f.write_str(&groups.join("-"))
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Number({self})")
    }
}

impl From<Number> for String {
    fn from(number: Number) -> Self {
        number.to_string()
    }
}

impl TryFrom<String> for Number {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, &'static str> {
        Self::parse(&text)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    const ROUNDS: u64 = 10_000;

    proptest! {
        #[test]
        fn every_number_is_read_back(bits: u64) {
            let number = Number::from_random(bits);
            let printed = number.to_string();
            prop_assert_eq!(printed.len(), 14);
            prop_assert_eq!(Number::parse(&printed), Ok(number));
            prop_assert_eq!(Number::parse(&printed.to_lowercase().replace('-', " ")), Ok(number));
            prop_assert_eq!(Number::parse(number.compact()), Ok(number));
        }

        #[test]
        fn every_single_substitution_is_caught(bits: u64) {
            let good = Number::from_random(bits).0;
            for at in 0..LENGTH {
                for symbol in ALPHABET {
                    let mut other = good;
                    other[at] = *symbol;
                    let text = std::str::from_utf8(&other).unwrap().to_owned();
                    prop_assert_eq!(Number::parse(&text).is_ok(), other == good);
                }
            }
        }

        #[test]
        fn every_transposition_is_caught(bits: u64) {
            let good = Number::from_random(bits).0;
            for one in 0..LENGTH {
                for two in one + 1..LENGTH {
                    let mut other = good;
                    other.swap(one, two);
                    let text = std::str::from_utf8(&other).unwrap().to_owned();
                    prop_assert_eq!(Number::parse(&text).is_ok(), good[one] == good[two]);
                }
            }
        }

        #[test]
        fn look_alikes_are_forgiven(bits: u64) {
            let number = Number::from_random(bits);
            let russian: String = number.to_string().chars().map(|c| match c {
                '0' => 'о', '1' => 'l', '3' => 'з', 'A' => 'А', 'B' => 'В', 'C' => 'с', 'E' => 'Е', 'H' => 'Н', 'K' => 'к',
                'M' => 'М', 'P' => 'Р', 'T' => 'т', 'X' => 'х', 'Y' => 'У', '-' => '–', other => other,
            }).collect();
            prop_assert_eq!(Number::parse(&russian), Ok(number));
        }

        #[test]
        fn nothing_that_is_typed_panics(typed: String) {
            let _ = Number::parse(&typed);
        }
    }

    #[test]
    fn all_55_bits_are_used() {
        let numbers: HashSet<Number> = (0..55).map(|bit| Number::from_random(1 << bit)).collect();
        assert_eq!(numbers.len(), 55);
        assert_eq!((0..ROUNDS).map(Number::from_random).collect::<HashSet<_>>().len() as u64, ROUNDS);
    }

    #[test]
    fn faults_are_told_apart() {
        let number = Number::from_random(12_345).to_string();
        assert_eq!(Number::parse(&number[1..]).unwrap_err(), RULE);
        assert_eq!(Number::parse(&format!("{number}0")).unwrap_err(), RULE);
        assert_eq!(Number::parse("U").unwrap_err(), RULE);
        let wrong = if number.starts_with('2') { "3" } else { "2" };
        assert_eq!(Number::parse(&format!("{wrong}{}", &number[1..])).unwrap_err(), CHECK);
    }
}
