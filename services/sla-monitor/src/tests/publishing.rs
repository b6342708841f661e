//! Publishing policies and calendars.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::SignedDuration;
use proto::sla::v1::{
    GetPolicySetRequest, IcalendarYear, ListPolicySetsRequest, PolicySet, PreviewDueTimeRequest,
    PreviewDueTimeResponse, PublishCalendarRequest, PublishPolicyRequest,
};
use proto::ticket::v1::PutPolicySetRequest;
use proto::to_wire;
use rpc::{Caller, Refusal};
use sqlx::{Connection, PgConnection};

use super::rig::{RESOLUTION, Rig, answered, hours, instant, minutes, request_id, start};
use crate::{commands, monitor, queries};

/// The shipped policy of that id in its next version, answered within `first_answer`.
fn quicker(id: &str, first_answer: &str) -> String {
    let mut policy = ::deadline::PolicySet::builtin().policy(id).unwrap().clone();
    policy.version += 1;
    policy.first_answer.allowance = ::deadline::Allowance::RealTime(first_answer.parse().unwrap());
    toml::to_string(&BTreeMap::from([("policy", [policy])])).unwrap()
}

fn base() -> String {
    format!("policySets/{}", ::deadline::PolicySet::builtin().version())
}

fn next() -> i64 {
    i64::from(::deadline::PolicySet::builtin().version()) + 1
}

fn admin() -> Caller {
    Caller::of_staff("root", [])
}

fn asked(document: &str) -> PublishPolicyRequest {
    PublishPolicyRequest {
        document: document.to_owned(),
        base: base(),
        note: "Приказ 12".into(),
        request_id: request_id(),
        ..PublishPolicyRequest::default()
    }
}

async fn publish(rig: &Rig, request: PublishPolicyRequest) -> Result<PolicySet, Refusal> {
    commands::publish::policy(Arc::clone(&rig.app), admin(), request).await
}

async fn list(rig: &Rig, size: i32, token: &str) -> (Vec<(i64, String)>, String) {
    let request = ListPolicySetsRequest { page_size: size, page_token: token.to_owned() };
    let page = queries::list_policy_sets::run(Arc::clone(&rig.app), admin(), request).await.unwrap();
    assert!(page.policy_sets.iter().all(|set| set.document.is_empty()));
    (page.policy_sets.into_iter().map(|set| (set.version, set.author)).collect(), page.next_page_token)
}

async fn get(rig: &Rig, name: &str) -> Result<PolicySet, Refusal> {
    queries::get_policy_set::run(Arc::clone(&rig.app), admin(), GetPolicySetRequest { name: name.to_owned() }).await
}

#[tokio::test]
async fn a_published_set_is_kept_told_once_and_answered_again() {
    let rig = Rig::new().await;
    let request = asked(&quicker("emergency", "20m"));
    let set = publish(&rig, request.clone()).await.unwrap();

    assert_eq!((set.version, set.author.as_str(), set.note.as_str()), (next(), "staff/root", "Приказ 12"));
    // A minute, in which every replica hears of it.
    assert_eq!(instant(set.effective_time.as_ref()), Some(start() + minutes(1)));
    let change = set.changes.iter().find(|change| change.field == "first_answer.allowance.real").unwrap();
    assert_eq!((change.entry.as_str(), change.before.as_str()), ("policy emergency", "\"30m\""));
    assert_eq!(change.after, "\"20m\"");

    rig.settle().await;
    assert_eq!(publish(&rig, request).await.unwrap(), set, "the answer was lost, and is asked for again");
    rig.settle().await;
    let put: Vec<PutPolicySetRequest> = rig.ticket.applied();
    assert_eq!(put.len(), 1);
    assert_eq!(put[0].policy_set.as_ref(), Some(&set));

    assert_eq!(get(&rig, &set.name).await.unwrap(), set);
    let shipped = get(&rig, &base()).await.unwrap();
    assert_eq!((shipped.author.as_str(), shipped.effective_time), ("shipped", None));
    let (first, token) = list(&rig, 1, "").await;
    assert_eq!(first, [(next(), "staff/root".to_owned())]);
    let (second, _) = list(&rig, 1, &token).await;
    assert_eq!(second, [(next() - 1, "shipped".to_owned())]);
    for name in ["policySets/0", "policySets/01", "policySets/99", "sets/1"] {
        assert_eq!(get(&rig, name).await.unwrap_err().reason(), "POLICY_SET_NOT_FOUND");
    }
}

#[tokio::test]
async fn a_look_changes_nothing() {
    let rig = Rig::new().await;
    let look = PublishPolicyRequest { validate_only: true, request_id: String::new(), ..asked(&quicker("low", "40h")) };
    let would_be = publish(&rig, look).await.unwrap();
    assert_eq!(would_be.changes.len(), 2, "{:?}", would_be.changes.len());
    assert_eq!(get(&rig, &would_be.name).await.unwrap_err().reason(), "POLICY_SET_NOT_FOUND");
    rig.settle().await;
    assert_eq!(rig.ticket.applied::<PutPolicySetRequest>().len(), 0);
}

#[tokio::test]
async fn of_two_who_publish_at_once_one_looks_again() {
    let rig = Rig::new().await;
    let other = rig.replica(Arc::new(rig.hand.clone())).await;
    let (one, two) = tokio::join!(
        publish(&rig, asked(&quicker("emergency", "20m"))),
        publish(&other, asked(&quicker("critical", "40m"))),
    );
    let refusal = match (one, two) {
        (Ok(_), Err(refusal)) | (Err(refusal), Ok(_)) => refusal,
        both => panic!("{both:?}"),
    };
    assert_eq!((refusal.code(), refusal.reason()), (tonic::Code::Aborted, "POLICY_SET_STALE"));
    let versions: Vec<i64> = list(&rig, 0, "").await.0.into_iter().map(|(version, _)| version).collect();
    assert_eq!(versions[0], next());
    assert_eq!(versions.iter().filter(|version| **version == next()).count(), 1);
}

#[tokio::test]
async fn everything_that_is_wrong_is_told_by_field() {
    let rig = Rig::new().await;
    let refused = async |request| {
        let refusal = publish(&rig, request).await.unwrap_err();
        refusal.violations().iter().map(|it| format!("{}: {}", it.field, it.text)).collect::<Vec<_>>()
    };
    let form = refused(PublishPolicyRequest::default()).await;
    let fields: Vec<&str> = form.iter().filter_map(|it| it.split(':').next()).collect();
    assert_eq!(fields, ["document", "base", "request_id", "note"]);

    let wrong = PublishPolicyRequest {
        effective_time: Some(to_wire(start() - hours(1))),
        removed_policies: vec!["ghost".into()],
        ..asked(&quicker("emergency", "20m").replace("version = 2", "version = 5"))
    };
    assert_eq!(
        refused(wrong).await,
        [
            "effective_time: must not be in the past: what was promised since would be another promise",
            "document: policy \"emergency\": its version must be 2, not 5",
            "removed_policies: policy \"ghost\": there is none to be removed",
        ]
    );

    let rival = quicker("emergency", "20m")
        .replace("id = \"emergency\"", "id = \"rival\"")
        .replace("version = 2", "version = 1");
    let tie = "document: policies \"emergency\" and \"rival\" have the same order and specificity and can match the same appeal";
    assert_eq!(refused(asked(&rival)).await, [tie]);

    let calendar = PublishCalendarRequest {
        document: quicker("emergency", "20m"),
        base: base(),
        note: "x".into(),
        request_id: request_id(),
        ..PublishCalendarRequest::default()
    };
    let refusal = commands::publish::calendar(Arc::clone(&rig.app), admin(), calendar).await.unwrap_err();
    assert_eq!(refusal.violations()[0].text, "must not have policies: they are published by another call");
}

#[tokio::test]
async fn a_year_of_an_icalendar_file_is_looked_at_and_then_published() {
    let rig = Rig::new().await;
    let year = IcalendarYear {
        calendar: "working_days".into(),
        content: "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20280103\r\nSUMMARY:Каникулы\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
            .into(),
        year: 2028,
        source: "Постановление".into(),
        provisional: true,
    };
    let request = PublishCalendarRequest {
        icalendar: Some(year.clone()),
        base: base(),
        note: "Календарь на 2028".into(),
        validate_only: true,
        request_id: request_id(),
        ..PublishCalendarRequest::default()
    };
    let publish = async |request| commands::publish::calendar(Arc::clone(&rig.app), admin(), request).await;
    let look = publish(request.clone()).await.unwrap();
    let fields: Vec<&str> = look.changes.iter().map(|change| change.field.as_str()).collect();
    assert_eq!(fields, ["exception.2028-01-03", "horizon", "version", "year"]);
    let set = publish(PublishCalendarRequest { validate_only: false, ..request.clone() }).await.unwrap();
    assert_eq!((set.content_hash, set.changes), (look.content_hash, look.changes));

    let wrong =
        PublishCalendarRequest { icalendar: Some(IcalendarYear::default()), document: "x".into(), ..request.clone() };
    assert_eq!(publish(wrong).await.unwrap_err().violations()[0].field, "icalendar");
    let empty = PublishCalendarRequest { icalendar: Some(IcalendarYear::default()), ..request.clone() };
    assert_eq!(publish(empty).await.unwrap_err().violations().len(), 4);
    let far = IcalendarYear { year: 2031, ..year };
    let far = PublishCalendarRequest { icalendar: Some(far), base: set.name, ..request };
    assert_eq!(publish(far).await.unwrap_err().violations()[0].field, "icalendar");
}

/// What is promised under a set that another replica published a moment ago is no mismatch.
#[tokio::test]
async fn a_promise_under_a_set_from_another_replica_is_confirmed() {
    let rig = Rig::new().await;
    let other = rig.replica(Arc::new(rig.hand.clone())).await;
    let set = publish(&rig, asked(&quicker("emergency", "20m"))).await.unwrap();

    let mut told = answered();
    told.policy_version = set.version;
    told.policy_hash = set.content_hash;
    assert!(!other.track(&told).await.mismatch);

    // Nobody knows this one: it is watched all the same, and flagged.
    let mut odd = answered();
    odd.policy_hash = "0".repeat(64);
    assert!(other.track(&odd).await.mismatch);
    assert!(!rig.get(&odd).await.clocks[RESOLUTION].rungs.is_empty());
}

#[tokio::test]
async fn a_later_set_is_not_effective_before_an_earlier_one() {
    let rig = Rig::new().await;
    let june = start() + SignedDuration::from_hours(24 * 90);
    let first = PublishPolicyRequest { effective_time: Some(to_wire(june)), ..asked(&quicker("emergency", "20m")) };
    let first = publish(&rig, first).await.unwrap();
    let early = PublishPolicyRequest {
        base: first.name.clone(),
        effective_time: Some(to_wire(june - hours(1))),
        ..asked(&quicker("critical", "40m"))
    };
    let refusal = publish(&rig, early.clone()).await.unwrap_err();
    assert_eq!(refusal.violations()[0].field, "effective_time");
    let mistyped = PublishPolicyRequest {
        effective_time: Some(to_wire("2062-01-01T00:00:00Z".parse().unwrap())),
        ..early.clone()
    };
    assert_eq!(publish(&rig, mistyped).await.unwrap_err().violations()[0].text, "must be within two years");
    let default = PublishPolicyRequest { effective_time: None, ..early };
    assert_eq!(instant(publish(&rig, default).await.unwrap().effective_time.as_ref()), Some(june));
}

/// A ticket service whose database was restored hears of every set again when the monitor starts.
#[tokio::test]
async fn sets_are_told_again_at_each_start() {
    let rig = Rig::new().await;
    let first = publish(&rig, asked(&quicker("emergency", "20m"))).await.unwrap();
    let second = PublishPolicyRequest { base: first.name.clone(), ..asked(&quicker("critical", "40m")) };
    let second = publish(&rig, second).await.unwrap();
    rig.settle().await;
    commands::publish::tell_again(&rig.app).await.unwrap();
    rig.settle().await;
    let told: Vec<PutPolicySetRequest> = rig.ticket.applied();
    let told: Vec<String> = told.into_iter().map(|it| it.policy_set.unwrap().name).collect();
    assert_eq!(told, [&first.name, &second.name, &first.name, &second.name].map(String::clone));
}

#[tokio::test]
async fn a_set_that_cannot_be_read_is_told_and_left_alone() {
    let rig = Rig::new().await;
    let mut admin = PgConnection::connect(&rig.admin_url()).await.unwrap();
    sqlx::query(
        "INSERT INTO sla.policy_set (version, content_hash, document, effective_time, create_time, author, note, changes)
        VALUES (9, encode(sha256('from = \"the future\"'), 'hex'), 'from = \"the future\"', '2020-01-01', '2020-01-01', 'x', 'x', '[]')",
    )
    .execute(&mut admin)
    .await
    .unwrap();
    assert_eq!(rig.app.shelf.refresh().await.unwrap(), 1);
    assert_eq!(rig.app.shelf.refresh().await.unwrap(), 0, "it is looked at once");
    assert!(rig.metrics().contains("otklik_policy_sets_unreadable 1"), "{}", rig.metrics());
    assert_eq!(rig.app.shelf.published().latest_version(), 0);
    let refusal = publish(&rig, asked(&quicker("emergency", "20m"))).await.unwrap_err();
    assert_eq!(refusal.reason(), "POLICY_SET_UNREADABLE");
}

#[tokio::test]
async fn a_preview_promises_what_the_set_in_force_then_does() {
    let rig = Rig::new().await;
    let request = PreviewDueTimeRequest {
        category: "technical_fault".into(),
        kind: "technical".into(),
        priority: "emergency".into(),
        channel: "portal".into(),
        ..PreviewDueTimeRequest::default()
    };
    let preview = async |request| queries::preview_due_time::run(Arc::clone(&rig.app), admin(), request).await;
    let first_answer = |told: &PreviewDueTimeResponse| instant(told.explanations[0].due_time.as_ref()).unwrap();

    let now = preview(request.clone()).await.unwrap();
    assert_eq!((now.policy_set.as_str(), now.policy.as_str()), (base().as_str(), "emergency"));
    assert_eq!(first_answer(&now), start() + minutes(30));

    let set = publish(&rig, asked(&quicker("emergency", "20m"))).await.unwrap();
    assert_eq!(preview(request.clone()).await.unwrap(), now, "not effective yet");
    let then = PreviewDueTimeRequest { file_time: set.effective_time, ..request.clone() };
    let then = preview(then).await.unwrap();
    assert_eq!((then.policy_set.as_str(), first_answer(&then)), (set.name.as_str(), start() + minutes(21)));
    let of_that_set = PreviewDueTimeRequest { policy_set: set.name, ..request.clone() };
    assert_eq!(first_answer(&preview(of_that_set).await.unwrap()), start() + minutes(20));

    let unknown = PreviewDueTimeRequest { policy_set: "policySets/99".into(), ..request.clone() };
    assert_eq!(preview(unknown).await.unwrap_err().reason(), "POLICY_SET_NOT_FOUND");
    let asked_again = request.clone();
    let late = PreviewDueTimeRequest { file_time: Some(to_wire("2030-01-01T00:00:00Z".parse().unwrap())), ..request };
    assert_eq!(preview(late).await.unwrap_err().reason(), "CALENDAR_HORIZON");
    let early =
        PreviewDueTimeRequest { file_time: Some(to_wire("2020-01-01T00:00:00Z".parse().unwrap())), ..asked_again };
    assert_eq!(preview(early).await.unwrap_err().reason(), "CALENDAR_HORIZON");
    assert_eq!(preview(PreviewDueTimeRequest::default()).await.unwrap_err().violations().len(), 4);
}

#[tokio::test]
async fn the_end_of_each_calendar_is_measured() {
    let rig = Rig::new().await;
    use bootstrap::Step as _;
    monitor::Lag(Arc::clone(&rig.app)).step().await.unwrap();
    let left = "2028-01-01T00:00:00+03:00".parse::<jiff::Timestamp>().unwrap().duration_since(start()).as_secs();
    let line = format!("otklik_sla_calendar_horizon_seconds{{calendar=\"working_days\"}} {left}");
    assert!(rig.metrics().contains(&line), "{}", rig.metrics());
    let alarm = |on: u8| format!("otklik_sla_calendar_ending{{calendar=\"working_days\"}} {on}");
    assert!(rig.metrics().contains(&alarm(0)), "{}", rig.metrics());

    // 60 days before the end, and a second earlier.
    for (time, on) in [("2027-11-01T23:59:59+03:00", 0), ("2027-11-02T00:00:00+03:00", 1)] {
        rig.hand.set(time.parse().unwrap());
        monitor::Lag(Arc::clone(&rig.app)).step().await.unwrap();
        assert!(rig.metrics().contains(&alarm(on)), "{time}: {}", rig.metrics());
    }
}
