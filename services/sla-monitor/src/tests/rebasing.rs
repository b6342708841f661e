//! A re-base goes no faster than it may, goes on where it stood, and ends when all is answered.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::SignedDuration;
use proto::sla::v1::{
    GetRebaseRequest, ListRebaseEntriesRequest, PublishPolicyRequest, Rebase, RebaseEntry, StartRebaseRequest,
    StopRebaseRequest, rebase::State, rebase_entry::Outcome,
};
use proto::ticket::v1::RebaseAppealRequest;
use rpc::Caller;

use super::peers::Act;
use super::rig::{Rig, minutes, promise, request_id};
use crate::{commands, queries, rebase};

fn admin() -> Caller {
    Caller::of_staff("root", [])
}

fn seconds(seconds: i64) -> SignedDuration {
    SignedDuration::from_secs(seconds)
}

/// So many appeals, all of which a set that is in force by now promises a shorter resolution.
async fn watched(rig: &Rig, deadlines: usize) -> String {
    for _ in 0..deadlines {
        rig.track(&promise()).await;
    }
    let set = ::deadline::PolicySet::builtin();
    let mut policy = set.policy("suspicious_activity").unwrap().clone();
    policy.version += 1;
    policy.resolution.allowance = ::deadline::Allowance::RealTime(SignedDuration::from_hours(20));
    policy.cases.clear();
    let request = PublishPolicyRequest {
        document: toml::to_string(&BTreeMap::from([("policy", [policy])])).unwrap(),
        base: format!("policySets/{}", set.version()),
        note: "Приказ 12".into(),
        request_id: request_id(),
        ..PublishPolicyRequest::default()
    };
    let published = commands::publish::policy(Arc::clone(&rig.app), admin(), request).await.unwrap();
    rig.at(minutes(2));
    // The ticket service has it.
    deliver(rig).await;
    published.name
}

async fn begin(rig: &Rig, set: &str, per_second: i32) -> Rebase {
    let request = StartRebaseRequest {
        policy_set: set.to_owned(),
        deadlines_per_second: per_second,
        note: "Приказ 12".into(),
        request_id: request_id(),
    };
    commands::rebase::start(Arc::clone(&rig.app), admin(), request).await.unwrap()
}

async fn show(rig: &Rig, name: &str) -> Rebase {
    let request = GetRebaseRequest { name: name.to_owned() };
    queries::get_rebase::run(Arc::clone(&rig.app), admin(), request).await.unwrap()
}

async fn entries(rig: &Rig, name: &str) -> Vec<RebaseEntry> {
    let request = ListRebaseEntriesRequest { parent: name.to_owned(), page_size: 1_000, page_token: String::new() };
    queries::list_rebase_entries::run(Arc::clone(&rig.app), admin(), request).await.unwrap().entries
}

async fn deliver(rig: &Rig) {
    while rig.relay.step().await.unwrap() > 0 {}
}

fn asked(rig: &Rig) -> Vec<String> {
    rig.ticket.applied::<RebaseAppealRequest>().into_iter().map(|it| it.name).collect()
}

#[tokio::test]
async fn no_more_is_asked_for_in_a_second_than_it_may_and_none_while_much_is_not_answered() {
    let rig = Rig::new().await;
    let set = watched(&rig, 14).await;
    let begun = begin(&rig, &set, 2).await;
    let asked_by = async || show(&rig, &begun.name).await.asked_count;
    rebase::step(&rig.app).await.unwrap();
    assert_eq!(asked_by().await, 2);
    assert_eq!(rebase::step(&rig.app).await.unwrap(), None, "in the same second");
    for second in 2..=5 {
        rig.hand.advance(seconds(1));
        rebase::step(&rig.app).await.unwrap();
        assert_eq!(asked_by().await, 2 * second);
    }
    // Twenty clocks of ten appeals: ten seconds' worth that nobody has answered for.
    rig.hand.advance(seconds(1));
    assert_eq!((rebase::step(&rig.app).await.unwrap(), asked_by().await), (None, 10));
    deliver(&rig).await;
    rig.hand.advance(seconds(1));
    rebase::step(&rig.app).await.unwrap();
    assert_eq!((asked_by().await, asked(&rig).len()), (12, 10));
}

#[tokio::test]
async fn it_is_complete_once_all_is_answered_and_not_before() {
    let rig = Rig::new().await;
    let set = watched(&rig, 3).await;
    let begun = begin(&rig, &set, 1_000).await;
    rebase::step(&rig.app).await.unwrap();
    rig.ticket.script([Act::LoseRequest; 3]);
    deliver(&rig).await;
    // The pass that finds nothing more, a minute later.
    for _ in 0..3 {
        rig.hand.advance(minutes(2));
        rebase::step(&rig.app).await.unwrap();
        let shown = show(&rig, &begun.name).await;
        assert_eq!((shown.state(), shown.pending_count, shown.asked_count), (State::Running, 6, 3));
    }
    deliver(&rig).await;
    assert_eq!(show(&rig, &begun.name).await.state(), State::Running);
    rig.hand.advance(seconds(1));
    rebase::step(&rig.app).await.unwrap();
    let shown = show(&rig, &begun.name).await;
    assert_eq!((shown.state(), shown.pending_count, shown.rebased_count), (State::Complete, 0, 3));
    let outcomes = entries(&rig, &begun.name).await.into_iter().map(|it| (it.clock, it.outcome()));
    let outcomes: Vec<_> = outcomes.collect();
    assert_eq!(outcomes.iter().filter(|it| it.1 == Outcome::Rebased).count(), 3);
    assert_eq!(outcomes.iter().filter(|it| it.1 == Outcome::Unchanged).count(), 3, "the first answer's stays");
}

#[tokio::test]
async fn another_replica_goes_on_where_one_stood_and_asks_for_none_twice() {
    let rig = Rig::new().await;
    let set = watched(&rig, 9).await;
    let other = rig.replica(Arc::new(rig.hand.clone())).await;
    other.app.shelf.refresh().await.unwrap();
    let begun = begin(&rig, &set, 2).await;
    rebase::step(&rig.app).await.unwrap();
    // It dies here. The other one knows where it stood, by the row.
    for _ in 0..10 {
        rig.hand.advance(seconds(1));
        rebase::step(&other.app).await.unwrap();
        deliver(&other).await;
    }
    let names = asked(&rig);
    assert_eq!((names.len(), names.iter().collect::<BTreeSet<_>>().len()), (9, 9));
    let shown = show(&rig, &begun.name).await;
    assert_eq!((shown.asked_count, shown.rebased_count), (9, 9));
}

#[tokio::test]
async fn one_that_is_stopped_asks_for_no_more_and_what_is_refused_is_told() {
    let rig = Rig::new().await;
    let set = watched(&rig, 4).await;
    let begun = begin(&rig, &set, 2).await;
    rebase::step(&rig.app).await.unwrap();
    let request = StopRebaseRequest { name: begun.name.clone(), request_id: request_id() };
    commands::rebase::stop(Arc::clone(&rig.app), admin(), request).await.unwrap();
    rig.ticket.script([Act::Refuse("EXTENSION_PROPOSED")]);
    deliver(&rig).await;
    rig.hand.advance(minutes(5));
    assert_eq!(rebase::step(&rig.app).await.unwrap(), None);
    let shown = show(&rig, &begun.name).await;
    assert_eq!((shown.state(), shown.asked_count, shown.pending_count), (State::Stopped, 2, 0));
    assert_eq!((shown.rebased_count, shown.refused_count), (1, 2), "both clocks of the one that was refused");
    let reasons: BTreeSet<_> = entries(&rig, &begun.name).await.into_iter().map(|it| it.reason).collect();
    assert_eq!(reasons, BTreeSet::from([String::new(), "EXTENSION_PROPOSED".to_owned()]));
}
