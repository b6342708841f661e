//! All templates, ready to render.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use sealed::Personal;
use serde::{Deserialize, Serialize};

use super::language::Language;
use super::load;
use super::manifest::Manifest;
use super::value::{Problem, Values, Violation, violations};
use crate::providers::Channel;

/// What texts need from the configuration.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct TemplateConfig {
    /// The hot line's number as it is shown.
    pub hotline: String,
    /// Languages to try, in order, when a recipient's own has no text.
    #[serde(default = "default_fallback")]
    pub fallback: Vec<String>,
}

fn default_fallback() -> Vec<String> {
    vec!["ru".to_owned(), "en".to_owned()]
}

/// A catalogue that can't be used. Says which file, never a value.
#[derive(Debug, thiserror::Error)]
#[error("templates: {file}: {problem}")]
pub struct LoadError {
    /// The file within `templates/`.
    pub file: String,
    /// What is wrong with it.
    pub problem: String,
}

/// Why nothing was rendered.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// The values do not fit the template.
    #[error("the values do not fit the template")]
    Values(Vec<Violation>),
    /// Not an IANA zone.
    #[error("unknown time zone")]
    Zone,
    /// The kind has no text for this channel.
    #[error("the template has no text for this channel")]
    Channel,
    /// The engine failed on a text that passed its check: a fault of the text.
    #[error("the template failed")]
    Engine,
}

/// A text ready to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// The language that was found.
    pub language: String,
    /// The version of the template.
    pub version: u32,
    /// E-mail only.
    pub subject: Option<Personal>,
    /// The SMS, or the plain alternative.
    pub text: Personal,
    /// E-mail only.
    pub html: Option<Personal>,
}

/// All templates.
#[derive(Debug)]
pub struct Catalogue {
    pub(super) engine: minijinja::Environment<'static>,
    pub(super) languages: BTreeMap<String, Language>,
    pub(super) kinds: BTreeMap<String, Kind>,
    pub(super) fallback: Vec<String>,
}

#[derive(Debug)]
pub(super) struct Kind {
    pub(super) manifest: Manifest,
    pub(super) languages: Vec<String>,
}

impl Catalogue {
    /// The shipped templates, all compiled and checked.
    ///
    /// # Errors
    /// The first fault of a file, or a fall-back without a known language.
    pub fn builtin(config: &TemplateConfig) -> Result<Self, LoadError> {
        load::builtin(config)
    }

    /// How notifications of this kind are treated.
    pub fn manifest(&self, kind: &str) -> Option<&Manifest> {
        self.kinds.get(kind).map(|kind| &kind.manifest)
    }

    /// The kinds, by name.
    pub fn kinds(&self) -> impl Iterator<Item = (&str, &Manifest)> {
        self.kinds.iter().map(|(name, kind)| (name.as_str(), &kind.manifest))
    }

    /// Whether any kind makes messages of this one untrue.
    pub fn can_be_superseded(&self, kind: &str) -> bool {
        self.kinds.values().any(|other| other.manifest.supersedes.iter().any(|it| it.kind == kind))
    }

    /// Is everything given that the template declares, and nothing else?
    ///
    /// # Errors
    /// Every fault at once. Words are checked against every language of the kind, so a value that passes renders in each.
    pub fn check(&self, kind: &str, values: &Values) -> Result<(), Vec<Violation>> {
        let Some(kind) = self.kinds.get(kind) else {
            return Err(vec![Violation { variable: String::new(), problem: Problem::UnknownKind }]);
        };
        let mut found = Vec::new();
        for language in kind.languages.iter().filter_map(|language| self.languages.get(language)) {
            for violation in violations(&kind.manifest, language, values) {
                if !found.contains(&violation) {
                    found.push(violation);
                }
            }
        }
        if found.is_empty() { Ok(()) } else { Err(found) }
    }

    /// The text for one recipient. `locale`: as the recipient has it, such as `ru-RU`; `zone`: an IANA name.
    ///
    /// # Errors
    /// See [`RenderError`].
    pub fn render(
        &self,
        kind: &str,
        locale: &str,
        zone: &str,
        channel: Channel,
        values: &Values,
    ) -> Result<Rendered, RenderError> {
        self.check(kind, values).map_err(RenderError::Values)?;
        let zone = TimeZone::get(zone).map_err(|_| RenderError::Zone)?;
        self.write(kind, locale, &zone, channel, values)
    }
}
