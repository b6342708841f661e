//! What happens to promises, and who asks to be told.

use ::deadline::ClockKind;
use proto::sla::v1 as wire;
use proto::to_wire;
use rpc::{Caller, Refusal, Violations, reasons};

use super::promise::text;
use super::{duration_to_wire, kind_from_wire, kind_to_wire};
use crate::domain::{Breach, BreachEvent, appeal_name, deadline_name};

/// What a watch is about.
#[derive(Clone, Debug)]
pub(crate) struct Followed {
    clock: Option<ClockKind>,
    category: String,
    group: String,
    /// Bytes that stand for filter and caller: cursors are bound to them.
    pub(crate) bound: Vec<u8>,
}

/// What is asked for.
pub(crate) fn watch_breaches(request: &wire::WatchBreachesRequest, caller: &Caller) -> Result<Followed, Refusal> {
    let mut violations = Violations::new();
    let clock = match wire::ClockKind::try_from(request.clock) {
        Ok(kind) => kind_from_wire(kind),
        Err(_) => {
            violations.add("clock", reasons::FIELD_INVALID, "is not a clock");
            None
        }
    };
    for (path, given) in [("category", &request.category), ("group", &request.group)] {
        if !given.is_empty() {
            text(&mut violations, path, given);
        }
    }
    violations.finish()?;
    let filter = (request.clock, &request.category, &request.group, caller.key());
    let bound = serde_json::to_vec(&filter).map_err(Refusal::internal)?;
    Ok(Followed { clock, category: request.category.clone(), group: request.group.clone(), bound })
}

// === impl Followed ===

impl Followed {
    /// Whether it is asked for.
    pub(crate) fn takes(&self, it: &Breach) -> bool {
        self.clock.is_none_or(|clock| clock == it.clock)
            && (self.category.is_empty() || self.category == it.category)
            && (self.group.is_empty() || Some(&self.group) == it.group.as_ref())
    }
}

/// An entry.
pub(crate) fn breach_to_wire(it: Breach) -> wire::Breach {
    use wire::breach::Event;
    let event = match it.event {
        BreachEvent::Warned => Event::Warned,
        BreachEvent::Breached => Event::Breached,
        BreachEvent::Raised => Event::Raised,
        BreachEvent::Accepted => Event::Accepted,
        BreachEvent::Refused => Event::Refused,
        BreachEvent::MetLate => Event::MetLate,
        BreachEvent::CancelledLate => Event::CancelledLate,
        BreachEvent::Reopened => Event::Reopened,
    };
    let late = it.due_time.map(|due| it.event_time.duration_since(due)).filter(|late| !late.is_negative());
    wire::Breach {
        event: event.into(),
        deadline: deadline_name(it.deadline),
        appeal: appeal_name(it.deadline),
        number: it.number,
        clock: kind_to_wire(it.clock).into(),
        epoch: it.epoch,
        level: it.level.into(),
        policy: it.policy,
        category: it.category,
        priority: it.priority,
        channel: it.channel,
        group: it.group.unwrap_or_default(),
        due_time: it.due_time.map(to_wire),
        event_time: Some(to_wire(it.event_time)),
        lateness: late.map(duration_to_wire),
        promise_time: it.promise_time.map(to_wire),
        holder: it.holder.unwrap_or_default(),
        reason: it.reason.unwrap_or_default(),
    }
}
