//! Re-bases and previews on the wire.

use ::deadline::ClockKind;
use jiff::Timestamp;
use proto::sla::v1::{self as wire, ErrorReason, rebase, rebase_entry};
use proto::ticket::v1::RebaseAppealResponse;
use proto::{from_wire, to_wire};
use rpc::{Refusal, Violations, reasons};
use uuid::Uuid;

use super::policy_set::{self, set_name, set_version};
use super::promise::name;
use super::{kind_from_wire, kind_to_wire};
use crate::domain::{
    EntryOutcome, Impact, Impacts, Publication, Rebase, RebaseEntry, RebaseState, RebaseTally, deadline_name, micros,
};

/// Deadlines a second: by default, and at most.
const PER_SECOND: (i32, i32) = (50, 1_000);

/// What is to be previewed.
#[derive(Debug)]
pub(crate) enum Previewed {
    /// A set that is not published.
    Change(Publication),
    /// One that is, by its version.
    Published(u32),
}

/// What is asked to be begun.
#[derive(Debug)]
pub(crate) struct Begun {
    pub(crate) policy_version: u32,
    pub(crate) per_second: u32,
    pub(crate) note: String,
}

/// A change of policies.
pub(crate) fn preview_policy_change(request: &wire::PreviewPolicyChangeRequest) -> Result<Previewed, Refusal> {
    if request.policy_set.is_empty() {
        let looked = wire::PublishPolicyRequest {
            document: request.document.clone(),
            removed_policies: request.removed_policies.clone(),
            base: request.base.clone(),
            ..looked()
        };
        return policy_set::publish_policy(&looked).map(Previewed::Change);
    }
    let mut violations = Violations::new();
    for (field, is_given) in [
        ("document", !request.document.is_empty()),
        ("removed_policies", !request.removed_policies.is_empty()),
        ("base", !request.base.is_empty()),
    ] {
        if is_given {
            violations.add(field, reasons::FIELD_INVALID, "must not be given beside `policy_set`");
        }
    }
    let version = version(&mut violations, &request.policy_set);
    violations.finish()?;
    Ok(Previewed::Published(version))
}

/// A look: it has no note, and nobody needs to tell it from another.
fn looked() -> wire::PublishPolicyRequest {
    wire::PublishPolicyRequest { validate_only: true, note: "preview".to_owned(), ..Default::default() }
}

/// A change of calendars.
pub(crate) fn preview_calendar_change(request: &wire::PreviewCalendarChangeRequest) -> Result<Previewed, Refusal> {
    let looked = wire::PublishCalendarRequest {
        document: request.document.clone(),
        icalendar: request.icalendar.clone(),
        base: request.base.clone(),
        validate_only: true,
        note: "preview".to_owned(),
        ..Default::default()
    };
    policy_set::publish_calendar(&looked).map(Previewed::Change)
}

/// A re-base to begin.
pub(crate) fn start_rebase(request: &wire::StartRebaseRequest) -> Result<Begun, Refusal> {
    let mut violations = Violations::new();
    outbox::request_id(&request.request_id, &mut violations);
    let policy_version = version(&mut violations, &request.policy_set);
    let per_second = match request.deadlines_per_second {
        0 => PER_SECOND.0,
        given => given,
    };
    if !(1..=PER_SECOND.1).contains(&per_second) {
        violations.add("deadlines_per_second", reasons::FIELD_INVALID, "must be 1 to 1000");
    }
    policy_set::note(&mut violations, &request.note);
    violations.finish()?;
    Ok(Begun { policy_version, per_second: per_second.unsigned_abs(), note: request.note.clone() })
}

/// A re-base to stop.
pub(crate) fn stop_rebase(request: &wire::StopRebaseRequest) -> Result<Uuid, Refusal> {
    let mut violations = Violations::new();
    outbox::request_id(&request.request_id, &mut violations);
    let id = name(&mut violations, "name", "rebases", &request.name);
    id.filter(|_| violations.is_empty()).ok_or_else(|| Refusal::invalid(violations))
}

/// The re-base of that name, which names one or none.
pub(crate) fn rebase_id(given: &str) -> Result<Uuid, Refusal> {
    crate::domain::parse_name("rebases", given).ok_or_else(|| no_rebase("(malformed)"))
}

/// There is none of that name.
pub(crate) fn no_rebase(name: &str) -> Refusal {
    Refusal::not_found(ErrorReason::RebaseNotFound, "otklik.sla.v1.Rebase", name)
}

/// The set is not the one that new promises are made under.
pub(crate) fn not_in_force(version: u32) -> Refusal {
    let text = "only the set in force is applied to what was promised before it";
    Refusal::precondition(ErrorReason::PolicySetNotInForce, set_name(version), text)
}

/// One at a time.
pub(crate) fn under_way(running: Option<Uuid>) -> Refusal {
    let name = running.map(rebase_name).unwrap_or_default();
    let text = "another re-base is under way: wait for its end, or stop it";
    Refusal::precondition(ErrorReason::RebaseUnderWay, name.clone(), text).with("rebase", name)
}

pub(crate) fn rebase_name(id: Uuid) -> String {
    format!("rebases/{id}")
}

pub(crate) fn rebase_to_wire(it: &Rebase, tally: &RebaseTally) -> wire::Rebase {
    let state = match it.state {
        RebaseState::Running => rebase::State::Running,
        RebaseState::Complete => rebase::State::Complete,
        RebaseState::Stopped => rebase::State::Stopped,
    };
    wire::Rebase {
        name: rebase_name(it.id),
        policy_set: format!("policySets/{}", it.policy_version),
        state: state.into(),
        deadlines_per_second: i32::try_from(it.per_second).unwrap_or(i32::MAX),
        note: it.note.clone(),
        author: it.author.clone(),
        create_time: Some(to_wire(it.create_time)),
        end_time: it.end_time.map(to_wire),
        looked_count: it.looked,
        asked_count: it.asked,
        pending_count: tally.pending,
        rebased_count: tally.rebased,
        moved_count: tally.moved,
        refused_count: tally.refused,
    }
}

pub(crate) fn rebase_entry_to_wire(it: &RebaseEntry) -> wire::RebaseEntry {
    let outcome = match it.outcome {
        EntryOutcome::Pending => rebase_entry::Outcome::Pending,
        EntryOutcome::Rebased => rebase_entry::Outcome::Rebased,
        EntryOutcome::Unchanged => rebase_entry::Outcome::Unchanged,
        EntryOutcome::Refused => rebase_entry::Outcome::Refused,
    };
    wire::RebaseEntry {
        deadline: deadline_name(it.deadline),
        clock: kind_to_wire(it.clock).into(),
        old_due_time: it.old_due_time.map(to_wire),
        due_time: it.due_time.map(to_wire),
        outcome: outcome.into(),
        reason: it.reason.clone().unwrap_or_default(),
        ask_time: Some(to_wire(it.ask_time)),
        settle_time: it.settle_time.map(to_wire),
    }
}

/// The due times of a clock before and after, as the ticket service told them; `None` where it did not promise that clock anew.
pub(crate) fn rebased_clock(
    answer: &RebaseAppealResponse,
    kind: ClockKind,
) -> Option<(Option<Timestamp>, Option<Timestamp>)> {
    let found = answer.clocks.iter().find(|it| kind_from_wire(it.clock()) == Some(kind))?;
    let time = |time: Option<&prost_types::Timestamp>| time.and_then(from_wire).map(micros);
    Some((time(found.old_due_time.as_ref()), time(found.due_time.as_ref())))
}

pub(crate) fn preview_to_wire(looked: u64, impacts: &Impacts, complete: bool) -> wire::PreviewChangeResponse {
    let count = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let change = |clock: ClockKind, it: &Impact| wire::PreviewedChange {
        clock: kind_to_wire(clock).into(),
        unchanged_count: count(it.unchanged),
        other_terms_count: count(it.other_terms),
        later_count: count(it.later),
        earlier_count: count(it.earlier),
        newly_late_count: count(it.newly_late),
        no_longer_late_count: count(it.no_longer_late),
        not_rebased_count: count(it.not_rebased),
        ..wire::PreviewedChange::default()
    };
    let by_group = impacts.by_group.iter().map(|((clock, category, group), it)| wire::PreviewedChange {
        category: category.clone(),
        group: group.clone().unwrap_or_default(),
        ..change(*clock, it)
    });
    let by_region = impacts.by_region.iter().map(|((clock, region), it)| wire::PreviewedChange {
        region: region.clone().unwrap_or_default(),
        ..change(*clock, it)
    });
    let (changes, regions) = (by_group.collect(), by_region.collect());
    wire::PreviewChangeResponse { looked_count: count(looked), changes, regions, complete }
}

fn version(violations: &mut Violations, given: &str) -> u32 {
    let version = set_version(given);
    match version {
        None if given.is_empty() => violations.add("policy_set", reasons::FIELD_REQUIRED, "must be given"),
        None => violations.add("policy_set", reasons::FIELD_INVALID, "must read policySets/{version}"),
        Some(_) => {}
    }
    version.unwrap_or_default()
}
