//! A kind's manifest: how its notifications are treated, and which variables its texts take.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use serde::Deserialize;

use super::value::{Value, Values};
use crate::providers::Channel;

/// A kind's `manifest.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Raised with every change of a text; each notification keeps the one it was made with (N-16).
    pub version: u32,
    /// Channels that have a text, in order of preference.
    pub channels: Vec<Channel>,
    /// Which reserved capacity sends it (N-08).
    pub lane: Lane,
    /// How long after its event it still makes sense (N-02), as in "24h".
    pub ttl: SignedDuration,
    /// The recipient can't turn it off (N3).
    pub mandatory: bool,
    /// Kinds that are not true any more after this one, about the same subject.
    #[serde(default)]
    pub supersedes: Vec<Supersedes>,
    /// Variables by name.
    #[serde(default)]
    pub variables: BTreeMap<String, Variable>,
}

/// A reserved share of the dispatcher's capacity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lane {
    /// One-time codes.
    Code,
    /// Overdue repeats, security alerts, escalations.
    Emergency,
    /// What citizens wait for.
    Normal,
    /// Everything else.
    Bulk,
}

/// A kind that another makes untrue: nobody is told that we are late once they were told that it is solved.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Supersedes {
    /// The kind that is dropped if it is not sent yet.
    pub kind: String,
    /// Only with one of these words in each of these variables; always without any.
    #[serde(default)]
    pub when: BTreeMap<String, Vec<String>>,
}

/// A declared variable.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variable {
    /// What kind of value it takes.
    #[serde(rename = "type")]
    pub kind: VariableType,
    /// Characters at most; required for texts and codes.
    #[serde(default)]
    pub max_length: Option<usize>,
    /// The value tells of a person. All values are stored sealed and erased with the last attempt; of these that is required.
    #[serde(default)]
    pub personal: bool,
    /// The texts do without it.
    #[serde(default)]
    pub optional: bool,
    /// The value is a code of this list in the language's `words`.
    #[serde(default)]
    pub words: Option<String>,
}

/// The type of a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VariableType {
    /// Plain text.
    Text,
    /// An instant.
    Time,
    /// A one-time code, ASCII letters and digits.
    Code,
    /// A whole number.
    Number,
}

impl Manifest {
    /// The kinds that a message with these values makes untrue.
    pub fn superseded(&self, values: &Values) -> Vec<String> {
        let says = |(name, words): (&String, &Vec<String>)| match values.get(name) {
            Some(Value::Text(word)) => words.iter().any(|it| it == word.expose()),
            _ => false,
        };
        let meant = self.supersedes.iter().filter(|it| it.when.iter().all(says));
        meant.map(|it| it.kind.clone()).collect()
    }
}
