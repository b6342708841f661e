//! Around the due time two sides act at once: the people of an appeal, and the machinery that escalates it. The steps of both
//! are listed here, and every interleaving of them is run.
//!
//! What must hold however they fall: a level acts if, and only if, the escalation reached ticket while its clock ran, and once for one
//! clock; a citizen is told that we are late only if it acted, each time it did, unless something newer was known by then. The first
//! answer's ladder tells staff only.

use std::collections::HashSet;
use std::io::Write;

use jiff::{SignedDuration, Timestamp};
use proto::notification::v1::notification::State as NoticeState;
use proto::sla::v1::ClockKind;
use proto::ticket::v1::appeal_event::Type;
use proto::ticket::v1::{Appeal, AssignAppealRequest, Channel, GetAppealRequest, WithdrawAppealRequest};
use tests::{Part, Suite, forms};

use crate::story::{
    SPECIALIST, SUPERVISOR, acted, acted_levels, events, file, file_this, hours, instant, notices, repeats_to,
    with_phone,
};

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
/// Gears that must have turned for the escalation to have reached ticket: the tick and the relay behind it.
const HANDED_UP: usize = 2;
/// Gears that have turned when ticket's news reached notification, while the repeat notice did not.
const NEWS_FIRST: usize = 2;

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

#[tokio::test]
async fn first_answered_around_its_own_tick() {
    for acts in
        [&[Act::Answer][..], &[Act::Ask], &[Act::Ask, Act::Inform], &[Act::Resolve, Act::Reopen], &[Act::Withdraw]]
    {
        let suite = Suite::start().await;
        let orders = interleavings(acts.len(), GEARS.len());
        for (index, order) in orders.iter().enumerate() {
            unanswered(&suite, acts, order, &format!("+791614{index:05}")).await;
        }
        say(ClockKind::FirstAnswer, acts, orders.len());
    }
}

async fn run(acts: &[Act]) {
    let suite = Suite::start().await;
    let orders = interleavings(acts.len(), GEARS.len());
    for (index, order) in orders.iter().enumerate() {
        let phone = format!("+791613{index:05}");
        one(&suite, acts, order, &phone).await;
    }
    say(ClockKind::Resolution, acts, orders.len());
}

/// Past the capture of the test runner: how many orders were tried is part of what the run says.
fn say(clock: ClockKind, acts: &[Act], orders: usize) {
    let said = writeln!(std::io::stderr(), "{clock:?}: {acts:?} and {GEARS:?}: {orders} interleavings hold");
    said.expect("a place to write to");
}

/// One order of the steps around the due time of the first answer, which nobody has given yet.
async fn unanswered(suite: &Suite, acts: &[Act], order: &[bool], phone: &str) {
    // By e-mail the first answer is due in an hour and the resolution in a day; the form's are due together.
    let mut form = with_phone(forms::appeal(suite.now()), phone);
    form.appeal.as_mut().expect("filled").channel = Channel::Email.into();
    let filed = file_this(suite, form).await;
    let name = filed.name.as_str();
    assign(suite, name).await;
    suite.settle().await;
    let due = instant(filed.first_answer_due_time);
    assert!(due < instant(filed.due_time), "else the other ladder is in play too");
    suite.hand.set(due - SignedDuration::from_secs(1));
    suite.settle().await;
    suite.hand.advance(SignedDuration::from_secs(2));
    play(suite, acts, order, name, phone).await;

    // Each of the acts answers, or ends the need to.
    let levels = acted(suite, name, ClockKind::FirstAnswer).await;
    let expected: &[i32] = if gears_before_the_first_act(order) >= HANDED_UP { &[1] } else { &[] };
    assert_eq!(levels, expected, "{order:?} {acts:?}");
    suite.advance(hours(24 * 14)).await;
    assert_eq!(acted(suite, name, ClockKind::FirstAnswer).await, expected, "{order:?} {acts:?}, two weeks later");
    let (told, levels) = (repeats_to(suite, phone).len(), acted_levels(suite, name).await.len());
    assert_eq!(told, levels, "{order:?} {acts:?}: the citizen hears of the resolution's ladder only");
}

fn gears_before_the_first_act(order: &[bool]) -> usize {
    order.iter().take_while(|is_people| !**is_people).count()
}

/// One order of the steps; true is a step of the people.
async fn one(suite: &Suite, acts: &[Act], order: &[bool], phone: &str) {
    let filed = file(suite, phone).await;
    let name = filed.name.as_str();
    assign(suite, name).await;
    // Answered early, so that only the resolution's ladder is in play.
    suite.ticket(SPECIALIST).post_message(forms::message(name, "Разбираемся.")).await.expect("its assignee");
    suite.settle().await;
    suite.hand.set(instant(filed.due_time) - SignedDuration::from_secs(1));
    suite.settle().await;
    suite.hand.advance(SignedDuration::from_secs(2));

    play(suite, acts, order, name, phone).await;
    check(suite, name, phone, order, acts).await;
    let turned = gears_before_the_first_act(order);
    // Resumed within the same second it is as late as it was before.
    let is_owed_again = matches!(acts.last(), Some(Act::Answer | Act::Inform | Act::Reopen));
    let expected: &[i32] = if is_owed_again || turned >= HANDED_UP { &[1] } else { &[] };
    assert_eq!(acted_levels(suite, name).await, expected, "{order:?} {acts:?}");
    if turned == NEWS_FIRST && !is_owed_again {
        assert_eq!(
            repeats_to(suite, phone).len(),
            0,
            "{order:?} {acts:?}: notification knew better before it was asked"
        );
    }

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

async fn assign(suite: &Suite, name: &str) {
    let assign = AssignAppealRequest {
        name: name.to_owned(),
        assignee: "staff/specialist-1".to_owned(),
        request_id: forms::request_id(),
        ..AssignAppealRequest::default()
    };
    suite.ticket(SUPERVISOR).assign_appeal(assign).await.expect("an open appeal");
}

/// All steps in that order, and then whatever follows.
async fn play(suite: &Suite, acts: &[Act], order: &[bool], name: &str, phone: &str) {
    let (mut people, mut gears) = (acts.iter(), GEARS.iter());
    for is_people in order {
        if *is_people {
            act(suite, *people.next().expect("as many as listed"), name, phone).await;
        } else {
            turn(suite, *gears.next().expect("as many as listed")).await;
        }
    }
    suite.settle().await;
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
