//! What is promised changes: a holiday is published, and holds for those who come after it.

use std::collections::BTreeMap;

use deadline::{Calendar, Exception};
use jiff::SignedDuration;
use proto::sla::v1::{
    ClockKind, ExplainDeadlineRequest, GetDeadlineRequest, PreviewCalendarChangeRequest, PreviewChangeResponse,
    PublishCalendarRequest,
};
use tests::{Suite, forms};

use crate::rebase;
use crate::story::{SUPERVISOR, appeal, deadline, file_this, instant, last_of, texts_to, with_phone};

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
    let (base, set) = suite.policies().await;

    let file =
        async |phone| file_this(&suite, with_phone(forms::filled(suite.now(), "page_display", "ru"), phone)).await;
    let before = file("+79161230021").await;
    let due = instant(before.due_time);
    let calendar = set.calendar("working_days").unwrap();
    // The day on which that appeal is due.
    let day = calendar.date_of(due - SignedDuration::from_secs(1)).to_string();
    let request = PublishCalendarRequest {
        document: with_a_holiday(calendar, &day),
        base,
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
        let told = sla.explain_deadline(request.clone()).await.unwrap().into_inner();
        assert_eq!(told.computed_due_time, appeal.due_time);
        let request = ExplainDeadlineRequest { language_code: "en".into(), ..request };
        let english = suite.sla("portal").explain_deadline(request).await.unwrap().into_inner();
        assert_eq!(english.spans, told.spans);
        assert_ne!(english.text, told.text);
        let names_it = told.spans.iter().any(|span| span.reason == "День города");
        assert_eq!(names_it, version != set.version());
        assert_eq!(told.text.contains("День города"), names_it, "{}", told.text);
    }
}

async fn preview(suite: &Suite, document: &str, base: &str) -> PreviewChangeResponse {
    let request = PreviewCalendarChangeRequest { document: document.into(), base: base.into(), icalendar: None };
    last_of(suite.sla(SUPERVISOR).preview_calendar_change(request).await).await
}

#[tokio::test]
async fn a_holiday_is_looked_at_and_then_holds_for_what_was_promised_before_it_too() {
    const PHONE: &str = "+79161230023";
    let suite = Suite::start().await;
    let mut sla = suite.sla(ADMIN);
    let (base, set) = suite.policies().await;
    let by_days = file_this(&suite, with_phone(forms::filled(suite.now(), "page_display", "ru"), PHONE)).await;
    let by_hours = file_this(&suite, forms::filled(suite.now(), "code_not_arriving", "ru")).await;
    suite.settle().await;

    let calendar = set.calendar("working_days").unwrap();
    let day = calendar.date_of(instant(by_days.due_time) - SignedDuration::from_secs(1)).to_string();
    let document = with_a_holiday(calendar, &day);
    let seen = preview(&suite, &document, &base).await;
    // Its first answer is due when it is.
    let later: Vec<_> =
        seen.changes.iter().filter(|it| it.later_count > 0).map(|it| (it.category.as_str(), it.later_count)).collect();
    assert_eq!((seen.looked_count, later), (2, vec![("page_display", 1), ("page_display", 1)]));
    assert_eq!(seen.regions.iter().map(|it| it.later_count).sum::<i64>(), 2);
    assert_eq!(appeal(&suite, &by_days.name).await.due_time, by_days.due_time, "nothing is written yet");

    let request = PublishCalendarRequest {
        document,
        base,
        note: "Указ о Дне города".into(),
        request_id: forms::request_id(),
        ..PublishCalendarRequest::default()
    };
    let published = sla.publish_calendar(request).await.unwrap().into_inner();
    suite.settle().await;
    suite.hand.set(instant(published.effective_time));
    sla.start_rebase(rebase::begin(&published.name)).await.unwrap();
    suite.settle().await;
    suite.advance(SignedDuration::from_mins(2)).await;

    let moved = appeal(&suite, &by_days.name).await;
    assert!(instant(moved.due_time) >= instant(by_days.due_time) + SignedDuration::from_hours(24));
    assert!(texts_to(&suite, PHONE).pop().unwrap().contains("изменился"), "the applicant hears of it");
    assert_eq!(appeal(&suite, &by_hours.name).await.due_time, by_hours.due_time);
    // What it does not touch is left as it was promised.
    for (filed, version) in [(&by_days, set.version() + 1), (&by_hours, set.version())] {
        let held = deadline(&suite, &filed.name).await;
        assert_eq!((held.mismatch, held.policy_version), (false, i64::from(version)));
    }
}
