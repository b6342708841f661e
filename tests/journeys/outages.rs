//! Nobody could work for some hours: it is declared, looked at, and taken off everybody's terms.

use jiff::{SignedDuration, Timestamp};
use proto::sla::v1::{PreviewChangeResponse, PreviewPolicyChangeRequest, PublishPolicyRequest};
use proto::ticket::v1::Appeal;
use tests::{Suite, forms};

use crate::rebase;
use crate::story::{SUPERVISOR, acted_levels, appeal, deadline, explained, file, hours, instant, last_of, texts_to};

const ADMIN: &str = "staff/root:administrator";
const PHONE: &str = "+79161230081";

/// The four hours before now.
fn outage(now: Timestamp) -> String {
    let from = now - hours(4);
    format!("[[outage]]\nid = \"storm\"\nfrom = \"{from}\"\nto = \"{now}\"\nlabel = \"Шторм\"\n")
}

async fn preview(suite: &Suite, document: &str, base: &str) -> PreviewChangeResponse {
    let request = PreviewPolicyChangeRequest { document: document.into(), base: base.into(), ..Default::default() };
    last_of(suite.sla(SUPERVISOR).preview_policy_change(request).await).await
}

#[tokio::test]
async fn a_declared_outage_is_looked_at_and_taken_off_every_term_that_it_lies_in() {
    let suite = Suite::start().await;
    let filed = file(&suite, PHONE).await;
    suite.settle().await;
    suite.hand.advance(hours(6));
    suite.settle().await;
    let (document, (base, _)) = (outage(suite.now()), suite.policies().await);

    let seen = preview(&suite, &document, &base).await;
    let later: i64 = seen.changes.iter().map(|it| it.later_count).sum();
    assert_eq!((later, seen.looked_count), (2, 1), "both clocks of the one appeal");
    assert_eq!(appeal(&suite, &filed.name).await.due_time, filed.due_time, "nothing is written yet");

    let request = PublishPolicyRequest {
        document,
        base,
        note: "Акт об аварии 5".into(),
        request_id: forms::request_id(),
        ..PublishPolicyRequest::default()
    };
    let published = suite.sla(ADMIN).publish_policy(request).await.unwrap().into_inner();
    suite.settle().await;
    suite.hand.set(instant(published.effective_time));
    suite.sla(ADMIN).start_rebase(rebase::begin(&published.name)).await.unwrap();
    suite.settle().await;
    suite.advance(SignedDuration::from_mins(2)).await;

    let shown = appeal(&suite, &filed.name).await;
    assert_eq!(instant(shown.due_time), instant(filed.due_time) + hours(4));
    assert_eq!(shown.expected_time, shown.due_time);
    assert!(texts_to(&suite, PHONE).pop().unwrap().contains("изменился"), "the applicant hears of it");
    assert!(!deadline(&suite, &filed.name).await.mismatch);
    let told = explained(&suite, &filed.name).await;
    assert_eq!(told.computed_due_time, shown.due_time);
    assert!(told.spans.iter().any(|span| span.reason == "outage" && !span.counted));
    assert!(told.text.contains("никто не мог работать"), "{}", told.text);

    // Nobody is late by those hours.
    suite.live_until(instant(filed.due_time) + hours(1), hours(1)).await;
    assert_eq!(acted_levels(&suite, &filed.name).await, [0; 0]);
    // What is filed from now on is not concerned.
    let other = file(&suite, "+79161230082").await;
    let length = |it: &Appeal| instant(it.due_time).duration_since(instant(it.create_time));
    assert_eq!(length(&other), length(&filed));
}
