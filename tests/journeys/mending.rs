//! A promise is lost by whatever cause: it is missed within the hour, and put right by whoever runs the installation.

use jiff::SignedDuration;
use proto::sla::v1::{GetDeadlineRequest, ListDriftsRequest, MendDeadlineRequest, drift::Kind};
use proto::ticket::v1::GetAppealRequest;
use sqlx::{Connection, PgConnection};
use tests::{Part, Suite, forms};
use tonic::Code;

use crate::story::{SUPERVISOR, file_this, instant, with_phone};

const ADMIN: &str = "staff/root:administrator";

/// Seconds pass until a pass is over.
async fn reconcile(suite: &Suite) -> Vec<(Kind, String)> {
    for _ in 0..10 {
        suite.step(Part::Sla, "reconcile").await;
        suite.hand.advance(SignedDuration::from_secs(1));
    }
    let page = suite.sla(ADMIN).list_drifts(ListDriftsRequest::default()).await.unwrap().into_inner();
    assert!(page.reconcile_time.is_some(), "no pass came to its end");
    page.drifts.into_iter().map(|it| (it.kind(), it.deadline)).collect()
}

#[tokio::test]
async fn a_lost_promise_is_missed_and_told_again_and_the_citizen_is_served_in_time() {
    let suite = Suite::start().await;
    let file =
        async |phone| file_this(&suite, with_phone(forms::filled(suite.now(), "page_display", "ru"), phone)).await;
    let (lost, kept) = (file("+79161230031").await, file("+79161230032").await);
    suite.settle().await;
    let deadline = |appeal: &str| appeal.replace("appeals/", "deadlines/");
    let name = deadline(&lost.name);
    let mut admin = PgConnection::connect(&suite.admin_url()).await.unwrap();
    let delete = "DELETE FROM sla.deadline WHERE deadline_id = $1::text::uuid";
    let deleted = sqlx::query(delete).bind(name.strip_prefix("deadlines/")).execute(&mut admin).await.unwrap();
    assert_eq!(deleted.rows_affected(), 1);
    suite.hand.advance(SignedDuration::from_mins(11));

    assert_eq!(reconcile(&suite).await, [(Kind::AppealUntracked, name.clone())]);
    let get = GetDeadlineRequest { name: name.clone() };
    assert_eq!(suite.sla(SUPERVISOR).get_deadline(get.clone()).await.unwrap_err().code(), Code::NotFound);
    let request = MendDeadlineRequest { name: name.clone(), request_id: forms::request_id() };
    let refused = suite.sla(SUPERVISOR).mend_deadline(request.clone()).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
    assert!(suite.sla(ADMIN).mend_deadline(request).await.unwrap().into_inner().retold);
    suite.settle().await;

    let again = suite.sla(SUPERVISOR).get_deadline(get).await.unwrap().into_inner();
    assert_eq!(instant(again.clocks[1].due_time), instant(lost.due_time));
    suite.hand.advance(SignedDuration::from_hours(1));
    assert_eq!(reconcile(&suite).await, []);
    // And it is watched as the other one is, which nobody touched.
    let escalated = async |appeal: &str| {
        let request = GetAppealRequest { name: appeal.to_owned() };
        suite.ticket(SUPERVISOR).get_appeal(request).await.unwrap().into_inner().escalation_level
    };
    suite.live_until(instant(lost.due_time) + SignedDuration::from_mins(1), SignedDuration::from_hours(6)).await;
    let levels = (escalated(&lost.name).await, escalated(&kept.name).await);
    assert!(levels.0 >= 1 && levels.0 == levels.1, "{levels:?}");
}
