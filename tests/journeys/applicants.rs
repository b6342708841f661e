//! What is promised to whom: people of a region have terms of their own, by their own wall; and one looks at a change by regions.

use std::collections::BTreeMap;

use deadline::ZoneChoice;
use jiff::tz::TimeZone;
use proto::sla::v1::{PreviewChangeResponse, PreviewDueTimeRequest, PreviewPolicyChangeRequest, PublishPolicyRequest};
use proto::ticket::v1::FileAppealRequest;
use tests::{Suite, forms, other_resolutions};

use crate::story::{
    SUPERVISOR, acted_levels, appeal, ask, deadline, explained, file_this, hours, instant, last_of, with_phone,
};

const ADMIN: &str = "staff/root:administrator";
const YAKUTSK: &str = "Asia/Yakutsk";

/// Publishes a policy for large families of Yakutia: as everybody's, and by the hours of where they live.
async fn publish(suite: &Suite) {
    let (base, set) = suite.policies().await;
    let mut north = set.policy("standard").unwrap().clone();
    (north.id, north.version, north.order) = ("north".to_owned(), 1, 1);
    north.matches.region = Some(["RU-SA".to_owned()].into());
    north.matches.applicant_group = Some(["large_family".to_owned()].into());
    north.resolution.zone = ZoneChoice::Applicant;
    north.cases.clear();
    let request = PublishPolicyRequest {
        document: toml::to_string(&BTreeMap::from([("policy", [north])])).unwrap(),
        base,
        note: "Приказ 21".into(),
        request_id: forms::request_id(),
        ..PublishPolicyRequest::default()
    };
    let published = suite.sla(ADMIN).publish_policy(request).await.unwrap().into_inner();
    suite.settle().await;
    suite.hand.set(instant(published.effective_time));
}

fn of_yakutia(suite: &Suite, phone: &str, group: &str) -> FileAppealRequest {
    let mut request = with_phone(forms::appeal(suite.now()), phone);
    let form = request.appeal.as_mut().unwrap();
    YAKUTSK.clone_into(&mut form.time_zone);
    let applicant = form.applicant.as_mut().unwrap();
    (applicant.region, applicant.group) = ("RU-SA".to_owned(), group.to_owned());
    request
}

async fn preview(suite: &Suite) -> PreviewChangeResponse {
    let (base, set) = suite.policies().await;
    let document = other_resolutions(&set);
    let request = PreviewPolicyChangeRequest { document, base, ..PreviewPolicyChangeRequest::default() };
    last_of(suite.sla(SUPERVISOR).preview_policy_change(request).await).await
}

#[tokio::test]
async fn people_of_a_region_have_terms_of_their_own_by_their_own_wall() {
    let suite = Suite::start().await;
    publish(&suite).await;
    let asked = PreviewDueTimeRequest {
        category: "code_not_arriving".into(),
        kind: "technical".into(),
        priority: "high".into(),
        channel: "web_form".into(),
        region: "RU-SA".into(),
        applicant_group: "large_family".into(),
        time_zone: YAKUTSK.into(),
        ..PreviewDueTimeRequest::default()
    };
    let seen = suite.sla(SUPERVISOR).preview_due_time(asked.clone()).await.unwrap().into_inner();
    let elsewhere = PreviewDueTimeRequest { region: "RU-MOW".into(), ..asked };
    let elsewhere = suite.sla(SUPERVISOR).preview_due_time(elsewhere).await.unwrap().into_inner();
    assert_eq!((seen.policy.as_str(), elsewhere.policy.as_str()), ("north", "web_form"));

    let filed = file_this(&suite, of_yakutia(&suite, "+79161230091", "large_family")).await;
    let other = file_this(&suite, of_yakutia(&suite, "+79161230092", "")).await;
    assert_eq!(filed.due_time, seen.explanations[1].computed_due_time, "what was looked at is what is promised");
    let due = instant(filed.due_time).to_zoned(TimeZone::get(YAKUTSK).unwrap());
    let shown = filed.applicant.clone().unwrap();
    assert_eq!((shown.region.as_str(), shown.group.as_str()), ("RU-SA", "large_family"));
    suite.settle().await;

    let held = deadline(&suite, &filed.name).await;
    assert_eq!((held.policy.as_str(), held.region.as_str(), held.time_zone.as_str()), ("north", "RU-SA", YAKUTSK));
    assert_eq!((held.mismatch, deadline(&suite, &other.name).await.policy.as_str()), (false, "web_form"));
    let told = explained(&suite, &filed.name).await;
    assert_eq!((told.time_zone.as_str(), told.computed_due_time), (YAKUTSK, filed.due_time));
    let (_, set) = suite.policies().await;
    let closes = set.calendar("working_days").unwrap().hours_on(due.date()).unwrap().0.clone();
    let minute = u16::from(due.hour().unsigned_abs()) * 60 + u16::from(due.minute().unsigned_abs());
    assert_eq!(closes.intervals().last().map(|last| last.to()), Some(minute), "the office there closes then: {due}");

    // Both services count a pause by that wall.
    ask(&suite, &filed.name).await;
    suite.advance(hours(24)).await;
    suite.ticket("portal").provide_info(forms::information(&filed.name)).await.unwrap();
    suite.settle().await;
    let moved = appeal(&suite, &filed.name).await;
    assert!(instant(moved.due_time) > instant(filed.due_time));
    assert_eq!(explained(&suite, &filed.name).await.computed_due_time, moved.due_time);
    assert!(!deadline(&suite, &filed.name).await.mismatch);

    let seen = preview(&suite).await;
    assert_eq!(seen.looked_count, 2);
    let all = |it: &[proto::sla::v1::PreviewedChange]| it.iter().map(|it| it.later_count).sum::<i64>();
    let north: Vec<_> = seen.regions.iter().filter(|it| it.region == "RU-SA").cloned().collect();
    assert_eq!((seen.regions.len(), north.len()), (2, 2), "a row for each clock: {:?}", seen.regions);
    assert!(all(&north) > 0 && all(&seen.regions) == all(&seen.changes));

    suite.live_until(instant(moved.due_time) + hours(1), hours(1)).await;
    assert_eq!(acted_levels(&suite, &filed.name).await, [1], "and who is late by that wall is late");
}
