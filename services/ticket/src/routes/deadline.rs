//! The clocks of an appeal as the SLA monitor gets them: always the whole state.

use ::deadline::ExtensionReason;
use proto::sla::v1 as sla;

use super::time;
use crate::domain::{Appeal, Clock, ClockKind, ClockState, Extension};
use crate::grpc::convert::allowance_to_wire;

/// The whole state of the appeal's clocks.
pub(super) fn wire(appeal: &Appeal) -> sla::Deadline {
    sla::Deadline {
        name: format!("deadlines/{}", appeal.id),
        appeal: appeal.name(),
        number: appeal.number.to_string(),
        revision: appeal.revision,
        policy: appeal.promise.policy.clone(),
        policy_version: appeal.promise.set_version.into(),
        policy_hash: appeal.promise.set_hash.clone(),
        category: appeal.category.clone(),
        priority: appeal.priority.as_str().to_owned(),
        channel: appeal.channel.as_str().to_owned(),
        group: appeal.group.clone(),
        region: appeal.region.as_ref().map(|region| region.as_str().to_owned()).unwrap_or_default(),
        time_zone: appeal.time_zone.as_str().to_owned(),
        acknowledgement: appeal.escalation.acknowledge_time.map(|acknowledged| sla::Acknowledgement {
            level: appeal.escalation.level.into(),
            acknowledge_time: time(acknowledged),
        }),
        clocks: appeal.clocks().map(|it| clock(appeal, it)).collect(),
        suspensions: appeal
            .suspensions
            .iter()
            .map(|suspension| sla::Suspension {
                start_time: time(suspension.start_time),
                end_time: suspension.end_time.and_then(time),
                reason: suspension.reason.as_str().to_owned(),
                actor: suspension.actor.to_string(),
            })
            .collect(),
        ..Default::default()
    }
}

fn clock(appeal: &Appeal, clock: &Clock) -> sla::Clock {
    let kind = match clock.kind {
        ClockKind::Acceptance => sla::ClockKind::Acceptance,
        ClockKind::FirstAnswer => sla::ClockKind::FirstAnswer,
        ClockKind::NextAnswer => sla::ClockKind::NextAnswer,
        ClockKind::OtherBody => sla::ClockKind::OtherBody,
        ClockKind::Resolution => sla::ClockKind::Resolution,
    };
    let state = match clock.state {
        ClockState::Running => sla::clock::State::Running,
        ClockState::Paused => sla::clock::State::Paused,
        ClockState::Met => sla::clock::State::Met,
        ClockState::Cancelled => sla::clock::State::Cancelled,
    };
    sla::Clock {
        kind: kind.into(),
        state: state.into(),
        epoch: clock.epoch,
        start_time: time(clock.start_time),
        start_epoch: clock.start_epoch,
        due_time: clock.due_time.and_then(time),
        allowance: Some(allowance_to_wire(clock.allowance)),
        calendar: clock.calendar.clone(),
        calendar_version: clock.calendar_version.into(),
        end_time: clock.end_time.and_then(time),
        rungs: Vec::new(),
        remaining: None,
        extensions: extensions(appeal, clock.kind),
    }
}

/// Those that govern.
fn extensions(appeal: &Appeal, kind: ClockKind) -> Vec<sla::Extension> {
    let extension = |it: &Extension| sla::Extension {
        reason: match it.reason {
            ExtensionReason::FurtherAnalysis => sla::ExtensionReason::FurtherAnalysis,
            ExtensionReason::MissingInformation => sla::ExtensionReason::MissingInformation,
            ExtensionReason::OtherDepartments => sla::ExtensionReason::OtherDepartments,
        }
        .into(),
        length: Some(allowance_to_wire(it.length)),
    };
    match kind {
        ClockKind::Resolution => appeal.extensions.iter().filter(|it| it.is_effective()).map(extension).collect(),
        _ => Vec::new(),
    }
}
