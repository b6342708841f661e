//! What is promised changes: a holiday is published, and holds for those who come after it.

use std::collections::BTreeMap;

use deadline::{Calendar, Exception, PolicySet};
use jiff::SignedDuration;
use proto::sla::v1::{
    ClockKind, ExplainDeadlineRequest, GetDeadlineRequest, GetPolicySetRequest, ListPolicySetsRequest,
    PublishCalendarRequest,
};
use tests::{Suite, forms};

use crate::story::{SUPERVISOR, file_this, instant, with_phone};

const ADMIN: &str = "staff/root:administrator";

/// The calendar as a document of its own, with one more day off.
fn with_a_holiday(calendar: &Calendar, day: &str) -> String {
    let mut data = calendar.data().clone();
    data.version += 1;
    let day = day.parse().unwrap();
    data.exceptions.retain(|known| known.from != day);
    data.exceptions.push(Exception { from: day, label: "День города".into(), ..closed() });
    toml::to_string(&BTreeMap::from([("calendar", [data])])).unwrap()
}

fn closed() -> Exception {
    toml::from_str("from = \"2026-01-01\"\nlabel = \"x\"").unwrap()
}

#[tokio::test]
async fn a_published_holiday_holds_for_new_appeals_and_old_promises_stay() {
    let suite = Suite::start().await;
    let mut sla = suite.sla(ADMIN);
    let newest =
        sla.list_policy_sets(ListPolicySetsRequest::default()).await.unwrap().into_inner().policy_sets.remove(0);
    let set = sla.get_policy_set(GetPolicySetRequest { name: newest.name.clone() }).await.unwrap().into_inner();
    let set = PolicySet::published(&set.document).unwrap();

    let file =
        async |phone| file_this(&suite, with_phone(forms::filled(suite.now(), "page_display", "ru"), phone)).await;
    let before = file("+79161230021").await;
    let due = instant(before.due_time);
    let calendar = set.calendar("working_days").unwrap();
    // The day on which that appeal is due.
    let day = calendar.date_of(due - SignedDuration::from_secs(1)).to_string();
    let request = PublishCalendarRequest {
        document: with_a_holiday(calendar, &day),
        base: newest.name,
        note: "Указ о Дне города".into(),
        request_id: forms::request_id(),
        ..PublishCalendarRequest::default()
    };
    let published = sla.publish_calendar(request).await.unwrap().into_inner();
    suite.settle().await;
    suite.hand.set(instant(published.effective_time));

    let after = file("+79161230022").await;
    suite.settle().await;
    assert!(
        instant(after.due_time) >= due + SignedDuration::from_hours(24),
        "{:?} is no day after {due}",
        after.due_time
    );

    let mut sla = suite.sla(SUPERVISOR);
    for (appeal, version) in [(&before, set.version()), (&after, set.version() + 1)] {
        let name = appeal.name.replace("appeals/", "deadlines/");
        let deadline = sla.get_deadline(GetDeadlineRequest { name: name.clone() }).await.unwrap().into_inner();
        assert_eq!((deadline.mismatch, deadline.policy_version), (false, i64::from(version)));
        let request = ExplainDeadlineRequest {
            name,
            clock: ClockKind::Resolution.into(),
            language_code: appeal.language_code.clone(),
        };
        let told = sla.explain_deadline(request).await.unwrap().into_inner();
        assert_eq!(told.computed_due_time, appeal.due_time);
        let names_it = told.spans.iter().any(|span| span.reason == "День города");
        assert_eq!(names_it, version != set.version());
        assert_eq!(told.text.contains("День города"), names_it, "{}", told.text);
    }
}
