//! Languages and time zones, as an open set (X5).

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

/// A BCP 47 tag; shipped texts are `ru` and `en`, other languages fall back to `ru`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Language(String);

/// An IANA time zone that the bundled database knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Zone(String);

const LANGUAGE_RULE: &str = "must be a language tag, such as ru or en";
const ZONE_RULE: &str = "must be an IANA time zone, such as Europe/Moscow";

impl Language {
    /// Reads a tag of language, script and region; empty means `ru`. The primary part becomes lower case: tags know no case.
    /// Variants and private parts are refused: tags lie unsealed, and those would take a surname.
    pub fn parse(typed: &str) -> Result<Self, &'static str> {
        if typed.is_empty() {
            return Ok(Self("ru".into()));
        }
        let mut parts = typed.split('-');
        let primary = parts.next().unwrap_or_default();
        let letters = |part: &str| part.bytes().all(|b| b.is_ascii_alphabetic());
        let rest: Vec<&str> = parts.collect();
        let fits = (2..=3).contains(&primary.len())
            && letters(primary)
            && rest.len() <= 2
            && rest.iter().all(|part| match part.len() {
                2 | 4 => letters(part),
                3 => part.bytes().all(|b| b.is_ascii_digit()),
                _ => false,
            });
        if !fits {
            return Err(LANGUAGE_RULE);
        }
        let primary = primary.to_ascii_lowercase();
        Ok(Self(if rest.is_empty() { primary } else { format!("{primary}-{}", rest.join("-")) }))
    }

    /// The tag.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The language without region and script: `en` of `en-GB`.
    pub fn primary(&self) -> &str {
        self.0.split('-').next().unwrap_or_default()
    }
}

impl Zone {
    /// Reads a zone; empty means `Europe/Moscow`.
    pub fn parse(typed: &str) -> Result<Self, &'static str> {
        if typed.is_empty() {
            return Ok(Self("Europe/Moscow".into()));
        }
        let zone = TimeZone::get(typed).map_err(|_| ZONE_RULE)?;
        // `iana_name` has the canonical case, so one zone has one name.
        zone.iana_name().map(|name| Self(name.to_owned())).ok_or(ZONE_RULE)
    }

    /// The zone's name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<Language> for String {
    fn from(language: Language) -> Self {
        language.0
    }
}

impl TryFrom<String> for Language {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, &'static str> {
        Self::parse(&text)
    }
}

impl From<Zone> for String {
    fn from(zone: Zone) -> Self {
        zone.0
    }
}

impl TryFrom<String> for Zone {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, &'static str> {
        Self::parse(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_means_the_default() {
        assert_eq!(Language::parse("").unwrap().as_str(), "ru");
        assert_eq!(Zone::parse("").unwrap().as_str(), "Europe/Moscow");
    }

    #[test]
    fn tags_are_checked_by_form_and_zones_by_name() {
        assert_eq!(Language::parse("EN-GB").unwrap().as_str(), "en-GB");
        assert_eq!(Language::parse("EN-GB").unwrap().primary(), "en");
        for tag in ["tt", "sr-Latn-RS", "es-419"] {
            assert!(Language::parse(tag).is_ok(), "{tag}");
        }
        for tag in ["r", "russian", "ru_RU", "ru-", "ру", "ru-toolongpart", "ru-petrova", "x-anna"] {
            assert_eq!(Language::parse(tag).unwrap_err(), LANGUAGE_RULE, "{tag}");
        }
        assert_eq!(Zone::parse("asia/vladivostok").unwrap().as_str(), "Asia/Vladivostok");
        assert_eq!(Zone::parse("Moscow").unwrap_err(), ZONE_RULE);
    }
}
