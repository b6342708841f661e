//! Each kind of drift, made by hand: found, told, and mended by nobody but who is asked to.

use std::collections::BTreeMap;
use std::sync::Arc;

use proto::sla::v1::{self as wire, ListDriftsRequest, MendDeadlineRequest, MendDeadlineResponse, drift::Kind};
use proto::ticket::v1::{EscalateAppealRequest, RetellPromiseRequest};
use rpc::{Caller, Refusal};
use sqlx::{Connection, PgConnection};

use super::reconciling::{Ticket, pass, reconciler};
use super::rig::{Rig, answered, hours, minutes, over, pause, promise, request_id, revised, rungs, start, timeless};
use crate::{commands, queries};

fn root() -> Caller {
    Caller::of_staff("root", [])
}

async fn list(rig: &Rig, page_size: i32) -> Vec<(Kind, String)> {
    let (mut all, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = ListDriftsRequest { page_size, page_token };
        let page = queries::list_drifts::run(Arc::clone(&rig.app), root(), request).await.unwrap();
        assert!(page_size == 0 || page.drifts.len() <= usize::try_from(page_size).unwrap());
        all.extend(page.drifts.into_iter().map(|it| (it.kind(), it.deadline)));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return all;
        }
    }
}

async fn mend(rig: &Rig, name: &str, request_id: String) -> Result<MendDeadlineResponse, Refusal> {
    let request = MendDeadlineRequest { name: name.to_owned(), request_id };
    commands::mend_deadline::run(Arc::clone(&rig.app), root(), request).await
}

fn id(deadline: &wire::Deadline) -> &str {
    deadline.name.strip_prefix("deadlines/").unwrap()
}

/// Every row that promises rest on, with where it lies and who locked it: a row that was only locked would differ.
async fn rows(rig: &Rig) -> BTreeMap<String, Vec<String>> {
    let mut admin = PgConnection::connect(&rig.admin_url()).await.unwrap();
    let mut all = BTreeMap::new();
    for (table, sql) in [
        ("deadline", "SELECT concat_ws(' ', ctid, xmin, xmax, t) FROM sla.deadline AS t ORDER BY 1"),
        ("clock", "SELECT concat_ws(' ', ctid, xmin, xmax, t) FROM sla.clock AS t ORDER BY 1"),
        ("rung", "SELECT concat_ws(' ', ctid, xmin, xmax, t) FROM sla.rung AS t ORDER BY 1"),
        ("outbox", "SELECT concat_ws(' ', ctid, xmin, xmax, t) FROM sla.outbox AS t ORDER BY 1"),
    ] {
        all.insert(table.to_owned(), sqlx::query_scalar(sql).fetch_all(&mut admin).await.unwrap());
    }
    all
}

/// One of each state that is in the ordinary course of things, at hour 25: nothing to find.
async fn ordinary(rig: &Rig) -> Vec<wire::Deadline> {
    let warned = rig.track(&promise()).await;
    let paused = rig.track(&revised(&answered(), pause)).await;
    let stopped = rig.track(&revised(&answered(), |clock| over(clock, start()))).await;
    let acted = rig.track(&answered()).await;
    rig.at(hours(24));
    rig.settle().await;
    rig.at(hours(25));
    // Under way: the ticket service has not answered yet.
    let under_way = rig.track(&answered()).await;
    rig.tick().await;
    let all = vec![warned, paused, stopped, acted, under_way];
    let mut known = Vec::new();
    for deadline in &all {
        known.push(rig.get(deadline).await);
    }
    known
}

#[tokio::test]
async fn what_is_in_the_ordinary_course_of_things_is_no_drift() {
    let (rig, ticket) = (Rig::new().await, Ticket::default());
    for deadline in ordinary(&rig).await {
        ticket.promises(&deadline, deadline.revision, start());
    }
    // And the canary.
    crate::canary::begin(&rig.app).await.unwrap();
    // Too young to be missed: the call may be on its way.
    ticket.promises(&answered(), 1, rig.now() - minutes(5));
    assert_eq!(pass(&rig, &reconciler(&rig, &ticket, 2)).await, BTreeMap::new());
    assert_eq!(list(&rig, 0).await, []);
}

#[tokio::test]
async fn each_kind_is_found_and_told_and_nothing_is_changed() {
    let (rig, ticket) = (Rig::new().await, Ticket::default());
    for deadline in ordinary(&rig).await {
        ticket.promises(&deadline, deadline.revision, start());
    }
    let late = || {
        let mut deadline = answered();
        deadline.clocks[1].due_time = Some(proto::to_wire(start() + hours(50)));
        deadline
    };
    let mut all = Vec::new();
    for _ in 0..6 {
        all.push(rig.track(&late()).await);
    }
    // Their warnings were due by now.
    rig.tick().await;
    let [no_rungs, one_rung, never, other_time, unreadable, outdated] = &all[..] else { panic!() };
    let untracked = late();
    for (of, statement) in [
        (no_rungs, "DELETE FROM rung WHERE deadline_id = '{}' AND state = 'armed'"),
        (one_rung, "DELETE FROM rung WHERE deadline_id = '{}' AND level = 2"),
        (never, "UPDATE deadline SET next_fire_time = NULL WHERE deadline_id = '{}'"),
        (other_time, "UPDATE deadline SET next_fire_time = next_fire_time + interval '7 min' WHERE deadline_id = '{}'"),
        (unreadable, "UPDATE clock SET allowance = '{\"lunar\": 1}' WHERE deadline_id = '{}'"),
    ] {
        assert!(rig.meddle(statement.replace("'{}'", &format!("'{}'", id(of)))).await > 0, "{statement}");
    }
    ticket.promises(&untracked, 1, start());
    ticket.promises(outdated, 2, start());
    ticket.promises(no_rungs, 1, start());
    let before = rows(&rig).await;
    let reconciler = reconciler(&rig, &ticket, 3);
    let counts = pass(&rig, &reconciler).await;
    assert_eq!(rows(&rig).await, before, "a pass only reads");

    let mut expected = vec![
        (Kind::AppealOutdated, outdated.name.clone()),
        (Kind::AppealUntracked, untracked.name.clone()),
        (Kind::DeadlineUnreadable, unreadable.name.clone()),
        // Without a rung there is no time to fire either.
        (Kind::FireTimeDiffers, no_rungs.name.clone()),
        (Kind::FireTimeDiffers, never.name.clone()),
        (Kind::FireTimeDiffers, other_time.name.clone()),
        (Kind::RungMissing, no_rungs.name.clone()),
        (Kind::RungMissing, one_rung.name.clone()),
    ];
    expected.sort();
    for size in [0, 1, 3] {
        let mut found = list(&rig, size).await;
        found.sort();
        assert_eq!(found, expected, "pages of {size}");
    }
    let of = |kind: &str, count| (kind.to_owned(), count);
    assert_eq!(
        counts,
        BTreeMap::from([
            of("appeal_outdated", 1),
            of("appeal_untracked", 1),
            of("deadline_unreadable", 1),
            of("fire_time_differs", 3),
            of("rung_missing", 2),
        ])
    );

    // Time passes, and what nobody looks at is overdue as well. An ordinary one that has been due for less is the monitor's.
    rig.at(hours(85));
    assert!(pass(&rig, &reconciler).await.contains_key("rung_overdue"));
    let found = list(&rig, 0).await;
    assert!(found.contains(&(Kind::RungOverdue, never.name.clone())), "{found:?}");
    // Seen first at the first pass.
    let page = queries::list_drifts::run(Arc::clone(&rig.app), root(), ListDriftsRequest::default()).await.unwrap();
    let known = page.drifts.iter().find(|it| it.kind() == Kind::AppealUntracked).unwrap();
    assert!(known.first_find_time.unwrap().seconds < known.find_time.unwrap().seconds);
    assert!(page.reconcile_time.is_some());
}

#[tokio::test]
async fn a_rung_is_overdue_after_the_grace_and_not_before() {
    let (rig, ticket) = (Rig::new().await, Ticket::default());
    rig.track(&answered()).await;
    let reconciler = reconciler(&rig, &ticket, 10);
    rig.at(hours(18) + minutes(10));
    assert_eq!(pass(&rig, &reconciler).await, BTreeMap::new(), "the monitor may be about to");
    rig.at(hours(19) + minutes(11));
    assert_eq!(pass(&rig, &reconciler).await, BTreeMap::from([("rung_overdue".to_owned(), 1)]), "nobody fires");
    rig.tick().await;
    assert_eq!(pass(&rig, &reconciler).await, BTreeMap::new());
    assert_eq!(list(&rig, 0).await, []);
}

#[tokio::test]
async fn mending_restores_what_was_and_a_second_mending_changes_nothing() {
    for statement in [
        "DELETE FROM rung WHERE deadline_id = '{}' AND state = 'armed'",
        "DELETE FROM rung WHERE deadline_id = '{}' AND level = 2",
        "UPDATE deadline SET next_fire_time = NULL WHERE deadline_id = '{}'",
        "UPDATE deadline SET next_fire_time = next_fire_time + interval '1 day' WHERE deadline_id = '{}'",
        "UPDATE deadline SET next_fire_time = NULL, next_due_time = NULL, state = 'stopped' WHERE deadline_id = '{}'",
    ] {
        let (rig, ticket) = (Rig::new().await, Ticket::default());
        let deadline = rig.track(&answered()).await;
        rig.at(hours(18));
        rig.settle().await;
        let sound = timeless(rig.get(&deadline).await);
        rig.meddle(statement.replace("{}", id(&deadline))).await;
        let reconciler = reconciler(&rig, &ticket, 10);
        assert_ne!(pass(&rig, &reconciler).await, BTreeMap::new(), "{statement}");
        assert_ne!(list(&rig, 0).await, [], "{statement}");

        let request_id = request_id();
        let answer = mend(&rig, &deadline.name, request_id.clone()).await.unwrap();
        assert!(answer.mended && !answer.retold, "{statement}: {answer:?}");
        let mended = answer.deadline.clone().unwrap();
        assert_eq!((&mended.clocks, mended.next_due_time), (&sound.clocks, sound.next_due_time), "{statement}");
        assert_eq!(list(&rig, 0).await, [], "what was mended is gone");
        let after = rows(&rig).await;
        assert_eq!(mend(&rig, &deadline.name, request_id).await.unwrap(), answer, "the same request");
        let again = mend(&rig, &deadline.name, super::rig::request_id()).await.unwrap();
        assert!(!again.mended && !again.retold, "{statement}: {again:?}");
        // Its lock leaves a mark on the row, and nothing else.
        let told = |rows: &BTreeMap<String, Vec<String>>| {
            (rows["clock"].clone(), rows["rung"].clone(), rows["outbox"].clone())
        };
        assert_eq!(told(&rows(&rig).await), told(&after), "{statement}");
        assert_eq!(timeless(rig.get(&deadline).await), mended);

        assert_eq!(pass(&rig, &reconciler).await, BTreeMap::new(), "{statement}");
        rig.at(hours(24));
        rig.settle().await;
        assert_eq!(rig.ticket.applied::<EscalateAppealRequest>().len(), 1, "{statement}");
        assert_eq!(rungs(&rig.get(&deadline).await).len(), 3);
    }
}

/// What acted stays acted, and is not armed again by a mending.
#[tokio::test]
async fn a_level_that_acted_does_not_act_again_for_being_mended() {
    let rig = Rig::new().await;
    let deadline = rig.track(&answered()).await;
    rig.at(hours(24));
    rig.settle().await;
    rig.meddle(format!("DELETE FROM rung WHERE deadline_id = '{}' AND state = 'armed'", id(&deadline))).await;
    assert!(mend(&rig, &deadline.name, request_id()).await.unwrap().mended, "before any pass");
    rig.at(hours(48));
    rig.settle().await;
    let levels: Vec<_> = rig.ticket.applied::<EscalateAppealRequest>().into_iter().map(|it| it.level).collect();
    assert_eq!(levels, [1, 2]);
}

#[tokio::test]
async fn a_lost_promise_is_asked_of_the_ticket_service_by_a_call_that_is_not_lost() {
    let (rig, ticket) = (Rig::new().await, Ticket::default());
    let lost = answered();
    let outdated = rig.track(&answered()).await;
    ticket.promises(&lost, 1, start());
    ticket.promises(&outdated, 2, start());
    rig.at(hours(1));
    let unknown = mend(&rig, &lost.name, request_id()).await.unwrap_err();
    assert_eq!(unknown.reason(), "DEADLINE_NOT_FOUND", "nobody knows of such an appeal");
    let reconciler = reconciler(&rig, &ticket, 10);
    pass(&rig, &reconciler).await;

    rig.ticket.script([super::peers::Act::LoseRequest, super::peers::Act::LoseAnswer]);
    let id = request_id();
    for _ in 0..2 {
        let answer = mend(&rig, &lost.name, id.clone()).await.unwrap();
        assert!(answer.retold && !answer.mended && answer.deadline.is_none(), "{answer:?}");
    }
    let answer = mend(&rig, &outdated.name, request_id()).await.unwrap();
    assert!(answer.retold && !answer.mended && answer.deadline.is_some(), "{answer:?}");
    rig.settle().await;
    let mut asked: Vec<_> = rig.ticket.applied::<RetellPromiseRequest>().into_iter().map(|it| it.name).collect();
    asked.sort();
    let mut expected = [lost.appeal.clone(), outdated.appeal.clone()];
    expected.sort();
    assert_eq!(asked, expected, "each once");

    // It tells, as it always does.
    rig.update(&lost).await;
    rig.update(&revised(&outdated, |_| ())).await;
    assert_eq!(pass(&rig, &reconciler).await, BTreeMap::new());
    assert_eq!(list(&rig, 0).await, []);
    assert!(!mend(&rig, &lost.name, request_id()).await.unwrap().retold);
}

#[tokio::test]
async fn a_bad_form_names_all_its_faults_and_the_canary_is_no_deadline() {
    let rig = Rig::new().await;
    assert_eq!(mend(&rig, "deadlines/1", "1".into()).await.unwrap_err().violations().len(), 2);
    let canary = mend(&rig, "deadlines/00000000-0000-0000-0000-000000000000", request_id()).await.unwrap_err();
    assert_eq!(canary.violations().len(), 1);
    let request = ListDriftsRequest { page_size: -1, ..Default::default() };
    let refusal = queries::list_drifts::run(Arc::clone(&rig.app), root(), request).await.unwrap_err();
    assert_eq!(refusal.violations().len(), 1);
}
