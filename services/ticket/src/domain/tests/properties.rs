//! What holds after any commands in any order.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// One step: who, what, and how long after the one before. Numbers pick among what fits the appeal as it then is.
#[derive(Debug, Clone)]
enum Op {
    Assign(usize),
    Post { by: usize, internal: bool },
    Ask { by_assignee: bool, verification: bool },
    Provide { text: bool, assertion: Option<u8> },
    Resolve { by_assignee: bool, assertion: Option<u8> },
    Reopen,
    Withdraw,
    Rung { kind: usize, level: u8, stale: bool, promise_hours: i64, duty: u8 },
    Manual { level: Option<u8>, duty: u8 },
    Acknowledge,
    Warned,
    Noticed,
    Extend { days: u16, by_assignee: bool },
    Told { known: bool, state: usize },
    Rebase(usize),
    LookAtPause { known: bool },
    AskBody { by_assignee: bool },
    BodyAnswers { outcome: usize },
}

fn op() -> impl Strategy<Value = Op> {
    let assertion = || proptest::option::of(0u8..4);
    prop_oneof![
        4 => (0usize..4).prop_map(Op::Assign),
        4 => (0usize..6, any::<bool>()).prop_map(|(by, internal)| Op::Post { by, internal }),
        4 => (prop::bool::weighted(0.9), any::<bool>())
            .prop_map(|(by_assignee, verification)| Op::Ask { by_assignee, verification }),
        5 => (prop::bool::weighted(0.8), assertion()).prop_map(|(text, assertion)| Op::Provide { text, assertion }),
        3 => (prop::bool::weighted(0.9), assertion())
            .prop_map(|(by_assignee, assertion)| Op::Resolve { by_assignee, assertion }),
        3 => Just(Op::Reopen),
        1 => Just(Op::Withdraw),
        5 => (0..ClockKind::ALL.len(), 1u8..4, prop::bool::weighted(0.2), -50i64..100, any::<u8>())
            .prop_map(|(kind, level, stale, promise_hours, duty)| Op::Rung { kind, level, stale, promise_hours, duty }),
        2 => (proptest::option::of(1u8..4), any::<u8>()).prop_map(|(level, duty)| Op::Manual { level, duty }),
        2 => Just(Op::Acknowledge),
        1 => Just(Op::Warned),
        1 => Just(Op::Noticed),
        4 => (1u16..13, prop::bool::weighted(0.9)).prop_map(|(days, by_assignee)| Op::Extend { days, by_assignee }),
        4 => (prop::bool::weighted(0.8), 0usize..6).prop_map(|(known, state)| Op::Told { known, state }),
        2 => (2usize..4).prop_map(Op::Rebase),
        4 => prop::bool::weighted(0.9).prop_map(|known| Op::LookAtPause { known }),
        3 => prop::bool::weighted(0.9).prop_map(|by_assignee| Op::AskBody { by_assignee }),
        3 => (0..BodyOutcome::ALL.len()).prop_map(|outcome| Op::BodyAnswers { outcome }),
    ]
}

fn levels() -> [AssuranceLevel; 4] {
    [AssuranceLevel::None, AssuranceLevel::Simplified, AssuranceLevel::Standard, AssuranceLevel::Confirmed]
}

/// Who is on duty by the bits of `duty`.
fn shift(duty: u8) -> Vec<Member> {
    staff().into_iter().enumerate().map(|(at, member)| Member { on_duty: duty >> at & 1 == 1, ..member }).collect()
}

fn command(op: &Op, appeal: &Appeal, now: Timestamp) -> (Actor, Command) {
    let person = || Actor::Citizen(citizen());
    let assignee = |really: bool| {
        let id = appeal.assignee.as_deref().filter(|_| really).unwrap_or("stranger");
        staff_actor(id)
    };
    let token = |level: &Option<u8>| level.map(|level| assertion(appeal, levels()[usize::from(level)]));
    match op {
        Op::Assign(at) => (staff_actor("boss"), Command::Assign { member: staff()[*at].clone() }),
        Op::Post { by, internal } => {
            let by = match by {
                0 => person(),
                1 => sla(),
                2 => assignee(true),
                at => staff_actor(&staff()[at - 3].id),
            };
            (by, post(if *internal { Visibility::Internal } else { Visibility::Public }))
        }
        Op::Ask { by_assignee, verification } => {
            let need = if *verification { Need::Verification } else { Need::Information };
            (assignee(*by_assignee), ask(need))
        }
        Op::Provide { text, assertion } => {
            (person(), Command::ProvideInfo { text: *text, assertion: token(assertion) })
        }
        Op::Resolve { by_assignee, assertion } => {
            (assignee(*by_assignee), Command::Resolve { assertion: token(assertion) })
        }
        Op::Reopen => (person(), Command::Reopen),
        Op::Withdraw => (person(), Command::Withdraw),
        Op::Rung { kind, level, stale, promise_hours, duty } => {
            let kind = ClockKind::ALL[*kind];
            let epoch = appeal.clock(kind).map_or(1, |clock| clock.epoch) - i64::from(*stale);
            let ask = Escalate {
                level: Some(*level),
                clock: Some(ClockRef { kind, epoch }),
                level_due_time: Some(now + hours(*promise_hours)),
                lateness: None,
            };
            (sla(), Command::Escalate { ask, candidates: shift(*duty) })
        }
        Op::Manual { level, duty } => {
            let ask = Escalate { level: *level, clock: None, level_due_time: None, lateness: None };
            (staff_actor("spec"), Command::Escalate { ask, candidates: shift(*duty) })
        }
        Op::Acknowledge => (assignee(true), Command::AcknowledgeEscalation),
        Op::Warned => (sla(), warned(appeal)),
        Op::Noticed => (Actor::System("notification".into()), noticed()),
        Op::Extend { days, by_assignee } => {
            (assignee(*by_assignee), extend(*days, 100 + u128::try_from(appeal.last_event).unwrap()))
        }
        Op::Told { known, state } => {
            let request = appeal.extensions.last().filter(|_| *known).map_or(Uuid::nil(), |last| last.notice);
            (Actor::System("notification".into()), outcome_of(request, NoticeState::ALL[*state]))
        }
        Op::Rebase(set) => (sla(), rebase(*set)),
        Op::AskBody { by_assignee } => (assignee(*by_assignee), ask_body()),
        Op::BodyAnswers { outcome } => {
            (assignee(true), Command::RecordBodyAnswer { outcome: BodyOutcome::ALL[*outcome] })
        }
        Op::LookAtPause { known } => {
            let open = appeal.open_suspension().filter(|_| *known).map_or(monday(), |open| open.start_time);
            (Actor::System("ticket".into()), Command::LookAtPause { start_time: open })
        }
    }
}

/// What is true of one step.
fn check_step(before: &Appeal, decision: &Decision) -> Result<(), TestCaseError> {
    let after = &decision.after;
    prop_assert_eq!(after.fault(), None);
    if decision.already_applied() {
        prop_assert_eq!(before, after);
    }
    let mut applied = before.clone();
    for (event, number) in decision.events.iter().zip(before.last_event + 1..) {
        prop_assert_eq!(event.number, number);
        applied.apply(event);
    }
    prop_assert_eq!(&applied, after);
    prop_assert_eq!(decision.events.last().map_or(before.state, |last| last.state), after.state);
    if before.state.is_terminal() {
        prop_assert_eq!(before.state, after.state);
        prop_assert!(before.clocks().eq(after.clocks()));
    }
    prop_assert!(after.escalation.level >= before.escalation.level);
    for (was, is) in both(before, after) {
        prop_assert!(is.epoch >= was.epoch);
        if is.start_epoch != was.start_epoch {
            // Another wait of the applicant, or opened again: all of it is new.
            prop_assert!(is.kind != ClockKind::FirstAnswer && is.is_running() && is.start_epoch == is.epoch);
            prop_assert!(
                was.is_over() && is.epoch > was.epoch && is.acted_level == 0 && is.start_time >= was.start_time
            );
            continue;
        }
        prop_assert!(is.acted_level >= was.acted_level);
        // A due time that changes has a new epoch, and one that has not keeps its own, unless other terms lead to it.
        let moved = is.due_time.is_some() && is.due_time != was.due_time;
        let others = (is.allowance, &is.calendar) != (was.allowance, &was.calendar) || before.promise != after.promise;
        prop_assert!(moved == (is.epoch > was.epoch) || others && !moved && is.epoch == was.epoch + 1);
    }
    let rebased = decision.events.iter().any(|recorded| matches!(recorded.event, Event::Rebased(_)));
    prop_assert_eq!(before.promise != after.promise, rebased);
    for (was, is) in both(before, after).filter(|(was, is)| was.start_epoch == is.start_epoch) {
        let terms = |clock: &Clock| (clock.allowance, clock.calendar.clone(), clock.calendar_version);
        prop_assert!(terms(was) == terms(is) || rebased && !was.is_over(), "terms changed without a re-base");
        prop_assert_eq!((was.start_time, was.is_over() && rebased && is != was), (is.start_time, false));
    }
    if rebased && after.resolution.acted_level > 0 {
        prop_assert!(
            after.expected_time >= before.expected_time || after.expected_time.is_none(),
            "a level's promise is taken back"
        );
    }
    let effective = |appeal: &Appeal| appeal.extensions.iter().filter(|it| it.is_effective()).count();
    let is_anew = after.resolution.start_epoch > before.resolution.start_epoch;
    prop_assert!(effective(after) <= effective(before) + 1);
    prop_assert!(effective(after) >= effective(before) || is_anew && effective(after) == 0);
    if effective(after) > effective(before) {
        let now = decision.events.last().unwrap().time;
        prop_assert!(before.resolution.due_time.is_none_or(|due| now < due), "extended when it was late already");
        prop_assert!(before.proposal().is_some());
    }
    if decision.events.iter().any(|recorded| matches!(recorded.event, Event::PauseEnded { .. })) {
        let (now, open) = (decision.events[0].time, before.open_suspension().unwrap());
        prop_assert!(open.resume_time.is_some_and(|time| time <= now), "ended before its time");
    }
    for recorded in &decision.events {
        if let Event::Escalated(Escalated { expected_time: Some(told), .. }) = &recorded.event {
            prop_assert!(*told > recorded.time, "told to expect it at a time that has passed");
        }
    }
    if decision.events.iter().all(|recorded| recorded.event.is_note()) {
        prop_assert_eq!((before.version, before.revision), (after.version, after.revision));
        prop_assert_eq!((before.update_time, before.etag()), (after.update_time, after.etag()));
    }
    let seen = |appeal: &Appeal| {
        let of = |it: &Clock| (it.kind, it.state, it.epoch, it.due_time, it.end_time);
        appeal.clocks().map(of).collect::<Vec<_>>()
    };
    let clocks_changed = seen(before) != seen(after);
    prop_assert!(!clocks_changed || after.revision > before.revision, "the SLA monitor must hear of it");
    prop_assert_eq!(after.suspensions.starts_with(&closed(&before.suspensions)), true);
    Ok(())
}

/// Each clock as it was and as it is. None ever goes away.
fn both<'a>(before: &'a Appeal, after: &'a Appeal) -> impl Iterator<Item = (&'a Clock, &'a Clock)> {
    before.clocks().map(|was| (was, after.clock(was.kind).unwrap()))
}

/// Suspensions that can't change any more.
fn closed(suspensions: &[Suspension]) -> Vec<Suspension> {
    suspensions.iter().filter(|suspension| suspension.end_time.is_some()).cloned().collect()
}

/// The next answer's clock runs exactly while the applicant waits for one: they wrote last, or brought what was asked, and no person has answered
/// since.
fn check_waiting(decision: &Decision) -> Result<(), TestCaseError> {
    let after = &decision.after;
    let runs = after.next_answer.as_ref().is_some_and(Clock::is_running);
    let promises = |set: &PolicySet| set.content_hash().is(&after.promise.set_hash);
    let is_answering = promises(&ANSWERING);
    prop_assert!(!runs || after.state.is_open() && !after.state.is_paused() && after.first_answer.is_over());
    for recorded in &decision.events {
        let turn = match &recorded.event {
            Event::MessagePosted { author, visibility: Visibility::Public, .. } => match author {
                Author::Staff => Some(false),
                Author::Applicant if is_answering && !after.state.is_paused() => Some(after.first_answer.is_over()),
                Author::Applicant | Author::System => None,
            },
            Event::InfoProvided { .. } if is_answering => Some(after.first_answer.is_over()),
            Event::InfoRequested { .. } | Event::Resolved { .. } | Event::Withdrawn => Some(false),
            _ => None,
        };
        prop_assert!(is_answering || !matches!(recorded.event, Event::AnswerAwaited { .. }), "nobody promised that");
        if let Some(waits) = turn {
            prop_assert_eq!(runs, waits, "{:?}", recorded.event);
        }
    }
    Ok(())
}

/// What is true of a whole life.
fn check_journal(journal: &[Recorded], appeal: &Appeal) -> Result<(), TestCaseError> {
    let stored = serde_json::to_string(journal).unwrap();
    let read: Vec<Recorded> = serde_json::from_str(&stored).unwrap();
    let replayed = Appeal::replay(&read);
    prop_assert_eq!(replayed.as_ref(), Some(appeal));
    let answered = journal.iter().filter(|recorded| matches!(recorded.event, Event::FirstAnswered { .. })).count();
    prop_assert!(answered <= 1);
    let mut acted = BTreeSet::new();
    for recorded in journal {
        if matches!(recorded.event, Event::AnswerAwaited { .. }) {
            acted.retain(|(clock, _)| *clock != ClockKind::NextAnswer);
        }
        if matches!(recorded.event, Event::BodyAsked { clock: Some(_), .. }) {
            acted.retain(|(clock, _)| *clock != ClockKind::OtherBody);
        }
        if matches!(recorded.event, Event::Reopened { anew: Some(_), .. }) {
            acted.retain(|(clock, _)| *clock != ClockKind::Resolution);
        }
        if let Event::Escalated(escalated) = &recorded.event
            && let Some(clock) = escalated.clock
        {
            prop_assert!(acted.insert((clock, escalated.level)), "a level of a clock acted twice");
        }
    }
    prop_assert!(journal.windows(2).all(|pair| pair[0].time <= pair[1].time));
    for text in ["Петрова", "9161234567", "anna@example", "Код не"] {
        prop_assert!(!stored.contains(text), "the journal holds something personal");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn any_life_keeps_the_rules(
        category in prop::sample::select(vec!["consultation", "access_recovery", "personal_data_change", "page_display"]),
        channel in prop::sample::select(vec![Channel::Portal, Channel::WebForm, Channel::Email, Channel::Phone]),
        answers_all in any::<bool>(),
        ops in proptest::collection::vec((op(), 0i64..2_000), 0..40),
    ) {
        let Decision { events: mut journal, after: mut appeal, .. } = run_file(category, channel);
        if answers_all {
            let decision = answering(&appeal);
            journal.extend(decision.events);
            appeal = decision.after;
        }
        let mut now = monday();
        let mut latest: BTreeMap<(ClockKind, i64), Timestamp> = BTreeMap::new();
        for (op, minutes) in ops {
            now += SignedDuration::from_mins(minutes);
            let (by, command) = command(&op, &appeal, now);
            let Ok(decision) = run(&appeal, &command, &by, now) else { continue };
            check_step(&appeal, &decision)?;
            check_waiting(&decision)?;
            // Said twice is done once, for whatever can be compared: a text can't.
            if matches!(op, Op::Assign(_) | Op::Withdraw | Op::Rung { .. } | Op::Acknowledge | Op::Rebase(_) | Op::LookAtPause { .. }) {
                let again = run(&decision.after, &command, &by, now).unwrap();
                prop_assert!(again.already_applied());
            }
            appeal = decision.after;
            journal.extend(decision.events);
            if matches!(op, Op::Rebase(_)) {
                // Under other rules it may move earlier, at once or when the clock runs again.
                latest.clear();
            }
            for clock in appeal.clocks() {
                if let Some(due) = clock.due_time {
                    let known = latest.entry((clock.kind, clock.start_epoch)).or_insert(due);
                    prop_assert!(due >= *known, "a due time moved earlier");
                    *known = due;
                }
            }
        }
        check_journal(&journal, &appeal)?;
    }
}
