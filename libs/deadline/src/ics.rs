//! Special days from an iCalendar file (RFC 5545), as holidays are published and exported.
//!
//! It reads what a list of days is made of and refuses the rest by the event's name, because a day that is read wrong is a
//! promise that is broken: events of hours, rules that are not yearly, changes of single occurrences. Read are `VEVENT`s with
//!
//! ```text
//! DTSTART, DTEND or DURATION   dates; the end is the first date after
//! SUMMARY                      the label
//! CATEGORIES                   the sort of day, when one of them is a name of ours; a holiday otherwise
//! RRULE                        FREQ=YEARLY with INTERVAL, COUNT, UNTIL; up to the horizon
//! X-OTKLIK-HOURS               09:00-13:00,14:00-18:00
//! X-OTKLIK-LIKE                friday
//! X-OTKLIK-SHORTER-BY          1h
//! ```
//!
//! The last three are ours: no property of the standard has opening hours, and a working weekend or a short day is nothing
//! without them.

use std::str::FromStr;

use jiff::{SignedDuration, Span, civil::Date};

use crate::{DayKind, DayName, Exception, Hours, Interval, Invalid};

/// The days of a file that lie between the first date and the horizon of a calendar, in order. Overlaps are left to the
/// calendar, which refuses them.
///
/// # Errors
/// [`Invalid::Text`] that names the event.
pub fn days(text: &str, from: Option<Date>, horizon: Option<Date>) -> Result<Vec<Exception>, Invalid> {
    let mut days = Vec::new();
    for event in events(text)? {
        if event.text("STATUS").is_some_and(|status| status.eq_ignore_ascii_case("CANCELLED")) {
            continue;
        }
        let label = event.text("SUMMARY").map(|label| label.trim().to_owned()).filter(|label| !label.is_empty());
        let label =
            label.ok_or_else(|| refused(&format!("the event that ends on line {} has no SUMMARY", event.line)))?;
        let read = event.days(&label, from, horizon);
        days.extend(read.map_err(|what| refused(&format!("the event {label:?} {what}")))?);
    }
    days.sort_by_key(|day: &Exception| day.from);
    Ok(days)
}

fn refused(what: &str) -> Invalid {
    Invalid::Text(format!("iCalendar: {what}"))
}

/// One content line: `NAME;PARAMETER=value:value`.
struct Property {
    name: String,
    value: String,
}

/// What stands between `BEGIN:VEVENT` and its end; not what is nested in it, such as alarms.
struct Event {
    properties: Vec<Property>,
    line: usize,
}

/// The events of the text, which has to be whole: a file that was cut off has days missing.
fn events(text: &str) -> Result<Vec<Event>, Invalid> {
    let (mut events, mut open, mut properties) = (Vec::new(), Vec::<String>::new(), Vec::new());
    let mut is_calendar = false;
    for (line, content) in unfolded(text) {
        let Some(property) = Property::read(&content) else {
            return Err(refused(&format!("line {line} is not NAME:value")));
        };
        let component = property.value.trim().to_ascii_uppercase();
        match property.name.as_str() {
            "BEGIN" => {
                is_calendar |= component == "VCALENDAR";
                open.push(component);
            }
            "END" if open.last() != Some(&component) => {
                return Err(refused(&format!("line {line} ends {component}, which is not what was begun last")));
            }
            "END" => {
                open.pop();
                if component == "VEVENT" {
                    events.push(Event { properties: std::mem::take(&mut properties), line });
                }
            }
            _ if open.is_empty() => return Err(refused(&format!("line {line} is in no VCALENDAR"))),
            _ if open.last().is_some_and(|open| open == "VEVENT") => properties.push(property),
            _ => {}
        }
    }
    match open.last() {
        Some(open) => Err(refused(&format!("the text ends inside {open}"))),
        None if !is_calendar => Err(refused("there is no VCALENDAR in the text")),
        None => Ok(events),
    }
}

/// Content lines with the number of their last line: one that begins with a blank goes on with the one before.
fn unfolded(text: &str) -> Vec<(usize, String)> {
    let mut lines: Vec<(usize, String)> = Vec::new();
    for (number, line) in (1..).zip(text.trim_start_matches('\u{feff}').lines()) {
        match (line.strip_prefix([' ', '\t']), lines.last_mut()) {
            (Some(more), Some((last, content))) => {
                content.push_str(more);
                *last = number;
            }
            _ if line.trim().is_empty() => {}
            _ => lines.push((number, line.to_owned())),
        }
    }
    lines
}

/// The parts of a list between commas, `\,` not being one, with escapes undone.
fn list(value: &str) -> Vec<String> {
    let (mut parts, mut escaped) = (vec![String::new()], false);
    for c in value.chars() {
        let Some(part) = parts.last_mut() else { break };
        match c {
            'n' | 'N' if escaped => part.push('\n'),
            _ if escaped => part.push(c),
            '\\' => {}
            ',' => parts.push(String::new()),
            _ => part.push(c),
        }
        escaped = c == '\\' && !escaped;
    }
    parts
}

/// `20240101`.
fn date(value: &str) -> Option<Date> {
    let digits = (value.len() == 8 && value.bytes().all(|byte| byte.is_ascii_digit())).then_some(value)?;
    Date::new(digits[..4].parse().ok()?, digits[4..6].parse().ok()?, digits[6..].parse().ok()?).ok()
}

// === impl Property ===

impl Property {
    fn read(line: &str) -> Option<Self> {
        let mut quoted = false;
        // A colon in a quoted parameter is none.
        let colon = line.char_indices().find(|(_, c)| {
            quoted ^= *c == '"';
            *c == ':' && !quoted
        });
        let (head, value) = line.split_at(colon?.0);
        let name = head.split(';').next().filter(|name| !name.is_empty())?;
        let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        is_name.then(|| Self { name: name.to_ascii_uppercase(), value: value[1..].to_owned() })
    }
}

// === impl Event ===

impl Event {
    fn values(&self, name: &str) -> impl Iterator<Item = &str> {
        self.properties.iter().filter(move |property| property.name == name).map(|property| property.value.as_str())
    }

    fn value(&self, name: &str) -> Option<&str> {
        self.values(name).next()
    }

    /// A text as people read it, on one line.
    fn text(&self, name: &str) -> Option<String> {
        self.value(name).map(|value| list(value).join(",").split_whitespace().collect::<Vec<_>>().join(" "))
    }

    /// What the event comes to; the error goes on with "the event …".
    fn days(&self, label: &str, known_from: Option<Date>, horizon: Option<Date>) -> Result<Vec<Exception>, String> {
        if let Some(name) =
            ["RDATE", "EXDATE", "EXRULE", "RECURRENCE-ID"].into_iter().find(|name| self.value(name).is_some())
        {
            return Err(format!("has {name}, which is not read"));
        }
        if let Some(name) =
            ["DTSTART", "DTEND", "DURATION", "RRULE"].into_iter().find(|name| self.values(name).count() > 1)
        {
            return Err(format!("has more than one {name}"));
        }
        let first = self.value("DTSTART").ok_or("has no DTSTART")?;
        let first = date(first).ok_or_else(|| format!("begins at {first:?}: not an event of whole days"))?;
        let length = self.length(first)?;
        let day = Exception {
            from: first,
            to: None,
            label: label.to_owned(),
            day: Some(self.kind()),
            like: self.own("X-OTKLIK-LIKE", DayName::from_str)?,
            shorter_by: self.own("X-OTKLIK-SHORTER-BY", SignedDuration::from_str)?,
            hours: self.own("X-OTKLIK-HOURS", hours)?.unwrap_or_default(),
        };
        let mut days = Vec::new();
        for from in self.starts(first, horizon)? {
            let last = from.checked_add(Span::new().days(length - 1)).map_err(|error| error.to_string())?;
            if known_from.is_none_or(|known| last >= known) && horizon.is_none_or(|horizon| from <= horizon) {
                days.push(Exception { from, to: (last > from).then_some(last), ..day.clone() });
            }
        }
        Ok(days)
    }

    /// How many days one occurrence lasts.
    fn length(&self, first: Date) -> Result<i32, String> {
        match (self.value("DTEND"), self.value("DURATION")) {
            (None, None) => Ok(1),
            (Some(end), None) => {
                let end = date(end).ok_or_else(|| format!("ends at {end:?}: not an event of whole days"))?;
                let days = first.duration_until(end).as_hours() / 24;
                i32::try_from(days).ok().filter(|days| *days > 0).ok_or_else(|| "ends before it begins".into())
            }
            (None, Some(duration)) => {
                let days = duration.strip_prefix('P').and_then(|rest| match rest.strip_suffix('W') {
                    Some(weeks) => weeks.parse::<i32>().ok()?.checked_mul(7),
                    None => rest.strip_suffix('D')?.parse().ok(),
                });
                // The range of dates has less than four million.
                days.filter(|days| (1..4_000_000).contains(days))
                    .ok_or_else(|| format!("lasts {duration:?}: not an event of whole days"))
            }
            (Some(_), Some(_)) => Err("has both DTEND and DURATION".into()),
        }
    }

    /// The sort of day.
    fn kind(&self) -> DayKind {
        let mut named = self.values("CATEGORIES").flat_map(list);
        named.find_map(|name| name.trim().to_ascii_lowercase().parse().ok()).unwrap_or(DayKind::Holiday)
    }

    fn own<T, E: std::fmt::Display>(
        &self,
        name: &str,
        read: impl Fn(&str) -> Result<T, E>,
    ) -> Result<Option<T>, String> {
        self.value(name)
            .map(|value| read(value.trim()).map_err(|error| format!("has a wrong {name}: {error}")))
            .transpose()
    }

    /// The first dates of its occurrences, up to the horizon.
    fn starts(&self, first: Date, horizon: Option<Date>) -> Result<Vec<Date>, String> {
        let Some(rule) = self.value("RRULE") else { return Ok(vec![first]) };
        let Some(horizon) = horizon else {
            return Err("comes again, and the calendar has no horizon to end it at".into());
        };
        let refuse = |part: &str| Err(format!("comes again by a rule that is not read: {part:?} in {rule:?}"));
        let (mut every, mut count, mut until, mut is_yearly) = (1, usize::MAX, horizon, false);
        for part in rule.trim().to_ascii_uppercase().split(';') {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            match name {
                "FREQ" if value == "YEARLY" => is_yearly = true,
                "INTERVAL" => match value.parse::<i16>() {
                    Ok(years @ 1..) => every = years,
                    _ => return refuse(part),
                },
                "COUNT" => match value.parse() {
                    Ok(times @ 1..) => count = times,
                    _ => return refuse(part),
                },
                // A date, or an instant of it.
                "UNTIL" => match value.get(..8).and_then(date) {
                    Some(last) => until = until.min(last),
                    None => return refuse(part),
                },
                // What programs write though it says nothing: the date is that of DTSTART.
                "BYMONTH" if value == first.month().to_string() => {}
                "BYMONTHDAY" if value == first.day().to_string() => {}
                "WKST" => {}
                _ => return refuse(part),
            }
        }
        if !is_yearly {
            return refuse("FREQ");
        }
        // A year without 29 February has no occurrence, and none is counted.
        let years = (first.year()..=until.year()).step_by(usize::try_from(every).unwrap_or(1));
        let starts = years.filter_map(|year| Date::new(year, first.month(), first.day()).ok()).take(count);
        Ok(starts.take_while(|start| *start <= until).collect())
    }
}

fn hours(text: &str) -> Result<Hours, String> {
    Hours::new(text.split(',').map(|interval| interval.trim().parse::<Interval>()).collect::<Result<_, _>>()?)
}
