//! How a language writes times and words. Its data are a file of `templates/languages`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Deserialize;

/// A language file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Language {
    /// With `{day}`, `{month}`, `{year}`, `{hour}`, `{minute}`, `{zone}`.
    time: String,
    /// January first, in the form that stands behind a day.
    months: [String; 12],
    /// For a zone without a name, with `{offset}`.
    unnamed_zone: String,
    /// Names by IANA zone.
    #[serde(default)]
    zones: BTreeMap<String, String>,
    /// Lists of words: list, code, word.
    #[serde(default)]
    pub(super) words: BTreeMap<String, BTreeMap<String, String>>,
}

impl Language {
    /// An instant as people of this language read it, such as `25 ноября 2026, 18:00 (МСК)`.
    pub(super) fn time(&self, instant: Timestamp, zone: &TimeZone) -> String {
        let local = instant.to_zoned(zone.clone());
        let name = zone.iana_name().and_then(|name| self.zones.get(name)).cloned();
        let name = name.unwrap_or_else(|| self.unnamed_zone.replace("{offset}", &offset(local.offset().seconds())));
        // Months are 1 to 12.
        let month = usize::try_from(local.month()).ok().and_then(|month| self.months.get(month - 1));
        self.time
            .replace("{day}", &local.day().to_string())
            .replace("{month}", month.map_or("", String::as_str))
            .replace("{year}", &local.year().to_string())
            .replace("{hour}", &format!("{:02}", local.hour()))
            .replace("{minute}", &format!("{:02}", local.minute()))
            .replace("{zone}", &name)
    }
}

/// `+5`, `+5:45`, `-3:30`; `+0` at Greenwich.
fn offset(seconds: i32) -> String {
    let sign = if seconds < 0 { '-' } else { '+' };
    let minutes = seconds.abs() / 60;
    match minutes % 60 {
        0 => format!("{sign}{}", minutes / 60),
        rest => format!("{sign}{}:{rest:02}", minutes / 60),
    }
}
