//! What people write.

use super::personal;

personal! {
    /// A text of a form or a message: personal, as anything may be in it.
    Text
}

personal! {
    /// Number of the personal account (личный кабинет).
    AccountNumber
}

personal! {
    /// When to call, in the applicant's words.
    CallTime
}

personal! {
    /// Id of a group of people with terms of their own, `large_family`. Personal: it may tell of somebody's health.
    ApplicantGroup
}

/// Most characters of a subject (T4).
const LINE_MAX: usize = 200;
/// Most characters of a description or message.
const BODY_MAX: usize = 10_000;
const ACCOUNT_MAX: usize = 64;
const GROUP_MAX: usize = 64;

const LINE_RULE: &str = "must be one line of at most 200 characters";
const BODY_RULE: &str = "must be at most 10,000 characters, without control characters";
const ACCOUNT_RULE: &str = "must be at most 64 letters, digits, spaces and hyphens";
const GROUP_RULE: &str = "must be an id in lower snake case, at most 64 letters";

impl Text {
    /// One line, spaces around it left out: a subject.
    pub fn line(typed: &str) -> Result<Self, &'static str> {
        line(typed, LINE_MAX).map(|text| Self(text.into())).ok_or(LINE_RULE)
    }

    /// Many lines: a description, a message, an answer. Line ends become `\n`.
    pub fn body(typed: &str) -> Result<Self, &'static str> {
        let text = typed.replace("\r\n", "\n");
        let text = text.trim();
        let plain = text.chars().all(|c| !c.is_control() || matches!(c, '\n' | '\t'));
        if text.is_empty() || text.chars().count() > BODY_MAX || !plain {
            return Err(BODY_RULE);
        }
        Ok(Self(text.to_owned().into()))
    }
}

impl AccountNumber {
    /// Reads a number as typed.
    pub fn parse(typed: &str) -> Result<Self, &'static str> {
        let text = line(typed, ACCOUNT_MAX).ok_or(ACCOUNT_RULE)?;
        if text.chars().all(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '/')) {
            Ok(Self(text.into()))
        } else {
            Err(ACCOUNT_RULE)
        }
    }
}

impl ApplicantGroup {
    /// Reads an id. Which there are, policies say.
    pub fn parse(given: &str) -> Result<Self, &'static str> {
        let is_id = given.starts_with(|first: char| first.is_ascii_lowercase())
            && given.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        if is_id && given.len() <= GROUP_MAX { Ok(Self(given.into())) } else { Err(GROUP_RULE) }
    }
}

impl CallTime {
    /// Reads a wish as typed: `по будням после 18`.
    pub fn parse(typed: &str) -> Result<Self, &'static str> {
        line(typed, LINE_MAX).map(|text| Self(text.into())).ok_or(LINE_RULE)
    }
}

fn line(typed: &str, max: usize) -> Option<String> {
    let text = typed.trim();
    let fits = !text.is_empty() && text.chars().count() <= max && !text.chars().any(char::is_control);
    fits.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_counted_in_characters_not_bytes() {
        assert!(Text::line(&"ю".repeat(200)).is_ok());
        assert_eq!(Text::line(&"ю".repeat(201)).unwrap_err(), LINE_RULE);
        assert!(Text::body(&"ю".repeat(10_000)).is_ok());
        assert_eq!(Text::body(&"ю".repeat(10_001)).unwrap_err(), BODY_RULE);
    }

    #[test]
    fn lines_and_bodies_differ_in_line_breaks() {
        assert_eq!(Text::body(" one\r\ntwo\n").unwrap().expose(), "one\ntwo");
        assert_eq!(Text::line("one\ntwo").unwrap_err(), LINE_RULE);
        assert_eq!(Text::body(" \n ").unwrap_err(), BODY_RULE);
        assert_eq!(Text::body("a\u{0}b").unwrap_err(), BODY_RULE);
    }

    #[test]
    fn groups_are_ids() {
        assert!(ApplicantGroup::parse("large_family").is_ok() && ApplicantGroup::parse(&"g".repeat(64)).is_ok());
        for not in ["", "Large", "large family", "1st", "многодетные", &"g".repeat(65)] {
            assert_eq!(ApplicantGroup::parse(not).unwrap_err(), GROUP_RULE, "{not}");
        }
    }

    #[test]
    fn debug_shows_no_text() {
        let text = Text::body("the canary sings").unwrap();
        assert!(!format!("{text:?}").contains("canary"));
    }
}
