//! An explanation in plain words, for the citizen and for whoever answers them.
//!
//! ```text
//! Срок — 5 рабочих дней. День обращения не считается, срок кончается в конце последнего рабочего дня.
//! Отсчёт с 02.03.2026 12:00, время Europe/Moscow.
//! Считаются дни: 03.03–06.03, 10.03.
//! Не считаются: 07.03–08.03 — выходные; 09.03 — Выходной после Международного женского дня.
//! Срок истекает 10.03.2026 в 18:00.
//! ```
//!
//! It says what the spans say and nothing else: both are read from the same walk. Names of days come from the calendar as they were
//! published, in its language.

mod days;
mod en;
mod ru;
#[cfg(test)]
mod tests;

use ::deadline::{Allowance, Basis, Due, Explanation, Span, SuspensionReason, What};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use days::Days;

/// The sentences of a language.
struct Words {
    /// The length of a term.
    term: fn(Allowance) -> String,
    /// How it is counted.
    counting: fn(Allowance) -> &'static str,
    /// From when on, in whose time.
    from: fn(&str, &str) -> String,
    days: &'static str,
    skipped: &'static str,
    /// A day off without a name of its own.
    day_off: &'static str,
    /// A stretch that was given back, and why.
    pause: fn(&str, &str, SuspensionReason) -> String,
    /// Since when the clock stands, why, and how much is left.
    paused: fn(&str, SuspensionReason, &str) -> String,
    /// From when on, by what.
    extended: fn(&str, Allowance) -> String,
    due: fn(&str) -> String,
    provisional: fn(&str) -> String,
    folded: &'static str,
    span: fn(SignedDuration) -> String,
}

/// The explanation in the language of that code, in Russian where there are no words of that language.
pub(crate) fn told(it: &Explanation, language: &str) -> String {
    let primary = language.split(['-', '_']).next().unwrap_or_default();
    let words = if primary.eq_ignore_ascii_case("en") { &en::WORDS } else { &ru::WORDS };
    let zone = jiff::tz::TimeZoneDatabase::bundled().get(&it.zone).unwrap_or(TimeZone::UTC);
    let at = |time: Timestamp| time.to_zoned(zone.clone()).strftime("%d.%m.%Y %H:%M").to_string();

    let mut lines = vec![format!("{} {}", (words.term)(it.allowance), (words.counting)(it.allowance))];
    lines.push((words.from)(&at(it.start), &it.zone));
    let working = |allowance: Allowance| allowance.basis() == Basis::Working;
    if working(it.allowance) || it.extensions.iter().any(|it| working(it.allowance)) {
        let days = Days::of(it, &zone);
        if !days.counted.is_empty() {
            lines.push(format!("{}: {}.", words.days, days.counted()));
        }
        if !days.skipped.is_empty() {
            lines.push(format!("{}: {}.", words.skipped, days.skipped(words.day_off)));
        }
    }
    if it.spans.iter().any(|span| matches!(span.what, What::Folded { .. })) {
        lines.push(words.folded.to_owned());
    }
    lines.extend(pauses(&it.spans).into_iter().map(|(from, to, reason)| match (to, it.due) {
        (Some(to), _) => (words.pause)(&at(from), &at(to), reason),
        (None, Due::Paused { remaining }) => (words.paused)(&at(from), reason, &(words.span)(remaining)),
        // A stretch without an end is the last one of a paused clock.
        (None, Due::At(due)) => (words.pause)(&at(from), &at(due), reason),
    }));
    if !it.provisional.is_empty() {
        let years: Vec<String> = it.provisional.iter().map(ToString::to_string).collect();
        lines.push((words.provisional)(&years.join(", ")));
    }
    let extended = it.extensions.iter().filter_map(|it| Some((words.extended)(&at(it.from?), it.allowance)));
    lines.extend(extended);
    if let Due::At(due) = it.due {
        lines.push((words.due)(&at(due)));
    }
    lines.join("\n")
}

/// Stretches that were suspended, each as long as it was: the walk cuts them at opening and closing times.
fn pauses(spans: &[Span]) -> Vec<(Timestamp, Option<Timestamp>, SuspensionReason)> {
    let mut pauses: Vec<(Timestamp, Option<Timestamp>, SuspensionReason)> = Vec::new();
    for span in spans {
        let What::Suspended { reason, .. } = span.what else { continue };
        match pauses.last_mut() {
            Some((_, to, before)) if *to == Some(span.from) && *before == reason => *to = span.to,
            _ => pauses.push((span.from, span.to, reason)),
        }
    }
    pauses
}
