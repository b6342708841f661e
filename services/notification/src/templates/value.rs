//! What is put into a text, and what can be wrong with it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use sealed::Personal;

use super::language::Language;
use super::manifest::{Manifest, Variable, VariableType};

/// A value for one variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Plain text, or the code of a word.
    Text(Personal),
    /// An instant, written in the recipient's zone and language.
    Time(Timestamp),
    /// A one-time code.
    Code(Personal),
    /// A whole number.
    Number(i64),
}

/// Values by variable name.
pub type Values = BTreeMap<String, Value>;

/// One fault of the given values. It never holds the value itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The variable, or the empty string when the kind itself is unknown.
    pub variable: String,
    /// What is wrong.
    pub problem: Problem,
}

/// What can be wrong with a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// There is no such template.
    #[error("there is no template of this kind")]
    UnknownKind,
    /// Declared, not optional, not given.
    #[error("missing")]
    Missing,
    /// Given, not declared.
    #[error("not a variable of this template")]
    Unknown,
    /// Given as another type.
    #[error("must be of type {0:?}")]
    WrongType(VariableType),
    /// A text or code without a visible character.
    #[error("empty")]
    Empty,
    /// Longer than declared, in characters.
    #[error("longer than {0} characters")]
    TooLong(usize),
    /// A control character in a text, or anything but letters and digits in a code.
    #[error("holds a character that can't be sent")]
    BadCharacter,
    /// Not one of the language's words.
    #[error("not a known word of the list `{0}`")]
    UnknownWord(String),
}

/// Every fault of `values`, by the manifest and the words of `language`.
pub(super) fn violations(manifest: &Manifest, language: &Language, values: &Values) -> Vec<Violation> {
    let mut found = Vec::new();
    let mut report = |variable: &str, problem| found.push(Violation { variable: variable.to_owned(), problem });
    for (name, variable) in &manifest.variables {
        match values.get(name) {
            None if variable.optional => {}
            None => report(name, Problem::Missing),
            Some(value) => {
                if let Some(problem) = problem(variable, language, value) {
                    report(name, problem);
                }
            }
        }
    }
    for name in values.keys().filter(|name| !manifest.variables.contains_key(*name)) {
        report(name, Problem::Unknown);
    }
    found
}

fn problem(variable: &Variable, language: &Language, value: &Value) -> Option<Problem> {
    let text = match (variable.kind, value) {
        (VariableType::Text, Value::Text(text)) | (VariableType::Code, Value::Code(text)) => text.expose(),
        (VariableType::Time, Value::Time(_)) | (VariableType::Number, Value::Number(_)) => return None,
        _ => return Some(Problem::WrongType(variable.kind)),
    };
    if let Some(list) = &variable.words {
        let known = language.words.get(list).is_some_and(|words| words.contains_key(text));
        return (!known).then(|| Problem::UnknownWord(list.clone()));
    }
    let most = variable.max_length.unwrap_or(usize::MAX);
    if text.trim().is_empty() {
        Some(Problem::Empty)
    } else if text.chars().count() > most {
        Some(Problem::TooLong(most))
    } else if text.chars().any(|c| forbidden(variable.kind, c)) {
        Some(Problem::BadCharacter)
    } else {
        None
    }
}

fn forbidden(kind: VariableType, c: char) -> bool {
    match kind {
        VariableType::Code => !c.is_ascii_alphanumeric(),
        _ => c.is_control() && !matches!(c, '\n' | '\r' | '\t'),
    }
}
