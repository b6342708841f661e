//! Every acknowledged write is there, once: what was answered, against what the services tell when all is quiet. A comparison of names,
//! nothing else; [`crate::found`] asks for them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use proto::from_wire;
use proto::sla::v1::{ClockKind, rung};
use proto::ticket::v1::appeal::State;
use proto::ticket::v1::appeal_event::Type;

use crate::book::{Done, Filed};
use crate::dues::Planned;
use crate::found::Found;

/// One kind of thing: what must be there, and what is.
#[derive(Clone, Debug)]
pub struct Row {
    pub kind: &'static str,
    told: BTreeSet<String>,
    /// Requests for such a thing that were given up: each may have made one.
    open: usize,
    there: Vec<String>,
}

/// Everything that is compared.
pub fn rows(done: &Done, planned: &[Planned], found: &Found) -> Vec<Row> {
    let mut rows = writes(done, found);
    rows.extend(rungs(planned, found));
    rows
}

fn writes(done: &Done, found: &Found) -> Vec<Row> {
    let open = |method: &str| done.open.get(method).copied().unwrap_or_default();
    let (filings, posts, resolutions) = (open("FileAppeal"), open("PostMessage"), open("ResolveAppeal"));
    let filed = |name: fn(&Filed) -> String| done.filed.iter().map(name).collect::<Vec<_>>();
    let pairs = |of: &BTreeSet<(String, String)>| of.iter().map(|(one, other)| both(one, other)).collect::<Vec<_>>();
    let firsts = |of: &BTreeSet<(String, String)>| of.iter().map(|(one, _)| one.clone()).collect::<Vec<_>>();
    let notices = |template: &str| {
        let of = found.notifications.iter().filter(|it| it.template == template);
        of.map(|it| it.subject.clone()).collect::<Vec<_>>()
    };
    let events = |kind: Type| found.events.iter().filter(move |it| it.r#type() == kind);
    // Who takes an appeal assigns it to themselves.
    let (claims, assignments): (Vec<_>, Vec<_>) = events(Type::Assigned).partition(|it| it.actor == it.assignee);
    let assigned = |it: &&proto::ticket::v1::AppealEvent| both(appeal_of(&it.name), &it.assignee);
    let answers: BTreeSet<&str> = events(Type::Resolved).map(|it| it.message.as_str()).collect();
    let (answers, messages): (Vec<_>, Vec<_>) =
        found.messages.iter().partition(|it| answers.contains(it.name.as_str()));
    let in_journal = events(Type::MessagePosted).map(|it| it.message.clone());
    let resolved = found.appeals.iter().filter(|it| it.state() == State::Resolved);
    let numbers = found.numbers.iter().map(|(number, name)| both(number, name));
    let tracked = found.deadlines.iter().map(|it| it.name.replacen("deadlines/", "appeals/", 1));
    let citizens = found.citizens.iter().map(|it| both(&it.name, &it.phone));
    vec![
        Row::of("appeals", filed(|it| it.name.clone()), filings, found.appeals.iter().map(|it| it.name.clone())),
        Row::of("numbers", filed(|it| both(&it.number, &it.name)), 0, numbers),
        Row::of("promises watched", filed(|it| it.name.clone()), filings, tracked),
        Row::of("registration notices", filed(|it| it.name.clone()), filings, notices("registration")),
        Row::of("assignments", pairs(&done.assigned), open("AssignAppeal"), assignments.iter().map(assigned)),
        Row::of("claims", pairs(&done.claimed), open("ClaimNextAppeal"), claims.iter().map(assigned)),
        Row::of("messages", pairs(&done.posted), posts, messages.iter().map(|it| both(&it.name, &it.text))),
        Row::of("messages in journals", firsts(&done.posted), posts, in_journal),
        Row::of(
            "resolutions in journals",
            firsts(&done.resolved),
            resolutions,
            events(Type::Resolved).map(|it| appeal_of(&it.name).to_owned()),
        ),
        Row::of("resolved appeals", firsts(&done.resolved), resolutions, resolved.map(|it| it.name.clone())),
        Row::of(
            "answers",
            pairs(&done.resolved),
            resolutions,
            answers.iter().map(|it| both(appeal_of(&it.name), &it.text)),
        ),
        Row::of("resolution notices", firsts(&done.resolved), resolutions, notices("resolution")),
        Row::of("citizens", pairs(&done.citizens), open("CreateCitizen"), citizens),
    ]
}

/// What fell due, and what followed from it: nothing else may have fired.
fn rungs(planned: &[Planned], found: &Found) -> Vec<Row> {
    let told = |is: fn(&Planned) -> bool| planned.iter().filter(|it| is(it)).map(Planned::rung).collect::<Vec<_>>();
    let at_times = planned.iter().map(|it| format!("{} at {}", it.rung(), it.at));
    let events = |kind: Type| {
        let of = found.events.iter().filter(move |it| it.r#type() == kind);
        of.map(|it| format!("{} {} {}", appeal_of(&it.name), clock(it.clock()), it.level)).collect::<Vec<_>>()
    };
    let mut fired = Vec::new();
    for (deadline, of) in found.due.iter().flat_map(|it| it.clocks.iter().map(move |of| (it, of))) {
        for rung in of.rungs.iter().filter(|rung| rung.state() != rung::State::Armed) {
            let at = rung.fire_time.as_ref().and_then(from_wire).unwrap_or_default();
            // None is refused or overtaken.
            let state = Some(rung.state()).filter(|state| *state != rung::State::Acted);
            let state = state.map(|state| format!(", {}", state.as_str_name())).unwrap_or_default();
            fired.push(format!("{} {} {} at {at}{state}", deadline.appeal, clock(of.kind()), rung.level));
        }
    }
    // A notice does not tell its level, so they are counted: each level has one.
    let mut notices = BTreeMap::<&str, usize>::new();
    let repeats = found.notifications.iter().filter(|it| it.template == "overdue_repeat").map(|it| {
        let number = notices.entry(&it.subject).or_default();
        *number += 1;
        format!("{} resolution {number}", it.subject)
    });
    let not_acted = events(Type::RungNotActed).into_iter().map(|it| format!("{it} not acted"));
    vec![
        Row::of("rungs", at_times, 0, fired.into_iter().chain(not_acted)),
        Row::of("warnings in journals", told(|it| it.level <= 0), 0, events(Type::DeadlineWarned)),
        Row::of("escalations in journals", told(|it| it.level > 0), 0, events(Type::Escalated)),
        Row::of("repeat notices", told(|it| it.level > 0 && it.clock == "resolution"), 0, repeats),
    ]
}

fn clock(kind: ClockKind) -> &'static str {
    match kind {
        ClockKind::Acceptance => "acceptance",
        ClockKind::FirstAnswer => "first_answer",
        ClockKind::NextAnswer => "next_answer",
        ClockKind::OtherBody => "other_body",
        ClockKind::Resolution => "resolution",
        ClockKind::Unspecified => "no clock",
    }
}

fn both(one: &str, other: &str) -> String {
    format!("{one} {other}")
}

/// The appeal of an event or a message: the name's first two parts.
fn appeal_of(name: &str) -> &str {
    let end = name.match_indices('/').nth(1).map_or(name.len(), |(at, _)| at);
    &name[..end]
}

// === impl Row ===

impl Row {
    fn of(
        kind: &'static str,
        told: impl IntoIterator<Item = String>,
        open: usize,
        there: impl IntoIterator<Item = String>,
    ) -> Self {
        Self { kind, told: told.into_iter().collect(), open, there: there.into_iter().collect() }
    }

    /// What is not there.
    pub fn lost(&self) -> Vec<&str> {
        let there: BTreeSet<&String> = self.there.iter().collect();
        self.told.iter().filter(|it| !there.contains(it)).map(String::as_str).collect()
    }

    /// What is there once more than it may: twice, or without anybody having been told, but for what was given up.
    pub fn doubled(&self) -> Vec<&str> {
        let mut times = BTreeMap::<&str, usize>::new();
        for it in &self.there {
            *times.entry(it).or_default() += 1;
        }
        let again = times.iter().flat_map(|(it, times)| std::iter::repeat_n(*it, times - 1));
        let untold = times.keys().copied().filter(|it| !self.told.contains(*it)).skip(self.open);
        again.chain(untold).collect()
    }

    /// The same after something of it has vanished, or has come a second time, or after an acknowledgement was forgotten.
    fn spoilt(&self) -> [Self; 3] {
        let [mut without, mut twice, mut forgotten] = [self.clone(), self.clone(), self.clone()];
        without.there.pop();
        twice.there.extend(self.there.first().cloned());
        forgotten.told.pop_first();
        [without, twice, forgotten]
    }

    /// Whether each of these would be seen: of a comparison that can't fail nobody learns anything. Only of one in which all holds.
    pub fn can_fail(&self) -> bool {
        let [without, twice, forgotten] = self.spoilt();
        let is_double = |row: &Self| row.lost().is_empty() && row.doubled().len() == 1;
        without.lost().len() == 1 && without.doubled().is_empty() && is_double(&twice) && is_double(&forgotten)
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, told, there, .. } = self;
        let (told, there, lost, doubled) = (told.len(), there.len(), self.lost().len(), self.doubled().len());
        write!(f, "{kind:<24} told {told:>4}, there {there:>4}, lost {lost}, doubled {doubled}")
    }
}
