//! A published set of policies.

use deadline::Edit;
use policies::Record;
use proto::sla::v1 as sla;
use proto::ticket::v1::{self as wire, ErrorReason};
use rpc::{Refusal, reasons};

use super::form::Form;

/// Most bytes of the words of whoever published it.
const NOTE_MAX: usize = 8_000;
/// Most bytes of a name.
const NAME_MAX: usize = 256;

/// The set as it is kept. One that this program can't read is refused: the call then waits for a person, and the set before it stays in
/// force.
///
/// # Errors
/// INVALID_ARGUMENT.
pub fn policy_set(request: &wire::PutPolicySetRequest) -> Result<Record, Refusal> {
    let mut form = Form::new();
    form.request_id(&request.request_id);
    let Some(set) = form.present("policy_set", request.policy_set.as_ref()) else { return form.finish(None) };
    let version = form
        .rule("policy_set.version", u32::try_from(set.version).ok().filter(|it| *it > 0).ok_or("must count from 1"));
    let effective_time = form.required_time("policy_set.effective_time", set.effective_time.as_ref());
    let create_time = form.required_time("policy_set.create_time", set.create_time.as_ref());
    let author = form.required("policy_set.author", &set.author, |typed| at_most(typed, NAME_MAX));
    let note = form.optional("policy_set.note", &set.note, |typed| at_most(typed, NOTE_MAX));
    let record = (|| {
        Some(Record {
            version: version?,
            content_hash: set.content_hash.clone(),
            document: set.document.clone(),
            effective_time: effective_time?,
            create_time: create_time?,
            author: author?,
            note: note?.unwrap_or_default(),
            changes: set.changes.iter().map(change).collect(),
        })
    })();
    if let Some(Err(fault)) = record.as_ref().map(Record::set) {
        form.violations().add("policy_set.document", reasons::FIELD_INVALID, fault.to_string());
    }
    form.finish(record)
}

fn at_most(typed: &str, bytes: usize) -> Result<String, &'static str> {
    if typed.len() <= bytes { Ok(typed.to_owned()) } else { Err("is too long") }
}

fn change(change: &sla::PolicyChange) -> Edit {
    let given = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    Edit {
        entry: change.entry.clone(),
        field: change.field.clone(),
        before: given(&change.before),
        after: given(&change.after),
    }
}

/// Another set is kept under that version.
pub fn policy_set_exists(record: &Record) -> Refusal {
    let name = format!("policySets/{}", record.version);
    Refusal::exists(ErrorReason::PolicySetExists, "otklik.sla.v1.PolicySet", name)
}
