//! Lives of appeals, told step by step.

use super::*;

fn kinds(decision: &Decision) -> Vec<&'static str> {
    decision.events.iter().map(|recorded| recorded.event.kind()).collect()
}

#[test]
fn filing_promises_both_terms_and_pins_the_policy() {
    let Decision { events, after, .. } = run_file("consultation", Channel::WebForm);
    assert_eq!(events.len(), 1);
    assert_eq!((after.state, after.last_event, after.version, after.revision), (State::Registered, 1, 1, 1));
    let set = PolicySet::builtin();
    assert_eq!(after.promise.set_hash, set.content_hash().to_string());
    let policy = set.policy(&after.promise.policy).unwrap();
    for clock in after.clocks() {
        assert_eq!(clock.allowance, policy.plan(clock.kind).unwrap().allowance);
        assert!(clock.due_time.unwrap() > monday());
    }
    assert_eq!(after.expected_time, after.resolution.due_time);
    assert_eq!(after.filed_by, Actor::Citizen(citizen()));
}

#[test]
fn a_term_past_the_calendars_horizon_is_refused_and_not_guessed() {
    let far: Timestamp = "2090-01-01T09:00:00Z".parse().unwrap();
    let filing = filing("personal_data_change", Channel::Portal, Some(citizen()));
    let by = Actor::Citizen(citizen());
    let refusal =
        with_rules(|rules| file(&filing, Uuid::from_u128(7), Number::from_random(7), &by, far, rules)).unwrap_err();
    assert!(matches!(refusal, Refusal::CalendarHorizon { .. }));
}

#[test]
fn the_first_public_message_by_staff_is_the_first_answer_and_no_other_is() {
    let appeal = after(filed("consultation", Channel::Portal), &[(staff_actor("spec"), give("spec"))]);
    let now = monday() + hours(2);
    for (by, visibility) in [
        (Actor::Citizen(citizen()), Visibility::Public),
        (sla(), Visibility::Public),
        (staff_actor("spec"), Visibility::Internal),
    ] {
        let decision = run(&appeal, &post(visibility), &by, now).unwrap();
        assert_eq!((kinds(&decision), decision.after.state), (vec!["message_posted"], State::Assigned));
    }
    // A colleague's counts, though only the assignee's begins the work.
    let colleague = run(&appeal, &post(Visibility::Public), &staff_actor("op"), now).unwrap();
    assert_eq!(kinds(&colleague), ["message_posted", "first_answered"]);
    assert_eq!(colleague.after.state, State::Assigned);
    assert_eq!(
        (colleague.after.first_answer.state, colleague.after.first_answer.end_time),
        (ClockState::Met, Some(now))
    );
    let own = run(&colleague.after, &post(Visibility::Public), &staff_actor("spec"), now + hours(1)).unwrap();
    assert_eq!((kinds(&own), own.after.state), (vec!["message_posted"], State::InProgress));
}

#[test]
fn a_question_meets_the_first_answer_before_it_pauses_and_the_answer_moves_the_due_time_by_the_pause() {
    let spec = staff_actor("spec");
    let appeal = after(filed("consultation", Channel::WebForm), &[(spec.clone(), give("spec"))]);
    let due = appeal.resolution.due_time.unwrap();
    let asked_at = appeal.update_time + hours(1);
    let asked = run(&appeal, &ask(Need::Information), &spec, asked_at).unwrap();
    assert_eq!(kinds(&asked), ["first_answered", "info_requested"]);
    assert_eq!(asked.after.first_answer.state, ClockState::Met);
    assert_eq!((asked.after.resolution.state, asked.after.resolution.epoch), (ClockState::Paused, 1));
    assert_eq!((asked.after.resolution.due_time, asked.after.expected_time), (None, None));

    let pause = hours(5);
    let told = run(&asked.after, &answer(), &Actor::Citizen(citizen()), asked_at + pause).unwrap();
    assert_eq!((told.after.state, told.after.resolution.epoch), (State::InProgress, 2));
    assert!(matches!(told.after.resolution.allowance, deadline::Allowance::RealTime(_)), "a term of real time");
    assert_eq!(told.after.resolution.due_time, Some(due + pause));
    assert_eq!(told.after.expected_time, Some(due + pause));
    assert_eq!(told.after.first_answer, asked.after.first_answer);
}

#[test]
fn an_answer_without_words_and_a_stranger_are_refused() {
    let appeal = in_progress();
    let now = appeal.update_time + hours(1);
    assert_eq!(run(&appeal, &ask(Need::Information), &staff_actor("op"), now), Err(Refusal::NotAssignee));
    let asked = after(appeal, &[(staff_actor("spec"), ask(Need::Information))]);
    let silent = Command::ProvideInfo { text: false, assertion: None };
    assert_eq!(run(&asked, &silent, &Actor::Citizen(citizen()), now), Err(Refusal::TextRequired));
}

#[test]
fn reopening_gives_the_time_since_the_resolution_back() {
    let spec = staff_actor("spec");
    let appeal = after(
        filed("consultation", Channel::WebForm),
        &[(spec.clone(), give("spec")), (spec.clone(), Command::Resolve { assertion: None })],
    );
    assert_eq!((appeal.resolution.state, appeal.first_answer.state), (ClockState::Met, ClockState::Met));
    assert_eq!(appeal.answer_message, Some(1));
    let due = filed("consultation", Channel::WebForm).resolution.due_time.unwrap();
    let resolved = appeal.resolve_time.unwrap();
    let person = Actor::Citizen(citizen());

    let open = run(&appeal, &Command::Reopen, &person, resolved + hours(30)).unwrap().after;
    assert_eq!((open.state, open.resolution.epoch, open.resolve_time), (State::InProgress, 2, None));
    assert_eq!(open.resolution.due_time, Some(due + hours(30)));
    assert_eq!(open.first_answer.state, ClockState::Met);
    assert_eq!(open.suspensions.len(), 1);
    assert_eq!(open.suspensions[0].reason, SuspensionReason::Resolved);
    assert_eq!((open.suspensions[0].start_time, open.suspensions[0].end_time), (resolved, Some(resolved + hours(30))));

    // Ten working days, with the holidays of early March among them, are less than thirty days and more than ten.
    assert!(run(&appeal, &Command::Reopen, &person, resolved + hours(24 * 10)).is_ok());
    let late = run(&appeal, &Command::Reopen, &person, resolved + hours(24 * 30));
    assert!(matches!(late, Err(Refusal::ReopenWindowPassed { .. })));
}

#[test]
fn a_resolution_while_waiting_ends_the_wait() {
    let spec = staff_actor("spec");
    let waiting = after(in_progress(), &[(spec.clone(), ask(Need::Information))]);
    let asked = waiting.update_time;
    let resolved = after(waiting, &[(spec, Command::Resolve { assertion: None })]);
    assert_eq!(resolved.suspensions[0].end_time, Some(asked + hours(1)));
    let open = after(resolved, &[(Actor::Citizen(citizen()), Command::Reopen)]);
    assert_eq!(
        open.suspensions.iter().map(|s| s.reason.as_str()).collect::<Vec<_>>(),
        ["awaiting_applicant", "resolved"]
    );
}

#[test]
fn t20_is_not_resolved_without_a_confirmed_person() {
    let spec = staff_actor("spec");
    let appeal = after(filed("access_recovery", Channel::Portal), &[(spec.clone(), give("spec"))]);
    let now = appeal.update_time + hours(1);
    let resolve = |assertion| Command::Resolve { assertion };
    let level = AssuranceLevel::Simplified;
    assert_eq!(run(&appeal, &resolve(None), &spec, now), Err(Refusal::AssuranceRequired { level }));

    let good = assertion(&appeal, level);
    for bad in [
        Assertion { citizen: Uuid::from_u128(9), ..good.clone() },
        Assertion { appeal: "appeals/00000000-0000-0000-0000-000000000009".into(), ..good.clone() },
        Assertion { action: "change_contact".into(), ..good.clone() },
        Assertion { level: AssuranceLevel::None, ..good.clone() },
        Assertion { expire_time: now, ..good.clone() },
    ] {
        assert!(matches!(run(&appeal, &resolve(Some(bad)), &spec, now), Err(Refusal::AssertionInvalid(_))));
    }
    let decision = run(&appeal, &resolve(Some(good.clone())), &spec, now).unwrap();
    assert_eq!(kinds(&decision), ["identity_confirmed", "first_answered", "resolved"]);

    // Provided before it serves as well, and only once: a reopened appeal asks anew.
    let waiting = after(appeal, &[(spec.clone(), ask(Need::Verification))]);
    let person = Actor::Citizen(citizen());
    assert_eq!(run(&waiting, &answer(), &person, now), Err(Refusal::AssuranceRequired { level }));
    let shown = Command::ProvideInfo { text: false, assertion: Some(good) };
    let resolved = after(waiting, &[(person.clone(), shown), (spec.clone(), resolve(None))]);
    let open = after(resolved, &[(person, Command::Reopen)]);
    assert_eq!(run(&open, &resolve(None), &spec, open.update_time), Err(Refusal::AssuranceRequired { level }));
}

#[test]
fn the_ladder_hands_up_once_a_level_and_tells_a_new_time() {
    let appeal = filed("consultation", Channel::WebForm);
    let due = appeal.resolution.due_time.unwrap();
    let first = run(&appeal, &rung(&appeal, ClockKind::Resolution, 1, due + hours(8)), &sla(), due).unwrap();
    assert_eq!(kinds(&first), ["escalated"]);
    let up = first.after;
    assert_eq!((up.state, up.assignee.as_deref(), up.escalation.level), (State::Assigned, Some("senior"), 1));
    assert_eq!((up.expected_time, up.resolution.due_time), (Some(due + hours(8)), Some(due)));
    assert_eq!((up.resolution.epoch, up.revision), (1, appeal.revision));

    let again = run(&up, &rung(&up, ClockKind::Resolution, 1, due + hours(9)), &sla(), due + hours(1)).unwrap();
    assert!(again.already_applied());
    assert_eq!(again.after, up);

    // The other clock's level was reached already: noted, and nothing moves.
    let other = run(&up, &rung(&up, ClockKind::FirstAnswer, 1, due + hours(20)), &sla(), due + hours(2)).unwrap().after;
    assert_eq!((other.assignee.as_deref(), other.expected_time), (Some("senior"), Some(due + hours(8))));
    assert_eq!((other.last_event, other.escalation.level), (up.last_event + 1, 1));

    let top =
        run(&other, &rung(&other, ClockKind::Resolution, 2, due + hours(16)), &sla(), due + hours(8)).unwrap().after;
    assert_eq!((top.assignee.as_deref(), top.escalation.level), (Some("boss"), 2));
    let seen = after(top, &[(staff_actor("boss"), Command::AcknowledgeEscalation)]);
    assert!(seen.escalation.acknowledge_time.is_some());
}

#[test]
fn with_nobody_on_duty_it_waits_in_the_levels_queue() {
    let appeal = after(filed("consultation", Channel::WebForm), &[(staff_actor("op"), give("op"))]);
    let Command::Escalate { ask, candidates } = rung(&appeal, ClockKind::Resolution, 1, monday() + hours(40)) else {
        unreachable!("rung makes an escalation")
    };
    let away: Vec<Member> = candidates.into_iter().map(|member| Member { on_duty: false, ..member }).collect();
    let up = run(&appeal, &Command::Escalate { ask, candidates: away }, &sla(), monday() + hours(24)).unwrap().after;
    assert_eq!((up.state, up.assignee.as_deref()), (State::Registered, None));
    assert_eq!(up.queue_level, Level::SeniorSpecialist);
    let low = run(&up, &give("spec"), &staff_actor("boss"), monday() + hours(25));
    assert_eq!(low, Err(Refusal::MemberNotSuitable(Unsuitable::LevelTooLow)));
    assert_eq!(after(up, &[(staff_actor("senior"), give("senior"))]).state, State::Assigned);
}

#[test]
fn who_stands_high_enough_keeps_it() {
    let appeal = after(filed("consultation", Channel::WebForm), &[(staff_actor("boss"), give("boss"))]);
    let command = rung(&appeal, ClockKind::Resolution, 1, monday() + hours(40));
    let up = run(&appeal, &command, &sla(), monday() + hours(24)).unwrap().after;
    assert_eq!((up.assignee.as_deref(), up.escalation.level), (Some("boss"), 1));
}

#[test]
fn escalations_that_come_too_late_are_told_why() {
    let spec = staff_actor("spec");
    let appeal = in_progress();
    let rung_1 = rung(&appeal, ClockKind::Resolution, 1, monday() + hours(40));
    let now = monday() + hours(24);
    let met = rung(&appeal, ClockKind::FirstAnswer, 1, now);
    assert_eq!(run(&appeal, &met, &sla(), now), Err(Refusal::ClockNotRunning { state: ClockState::Met }));
    let paused = after(appeal, &[(spec.clone(), ask(Need::Information))]);
    assert_eq!(run(&paused, &rung_1, &sla(), now), Err(Refusal::ClockNotRunning { state: ClockState::Paused }));
    let resumed = after(paused, &[(Actor::Citizen(citizen()), answer())]);
    assert_eq!(run(&resumed, &rung_1, &sla(), now), Err(Refusal::EpochStale { present: 2 }));
    let ended = after(resumed, &[(spec, Command::Resolve { assertion: None })]);
    assert_eq!(run(&ended, &rung_1, &sla(), now), Err(Refusal::Closed { state: State::Resolved }));
}

#[test]
fn a_promise_that_was_given_moves_with_the_pause() {
    let spec = staff_actor("spec");
    let appeal = after(filed("consultation", Channel::WebForm), &[(spec, give("spec"))]);
    let due = appeal.resolution.due_time.unwrap();
    let set = PolicySet::builtin();
    let term = set.term(&appeal.promise.policy, ClockKind::Resolution).unwrap();
    let rungs = term.rungs(monday(), &[], deadline::Due::At(due)).unwrap();
    let promise = rungs.iter().find(|rung| rung.kind == deadline::RungKind::Level(1)).unwrap().promise.unwrap();
    let up = run(&appeal, &rung(&appeal, ClockKind::Resolution, 1, promise), &sla(), due).unwrap().after;
    let senior = staff_actor("senior");
    let asked = run(&up, &ask(Need::Information), &senior, due + hours(1)).unwrap().after;
    let told = run(&asked, &answer(), &Actor::Citizen(citizen()), due + hours(4)).unwrap().after;
    assert_eq!(told.resolution.due_time, Some(due), "it was late before the question, and stays late");
    assert_eq!(told.expected_time, Some(promise + hours(3)));
}

/// We were down when level 1 fired, at 24 h, and for longer than the 8 h that it has.
#[test]
fn a_level_accepted_after_its_time_promises_its_term_from_then_on() {
    let appeal = filed("consultation", Channel::WebForm);
    let due = appeal.resolution.due_time.unwrap();
    let late = due + hours(26);
    let up = |promise| {
        let after = run(&appeal, &rung(&appeal, ClockKind::Resolution, 1, promise), &sla(), late).unwrap().after;
        assert_eq!((after.resolution.due_time, after.resolution.epoch), (Some(due), 1));
        after.expected_time.unwrap().duration_since(late)
    };
    assert_eq!(up(due + hours(8)), hours(8), "passed");
    assert_eq!(up(late), hours(8), "passes at this moment");
    assert_eq!(up(late + hours(1)), hours(1), "as it was given");
    let Command::Escalate { mut ask, candidates } = rung(&appeal, ClockKind::Resolution, 1, late) else {
        unreachable!("rung makes an escalation")
    };
    ask.level_due_time = None;
    let told = run(&appeal, &Command::Escalate { ask, candidates }, &sla(), late).unwrap().after.expected_time;
    assert_eq!(told, Some(late + hours(8)), "the monitor could not tell");
    // Nobody has a ninth level, so there is no term to promise: what was told stands.
    let ninth = run(&appeal, &rung(&appeal, ClockKind::Resolution, 9, due), &sla(), late).unwrap().after;
    assert_eq!(ninth.expected_time, Some(due));
}

#[test]
fn a_late_levels_term_that_a_pause_leaves_behind_begins_again_with_the_answer() {
    let appeal = filed("consultation", Channel::WebForm);
    let due = appeal.resolution.due_time.unwrap();
    let up =
        run(&appeal, &rung(&appeal, ClockKind::Resolution, 1, due + hours(8)), &sla(), due + hours(26)).unwrap().after;
    let asked = run(&up, &ask(Need::Information), &staff_actor("senior"), due + hours(27)).unwrap().after;
    let answered = due + hours(60);
    let told = run(&asked, &answer(), &Actor::Citizen(citizen()), answered).unwrap().after;
    assert_eq!((told.resolution.due_time, told.expected_time), (Some(due), Some(answered + hours(8))));
}

#[test]
fn by_hand_it_goes_one_up_and_no_higher_than_the_top() {
    let up = |appeal: &Appeal, level| {
        let ask = Escalate { level, clock: None, level_due_time: None, lateness: None };
        let command = Command::Escalate { ask, candidates: staff() };
        run(appeal, &command, &staff_actor("spec"), appeal.update_time + hours(1)).unwrap()
    };
    let one = up(&in_progress(), None).after;
    assert_eq!((one.escalation.level, one.assignee.as_deref(), one.state), (1, Some("senior"), State::InProgress));
    assert!(up(&one, Some(1)).already_applied());
    let two = up(&one, None).after;
    assert_eq!((two.escalation.level, two.assignee.as_deref()), (2, Some("boss")));
    assert!(up(&two, None).already_applied());
    assert_eq!(two.expected_time, two.resolution.due_time);
}

#[test]
fn a_stale_etag_is_refused_and_notes_do_not_make_one() {
    let appeal = in_progress();
    let etag = appeal.etag();
    let noted = after(appeal, &[(sla(), warned(&in_progress())), (sla(), noticed())]);
    assert_eq!(noted.expect(Some(&etag)), Ok(()));
    let posted = after(noted, &[(Actor::Citizen(citizen()), post(Visibility::Public))]);
    assert_eq!(posted.expect(Some(&etag)), Err(Refusal::EtagStale));
    assert_eq!(posted.expect(None), Ok(()));
}

#[test]
fn who_files_for_an_anonymous_applicant_speaks_for_them() {
    let portal = Actor::System("portal".into());
    let filing = filing("consultation", Channel::WebForm, None);
    let appeal = with_rules(|rules| {
        file(&filing, Uuid::from_u128(7), Number::from_random(7), &portal, monday(), rules).unwrap().after
    });
    assert_eq!(appeal.recipient(), format!("recipients/appeal-{}", appeal.id));
    let author = |by: &Actor| run(&appeal, &post(Visibility::Public), by, monday()).unwrap().message.unwrap().author;
    assert_eq!(author(&portal), Author::Applicant);
    assert_eq!(author(&sla()), Author::System);
}

#[test]
fn a_replica_whose_clock_is_behind_does_not_turn_time_back_nor_stop_it() {
    let appeal = in_progress();
    let early = appeal.update_time - hours(1);
    let posted = run(&appeal, &post(Visibility::Public), &Actor::Citizen(citizen()), early).unwrap();
    let after = appeal.update_time + SignedDuration::from_micros(1);
    assert_eq!(posted.events[0].time, after);
    assert_eq!(posted.message.unwrap().create_time, after);
}
