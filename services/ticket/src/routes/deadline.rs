//! The clocks of an appeal as the SLA monitor gets them: always the whole state.

use ::deadline::Allowance;
use proto::sla::v1 as sla;

use super::time;
use crate::domain::{Appeal, Clock, ClockKind, ClockState};

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
        clocks: appeal.clocks().into_iter().map(clock).collect(),
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

fn clock(clock: &Clock) -> sla::Clock {
    let kind = match clock.kind {
        ClockKind::FirstAnswer => sla::ClockKind::FirstAnswer,
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
        due_time: clock.due_time.and_then(time),
        allowance: Some(sla::Allowance { span: Some(span(clock.allowance)) }),
        calendar: clock.calendar.clone(),
        calendar_version: clock.calendar_version.into(),
        end_time: clock.end_time.and_then(time),
        rungs: Vec::new(),
    }
}

fn span(allowance: Allowance) -> sla::allowance::Span {
    let duration =
        |span: jiff::SignedDuration| prost_types::Duration { seconds: span.as_secs(), nanos: span.subsec_nanos() };
    match allowance {
        Allowance::RealTime(span) => sla::allowance::Span::RealTime(duration(span)),
        Allowance::WorkingTime(span) => sla::allowance::Span::WorkingTime(duration(span)),
        Allowance::WorkingDays(days) => sla::allowance::Span::WorkingDays(days.into()),
    }
}
