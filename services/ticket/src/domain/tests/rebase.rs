//! Another set for what is promised already.

use super::*;

fn rebased(appeal: &Appeal, now: Timestamp) -> Decision {
    run(appeal, &rebase(9), &sla(), now).unwrap()
}

fn due(appeal: &Appeal) -> Timestamp {
    appeal.resolution.due_time.unwrap()
}

#[test]
fn the_term_that_the_policy_has_there_counts_from_the_same_start() {
    let appeal = filed("access_recovery", Channel::Phone);
    let before = due(&appeal).duration_since(monday());
    let Decision { after, events, .. } = rebased(&appeal, monday() + hours(1));
    let shorter = matches!(appeal.resolution.allowance, deadline::Allowance::RealTime(_));
    if shorter {
        assert_eq!(due(&after).duration_since(monday()), before / 2);
    } else {
        assert!(due(&after).duration_since(monday()) > before);
    }
    assert_eq!((after.resolution.epoch, after.resolution.start_time), (2, monday()));
    assert_eq!(after.promise.set_hash, NEXT_SET.content_hash().to_string());
    assert_eq!((after.expected_time, after.revision), (Some(due(&after)), events[0].number));
    assert_eq!(after.first_answer.epoch, 1, "the first answer's term is the same in both");
    assert!(rebased(&after, monday() + hours(2)).already_applied());
    let old = Command::Rebase { set: PolicySet::builtin().content_hash().to_string() };
    assert!(
        run(&after, &old, &sla(), monday() + hours(2)).unwrap().already_applied(),
        "a newer promise is not set back"
    );
}

#[test]
fn a_pause_stays_and_counts_by_the_new_term_once_it_ends() {
    let spec = || staff_actor("spec");
    let asked = after(in_progress(), &[(spec(), ask(Need::Information))]);
    let paused = rebased(&asked, monday() + hours(5)).after;
    assert_eq!((paused.resolution.due_time, paused.expected_time, paused.resolution.epoch), (None, None, 1));
    let answer = Command::ProvideInfo { text: true, assertion: None };
    let by = Actor::Citizen(citizen());
    let then = run(&paused, &answer, &by, monday() + hours(30)).unwrap().after;
    let never = run(&asked, &answer, &by, monday() + hours(30)).unwrap().after;
    assert!(due(&then) != due(&never));
    assert_eq!(then.resolution.epoch, 2);
}

#[test]
fn what_the_citizen_is_being_told_of_stands_until_it_is_decided() {
    let proposed = after(in_progress(), &[(staff_actor("spec"), extend(1, 2))]);
    let refused = run(&proposed, &rebase(9), &sla(), monday() + hours(5));
    assert_eq!(refused.unwrap_err(), Refusal::ExtensionProposed);
}

#[test]
fn an_extension_that_governs_is_kept() {
    let told = Command::RecordNotice(match outcome_of(Uuid::from_u128(2), NoticeState::Sent) {
        Command::RecordNotice(outcome) => outcome,
        other => panic!("{other:?}"),
    });
    let extended = after(in_progress(), &[(staff_actor("spec"), extend(1, 2)), (sla(), told)]);
    let plain = rebased(&in_progress(), monday() + hours(9)).after;
    let with = rebased(&extended, monday() + hours(9)).after;
    assert_eq!(with.granted(ClockKind::Resolution).len(), 1);
    assert!(due(&with) > due(&plain));
}

#[test]
fn a_set_that_is_not_here_yet_is_waited_for_and_one_without_the_policy_changes_nothing() {
    let appeal = in_progress();
    let unknown = Command::Rebase { set: "00".repeat(32) };
    assert_eq!(run(&appeal, &unknown, &sla(), monday()).unwrap_err(), Refusal::PolicySetUnknown);
    let promise = Promise { policy: "gone".into(), ..appeal.promise.clone() };
    let gone = Appeal { promise, ..appeal };
    assert_eq!(run(&gone, &rebase(9), &sla(), monday()).unwrap_err(), Refusal::PolicyNotInSet);
}
