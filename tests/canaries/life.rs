//! An appeal's whole life, right and wrong, with providers that fail on the way.

use jiff::SignedDuration;
use proto::from_wire;
use proto::notification::v1::ListNotificationsRequest;
use proto::ticket::v1::{
    AcknowledgeEscalationRequest, Appeal, AskOtherBodyRequest, AssignAppealRequest, GetAppealRequest,
    ListAppealEventsRequest, ListMessagesRequest, Message, PostMessageRequest, RecordOtherBodyAnswerRequest,
    RequestInfoRequest, message::Visibility,
};
use testkit::mailbox::Reply;
use testkit::smsc::Act;
use tests::forms;

use crate::needles::Haystack;
use crate::people;
use crate::watch::{OPERATOR, PORTAL, SPECIALIST, SUPERVISOR, Watch};

/// Filed, sent through failing providers, talked about, asked, answered, reopened, answered again, and another taken back.
pub async fn conversation(it: &Watch) {
    let request = people::form(it.suite.now(), "code_not_arriving");
    let filed = it.good("FileAppeal", it.ticket(PORTAL).file_appeal(request.clone()).await);
    it.good("FileAppeal again", it.ticket(PORTAL).file_appeal(request.clone()).await);
    it.good(
        "FindAppeal",
        it.ticket(OPERATOR).find_appeal(proto::ticket::v1::FindAppealRequest { number: filed.number.clone() }).await,
    );
    it.dump("an appeal filed, nothing sent").await;

    // The SMS is throttled, then its link breaks; mail is refused for the address, for later, and by hanging up.
    it.suite.smsc.script([Act::Throttle, Act::QueueFull, Act::DropBeforeAnswer]);
    it.suite.mailbox.script([Reply::Text(451), Reply::DropAtRecipient, Reply::Recipient(550)]);
    it.suite.settle().await;
    it.dump("providers failed").await;
    let arrived = || it.suite.smsc.messages().iter().any(|sms| people::PHONE.ends_with(sms.to.trim_start_matches('+')));
    for _ in 0..24 {
        if !arrived() {
            // A link that broke is bound again by the machine's time, not by ours.
            it.suite.smsc.until(|record| record.binds > record.closed).await;
            it.suite.advance(SignedDuration::from_mins(30)).await;
        }
    }
    assert!(arrived(), "{:?}", it.suite.smsc.record());
    // Somebody writes back to the number that wrote to them.
    it.suite.smsc.incoming_text(people::PHONE.trim_start_matches('+'), people::SAID).await;

    assign(it, &filed).await;
    let name = filed.name.clone();
    it.good("PostMessage", it.ticket(PORTAL).post_message(forms::message(&name, people::SAID)).await);
    it.good("PostMessage", it.ticket(SPECIALIST).post_message(forms::message(&name, people::REPLIED)).await);
    let note =
        Message { text: people::NOTED.to_owned(), visibility: Visibility::Internal.into(), ..Message::default() };
    let note = PostMessageRequest { parent: name.clone(), message: Some(note), request_id: forms::request_id() };
    it.good("PostMessage", it.ticket(SPECIALIST).post_message(note).await);
    let to_body = AskOtherBodyRequest { text: people::TO_BODY.to_owned(), ..forms::to_body(&name) };
    it.good("AskOtherBody", it.ticket(SPECIALIST).ask_other_body(to_body).await);
    let from_body = RecordOtherBodyAnswerRequest { text: people::FROM_BODY.to_owned(), ..forms::from_body(&name) };
    it.good("RecordOtherBodyAnswer", it.ticket(SPECIALIST).record_other_body_answer(from_body).await);
    let question = RequestInfoRequest { text: people::ASKED.to_owned(), ..forms::question(&name) };
    it.good("RequestInfo", it.ticket(SPECIALIST).request_info(question).await);
    it.dump("a question is on its way").await;
    it.suite.advance(SignedDuration::from_hours(1)).await;
    let mut information = forms::information(&name);
    information.text = people::PROVIDED.to_owned();
    it.good("ProvideInfo", it.ticket(PORTAL).provide_info(information).await);
    let mut resolution = forms::resolution(&name);
    resolution.answer = people::ANSWERED.to_owned();
    it.good("ResolveAppeal", it.ticket(SPECIALIST).resolve_appeal(resolution.clone()).await);
    it.dump("an answer is on its way").await;
    it.suite.settle().await;
    let mut reopening = forms::reopening(&name);
    reopening.text = people::REOPENED.to_owned();
    it.good("ReopenAppeal", it.ticket(PORTAL).reopen_appeal(reopening.clone()).await);
    it.suite.settle().await;
    resolution.request_id = forms::request_id();
    it.bad("ResolveAppeal by another", it.ticket(OPERATOR).resolve_appeal(resolution).await);
    let listed = ListMessagesRequest { parent: name.clone(), ..Default::default() };
    assert!(it.good("ListMessages", it.ticket(SPECIALIST).list_messages(listed).await).messages.len() >= 5);
    journal(it, &name).await;

    let second = people::form(it.suite.now(), "code_not_arriving");
    let taken_back = it.good("FileAppeal", it.ticket(PORTAL).file_appeal(second).await);
    it.good("WithdrawAppeal", it.ticket(PORTAL).withdraw_appeal(forms::withdrawal(&taken_back.name)).await);
    reopening.name = taken_back.name;
    reopening.request_id = forms::request_id();
    it.bad("ReopenAppeal of one taken back", it.ticket(PORTAL).reopen_appeal(reopening).await);
    it.suite.settle().await;
}

/// Left alone until the supervisor has it.
pub async fn escalation(it: &Watch) {
    let request = people::form(it.suite.now(), "code_not_arriving");
    let filed = it.good("FileAppeal", it.ticket(PORTAL).file_appeal(request).await);
    let mut appeal = filed.clone();
    while appeal.escalation_level < 2 {
        let expected = appeal.expected_time.or(appeal.due_time);
        let next = expected.as_ref().and_then(from_wire).expect("a promise");
        let then = (next + SignedDuration::from_secs(61)).max(it.suite.now() + SignedDuration::from_mins(1));
        it.suite.live_until(then, SignedDuration::from_hours(2)).await;
        let get = GetAppealRequest { name: filed.name.clone() };
        appeal = it.good("GetAppeal", it.ticket(SUPERVISOR).get_appeal(get).await);
    }
    let acknowledge = AcknowledgeEscalationRequest { name: filed.name.clone(), request_id: forms::request_id() };
    it.good("AcknowledgeEscalation", it.ticket(SUPERVISOR).acknowledge_escalation(acknowledge).await);
    journal(it, &filed.name).await;
}

/// To the specialist.
pub async fn assign(it: &Watch, appeal: &Appeal) {
    let assign = AssignAppealRequest {
        name: appeal.name.clone(),
        assignee: "staff/specialist-1".to_owned(),
        request_id: forms::request_id(),
        ..AssignAppealRequest::default()
    };
    it.good("AssignAppeal", it.ticket(SUPERVISOR).assign_appeal(assign).await);
}

/// What those read who may know nothing personal: the journal, and the notifications with what became of them.
async fn journal(it: &Watch, appeal: &str) {
    let parent = appeal.to_owned();
    let request = ListAppealEventsRequest { parent, page_size: 500, page_token: String::new() };
    let events = it.good("ListAppealEvents", it.ticket(SUPERVISOR).list_appeal_events(request).await).events;
    let told: String =
        events.iter().map(|e| format!("{} {} {} {} {}\n", e.name, e.actor, e.message, e.notice, e.reason)).collect();
    it.place(Haystack::new("ListAppealEvents", told));
    let request = ListNotificationsRequest { subject: appeal.to_owned(), page_size: 500, ..Default::default() };
    let answer = it.notification(SUPERVISOR).list_notifications(request).await;
    let sent = it.good("ListNotifications", answer).notifications;
    assert!(!sent.is_empty());
    let deliveries = sent.iter().flat_map(|notification| &notification.deliveries);
    let told: String = deliveries.map(|d| format!("{} {} {}\n", d.masked_address, d.reason, d.text)).collect();
    it.place(Haystack::new("ListNotifications", told));
}
