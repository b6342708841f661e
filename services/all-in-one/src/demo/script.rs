//! What people do in the demo, as `data/demo.toml` tells it.

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Script {
    /// When it begins.
    pub start: Timestamp,
    #[serde(rename = "appeal")]
    pub appeals: Vec<Form>,
}

/// An appeal, and what becomes of it by people's hands.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Form {
    pub at: SignedDuration,
    pub by: Filer,
    pub channel: Channel,
    pub language: String,
    pub category: String,
    pub subject: String,
    pub description: String,
    pub name: String,
    pub phone: String,
    pub email: String,
    pub acts: Vec<Act>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Filer {
    Portal,
    Citizen,
    Operator,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Channel {
    WebForm,
    Portal,
    Phone,
}

/// Something that a person does.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Act {
    pub after: SignedDuration,
    pub act: Deed,
    #[serde(default)]
    pub to: String,
    #[serde(default)]
    pub text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Deed {
    Assign,
    Answer,
    Ask,
    Inform,
    Code,
    Confirm,
    Resolve,
    Reopen,
    Withdraw,
}

/// The next thing to do: filing (`None`) or an act of appeal `form`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cue {
    pub at: Timestamp,
    pub form: usize,
    pub act: Option<usize>,
}

// === impl Script ===

impl Script {
    pub(super) fn builtin() -> anyhow::Result<Self> {
        Ok(toml::from_str(include_str!("../../data/demo.toml"))?)
    }

    /// Everything that people do, in order of time.
    pub(super) fn cues(&self) -> Vec<Cue> {
        let mut cues = Vec::new();
        for (form, appeal) in self.appeals.iter().enumerate() {
            let filed = self.start + appeal.at;
            cues.push(Cue { at: filed, form, act: None });
            let acts = appeal.acts.iter().enumerate();
            cues.extend(acts.map(|(act, it)| Cue { at: filed + it.after, form, act: Some(act) }));
        }
        cues.sort_by_key(|cue| cue.at);
        cues
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dozen_appeals_in_two_languages_each_filed_before_anything_is_done_with_it() {
        let script = Script::builtin().unwrap();
        let in_language = |language: &str| script.appeals.iter().filter(|it| it.language == language).count();
        assert_eq!((in_language("ru"), in_language("en")), (8, 4));
        let cues = script.cues();
        assert!(cues.is_sorted_by_key(|cue| cue.at));
        for form in 0..script.appeals.len() {
            let first = cues.iter().find(|cue| cue.form == form).unwrap();
            assert_eq!(first.act, None);
        }
    }
}
