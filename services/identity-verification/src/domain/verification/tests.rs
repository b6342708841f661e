use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use uuid::Uuid;

use super::{CodeRules, Level, Method, Refusal, State, Verdict, Verification};

fn rules() -> CodeRules {
    CodeRules {
        digits: 6,
        long_digits: 8,
        long_actions: vec![],
        sms_lifetime: SignedDuration::from_mins(5),
        email_lifetime: SignedDuration::from_mins(10),
        attempts: 5,
        same_code_within: SignedDuration::from_secs(60),
        use_within: SignedDuration::from_mins(15),
    }
}

fn start() -> Timestamp {
    "2026-11-22T09:00:00Z".parse().unwrap()
}

fn pending() -> Verification {
    let id = Uuid::from_u128(1);
    Verification::start(
        id,
        Uuid::from_u128(2),
        Method::SmsCode,
        Uuid::from_u128(3),
        "resolve".into(),
        start(),
        &rules(),
    )
}

#[test]
fn the_fifth_wrong_try_ends_it_and_the_right_code_comes_too_late() {
    let mut it = pending();
    for left in [4, 3, 2, 1] {
        assert_eq!(it.attempt(false, start(), &rules()), Ok(Verdict::Refused(Refusal::CodeWrong(left))));
    }
    assert_eq!(it.attempt(false, start(), &rules()), Ok(Verdict::Refused(Refusal::AttemptsExhausted)));
    assert_eq!(it.attempt(true, start(), &rules()), Err(Refusal::AttemptsExhausted));
    assert_eq!(it.resend(Method::SmsCode, start(), &rules()), Err(Refusal::Ended));
}

#[test]
fn a_code_dies_with_its_time_and_an_email_code_lives_longer() {
    let mut it = pending();
    assert_eq!(it.attempt(true, start() + SignedDuration::from_mins(5), &rules()), Err(Refusal::CodeExpired));
    it.resend(Method::EmailCode, start() + SignedDuration::from_mins(6), &rules()).unwrap();
    assert_eq!(it.generation, 2);
    assert_eq!(it.attempt(true, start() + SignedDuration::from_mins(15), &rules()), Ok(Verdict::Confirmed));
}

#[test]
fn soon_after_it_is_the_same_code_and_later_a_new_one() {
    let mut it = pending();
    it.resend(Method::SmsCode, start() + SignedDuration::from_secs(59), &rules()).unwrap();
    assert_eq!((it.generation, it.code_expire_time), (1, start() + SignedDuration::from_mins(5)));
    it.resend(Method::SmsCode, start() + SignedDuration::from_secs(119), &rules()).unwrap();
    assert_eq!(it.generation, 2);
}

#[test]
fn an_assertion_is_for_its_purpose_level_and_time_only() {
    let mut it = pending();
    let (appeal, level) = (Uuid::from_u128(3), Level::Simplified);
    assert_eq!(it.assert(appeal, "resolve", level, start()), Err(Refusal::NotConfirmed));
    it.attempt(true, start(), &rules()).unwrap();
    assert_eq!(it.assert(appeal, "resolve", level, start()), Ok(()));
    assert_eq!(it.assert(Uuid::from_u128(4), "resolve", level, start()), Err(Refusal::PurposeMismatch));
    assert_eq!(it.assert(appeal, "unlock", level, start()), Err(Refusal::PurposeMismatch));
    assert_eq!(it.assert(appeal, "resolve", Level::Confirmed, start()), Err(Refusal::LevelNotReached));
    let late = start() + SignedDuration::from_mins(15);
    assert_eq!(it.assert(appeal, "resolve", level, late), Err(Refusal::CodeExpired));
}

proptest! {
    /// Whatever is tried in whatever order: an end is an end, and one code never gets more answers than it has tries.
    #[test]
    fn ends_are_ends(steps in prop::collection::vec((0u8..3, 0i64..400), 1..60)) {
        let mut it = pending();
        let mut now = start();
        let mut answers = 0;
        for (step, wait) in steps {
            now += SignedDuration::from_secs(wait);
            let before = it.clone();
            match step {
                0 => { if it.resend(Method::SmsCode, now, &rules()).is_ok() && it.generation > before.generation { answers = 0; } }
                1 => { if it.attempt(false, now, &rules()).is_ok() { answers += 1; } }
                _ => { if it.attempt(true, now, &rules()).is_ok() { answers += 1; } }
            }
            prop_assert!(answers <= 5);
            prop_assert!(it.generation >= before.generation);
            if before.state != State::Pending {
                prop_assert_eq!(&it, &before);
            }
        }
    }
}
