//! Around the due time two sides act at once: the people of an appeal, and the machinery that escalates it. The steps of both
//! are listed here, and every interleaving of them is run.
//!
//! What must hold however they fall: a citizen is told that we are late only if the escalation was accepted; each accepted one is
//! told, unless it is solved by then; no level acts twice for one clock.

use std::collections::HashSet;
use std::io::Write;

use jiff::{SignedDuration, Timestamp};
use proto::notification::v1::notification::State as NoticeState;
use proto::sla::v1::ClockKind;
use proto::ticket::v1::appeal_event::Type;
use proto::ticket::v1::{Appeal, AssignAppealRequest, GetAppealRequest, WithdrawAppealRequest};
use tests::{Part, Suite, forms};

use crate::story::{SPECIALIST, SUPERVISOR, acted_levels, events, file, hours, instant, notices, repeats_to};

/// What people do, one step after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    Answer,
    Ask,
    Inform,
    Resolve,
    Reopen,
    Withdraw,
}

/// What the machinery does: the tick, then the calls that carry it out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Gear {
    Tick,
    SlaRelay,
    TicketRelay,
    Dispatch,
}

const GEARS: [Gear; 5] = [Gear::Tick, Gear::SlaRelay, Gear::TicketRelay, Gear::SlaRelay, Gear::Dispatch];

#[tokio::test]
async fn answered_around_the_tick() {
    run(&[Act::Answer]).await;
}

#[tokio::test]
async fn paused_around_the_tick() {
    run(&[Act::Ask]).await;
}

#[tokio::test]
async fn paused_and_resumed_around_the_tick() {
    run(&[Act::Ask, Act::Inform]).await;
}

#[tokio::test]
async fn resolved_and_reopened_around_the_tick() {
    run(&[Act::Resolve, Act::Reopen]).await;
}

#[tokio::test]
async fn withdrawn_around_the_tick() {
    run(&[Act::Withdraw]).await;
}

async fn run(acts: &[Act]) {
    let suite = Suite::start().await;
    let orders = interleavings(acts.len(), GEARS.len());
    for (index, order) in orders.iter().enumerate() {
        let phone = format!("+791613{index:05}");
        one(&suite, acts, order, &phone).await;
    }
    // Past the capture of the test runner: how many orders were tried is part of what the run says.
    let said = writeln!(std::io::stderr(), "{acts:?} and {GEARS:?}: {} interleavings hold", orders.len());
    said.expect("a place to write to");
}

/// One order of the steps; true is a step of the people.
async fn one(suite: &Suite, acts: &[Act], order: &[bool], phone: &str) {
    let filed = file(suite, phone).await;
    let name = filed.name.as_str();
    let assign = AssignAppealRequest {
        name: name.to_owned(),
        assignee: "staff/specialist-1".to_owned(),
        request_id: forms::request_id(),
        ..AssignAppealRequest::default()
    };
    suite.ticket(SUPERVISOR).assign_appeal(assign).await.expect("an open appeal");
    // Answered early, so that only the resolution's ladder is in play.
    suite.ticket(SPECIALIST).post_message(forms::message(name, "Разбираемся.")).await.expect("its assignee");
    suite.settle().await;
    suite.hand.set(instant(filed.due_time) - SignedDuration::from_secs(1));
    suite.settle().await;
    suite.hand.advance(SignedDuration::from_secs(2));

    let (mut people, mut gears) = (acts.iter(), GEARS.iter());
    for is_people in order {
        if *is_people {
            act(suite, *people.next().expect("as many as listed"), name, phone).await;
        } else {
            turn(suite, *gears.next().expect("as many as listed")).await;
        }
    }
    suite.settle().await;
    check(suite, name, phone, order, acts).await;

    // On through whatever is still promised: each level that is still due acts at its time, once.
    for _ in 0..3 {
        if let Some(next) = promised(suite, name).await {
            suite.hand.set(next.max(suite.now()) + SignedDuration::from_secs(1));
            suite.settle().await;
        }
    }
    suite.advance(hours(24 * 14)).await;
    check(suite, name, phone, order, acts).await;
    let is_open = !matches!(acts.last(), Some(Act::Ask | Act::Withdraw));
    if is_open {
        assert_eq!(acted_levels(suite, name).await, [1, 2], "{order:?} {acts:?}: an open appeal went all the way up");
        let withdraw = WithdrawAppealRequest { name: name.to_owned(), request_id: forms::request_id() };
        suite.ticket("portal").withdraw_appeal(withdraw).await.expect("who filed it");
        suite.settle().await;
    }
}

/// When the citizen may expect it now, if anything is owed.
async fn promised(suite: &Suite, name: &str) -> Option<Timestamp> {
    let request = GetAppealRequest { name: name.to_owned() };
    let appeal = suite.ticket(SUPERVISOR).get_appeal(request).await.expect("staff may look").into_inner();
    appeal.due_time.and(appeal.expected_time).map(|time| instant(Some(time)))
}

async fn check(suite: &Suite, name: &str, phone: &str, order: &[bool], acts: &[Act]) {
    let levels = acted_levels(suite, name).await;
    let distinct: HashSet<i32> = levels.iter().copied().collect();
    assert_eq!(levels.len(), distinct.len(), "{order:?} {acts:?}: a level acted twice: {levels:?}");
    let dropped = notices(suite, name)
        .await
        .iter()
        .filter(|it| it.template == "overdue_repeat" && it.state() == NoticeState::Dropped)
        .count();
    let told = repeats_to(suite, phone).len();
    assert_eq!(told + dropped, levels.len(), "{order:?} {acts:?}: {levels:?} acted, {told} told, {dropped} dropped");
    // Told that we are late only while it was true: no escalation of a clock that was not running.
    let mut runs = true;
    for event in events(suite, name).await {
        match event.r#type() {
            Type::InfoRequested | Type::Resolved | Type::Withdrawn => runs = false,
            Type::InfoProvided | Type::Reopened => runs = true,
            Type::Escalated if event.clock() == ClockKind::Resolution => {
                assert!(runs, "{order:?} {acts:?}: escalated while nothing was owed");
            }
            _ => {}
        }
    }
}

async fn act(suite: &Suite, act: Act, name: &str, phone: &str) -> Option<Appeal> {
    // Whoever has it by now may act: an escalation may have handed it up a moment ago.
    let holder = holder(suite, name).await;
    let mut staff = suite.ticket(&holder);
    let mut portal = suite.ticket("portal");
    let done = match act {
        Act::Answer => {
            staff.post_message(forms::message(name, "Почти готово.")).await.expect("an open appeal");
            return None;
        }
        Act::Ask => staff.request_info(forms::question(name)).await,
        Act::Inform => portal.provide_info(forms::information(name)).await,
        Act::Resolve => staff.resolve_appeal(forms::resolution(name)).await,
        Act::Reopen => portal.reopen_appeal(forms::reopening(name)).await,
        Act::Withdraw => portal.withdraw_appeal(forms::withdrawal(name)).await,
    };
    Some(done.unwrap_or_else(|status| panic!("{act:?} {phone}: {status}")).into_inner())
}

async fn holder(suite: &Suite, name: &str) -> String {
    let request = GetAppealRequest { name: name.to_owned() };
    let assignee = suite.ticket(SUPERVISOR).get_appeal(request).await.expect("staff may look").into_inner().assignee;
    let role = if assignee.starts_with("staff/senior") { "senior_specialist" } else { "specialist" };
    format!("{assignee}:{role}")
}

async fn turn(suite: &Suite, gear: Gear) {
    match gear {
        Gear::Tick => suite.monitor_once().await,
        Gear::SlaRelay => suite.relay_once(Part::Sla).await,
        Gear::TicketRelay => suite.relay_once(Part::Ticket).await,
        Gear::Dispatch => suite.dispatch_once().await,
    };
}

/// Every way to merge `people` steps and `gears` steps that keeps the order of each.
fn interleavings(people: usize, gears: usize) -> Vec<Vec<bool>> {
    if people == 0 {
        return vec![vec![false; gears]];
    }
    if gears == 0 {
        return vec![vec![true; people]];
    }
    let begin = |first: bool, rest: Vec<Vec<bool>>| {
        rest.into_iter().map(move |mut it| {
            it.insert(0, first);
            it
        })
    };
    begin(true, interleavings(people - 1, gears)).chain(begin(false, interleavings(people, gears - 1))).collect()
}

#[test]
fn every_interleaving_is_listed_once() {
    let all = interleavings(2, 5);
    assert_eq!(all.len(), 21);
    assert_eq!(all.iter().collect::<HashSet<_>>().len(), 21);
}
