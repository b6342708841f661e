//! The clock of the acceptance: until somebody has begun with the appeal (L5).

use super::*;

/// Published before the appeals here are filed: somebody has to have each within an hour, and what nobody has by then is a senior's.
static ACCEPTING: LazyLock<PolicySet> = LazyLock::new(|| {
    later(1, |policy| {
        let mut plan = policy["first_answer"].clone();
        let hour = "real = \"1h\"".parse::<toml::Table>().unwrap();
        plan.as_table_mut().unwrap().insert("allowance".into(), hour.into());
        policy.as_table_mut().unwrap().insert("acceptance".into(), plan);
    })
});

fn with_rules<T>(run: impl FnOnce(&Rules<'_>) -> T) -> T {
    let published = Published::shipped().with([(ACCEPTING.clone(), monday()), (NEXT_SET.clone(), monday() + hours(1))]);
    run(&Rules { published: Arc::new(published), reopen_days: 10, reopen_calendar: "working_days" })
}

fn filed() -> Appeal {
    let filing = filing("consultation", Channel::Portal, Some(citizen()));
    let by = Actor::Citizen(citizen());
    let filed = with_rules(|rules| file(&filing, Uuid::from_u128(7), Number::from_random(7), &by, monday(), rules));
    filed.unwrap().after
}

fn run(appeal: &Appeal, command: &Command, by: &Actor) -> Decision {
    let now = appeal.update_time + SignedDuration::from_mins(10);
    let decision = with_rules(|rules| decide(appeal, command, by, now, rules)).unwrap();
    assert_eq!(decision.after.fault(), None);
    decision
}

fn kinds(decision: &Decision) -> Vec<&'static str> {
    decision.events.iter().map(|recorded| recorded.event.kind()).collect()
}

fn state(appeal: &Appeal) -> ClockState {
    appeal.acceptance.as_ref().unwrap().state
}

#[test]
fn it_runs_from_the_filing_until_somebody_has_it() {
    let filed = filed();
    let clock = filed.acceptance.clone().unwrap();
    assert_eq!((clock.start_time, clock.due_time), (monday(), Some(monday() + hours(1))));
    assert_eq!(filed.expected_time, filed.resolution.due_time, "what the citizen is told to expect is the resolution");
    let given = run(&filed, &give("spec"), &staff_actor("op"));
    assert_eq!(kinds(&given), ["assigned", "accepted"]);
    assert_eq!((state(&given.after), given.after.acceptance.as_ref().unwrap().due_time), (ClockState::Met, None));
    assert!(given.after.revision > filed.revision, "the SLA monitor hears of it");
    let passed_on = run(&given.after, &give("senior"), &staff_actor("spec"));
    assert_eq!(kinds(&passed_on), ["assigned"], "once is enough");
    assert_eq!(passed_on.after.revision, given.after.revision);
}

#[test]
fn who_answers_has_begun_with_it_and_who_asks_too() {
    let answered = run(&filed(), &post(Visibility::Public), &staff_actor("op"));
    assert_eq!(kinds(&answered), ["message_posted", "accepted", "first_answered"]);
    let noted = run(&filed(), &post(Visibility::Internal), &staff_actor("op"));
    assert_eq!(
        (kinds(&noted), state(&noted.after)),
        (vec!["message_posted"], ClockState::Running),
        "a note is no work"
    );
    let told = run(&filed(), &post(Visibility::Public), &sla());
    assert_eq!(state(&told.after), ClockState::Running, "nor is what a system writes");
}

#[test]
fn who_it_was_handed_up_to_has_it_once_they_say_so() {
    let filed = filed();
    let late = run(&filed, &rung(&filed, ClockKind::Acceptance, 1, monday() + hours(9)), &sla()).after;
    assert_eq!((late.assignee.as_deref(), state(&late)), (Some("senior"), ClockState::Running), "nobody asked them");
    assert_eq!((late.acceptance.as_ref().unwrap().acted_level, late.expected_time), (1, filed.expected_time));
    let seen = run(&late, &Command::AcknowledgeEscalation, &staff_actor("senior"));
    assert_eq!(kinds(&seen), ["escalation_acknowledged", "accepted"]);
    let taken = run(&late, &give("senior"), &staff_actor("senior"));
    assert_eq!((kinds(&taken), state(&taken.after)), (vec!["accepted"], ClockState::Met));
    let away = Member { on_duty: false, ..staff().into_iter().find(|it| it.id == "senior").unwrap() };
    let now = late.update_time + hours(1);
    let given = with_rules(|rules| decide(&late, &Command::Assign { member: away }, &staff_actor("op"), now, rules));
    assert!(matches!(given, Err(Refusal::MemberNotSuitable(_))), "nobody who could begin has it");
    let asked = run(&late, &ask(Need::Information), &staff_actor("senior"));
    assert_eq!(kinds(&asked), ["accepted", "first_answered", "info_requested"], "it is met, and never paused");
}

#[test]
fn it_ends_with_the_appeal_and_stays_as_promised_under_a_set_that_has_none() {
    let withdrawn = run(&filed(), &Command::Withdraw, &Actor::Citizen(citizen())).after;
    assert_eq!(state(&withdrawn), ClockState::Cancelled);
    let filed = filed();
    let rebased = with_rules(|rules| {
        let command = Command::Rebase { set: NEXT_SET.content_hash().to_string() };
        decide(&filed, &command, &sla(), monday() + hours(1), rules)
    });
    assert_eq!(rebased.unwrap().after.acceptance, filed.acceptance);
}

#[test]
fn the_journal_tells_it() {
    let filed = filed();
    let given = run(&filed, &give("spec"), &staff_actor("op"));
    let text = serde_json::to_string(&Event::Accepted).unwrap();
    assert_eq!(text, r#"{"type":"accepted"}"#);
    let mut replayed = filed;
    given.events.iter().for_each(|recorded| replayed.apply(recorded));
    assert_eq!(replayed, given.after);
}
