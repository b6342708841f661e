//! A deadline on the wire.

use jiff::{SignedDuration, Timestamp};
use proto::sla::v1 as wire;
use proto::to_wire;

use super::{allowance_to_wire, duration_to_wire, extension_to_wire, kind_to_wire};
use crate::domain::{Clock, ClockState, Deadline, Policies, Rung, RungState, appeal_name, deadline_name, lateness};

/// `late_after`: from which lateness on a rung is labelled.
pub(crate) fn deadline_to_wire(it: &Deadline, late_after: SignedDuration) -> wire::Deadline {
    let promise = &it.promise;
    let state = if it.is_tracked() { wire::deadline::State::Tracked } else { wire::deadline::State::Stopped };
    let rungs_of = |clock: &Clock| it.rungs.iter().filter(|rung| rung.key.clock == clock.kind).collect::<Vec<_>>();
    wire::Deadline {
        name: deadline_name(it.id),
        appeal: appeal_name(it.id),
        number: promise.number.clone(),
        revision: promise.revision,
        policy: promise.policy.clone(),
        policy_version: promise.policy_version,
        policy_hash: promise.policy_hash.clone(),
        category: promise.category.clone(),
        priority: promise.priority.clone(),
        channel: promise.channel.clone(),
        clocks: promise.clocks.iter().map(|it| clock_to_wire(it, &rungs_of(it), late_after)).collect(),
        suspensions: promise
            .suspensions
            .iter()
            .map(|it| wire::Suspension {
                start_time: Some(to_wire(it.start_time)),
                end_time: it.end_time.map(to_wire),
                reason: it.reason.clone(),
                actor: it.actor.clone(),
            })
            .collect(),
        state: state.into(),
        next_due_time: it.next_due_time().map(to_wire),
        create_time: Some(to_wire(it.create_time)),
        update_time: Some(to_wire(it.update_time)),
        mismatch: it.mismatch,
        group: promise.group.clone().unwrap_or_default(),
        region: promise.region.clone().unwrap_or_default(),
        time_zone: promise.zone.clone().unwrap_or_default(),
        acknowledgement: promise
            .acknowledgement
            .map(|it| wire::Acknowledgement { level: it.level.into(), acknowledge_time: Some(to_wire(it.time)) }),
    }
}

/// The same with what is left of its clocks' time now.
pub(crate) fn deadline_now_to_wire(
    it: &Deadline,
    late_after: SignedDuration,
    policies: &Policies,
    now: Timestamp,
) -> wire::Deadline {
    let mut shown = deadline_to_wire(it, late_after);
    for (shown, clock) in shown.clocks.iter_mut().zip(&it.promise.clocks) {
        shown.remaining = policies.remaining(&it.promise, clock, now).map(duration_to_wire);
    }
    shown
}

fn clock_to_wire(it: &Clock, rungs: &[&Rung], late_after: SignedDuration) -> wire::Clock {
    let state = match it.state {
        ClockState::Running => wire::clock::State::Running,
        ClockState::Paused => wire::clock::State::Paused,
        ClockState::Met => wire::clock::State::Met,
        ClockState::Cancelled => wire::clock::State::Cancelled,
    };
    wire::Clock {
        kind: kind_to_wire(it.kind).into(),
        state: state.into(),
        epoch: it.epoch,
        start_time: Some(to_wire(it.start_time)),
        start_epoch: it.start_epoch,
        due_time: it.due_time.map(to_wire),
        allowance: Some(allowance_to_wire(it.allowance)),
        calendar: it.calendar.clone(),
        calendar_version: it.calendar_version,
        end_time: it.end_time.map(to_wire),
        extensions: it.extensions.iter().map(extension_to_wire).collect(),
        rungs: rungs.iter().map(|rung| rung_to_wire(rung, late_after)).collect(),
        remaining: None,
    }
}

fn rung_to_wire(it: &Rung, late_after: SignedDuration) -> wire::Rung {
    let state = match it.state {
        RungState::Armed => wire::rung::State::Armed,
        RungState::Fired => wire::rung::State::Fired,
        RungState::Acted => wire::rung::State::Acted,
        RungState::Suppressed => wire::rung::State::Suppressed,
        RungState::Superseded => wire::rung::State::Superseded,
    };
    let late = |(planned, acted): (Timestamp, Timestamp)| lateness(planned, acted, late_after);
    wire::Rung {
        level: it.key.level.into(),
        state: state.into(),
        epoch: it.key.epoch,
        fire_time: it.fire_time.map(to_wire),
        act_time: it.act_time.map(to_wire),
        lateness: it.fire_time.zip(it.act_time).and_then(late).map(duration_to_wire),
        promise_time: it.promise_time.map(to_wire),
        reason: it.reason.clone().unwrap_or_default(),
        notice: it.notice.clone().unwrap_or_default(),
        notice_time: it.notice_time.map(to_wire),
        accept_time: it.accept_time.map(to_wire),
    }
}
