//! Extensions (L4): proposed, and then effective or lapsed, whatever comes in between.

use deadline::{Allowance, ExtensionReason, NotExtensible};

use super::super::extension::Lapse;
use super::*;

const NOTICE: u128 = 5;

/// Promised by the standard policy: five working days, to Monday 9 March as the holiday of that day is a day off: to the 10th.
fn at_work() -> Appeal {
    let appeal = in_progress();
    assert_eq!(appeal.promise.policy, "standard");
    appeal
}

fn due(appeal: &Appeal) -> Timestamp {
    appeal.resolution.due_time.unwrap()
}

fn minutes(minutes: i64) -> SignedDuration {
    SignedDuration::from_mins(minutes)
}

fn proposed() -> Appeal {
    let appeal = at_work();
    let now = appeal.update_time + hours(1);
    let decision = run(&appeal, &extend(5, NOTICE), &staff_actor("spec"), now).unwrap();
    let Event::ExtensionProposed(proposed) = decision.events[0].event else { panic!("{:?}", decision.events) };
    assert_eq!((proposed.old_due_time, due(&decision.after)), (due(&appeal), due(&appeal)), "the old one governs");
    assert_eq!(decision.after.revision, appeal.revision, "the clocks have not moved");
    decision.after
}

fn told(appeal: &Appeal, state: NoticeState, now: Timestamp) -> Decision {
    let by = Actor::System("notification".into());
    run(appeal, &outcome_of(Uuid::from_u128(NOTICE), state), &by, now).unwrap()
}

fn causes(decision: &Decision) -> Vec<Lapse> {
    let cause = |recorded: &Recorded| match recorded.event {
        Event::ExtensionLapsed { cause } => Some(cause),
        _ => None,
    };
    decision.events.iter().filter_map(cause).collect()
}

#[test]
fn it_governs_once_a_provider_took_the_notice() {
    let appeal = proposed();
    let promised = appeal.proposal().unwrap().due_time;
    let queued = told(&appeal, NoticeState::Queued, appeal.update_time + hours(1)).after;
    assert_eq!((due(&queued), queued.proposal().is_some()), (due(&appeal), true));
    let last_moment = due(&appeal) - SignedDuration::from_micros(1);
    let Decision { events, after, .. } = told(&queued, NoticeState::Sent, last_moment);
    assert!(matches!(events[..], [_, Recorded { event: Event::Extended { .. }, .. }]));
    assert_eq!((due(&after), after.expected_time, after.resolution.epoch), (promised, Some(promised), 2));
    assert_eq!(after.revision, after.last_event, "the SLA monitor hears of it");
    // The receipt that follows changes nothing.
    let again = told(&after, NoticeState::Delivered, promised - hours(1)).after;
    assert_eq!((due(&again), again.resolution.epoch), (promised, 2));
}

#[test]
fn what_is_heard_of_at_the_due_time_is_too_late() {
    let appeal = proposed();
    let decision = told(&appeal, NoticeState::Delivered, due(&appeal));
    assert_eq!(causes(&decision), [Lapse::DueTimePassed]);
    assert_eq!((due(&decision.after), decision.after.resolution.epoch), (due(&appeal), 1));
    // The breach that was fired for the old due time is no stale one.
    let breach = rung(&decision.after, ClockKind::Resolution, 1, due(&appeal) + hours(8));
    assert!(run(&decision.after, &breach, &sla(), due(&appeal) + minutes(1)).is_ok());
}

#[test]
fn the_breach_lets_it_lapse_and_a_breach_of_the_old_due_time_is_stale_once_it_governs() {
    let appeal = proposed();
    let breach = rung(&appeal, ClockKind::Resolution, 1, due(&appeal) + hours(8));
    let fired = run(&appeal, &breach, &sla(), due(&appeal)).unwrap();
    assert_eq!(causes(&fired), [Lapse::DueTimePassed]);
    let late = told(&fired.after, NoticeState::Sent, due(&appeal) + minutes(1));
    assert_eq!((late.events.len(), due(&late.after)), (1, due(&appeal)));

    let effective = told(&appeal, NoticeState::Sent, due(&appeal) - minutes(1)).after;
    let stale = run(&effective, &breach, &sla(), due(&appeal) + minutes(1)).unwrap_err();
    assert_eq!(stale, Refusal::EpochStale { present: 2 });
}

#[test]
fn a_notice_that_nobody_takes_lets_it_lapse_and_another_may_be_proposed() {
    let appeal = proposed();
    let lapsed = told(&appeal, NoticeState::Failed, appeal.update_time + hours(1));
    assert_eq!(causes(&lapsed), [Lapse::NoticeFailed]);
    let now = lapsed.after.update_time + hours(1);
    let second = run(&lapsed.after, &extend(5, NOTICE + 1), &staff_actor("spec"), now).unwrap().after;
    // The first one's notice is another one's business.
    let other = told(&second, NoticeState::Delivered, now + hours(1)).after;
    assert!(other.proposal().is_some());
    assert_eq!(second.extensions.len(), 1, "what lapsed makes room");
}

#[test]
fn a_pause_leaves_it_alone() {
    let appeal = proposed();
    let paused = after(appeal.clone(), &[(staff_actor("spec"), ask(Need::Information))]);
    let effective = told(&paused, NoticeState::Sent, paused.update_time + hours(24 * 30));
    assert!(matches!(effective.events[1].event, Event::Extended { due: None, expected_time: None }));
    let resumed =
        run(&effective.after, &answer(), &Actor::Citizen(citizen()), paused.update_time + hours(24 * 31)).unwrap();
    let days = [Allowance::WorkingDays(5)];
    let expected = with_rules(|rules| {
        let set = rules.in_force(monday());
        let counted: Vec<_> = resumed.after.suspensions.iter().map(Suspension::counted).collect();
        set.term("standard", ClockKind::Resolution).unwrap().extended(monday(), &days, &counted).unwrap().time()
    });
    assert_eq!(resumed.after.resolution.due_time, expected);
    assert_eq!(resumed.after.resolution.epoch, 2);
}

/// At the end of the published calendar: a pause took the days that the extension needs. The outcome is noted all the same.
#[test]
fn what_can_not_be_computed_any_more_lapses_and_the_outcome_is_noted() {
    let start: Timestamp = "2027-12-06T09:00:00Z".parse().unwrap();
    let by = Actor::Citizen(citizen());
    let filing = filing("consultation", Channel::Portal, Some(citizen()));
    let filed =
        with_rules(|rules| file(&filing, Uuid::from_u128(7), Number::from_random(7), &by, start, rules)).unwrap().after;
    let spec = staff_actor("spec");
    let proposed = after(filed, &[(spec.clone(), give("spec")), (spec.clone(), extend(10, NOTICE))]);
    let paused = after(proposed, &[(spec, ask(Need::Information))]);
    let resumed = run(&paused, &answer(), &by, paused.update_time + hours(24 * 10)).unwrap().after;
    let noted = told(&resumed, NoticeState::Sent, resumed.update_time + hours(1));
    assert_eq!(causes(&noted), [Lapse::NotComputable]);
    assert_eq!((noted.events[0].event.kind(), due(&noted.after)), ("notice_outcome", due(&resumed)));
}

#[test]
fn it_is_refused_with_the_reason() {
    let appeal = at_work();
    let now = appeal.update_time + hours(1);
    let refused =
        |appeal: &Appeal, command: &Command, by: &str, now| run(appeal, command, &staff_actor(by), now).unwrap_err();
    assert_eq!(refused(&appeal, &extend(5, 1), "op", now), Refusal::NotAssignee);
    assert_eq!(refused(&appeal, &extend(5, 1), "spec", due(&appeal)), Refusal::DeadlinePassed { due: due(&appeal) });
    assert_eq!(refused(&appeal, &extend(11, 1), "spec", now), Refusal::NotExtensible(NotExtensible::Length));
    let proposed = proposed();
    assert_eq!(refused(&proposed, &extend(5, 1), "spec", now + hours(1)), Refusal::ExtensionProposed);
    let effective = told(&proposed, NoticeState::Sent, proposed.update_time + hours(1)).after;
    let later = effective.update_time + hours(1);
    assert_eq!(refused(&effective, &extend(1, 1), "spec", later), Refusal::NotExtensible(NotExtensible::Count));
    // Promised under a set that knows no extensions: nothing is allowed that was not when it was promised.
    let old = &PolicySet::shipped()[0];
    let promise = Promise { set_version: 1, set_hash: old.content_hash().to_string(), ..appeal.promise.clone() };
    let old = Appeal { promise, ..appeal };
    assert_eq!(refused(&old, &extend(5, 1), "spec", now), Refusal::NotExtensible(NotExtensible::Never));
    assert_eq!(ExtensionReason::ALL.len(), 3);
}

/// What may come between a proposal and its end, in every order of up to four, each before the old due time and after it.
#[test]
fn every_interleaving_ends_in_one_way_and_the_old_due_time_governs_until_then() {
    const STEPS: [&str; 8] = ["sent", "failed", "breach", "pause", "resume", "resolve", "withdraw", "reopen"];
    let start = proposed();
    let mut ends: std::collections::BTreeMap<&str, usize> = std::collections::BTreeMap::new();
    let mut lists = vec![(start.clone(), start.update_time, 0)];
    let mut looked_at = 0;
    while let Some((appeal, now, depth)) = lists.pop() {
        looked_at += 1;
        let state = appeal.extensions.last().map_or("none", |last| last.state.as_str());
        *ends.entry(state).or_default() += 1;
        if depth == 4 {
            continue;
        }
        let passes = appeal.resolution.due_time.map(|due| due + minutes(1)).filter(|after| *after > now);
        for then in [Some(now + minutes(1)), passes].into_iter().flatten() {
            for step in STEPS {
                let person = Actor::Citizen(citizen());
                let spec = staff_actor("spec");
                let (by, command) = match step {
                    "sent" | "failed" => {
                        let state = if step == "sent" { NoticeState::Sent } else { NoticeState::Failed };
                        (Actor::System("notification".into()), outcome_of(Uuid::from_u128(NOTICE), state))
                    }
                    // The monitor fires no earlier than the due time that it was told.
                    "breach" if appeal.resolution.due_time.is_some_and(|due| then < due) => continue,
                    "breach" => (sla(), rung(&appeal, ClockKind::Resolution, 1, then + hours(8))),
                    "pause" => (spec, ask(Need::Information)),
                    "resume" => (person, answer()),
                    "resolve" => (spec, Command::Resolve { assertion: None }),
                    "withdraw" => (person, Command::Withdraw),
                    _ => (person, Command::Reopen),
                };
                // A senior has it after the breach; the rest is the assignee's whoever it is.
                let by = match (&by, &appeal.assignee) {
                    (Actor::Staff(_), Some(assignee)) => staff_actor(assignee),
                    _ => by,
                };
                let Ok(decision) = run(&appeal, &command, &by, then) else { continue };
                let after = decision.after;
                assert_eq!(after.fault(), None, "{step}");
                let (was, is) = (appeal.extensions.last().unwrap().state, after.extensions.last().unwrap().state);
                if was != ExtensionState::Proposed {
                    assert_eq!(was, is, "an end is an end");
                }
                if was == ExtensionState::Proposed && is == ExtensionState::Effective {
                    assert!(appeal.resolution.due_time.is_none_or(|due| then < due), "effective when it was late");
                    assert_eq!(after.resolution.acted_level, 0, "no level acted before");
                }
                if was == is && !matches!(step, "resume" | "reopen") {
                    assert!(after.resolution.due_time.is_none_or(|due| Some(due) == appeal.resolution.due_time));
                }
                assert!(
                    is != ExtensionState::Proposed || after.resolution.acted_level == 0,
                    "a breach ends a proposal"
                );
                assert!(is != ExtensionState::Proposed || !after.resolution.is_over(), "and so does the appeal's end");
                lists.push((after, then, depth + 1));
            }
        }
    }
    assert!(looked_at > 1_000 && ends.len() == 3, "{looked_at} {ends:?}");
}
