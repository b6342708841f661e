//! Looking at what happened.

use jiff::{SignedDuration, Timestamp};
use proto::from_wire;
use proto::notification::v1::{ListNotificationsRequest, Notification};
use proto::sla::v1::{
    ClockKind, Deadline, ExplainDeadlineRequest, Explanation, GetDeadlineRequest, PreviewChangeResponse,
};
use proto::ticket::v1::appeal_event::Type;
use proto::ticket::v1::{
    Appeal, AppealEvent, AssignAppealRequest, FileAppealRequest, GetAppealRequest, ListAppealEventsRequest,
};
use tests::{Suite, forms};
use tonic::{Code, Response, Status, Streaming};
use tonic_types::StatusExt as _;

pub const OPERATOR: &str = "staff/operator-1:operator";
pub const SPECIALIST: &str = "staff/specialist-1:specialist";
pub const SUPERVISOR: &str = "staff/supervisor-1:supervisor";

/// Hours as a span.
pub fn hours(hours: i64) -> SignedDuration {
    SignedDuration::from_hours(hours)
}

/// The instant of a wire field that must be there.
pub fn instant(time: Option<prost_types::Timestamp>) -> Timestamp {
    time.as_ref().and_then(from_wire).expect("an instant")
}

/// Files the usual form with a phone of its own, so that its SMS can be told from others'.
pub async fn file(suite: &Suite, phone: &str) -> Appeal {
    file_this(suite, with_phone(forms::appeal(suite.now()), phone)).await
}

/// Files a form by the portal.
pub async fn file_this(suite: &Suite, request: FileAppealRequest) -> Appeal {
    suite.ticket("portal").file_appeal(request).await.expect("a right form").into_inner()
}

/// The form with another phone.
pub fn with_phone(mut request: FileAppealRequest, phone: &str) -> FileAppealRequest {
    let contact = request.appeal.as_mut().and_then(|it| it.contact.as_mut()).expect("a filled form");
    contact.phone = phone.to_owned();
    request
}

/// Gives it to a supervisor.
pub async fn give(suite: &Suite, name: &str) {
    let assign = AssignAppealRequest {
        name: name.to_owned(),
        assignee: "staff/supervisor-1".into(),
        request_id: forms::request_id(),
        ..AssignAppealRequest::default()
    };
    suite.ticket(SUPERVISOR).assign_appeal(assign).await.expect("supervisors may");
}

/// Gives it to a supervisor who answers with a question, so that it is the applicant's turn; the appeal as it is then.
pub async fn ask(suite: &Suite, name: &str) -> Appeal {
    give(suite, name).await;
    suite.ticket(SUPERVISOR).request_info(forms::question(name)).await.expect("whoever has it may ask").into_inner()
}

/// Why its resolution is due when it is, in Russian.
pub async fn explained(suite: &Suite, appeal: &str) -> Explanation {
    let name = appeal.replace("appeals/", "deadlines/");
    let request = ExplainDeadlineRequest { name, clock: ClockKind::Resolution.into(), language_code: "ru".into() };
    suite.sla(SUPERVISOR).explain_deadline(request).await.expect("staff may ask").into_inner()
}

/// What a preview tells in the end.
pub async fn last_of(stream: Result<Response<Streaming<PreviewChangeResponse>>, Status>) -> PreviewChangeResponse {
    let mut stream = stream.expect("staff may look").into_inner();
    let mut last = PreviewChangeResponse::default();
    while let Some(message) = stream.message().await.expect("a message, or the end") {
        assert!(!last.complete && message.looked_count >= last.looked_count);
        last = message;
    }
    assert!(last.complete);
    last
}

/// The appeal as staff see it.
pub async fn appeal(suite: &Suite, name: &str) -> Appeal {
    let request = GetAppealRequest { name: name.to_owned() };
    suite.ticket(SUPERVISOR).get_appeal(request).await.expect("staff may look").into_inner()
}

/// What the SLA monitor has of the appeal.
pub async fn deadline(suite: &Suite, appeal: &str) -> Deadline {
    let request = GetDeadlineRequest { name: appeal.replace("appeals/", "deadlines/") };
    suite.sla(SUPERVISOR).get_deadline(request).await.expect("staff may look").into_inner()
}

/// Everything in the journal of an appeal.
pub async fn events(suite: &Suite, appeal: &str) -> Vec<AppealEvent> {
    let request = ListAppealEventsRequest { parent: appeal.to_owned(), page_size: 500, page_token: String::new() };
    suite.ticket(SUPERVISOR).list_appeal_events(request).await.expect("staff may look").into_inner().events
}

/// The levels of the resolution ladder that acted, in order.
pub async fn acted_levels(suite: &Suite, appeal: &str) -> Vec<i32> {
    acted(suite, appeal, ClockKind::Resolution).await
}

/// The levels of a clock's ladder that acted, in order.
pub async fn acted(suite: &Suite, appeal: &str, clock: ClockKind) -> Vec<i32> {
    let all = events(suite, appeal).await;
    let escalated = |it: &&AppealEvent| it.r#type() == Type::Escalated && it.clock() == clock;
    all.iter().filter(escalated).map(|it| it.level).collect()
}

/// The texts of the SMS to a phone, in the order they came.
pub fn texts_to(suite: &Suite, phone: &str) -> Vec<String> {
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let all = suite.smsc.messages();
    all.into_iter().filter(|it| digits(&it.to) == digits(phone)).map(|it| it.text).collect()
}

/// The texts among them that say we are late.
pub fn repeats_to(suite: &Suite, phone: &str) -> Vec<String> {
    texts_to(suite, phone).into_iter().filter(|text| text.contains("старш") || text.contains("руковод")).collect()
}

/// The notifications about an appeal, newest first.
pub async fn notices(suite: &Suite, appeal: &str) -> Vec<Notification> {
    let request = ListNotificationsRequest { subject: appeal.to_owned(), page_size: 500, ..Default::default() };
    suite.notification(SUPERVISOR).list_notifications(request).await.expect("staff may look").into_inner().notifications
}

/// Code and reason of a refusal.
pub fn why(status: &Status) -> (Code, String) {
    let reason = status.get_details_error_info().map(|info| info.reason).unwrap_or_default();
    (status.code(), reason)
}
