//! Sets of policies and their publication.

use ::deadline::{Edit, Import, PolicySet, Published};
use jiff::Timestamp;
use policies::Record;
use proto::sla::v1::{self as wire, ErrorReason};
use proto::{from_wire, to_wire};
use rpc::{Refusal, Violations, reasons};

use crate::domain::{Entries, Given, Publication, micros};

/// Most bytes of a document: the shipped one has 30 KiB.
const DOCUMENT_MAX: usize = 512 * 1024;
/// Most characters of a note.
const NOTE_MAX: usize = 1_000;

/// `policySets/{version}`.
pub(crate) fn set_name(version: u32) -> String {
    format!("policySets/{version}")
}

/// The version within `policySets/{version}`, as it was given out.
pub(crate) fn set_version(name: &str) -> Option<u32> {
    let version = name.strip_prefix("policySets/")?;
    version.parse().ok().filter(|parsed: &u32| *parsed > 0 && parsed.to_string() == version)
}

/// Calendars to be published.
pub(crate) fn publish_calendar(request: &wire::PublishCalendarRequest) -> Result<Publication, Refusal> {
    let mut violations = Violations::new();
    let given = match (&request.icalendar, request.document.trim().is_empty()) {
        (Some(icalendar), true) => Given::Year(year(&mut violations, icalendar)),
        (Some(_), false) => {
            violations.add("icalendar", reasons::FIELD_INVALID, "must not be given beside `document`");
            Given::Document(String::new())
        }
        (None, is_empty) => {
            if is_empty {
                violations.add("document", reasons::FIELD_REQUIRED, "must be given, or `icalendar`");
            }
            Given::Document(request.document.clone())
        }
    };
    let effective_time = request.effective_time.as_ref();
    let asked = Publication {
        entries: Entries::Calendars,
        given,
        removed: Vec::new(),
        base: base(&mut violations, &request.base),
        effective_time: time(&mut violations, effective_time),
        note: request.note.clone(),
        validate_only: request.validate_only,
    };
    finish(violations, asked, &request.request_id)
}

/// Policies to be published.
pub(crate) fn publish_policy(request: &wire::PublishPolicyRequest) -> Result<Publication, Refusal> {
    let mut violations = Violations::new();
    if request.document.trim().is_empty() && request.removed_policies.is_empty() {
        violations.add("document", reasons::FIELD_REQUIRED, "must be given, unless policies are only removed");
    }
    if request.removed_policies.len() > REMOVED_MAX {
        violations.add("removed_policies", reasons::FIELD_INVALID, "must be at most 100");
        return Err(Refusal::invalid(violations));
    }
    let asked = Publication {
        entries: Entries::Policies,
        given: Given::Document(request.document.clone()),
        removed: request.removed_policies.clone(),
        base: base(&mut violations, &request.base),
        effective_time: time(&mut violations, request.effective_time.as_ref()),
        note: request.note.clone(),
        validate_only: request.validate_only,
    };
    finish(violations, asked, &request.request_id)
}

fn year(violations: &mut Violations, given: &wire::IcalendarYear) -> Import {
    for (field, value) in [
        ("icalendar.calendar", &given.calendar),
        ("icalendar.content", &given.content),
        ("icalendar.source", &given.source),
    ] {
        if value.trim().is_empty() {
            violations.add(field, reasons::FIELD_REQUIRED, "must be given");
        }
    }
    let year = i16::try_from(given.year).ok().filter(|year| (1900..=9998).contains(year));
    if year.is_none() {
        violations.add("icalendar.year", reasons::FIELD_INVALID, "must be a year");
    }
    Import {
        calendar: given.calendar.clone(),
        text: given.content.clone(),
        year: year.unwrap_or_default(),
        source: given.source.clone(),
        provisional: given.provisional,
    }
}

fn base(violations: &mut Violations, name: &str) -> u32 {
    let version = set_version(name);
    match version {
        None if name.is_empty() => violations.add("base", reasons::FIELD_REQUIRED, "must be given"),
        None => violations.add("base", reasons::FIELD_INVALID, "must read policySets/{version}"),
        Some(_) => {}
    }
    version.unwrap_or_default()
}

fn time(violations: &mut Violations, given: Option<&prost_types::Timestamp>) -> Option<Timestamp> {
    let time = from_wire(given?).map(micros);
    if time.is_none() {
        violations.add("effective_time", reasons::FIELD_INVALID, "must be an instant");
    }
    time
}

fn finish(mut violations: Violations, asked: Publication, request_id: &str) -> Result<Publication, Refusal> {
    // A look changes nothing, so nobody has to tell it from another.
    if !asked.validate_only || !request_id.is_empty() {
        outbox::request_id(request_id, &mut violations);
    }
    let (field, text) = match &asked.given {
        Given::Document(document) => ("document", document),
        Given::Year(import) => ("icalendar.content", &import.text),
    };
    if text.len() > DOCUMENT_MAX {
        violations.add(field, reasons::FIELD_INVALID, "must have at most 512 KiB");
    }
    note(&mut violations, &asked.note);
    violations.finish()?;
    Ok(asked)
}

/// Why something is decided, in words.
pub(super) fn note(violations: &mut Violations, given: &str) {
    if given.trim().is_empty() {
        violations.add("note", reasons::FIELD_REQUIRED, "must be given");
    } else if given.chars().count() > NOTE_MAX || given.contains(|c: char| c.is_control() && c != '\n') {
        violations.add(
            "note",
            reasons::FIELD_INVALID,
            "must have at most 1000 characters, none of them control characters",
        );
    }
}

/// Most policies that are removed at once.
const REMOVED_MAX: usize = 100;

/// A published set, with its document.
pub(crate) fn record_to_wire(record: &Record) -> wire::PolicySet {
    wire::PolicySet {
        name: set_name(record.version),
        version: record.version.into(),
        content_hash: record.content_hash.clone(),
        document: record.document.clone(),
        effective_time: Some(to_wire(record.effective_time)),
        create_time: Some(to_wire(record.create_time)),
        author: record.author.clone(),
        note: record.note.clone(),
        changes: record.changes.iter().map(change).collect(),
    }
}

/// A set that is compiled in, with its document.
pub(crate) fn shipped_to_wire(set: &PolicySet) -> Result<wire::PolicySet, Refusal> {
    Ok(wire::PolicySet {
        name: set_name(set.version()),
        version: set.version().into(),
        content_hash: set.content_hash().to_string(),
        document: set.to_toml().map_err(Refusal::internal)?,
        author: "shipped".to_owned(),
        ..wire::PolicySet::default()
    })
}

fn change(change: &Edit) -> wire::PolicyChange {
    wire::PolicyChange {
        entry: change.entry.clone(),
        field: change.field.clone(),
        before: change.before.clone().unwrap_or_default(),
        after: change.after.clone().unwrap_or_default(),
    }
}

/// Somebody else published at the same moment.
pub(crate) fn overtaken() -> Refusal {
    Refusal::stale(ErrorReason::PolicySetStale, "another set was published at the same moment")
}

/// The newest set can't be read here, so nothing can be changed in it.
pub(crate) fn unreadable(version: u32) -> Refusal {
    let text = "the newest set was published by a newer program: publish with that one";
    Refusal::precondition(ErrorReason::PolicySetUnreadable, set_name(version), text)
}

/// The document was reviewed against a set that is not the newest any more.
pub(crate) fn stale(published: &Published) -> Refusal {
    let newest = set_name(published.newest().set.version());
    Refusal::stale(ErrorReason::PolicySetStale, format!("the newest set is {newest}")).with("newest", newest)
}
