//! Puts checked values into a text.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use minijinja::Value as Filled;
use sealed::Personal;

use super::catalogue::{Catalogue, Kind, RenderError, Rendered};
use super::language::Language;
use super::load::LAYOUT_NAME;
use super::value::{Value, Values};
use crate::providers::Channel;

impl Catalogue {
    pub(super) fn write(
        &self,
        kind: &str,
        locale: &str,
        zone: &TimeZone,
        channel: Channel,
        values: &Values,
    ) -> Result<Rendered, RenderError> {
        let found = self.kinds.get(kind).filter(|kind| kind.manifest.channels.contains(&channel));
        let found = found.ok_or(RenderError::Channel)?;
        let (name, language) = self.language(found, locale).ok_or(RenderError::Engine)?;
        let filled = fill(found, language, zone, values);
        let part = |part: &str| self.part(&format!("{kind}/{name}/{part}"), &filled);
        let (subject, text, html) = match channel {
            Channel::Sms => (None, part("sms")?, None),
            Channel::Email => {
                let subject = part("subject")?;
                let html = self.within_layout(name, &subject, part("html")?)?;
                (Some(subject), part("text")?, Some(html))
            }
        };
        Ok(Rendered {
            language: name.to_owned(),
            version: found.manifest.version,
            // A subject is one line, whatever its values hold.
            subject: subject.map(|subject| Personal::from(subject.split_whitespace().collect::<Vec<_>>().join(" "))),
            text: Personal::from(text.trim().to_owned()),
            html: html.map(Personal::from),
        })
    }

    /// The recipient's language if the kind has it, without its region if not, else the first of the fall-back.
    fn language<'a>(&'a self, kind: &'a Kind, locale: &str) -> Option<(&'a str, &'a Language)> {
        let whole = locale.replace('_', "-").to_ascii_lowercase();
        let primary = whole.split('-').next().unwrap_or_default().to_owned();
        let wanted = [whole, primary];
        let name = wanted
            .iter()
            .chain(&self.fallback)
            .find_map(|wanted| kind.languages.iter().find(|name| *name == wanted))?;
        self.languages.get(name).map(|language| (name.as_str(), language))
    }

    fn part(&self, name: &str, filled: &BTreeMap<String, Filled>) -> Result<String, RenderError> {
        // The engine's own error is dropped: it may quote a value.
        let template = self.engine.get_template(name).map_err(|_| RenderError::Engine)?;
        template.render(filled).map_err(|_| RenderError::Engine)
    }

    fn within_layout(&self, language: &str, subject: &str, body: String) -> Result<String, RenderError> {
        let filled = BTreeMap::from([
            ("language".to_owned(), Filled::from(language)),
            ("subject".to_owned(), Filled::from(subject)),
            // Rendered and escaped a moment ago.
            ("body".to_owned(), Filled::from_safe_string(body)),
        ]);
        self.part(LAYOUT_NAME, &filled)
    }
}

/// Every declared variable: an optional one that was not given is `none`, which a text can ask about.
fn fill(kind: &Kind, language: &Language, zone: &TimeZone, values: &Values) -> BTreeMap<String, Filled> {
    let write = |name: &String| match values.get(name) {
        None => Filled::from(()),
        Some(Value::Time(instant)) => Filled::from(language.time(*instant, zone)),
        Some(Value::Number(number)) => Filled::from(*number),
        Some(Value::Code(code)) => Filled::from(code.expose()),
        Some(Value::Text(text)) => {
            let list = kind.manifest.variables.get(name).and_then(|variable| variable.words.as_ref());
            let word = list.and_then(|list| language.words.get(list)).and_then(|words| words.get(text.expose()));
            Filled::from(word.map_or(text.expose(), String::as_str))
        }
    };
    kind.manifest.variables.keys().map(|name| (name.clone(), write(name))).collect()
}
