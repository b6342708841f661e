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

/// Most characters of a subject (T4).
const LINE_MAX: usize = 200;
/// Most characters of a description or message.
const BODY_MAX: usize = 10_000;
const ACCOUNT_MAX: usize = 64;

const LINE_RULE: &str = "must be one line of at most 200 characters";
const BODY_RULE: &str = "must be at most 10,000 characters, without control characters";
const ACCOUNT_RULE: &str = "must be at most 64 letters, digits, spaces and hyphens";

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
    fn debug_shows_no_text() {
        let text = Text::body("the canary sings").unwrap();
        assert!(!format!("{text:?}").contains("canary"));
    }
}
