//! PutPolicySet: what is promised from when on.

use std::collections::BTreeMap;

use deadline::{Allowance, PolicySet};
use jiff::{SignedDuration, Timestamp};
use proto::sla::v1 as sla;
use proto::ticket::v1 as wire;
use proto::to_wire;
use rpc::{Caller, Refusal};

use crate::rig::{Rig, citizen, form, new_id, reason, time};
use crate::work::{ask, provide};

/// The shipped set with another answer to appeals of high priority, as [`form`] is.
fn quicker(version: u32, first_answer: SignedDuration) -> PolicySet {
    let mut policy = PolicySet::builtin().policy("high").unwrap().clone();
    policy.version += 1;
    policy.first_answer.allowance = Allowance::RealTime(first_answer);
    let document = toml::to_string(&BTreeMap::from([("policy", [policy])])).unwrap();
    PolicySet::builtin().revised(version, &document, &[]).unwrap().set
}

fn request(set: &PolicySet, effective_time: Timestamp) -> wire::PutPolicySetRequest {
    let policy_set = sla::PolicySet {
        name: format!("policySets/{}", set.version()),
        version: set.version().into(),
        content_hash: set.content_hash().to_string(),
        document: set.to_toml().unwrap(),
        effective_time: Some(to_wire(effective_time)),
        create_time: Some(to_wire(effective_time)),
        author: "staff/root".into(),
        ..Default::default()
    };
    wire::PutPolicySetRequest { policy_set: Some(policy_set), request_id: new_id() }
}

async fn put(rig: &Rig, request: wire::PutPolicySetRequest) -> Result<wire::PutPolicySetResponse, Refusal> {
    ticket::commands::put_policy_set::run(rig.app.clone(), Caller::of_system("sla"), request).await
}

/// When the first answer to a new appeal is due, counted from its filing, as the SLA monitor is told.
async fn promised(rig: &Rig) -> (String, SignedDuration) {
    let filed = rig.file(&citizen(), form()).await;
    let tracked: Vec<sla::TrackDeadlineRequest> = rig.sent().await;
    let deadline = tracked.into_iter().filter_map(|it| it.deadline).find(|it| it.appeal == filed.name).unwrap();
    let clock = &deadline.clocks[0];
    (deadline.policy_hash, time(&clock.due_time).duration_since(time(&clock.start_time)))
}

#[tokio::test(flavor = "multi_thread")]
async fn appeals_are_promised_under_a_set_from_its_effective_time_on() {
    let mut rig = Rig::new().await;
    let (shipped, set) = (PolicySet::builtin().content_hash().to_string(), quicker(7, SignedDuration::from_hours(6)));
    let before = promised(&rig).await;
    assert_eq!(before, (shipped.clone(), SignedDuration::from_hours(1)));

    let effective = rig.minutes(0) + SignedDuration::from_mins(10);
    let asked = request(&set, effective);
    put(&rig, asked.clone()).await.unwrap();
    put(&rig, asked).await.unwrap();
    // As a call that was requeued with another id.
    put(&rig, request(&set, effective)).await.unwrap();
    assert_eq!(promised(&rig).await, before);

    rig.clock.set(effective);
    let after = (set.content_hash().to_string(), SignedDuration::from_hours(6));
    assert_eq!(promised(&rig).await, after);

    rig.restart();
    assert_eq!(promised(&rig).await.0, shipped, "not read yet: the service reads them before it serves");
    rig.app.shelf.refresh().await.unwrap();
    assert_eq!(promised(&rig).await, after);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_set_that_is_another_or_cannot_be_read_is_refused() {
    let rig = Rig::new().await;
    let now = rig.minutes(0);
    put(&rig, request(&quicker(7, SignedDuration::from_hours(6)), now)).await.unwrap();
    let other = request(&quicker(7, SignedDuration::from_hours(5)), now);
    assert_eq!(reason(put(&rig, other).await), "POLICY_SET_EXISTS");

    let mut forged = request(&quicker(8, SignedDuration::from_hours(4)), now);
    forged.policy_set.as_mut().unwrap().document += "\n# one word more\n";
    let refusal = put(&rig, forged).await.unwrap_err();
    assert_eq!(refusal.violations()[0].field, "policy_set.document");

    let empty = wire::PutPolicySetRequest { policy_set: Some(sla::PolicySet::default()), request_id: new_id() };
    let fields: Vec<String> =
        put(&rig, empty).await.unwrap_err().violations().iter().map(|it| it.field.to_string()).collect();
    assert_eq!(
        fields,
        ["policy_set.version", "policy_set.effective_time", "policy_set.create_time", "policy_set.author"]
    );
}

/// The shipped set with a working_days calendar that knows the next year too.
fn with_the_next_year(version: u32) -> PolicySet {
    let mut calendar = PolicySet::builtin().calendar("working_days").unwrap().data().clone();
    calendar.version += 1;
    calendar.horizon = Some("2028-12-31".parse().unwrap());
    calendar.years.push(toml::from_str("year = 2028\nsource = \"a test\"").unwrap());
    let document = toml::to_string(&BTreeMap::from([("calendar", [calendar])])).unwrap();
    PolicySet::builtin().revised(version, &document, &[]).unwrap().set
}

/// It was due before the calendar's end, waited for its applicant, and is due after it. Once the next year is published it can go on.
#[tokio::test(flavor = "multi_thread")]
async fn an_appeal_that_waited_past_the_end_of_its_calendar_goes_on_by_the_next_one() {
    let rig = Rig::staffed().await;
    let at = |text: &str| -> Timestamp { text.parse().unwrap() };
    rig.clock.set(at("2027-12-30T16:00:00+03:00"));
    let applicant = citizen();
    let filed = rig.assigned(&applicant, form()).await;
    // The last working day of the year is an hour shorter.
    assert_eq!(time(&filed.due_time), at("2027-12-31T17:00:00+03:00"));
    rig.clock.set(at("2027-12-30T16:30:00+03:00"));
    ask(&rig, &filed.name, wire::request_info_request::Need::Information).await.unwrap();

    rig.clock.set(at("2027-12-31T16:30:00+03:00"));
    assert_eq!(reason(provide(&rig, &applicant, &filed.name, "").await), "CALENDAR_HORIZON");
    let now = rig.minutes(0);
    put(&rig, request(&with_the_next_year(7), now)).await.unwrap();
    let answered = provide(&rig, &applicant, &filed.name, "").await.unwrap();
    // Half an hour of ten is used; half an hour is left this year, and nine on Monday 3 January.
    assert_eq!(time(&answered.due_time), at("2028-01-03T18:00:00+03:00"));
}
