//! WatchBreaches: what happens is told, once, in whatever order it is committed; whoever goes on from a cursor misses nothing.

use std::sync::Arc;

use ::store::{Error, Tx, transaction};
use futures::FutureExt as _;
use futures::stream::{BoxStream, StreamExt as _};
use jiff::SignedDuration;
use proto::sla::v1::breach::Event;
use proto::sla::v1::{self as wire, WatchBreachesRequest, WatchBreachesResponse};
use rpc::{Caller, Refusal};
use tonic::Code;
use uuid::Uuid;

use super::peers::Act;
use super::rig::{Rig, answered, hours, instant, minutes, over, promise, revised, run_on, start};
use crate::domain::{Breach, BreachEvent};
use crate::{queries, store};

pub type Messages = BoxStream<'static, Result<WatchBreachesResponse, Refusal>>;

fn anna() -> Caller {
    Caller::of_staff("anna", [])
}

async fn asked(rig: &Rig, caller: &Caller, request: WatchBreachesRequest) -> Result<Messages, Refusal> {
    Ok(queries::watch_breaches::run(Arc::clone(&rig.app), caller.clone(), request).await?.boxed())
}

pub async fn resumed(rig: &Rig, cursor: &str) -> Result<Messages, Refusal> {
    asked(rig, &anna(), WatchBreachesRequest { start_cursor: cursor.into(), ..Default::default() }).await
}

/// A new watch, with its first message heard.
pub async fn watch(rig: &Rig) -> Messages {
    let mut messages = resumed(rig, "").await.unwrap();
    assert!(is_sign_of_life(&told(rig, &mut messages).await), "a cursor comes at once");
    messages
}

/// Where a watch goes on that is begun now: one does not last as long as a promise.
async fn from_now(rig: &Rig) -> String {
    told(rig, &mut resumed(rig, "").await.unwrap()).await.cursor
}

/// The next message or end, with as many looks as it takes: other tests' transactions in the cluster hold news up.
pub async fn next(rig: &Rig, messages: &mut Messages) -> Result<WatchBreachesResponse, Refusal> {
    let looks = async {
        loop {
            ::watches::look(&rig.app.watches, &*rig.app).await.unwrap();
        }
    };
    tokio::select! {
        biased;
        message = messages.next() => message.expect("a watch does not end by itself"),
        () = looks => unreachable!(),
    }
}

pub async fn told(rig: &Rig, messages: &mut Messages) -> WatchBreachesResponse {
    next(rig, messages).await.unwrap()
}

/// So many entries, in however many messages.
pub async fn heard(rig: &Rig, messages: &mut Messages, count: usize) -> Vec<wire::Breach> {
    let mut all = Vec::new();
    while all.len() < count {
        all.extend(told(rig, messages).await.breaches);
    }
    assert_eq!(all.len(), count);
    all
}

/// Whether nothing is told though the log was looked at.
pub async fn is_quiet(rig: &Rig, messages: &mut Messages) -> bool {
    for _ in 0..3 {
        ::watches::look(&rig.app.watches, &*rig.app).await.unwrap();
        if messages.next().now_or_never().is_some() {
            return false;
        }
    }
    true
}

pub fn is_sign_of_life(message: &WatchBreachesResponse) -> bool {
    message.breaches.is_empty() && !message.cursor.is_empty()
}

fn brief(all: &[wire::Breach]) -> Vec<(Event, i32, &str)> {
    all.iter().map(|it| (it.event(), it.level, it.holder.as_str())).collect()
}

#[tokio::test]
async fn the_story_of_a_promise_is_told_with_who_has_it_and_how_late_it_is() {
    let rig = Rig::new().await;
    let cursor = from_now(&rig).await;
    let told = rig.track(&answered()).await;
    for hour in [18, 24, 32] {
        rig.at(hours(hour));
        rig.settle().await;
    }
    rig.update(&revised(&told, |clock| over(clock, start() + hours(40)))).await;
    let all = heard(&rig, &mut resumed(&rig, &cursor).await.unwrap(), 6).await;
    assert_eq!(
        brief(&all),
        [
            (Event::Warned, 0, ""),
            (Event::Breached, 1, "senior_specialist"),
            (Event::Accepted, 1, "senior_specialist"),
            (Event::Raised, 2, "supervisor"),
            (Event::Accepted, 2, "supervisor"),
            (Event::MetLate, 2, "supervisor"),
        ]
    );
    let breached = &all[1];
    assert_eq!((&breached.deadline, &breached.appeal, &breached.number), (&told.name, &told.appeal, &told.number));
    assert_eq!((breached.group.as_str(), breached.category.as_str()), ("security", "suspicious_activity"));
    assert_eq!((breached.priority.as_str(), breached.channel.as_str()), ("emergency", "web_form"));
    assert_eq!(instant(breached.due_time.as_ref()), Some(start() + hours(24)));
    assert_eq!(instant(breached.promise_time.as_ref()), Some(start() + hours(32)));
    assert_eq!(all[0].lateness, None, "nothing is late yet");
    let late = |it: &wire::Breach| it.lateness.map(|late| late.seconds / 3_600);
    assert_eq!((late(breached), late(&all[3]), late(&all[5])), (Some(0), Some(8), Some(16)));
    assert_eq!(instant(all[5].due_time.as_ref()), Some(start() + hours(24)), "also of a clock that has none any more");
    assert!(all.iter().all(|it| it.reason.is_empty() && it.clock() == wire::ClockKind::Resolution));
}

#[tokio::test]
async fn after_an_outage_each_level_is_told_with_why_nobody_acted_and_a_refusal_with_its_reason() {
    let rig = Rig::new().await;
    let cursor = from_now(&rig).await;
    rig.track(&answered()).await;
    rig.ticket.script([Act::Refuse("APPEAL_CLOSED")]);
    rig.at(hours(40));
    rig.settle().await;
    let all = heard(&rig, &mut resumed(&rig, &cursor).await.unwrap(), 4).await;
    let told: Vec<_> = all.iter().map(|it| (it.event(), it.level, it.reason.as_str())).collect();
    let over = "HIGHER_LEVEL_DUE";
    assert_eq!(
        told,
        [
            (Event::Warned, 0, over),
            (Event::Breached, 1, over),
            (Event::Raised, 2, ""),
            (Event::Refused, 2, "APPEAL_CLOSED"),
        ]
    );
}

#[tokio::test]
async fn what_ended_late_is_told_with_how_it_ended_and_when_it_goes_on() {
    let rig = Rig::new().await;
    let cursor = from_now(&rig).await;
    let told = rig.track(&answered()).await;
    rig.at(hours(40));
    let met = rig.update(&revised(&told, |clock| over(clock, start() + hours(40)))).await;
    rig.at(hours(41));
    let reopened = rig.update(&revised(&met, |clock| run_on(clock, start() + hours(42)))).await;
    rig.at(hours(50));
    let withdrawn = |clock: &mut wire::Clock| {
        over(clock, start() + hours(50));
        clock.state = wire::clock::State::Cancelled.into();
    };
    rig.update(&revised(&reopened, withdrawn)).await;
    // In time, and cancelled in time: there is nothing to tell.
    rig.track(&revised(&answered(), |clock| over(clock, start() + hours(20)))).await;
    let all = heard(&rig, &mut resumed(&rig, &cursor).await.unwrap(), 3).await;
    assert_eq!(brief(&all), [(Event::MetLate, 0, ""), (Event::Reopened, 0, ""), (Event::CancelledLate, 0, "")]);
    let late: Vec<_> = all.iter().map(|it| it.lateness.map(|late| late.seconds / 3_600)).collect();
    assert_eq!((late[0], late[2]), (Some(16), Some(8)));
    assert_eq!(instant(all[1].event_time.as_ref()), Some(start() + hours(41)));
    assert_eq!(all.iter().map(|it| it.epoch).collect::<Vec<_>>(), [1, 1, 2]);
}

#[tokio::test]
async fn what_is_written_here_is_looked_for_at_once_and_what_is_written_elsewhere_with_the_next_look() {
    let rig = Rig::new().await;
    let wake = ::watches::look_loop(&rig.app.watches, Arc::clone(&rig.app)).wake;
    let is_woken = || wake.notified().now_or_never().is_some();
    let tracked = rig.track(&answered()).await;
    rig.at(hours(18));
    assert_eq!((rig.tick().await, is_woken()), (1, false), "nobody watches");

    rig.at(hours(24));
    let mut messages = watch(&rig).await;
    assert_eq!((rig.tick().await, is_woken()), (1, true), "a tick");
    while rig.relay.step().await.unwrap() > 0 {}
    assert!(is_woken(), "an answer");
    rig.update(&revised(&tracked, |clock| over(clock, start() + hours(25)))).await;
    assert!(is_woken(), "an end");
    let mut here = Vec::new();
    while here.last() != Some(&Event::MetLate) {
        here.extend(told(&rig, &mut messages).await.breaches.iter().map(wire::Breach::event));
    }
    // The warning was written before, and is told if another test's transaction held it up until now.
    here.retain(|it| *it != Event::Warned);
    assert_eq!(here, [Event::Breached, Event::Accepted, Event::MetLate]);

    let other = rig.replica(Arc::new(rig.hand.clone())).await;
    let mut there = watch(&other).await;
    written(&rig, "by another").await;
    assert_eq!(numbers(&told(&other, &mut there).await.breaches), ["by another"]);
}

/// Something that happened to an appeal of that number.
fn happened(number: &str) -> Breach {
    Breach {
        event: BreachEvent::Breached,
        deadline: Uuid::new_v4(),
        number: number.to_owned(),
        clock: ::deadline::ClockKind::Resolution,
        epoch: 1,
        level: 1,
        policy: "standard".into(),
        category: "c".into(),
        priority: "normal".into(),
        channel: "web_form".into(),
        group: None,
        due_time: Some(start()),
        event_time: start(),
        promise_time: None,
        holder: None,
        reason: None,
    }
}

pub async fn write(rig: &Rig, tx: &mut Tx, number: &str) {
    store::breach::append(tx, rig.now(), &[happened(number)]).await.unwrap();
}

/// What is past: it is no news any more, whatever transactions other tests have open in the cluster.
pub async fn past(rig: &Rig, all: &[&str]) {
    let mut messages = watch(rig).await;
    for number in all {
        written(rig, number).await;
    }
    heard(rig, &mut messages, all.len()).await;
}

pub async fn written(rig: &Rig, number: &str) {
    transaction!(rig.app.db, "test", |tx| -> Result<(), Error> {
        write(rig, tx, number).await;
        Ok(())
    })
    .unwrap();
}

pub fn numbers(all: &[wire::Breach]) -> Vec<&str> {
    all.iter().map(|it| it.number.as_str()).collect()
}

#[tokio::test]
async fn whoever_goes_on_from_a_cursor_misses_nothing_and_hears_nothing_twice() {
    let rig = Rig::new().await;
    let mut messages = resumed(&rig, "").await.unwrap();
    let mut all = vec![told(&rig, &mut messages).await];
    for number in 0..5 {
        written(&rig, &number.to_string()).await;
        all.push(told(&rig, &mut messages).await);
    }
    drop(messages);
    for cut in 0..all.len() {
        let mut again = resumed(&rig, &all[cut].cursor).await.unwrap();
        assert!(is_sign_of_life(&told(&rig, &mut again).await));
        let before = all[..=cut].iter().flat_map(|it| numbers(&it.breaches));
        let rest = heard(&rig, &mut again, 5 - cut).await;
        let joined: Vec<_> = before.chain(numbers(&rest)).collect();
        assert_eq!(joined, ["0", "1", "2", "3", "4"], "cut after message {cut}");
    }
}

#[tokio::test]
async fn a_slow_reader_gets_all_of_it_by_the_hundred() {
    let rig = Rig::new().await;
    let mut messages = watch(&rig).await;
    let many: Vec<_> = (0..207).map(|number| happened(&number.to_string())).collect();
    transaction!(rig.app.db, "test", |tx| -> Result<(), Error> { store::breach::append(tx, rig.now(), &many).await })
        .unwrap();
    let mut sizes = Vec::new();
    let mut all = Vec::new();
    for _ in 0..3 {
        let message = told(&rig, &mut messages).await;
        sizes.push(message.breaches.len());
        all.extend(message.breaches);
    }
    assert_eq!(sizes, [100, 100, 7]);
    assert!(all.iter().enumerate().all(|(at, it)| it.number == at.to_string()), "within a transaction as written");
}

#[tokio::test]
async fn what_was_not_asked_for_is_passed_over_and_signs_of_life_come_at_their_interval() {
    let rig = Rig::new().await;
    let first_answers = WatchBreachesRequest {
        clock: wire::ClockKind::FirstAnswer.into(),
        category: "suspicious_activity".into(),
        group: "security".into(),
        ..Default::default()
    };
    let mut messages = asked(&rig, &anna(), first_answers.clone()).await.unwrap();
    let first = told(&rig, &mut messages).await;
    for number in 0..150 {
        written(&rig, &number.to_string()).await;
    }
    rig.track(&promise()).await;
    rig.at(minutes(30));
    rig.settle().await;
    let told_now = heard(&rig, &mut messages, 3).await;
    assert!(told_now.iter().all(|it| it.clock() == wire::ClockKind::FirstAnswer));

    written(&rig, "not theirs").await;
    rig.hand.advance(SignedDuration::from_secs(29));
    assert!(is_quiet(&rig, &mut messages).await);
    rig.hand.advance(SignedDuration::from_secs(30));
    let sign = told(&rig, &mut messages).await;
    assert!(is_sign_of_life(&sign) && sign.cursor != first.cursor);
    let mut again =
        asked(&rig, &anna(), WatchBreachesRequest { start_cursor: sign.cursor, ..first_answers }).await.unwrap();
    assert!(is_sign_of_life(&told(&rig, &mut again).await));
    assert!(is_quiet(&rig, &mut again).await);
}

#[tokio::test]
async fn a_cursor_is_good_for_its_caller_and_filters_and_a_bad_form_names_all_its_faults() {
    let rig = Rig::new().await;
    written(&rig, "one").await;
    let mut messages = watch(&rig).await;
    written(&rig, "two").await;
    let cursor = told(&rig, &mut messages).await.cursor;
    let request = WatchBreachesRequest { start_cursor: cursor.clone(), ..Default::default() };
    let other = WatchBreachesRequest { group: "security".into(), ..request.clone() };
    let made_up = WatchBreachesRequest { start_cursor: "x".into(), ..Default::default() };
    for (caller, request) in [(Caller::of_staff("boris", []), request), (anna(), other), (anna(), made_up)] {
        let refusal = asked(&rig, &caller, request).await.err().unwrap();
        let fields: Vec<_> = refusal.violations().iter().map(|it| (it.field.as_str(), it.reason)).collect();
        assert_eq!(fields, [("start_cursor", "PAGE_TOKEN_INVALID")]);
    }
    let bad = WatchBreachesRequest { clock: 7, category: "\0".into(), group: "g".repeat(300), ..Default::default() };
    assert_eq!(asked(&rig, &anna(), bad).await.err().unwrap().violations().len(), 3);
}

#[tokio::test]
async fn it_ends_with_the_token_after_its_longest_time_and_when_the_service_stops() {
    let rig = Rig::new().await;
    let mut longest = watch(&rig).await;
    let brief = Caller { expire_time: Some(rig.now() + minutes(10)), ..anna() };
    let mut brief = asked(&rig, &brief, WatchBreachesRequest::default()).await.unwrap();
    told(&rig, &mut brief).await;
    rig.at(minutes(9));
    assert!(is_sign_of_life(&told(&rig, &mut longest).await) && is_sign_of_life(&told(&rig, &mut brief).await));
    rig.at(minutes(10));
    let refusal = next(&rig, &mut brief).await.unwrap_err();
    assert_eq!((refusal.code(), refusal.reason()), (Code::Unauthenticated, "TOKEN_INVALID"));
    assert!(is_sign_of_life(&told(&rig, &mut longest).await));
    rig.at(minutes(60));
    let refusal = next(&rig, &mut longest).await.unwrap_err();
    assert_eq!((refusal.code(), refusal.reason()), (Code::Unavailable, "WATCH_ENDED"));

    let mut open = watch(&rig).await;
    rig.stopper.cancel();
    assert_eq!(next(&rig, &mut open).await.unwrap_err().reason(), "WATCH_ENDED");
    assert_eq!(resumed(&rig, "").await.err().unwrap().reason(), "WATCH_ENDED", "nor is one begun");
}

#[tokio::test]
async fn there_are_so_many_of_a_person_and_a_place_is_free_when_its_watch_is_gone() {
    let rig = Rig::new().await;
    let mut open = Vec::new();
    for _ in 0..10 {
        open.push(watch(&rig).await);
    }
    let refusal = resumed(&rig, "").await.err().unwrap();
    assert_eq!((refusal.code(), refusal.reason()), (Code::ResourceExhausted, "TOO_MANY_REQUESTS"));
    let system = Caller::of_system("portal");
    for _ in 0..11 {
        open.push(asked(&rig, &system, WatchBreachesRequest::default()).await.unwrap());
    }
    assert!(rig.metrics().contains("otklik_sla_watches 21"), "{}", rig.metrics());
    drop(open);
    assert!(rig.metrics().contains("otklik_sla_watches 0"));
    drop(watch(&rig).await);
}
