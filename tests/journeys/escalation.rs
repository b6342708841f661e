//! An appeal left alone: warned, breached, handed to a senior specialist with a repeat SMS and its new expected time, then to the
//! supervisor with one more; each once, with two replicas of the SLA monitor and of every relay whose machines' clocks are a
//! minute fast and a minute slow.

use std::sync::Arc;

use async_trait::async_trait;
use bootstrap::Reference;
use clock::{Clock, ManualClock, OffsetClock, SharedClock};
use deadline::Ladder;
use jiff::{SignedDuration, Timestamp};
use proto::notification::v1::notification::State as NoticeState;
use proto::sla::v1::ClockKind;
use proto::ticket::v1::appeal::State;
use proto::ticket::v1::appeal_event::Type;
use tests::{Part, Suite, SuiteOptions, forms};

use crate::story::{acted_levels, appeal, events, file, file_this, hours, instant, notices, repeats_to, texts_to};

const PHONE: &str = "+79161230011";

#[tokio::test]
async fn left_alone_it_goes_up_level_by_level_and_each_is_told_once() {
    let suite = Suite::start().await;
    let filed = file(&suite, PHONE).await;
    live_to_the_supervisor(&suite, &filed).await;
}

#[tokio::test]
async fn two_replicas_with_wrong_clocks_do_it_once_too() {
    // All four services run twice: on a machine a minute fast and on one a minute slow. Each corrects itself by the database's time,
    // which is the hand that the test turns.
    let suite = Suite::with(SuiteOptions { without: Part::ALL.to_vec(), ..SuiteOptions::default() }).await;
    for part in Part::ALL {
        suite.start_part_with(part, wrong(&suite.hand, 60)).await;
        suite.add_replica(part, wrong(&suite.hand, -60)).await;
    }
    let filed = file(&suite, PHONE).await;
    live_to_the_supervisor(&suite, &filed).await;
}

/// Whoever was down for days, ours or ticket's: the citizen is told once, of a time that is still to come, and again only after that.
#[tokio::test]
async fn after_days_of_an_outage_one_notice_tells_a_time_that_is_still_to_come() {
    for part in [Part::Sla, Part::Ticket] {
        let suite = Suite::start().await;
        let filed = file(&suite, PHONE).await;
        let due = instant(filed.due_time);
        suite.live_until(due - SignedDuration::from_secs(1), SignedDuration::from_mins(30)).await;
        if part == Part::Ticket {
            // The level fires, and its call is on the way when it happens.
            suite.hand.set(due);
            suite.monitor_once().await;
        }
        suite.stop_part(part).await;
        suite.live_until(due + SignedDuration::from_hours(24 * 4), SignedDuration::from_hours(1)).await;
        assert_eq!(repeats_to(&suite, PHONE).len(), 0, "{part:?}");
        suite.start_part(part).await;
        let back = suite.now();
        suite.live_until(back + SignedDuration::from_mins(20), SignedDuration::from_mins(1)).await;

        // The one that was under way; or the highest that is due, whose notice is the last.
        let (level, notices) = if part == Part::Ticket { (1, 2) } else { (2, 1) };
        let told = appeal(&suite, &filed.name).await;
        assert_eq!((told.escalation_level, repeats_to(&suite, PHONE).len()), (level, 1), "{part:?}");
        assert_eq!(told.due_time, filed.due_time, "{part:?}");
        let next = instant(told.expected_time);
        assert!(next > suite.now(), "{part:?}: {next} at {}", suite.now());

        suite.live_until(next - SignedDuration::from_secs(1), SignedDuration::from_mins(30)).await;
        assert_eq!(repeats_to(&suite, PHONE).len(), 1, "{part:?}");
        suite.live_until(next + SignedDuration::from_secs(61), SignedDuration::from_secs(31)).await;
        let last = appeal(&suite, &filed.name).await;
        assert_eq!((last.escalation_level, repeats_to(&suite, PHONE).len()), (2, notices), "{part:?}");
    }
}

async fn live_to_the_supervisor(suite: &Suite, filed: &proto::ticket::v1::Appeal) {
    suite.settle().await;
    assert_eq!(texts_to(suite, PHONE).len(), 1, "the registration");
    let due = instant(filed.due_time);
    let name = filed.name.clone();

    // To the last moment before: warned, and not handed up by the resolution's clock.
    suite.live_until(due - SignedDuration::from_secs(1), SignedDuration::from_mins(30)).await;
    let before = events(suite, &name).await;
    let shown: Vec<_> = before.iter().map(|it| (it.r#type(), it.clock(), it.level)).collect();
    assert!(
        before.iter().any(|it| it.r#type() == Type::DeadlineWarned && it.clock() == ClockKind::Resolution),
        "{shown:?} by {}, due {due}",
        suite.now()
    );
    assert!(!before.iter().any(|it| it.r#type() == Type::Escalated && it.clock() == ClockKind::Resolution));
    assert_eq!(repeats_to(suite, PHONE).len(), 0);

    suite.live_until(due + SignedDuration::from_secs(61), SignedDuration::from_secs(31)).await;
    let first = appeal(suite, &name).await;
    assert!(first.escalation_level >= 1);
    assert!(first.assignee.starts_with("staff/senior-"), "{}", first.assignee);
    assert!(instant(first.expected_time) > due, "a new expected time");
    assert_eq!(repeats_to(suite, PHONE).len(), 1);

    let next = instant(first.expected_time);
    suite.live_until(next + SignedDuration::from_secs(61), SignedDuration::from_mins(30)).await;
    let second = appeal(suite, &name).await;
    assert_eq!(second.escalation_level, 2);
    assert!(second.assignee.starts_with("staff/supervisor-"), "{}", second.assignee);
    assert!(instant(second.expected_time) > next);
    assert_eq!(repeats_to(suite, PHONE).len(), 2);
    assert_eq!(second.state(), first.state());
    assert_ne!(second.state(), State::Resolved);

    // The journal tells all of it, and each once.
    let told: Vec<_> = events(suite, &name)
        .await
        .iter()
        .filter(|it| it.clock() == ClockKind::Resolution)
        .map(|it| (it.r#type(), it.level, it.notice_state()))
        .collect();
    let none = NoticeState::Unspecified;
    let expected = [
        (Type::DeadlineWarned, 0, none),
        (Type::Escalated, 1, none),
        (Type::NoticeOutcome, 1, NoticeState::Sent),
        (Type::Escalated, 2, none),
        (Type::NoticeOutcome, 2, NoticeState::Sent),
    ];
    assert_eq!(told, expected);
}

/// The database's time as the hand shows it.
struct Hand(ManualClock);

#[async_trait]
impl Reference for Hand {
    async fn time(&self) -> anyhow::Result<Timestamp> {
        Ok(self.0.now())
    }
}

fn wrong(hand: &ManualClock, seconds: i64) -> bootstrap::Time {
    let local: SharedClock = Arc::new(OffsetClock::new(Arc::new(hand.clone()), SignedDuration::from_secs(seconds)));
    bootstrap::Time::Corrected { local, reference: Some(Arc::new(Hand(hand.clone()))) }
}

#[tokio::test]
async fn a_level_that_acts_twice_tells_the_citizen_and_its_holder_again_after_its_term_and_then_goes_up() {
    let suite = Suite::start().await;
    suite
        .publish(|policy| {
            policy.resolution.ladder.0[0].times = 2;
            policy.first_answer.ladder = Ladder::default();
        })
        .await;
    let filed = file_this(&suite, forms::filled(suite.now(), "code_not_arriving", "ru")).await;
    let told = async |template: &str| {
        notices(&suite, &filed.name).await.into_iter().filter(|it| it.template == template).count()
    };
    let due = instant(filed.due_time);
    let mut holders = Vec::new();
    // Eight hours each, of all hours; from when it acted, which is up to a step late.
    for (level, hour) in [(1, 0), (2, 8), (3, 16)] {
        let step = SignedDuration::from_mins(10);
        suite.live_until(due + hours(hour) + SignedDuration::from_mins(45), step).await;
        assert_eq!(acted_levels(&suite, &filed.name).await.last(), Some(&level));
        assert_eq!(told("overdue_repeat").await, usize::try_from(level).unwrap());
        holders.push(appeal(&suite, &filed.name).await.assignee);
    }
    assert!(holders[0] == holders[1] && holders[1] != holders[2], "{holders:?}");
    suite.live_until(due + hours(72), hours(8)).await;
    assert_eq!(acted_levels(&suite, &filed.name).await, [1, 2, 3], "and no more often");
}
