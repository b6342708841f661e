//! What the ticket service tells, from the wire.

use jiff::Timestamp;
use proto::from_wire;
use proto::sla::v1 as wire;
use rpc::{Refusal, Violations, reasons};
use uuid::Uuid;

use super::{allowance_from_wire, extension_reason_from_wire, kind_from_wire};
use crate::domain::{Acknowledgement, Clock, ClockState, Extension, Promise, Suspension, micros, parse_name};

/// Most bytes of a name or id: ours are a tenth of that.
const NAME_MAX: usize = 256;
/// Most suspensions of one appeal. The whole ledger travels with each change.
const SUSPENSIONS_MAX: usize = 1_000;
/// No policy allows more.
const EXTENSIONS_MAX: usize = 9;

/// The promise of a track or update, with the uid of its appeal.
pub(crate) fn promise(deadline: Option<&wire::Deadline>, request_id: &str) -> Result<(Uuid, Promise), Refusal> {
    read(deadline, request_id, false)
}

/// The promise of a stop: every clock is over.
pub(crate) fn stopped_promise(deadline: Option<&wire::Deadline>, request_id: &str) -> Result<(Uuid, Promise), Refusal> {
    read(deadline, request_id, true)
}

fn read(deadline: Option<&wire::Deadline>, request_id: &str, stopped: bool) -> Result<(Uuid, Promise), Refusal> {
    let mut violations = Violations::new();
    outbox::request_id(request_id, &mut violations);
    let Some(it) = deadline else {
        violations.add("deadline", reasons::FIELD_REQUIRED, "must be given");
        return Err(Refusal::invalid(violations));
    };
    let id = name(&mut violations, "deadline.name", "deadlines", &it.name);
    let appeal = name(&mut violations, "deadline.appeal", "appeals", &it.appeal);
    if id.is_some() && appeal.is_some() && id != appeal {
        violations.add("deadline.appeal", reasons::FIELD_INVALID, "must have the uid of the deadline");
    }
    for (path, value) in [
        ("deadline.number", &it.number),
        ("deadline.policy", &it.policy),
        ("deadline.policy_hash", &it.policy_hash),
        ("deadline.category", &it.category),
        ("deadline.priority", &it.priority),
        ("deadline.channel", &it.channel),
    ] {
        text(&mut violations, path, value);
    }
    for (path, value) in
        [("deadline.group", &it.group), ("deadline.region", &it.region), ("deadline.time_zone", &it.time_zone)]
    {
        if !value.is_empty() {
            text(&mut violations, path, value);
        }
    }
    for (path, value) in [("deadline.revision", it.revision), ("deadline.policy_version", it.policy_version)] {
        if value < 1 {
            violations.add(path, reasons::FIELD_INVALID, "must be at least 1");
        }
    }
    let clocks = clocks(&mut violations, &it.clocks, stopped);
    let suspensions = suspensions(&mut violations, &it.suspensions);
    let acknowledgement = it.acknowledgement.as_ref().and_then(|it| acknowledgement(&mut violations, it));
    let Some(id) = id.filter(|_| violations.is_empty()) else { return Err(Refusal::invalid(violations)) };
    let promise = Promise {
        number: it.number.clone(),
        revision: it.revision,
        policy: it.policy.clone(),
        policy_version: it.policy_version,
        policy_hash: it.policy_hash.clone(),
        category: it.category.clone(),
        priority: it.priority.clone(),
        channel: it.channel.clone(),
        group: told(&it.group),
        region: told(&it.region),
        zone: told(&it.time_zone),
        clocks,
        suspensions,
        acknowledgement,
    };
    Ok((id, promise))
}

fn told(given: &str) -> Option<String> {
    Some(given.to_owned()).filter(|given| !given.is_empty())
}

fn clocks(violations: &mut Violations, given: &[wire::Clock], stopped: bool) -> Vec<Clock> {
    if given.is_empty() {
        violations.add("deadline.clocks", reasons::FIELD_REQUIRED, "must be given");
    }
    let mut clocks: Vec<Clock> = Vec::new();
    for (at, it) in given.iter().enumerate() {
        let path = format!("deadline.clocks[{at}]");
        let Some(clock) = clock(violations, &path, it) else { continue };
        if clocks.iter().any(|other| other.kind == clock.kind) {
            violations.add(format!("{path}.kind"), reasons::FIELD_INVALID, "there must be one clock of a kind");
        }
        if stopped && !clock.is_over() {
            violations.add(format!("{path}.state"), reasons::FIELD_INVALID, "must be MET or CANCELLED");
        }
        clocks.push(clock);
    }
    clocks.sort_by_key(|clock| clock.kind);
    clocks
}

/// `None` when something was at fault, which is then among the violations.
fn clock(violations: &mut Violations, path: &str, it: &wire::Clock) -> Option<Clock> {
    let kind = kind_from_wire(it.kind());
    if kind.is_none() {
        violations.add(format!("{path}.kind"), reasons::FIELD_REQUIRED, "must be given");
    }
    let state = match it.state() {
        wire::clock::State::Unspecified => None,
        wire::clock::State::Running => Some(ClockState::Running),
        wire::clock::State::Paused => Some(ClockState::Paused),
        wire::clock::State::Met => Some(ClockState::Met),
        wire::clock::State::Cancelled => Some(ClockState::Cancelled),
    };
    if state.is_none() {
        violations.add(format!("{path}.state"), reasons::FIELD_REQUIRED, "must be given");
    }
    for (field, value) in [("epoch", it.epoch), ("calendar_version", it.calendar_version)] {
        if value < 1 {
            violations.add(format!("{path}.{field}"), reasons::FIELD_INVALID, "must be at least 1");
        }
    }
    text(violations, &format!("{path}.calendar"), &it.calendar);
    let start_time = required(violations, &format!("{path}.start_time"), it.start_time.as_ref());
    let due_time = optional(violations, &format!("{path}.due_time"), it.due_time.as_ref());
    let end_time = optional(violations, &format!("{path}.end_time"), it.end_time.as_ref());
    if state == Some(ClockState::Running) && it.due_time.is_none() {
        violations.add(format!("{path}.due_time"), reasons::FIELD_REQUIRED, "must be given while the clock runs");
    }
    let allowance = it.allowance.as_ref().and_then(allowance_from_wire);
    if allowance.is_none() {
        violations.add(format!("{path}.allowance"), reasons::FIELD_INVALID, "must grant time");
    }
    let extensions = extensions(violations, path, &it.extensions);
    if it.start_epoch < 0 || it.start_epoch > it.epoch.max(1) {
        violations.add(format!("{path}.start_epoch"), reasons::FIELD_INVALID, "must be 1 to the epoch, or absent");
    }
    Some(Clock {
        kind: kind?,
        state: state?,
        epoch: it.epoch,
        start_time: start_time?,
        start_epoch: it.start_epoch,
        due_time,
        allowance: allowance?,
        calendar: it.calendar.clone(),
        calendar_version: it.calendar_version,
        end_time,
        extensions: extensions?,
    })
}

/// `None` when something was at fault.
fn extensions(violations: &mut Violations, path: &str, given: &[wire::Extension]) -> Option<Vec<Extension>> {
    if given.len() > EXTENSIONS_MAX {
        violations.add(format!("{path}.extensions"), reasons::FIELD_INVALID, "must be at most 9");
        return None;
    }
    let mut extensions = Vec::with_capacity(given.len());
    for (at, it) in given.iter().enumerate() {
        let length = it.length.as_ref().and_then(allowance_from_wire);
        if length.is_none() {
            violations.add(format!("{path}.extensions[{at}].length"), reasons::FIELD_INVALID, "must grant time");
        }
        extensions.extend(length.map(|length| Extension { reason: extension_reason_from_wire(it.reason()), length }));
    }
    Some(extensions)
}

fn suspensions(violations: &mut Violations, given: &[wire::Suspension]) -> Vec<Suspension> {
    if given.len() > SUSPENSIONS_MAX {
        violations.add("deadline.suspensions", reasons::FIELD_INVALID, "must be at most 1000");
        return Vec::new();
    }
    let mut suspensions = Vec::with_capacity(given.len());
    for (at, it) in given.iter().enumerate() {
        let path = format!("deadline.suspensions[{at}]");
        text(violations, &format!("{path}.reason"), &it.reason);
        text(violations, &format!("{path}.actor"), &it.actor);
        let end_time = optional(violations, &format!("{path}.end_time"), it.end_time.as_ref());
        if let Some(start_time) = required(violations, &format!("{path}.start_time"), it.start_time.as_ref()) {
            if end_time.is_some_and(|end| end < start_time) {
                violations.add(format!("{path}.end_time"), reasons::FIELD_INVALID, "must not be before its start");
            }
            let (reason, actor) = (it.reason.clone(), it.actor.clone());
            suspensions.push(Suspension { start_time, end_time, reason, actor });
        }
    }
    suspensions
}

/// `None` when something was at fault.
fn acknowledgement(violations: &mut Violations, it: &wire::Acknowledgement) -> Option<Acknowledgement> {
    let level = u8::try_from(it.level).ok().filter(|level| *level > 0);
    if level.is_none() {
        violations.add("deadline.acknowledgement.level", reasons::FIELD_INVALID, "must be 1 to 255");
    }
    let time = required(violations, "deadline.acknowledgement.acknowledge_time", it.acknowledge_time.as_ref());
    Some(Acknowledgement { level: level?, time: time? })
}

pub(super) fn name(violations: &mut Violations, path: &str, collection: &str, given: &str) -> Option<Uuid> {
    let id = parse_name(collection, given);
    match id {
        None if given.is_empty() => violations.add(path, reasons::FIELD_REQUIRED, "must be given"),
        None => violations.add(path, reasons::FIELD_INVALID, format!("must read {collection}/{{uuid}}")),
        Some(_) => {}
    }
    id
}

/// Ids are not looked up here: a newer ticket service may know some that we do not, and its promise counts all the same.
pub(super) fn text(violations: &mut Violations, path: &str, given: &str) {
    if given.is_empty() {
        violations.add(path, reasons::FIELD_REQUIRED, "must be given");
    } else if given.len() > NAME_MAX || given.contains(|c: char| c.is_control()) {
        violations.add(path, reasons::FIELD_INVALID, "must be at most 256 bytes without control characters");
    }
}

fn required(violations: &mut Violations, path: &str, given: Option<&prost_types::Timestamp>) -> Option<Timestamp> {
    if given.is_none() {
        violations.add(path, reasons::FIELD_REQUIRED, "must be given");
    }
    optional(violations, path, given)
}

fn optional(violations: &mut Violations, path: &str, given: Option<&prost_types::Timestamp>) -> Option<Timestamp> {
    let time = from_wire(given?);
    if time.is_none() {
        violations.add(path, reasons::FIELD_INVALID, "must be an instant");
    }
    time.map(micros)
}
