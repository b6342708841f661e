//! Canaries where they do not belong: typed into the wrong field, sent by the wrong caller, put into headers.

use proto::identity::v1::{
    Citizen, ConfirmCodeRequest, CreateCitizenRequest, GetCitizenRequest, IssueAssertionRequest, ResendCodeRequest,
    StartVerificationRequest, Verification,
};
use proto::notification::v1::{
    Contact, GetNotificationRequest, ListNotificationsRequest, NoticeOutcome, Notification, Recipient,
    SendNotificationRequest, UpsertRecipientRequest, Variable, variable::Value,
};
use proto::sla::v1::{
    Deadline, ExplainDeadlineRequest, GetDeadlineRequest, ListDeadlinesRequest, TrackDeadlineRequest,
};
use proto::ticket::v1::ticket_service_client::TicketServiceClient;
use proto::ticket::v1::{
    AssignAppealRequest, CreateMemberRequest, EscalateAppealRequest, FileAppealRequest, FindAppealRequest,
    GetAppealRequest, GetMemberRequest, ListAppealsRequest, ListMessagesRequest, Member, RecordNoticeOutcomeRequest,
};
use tests::{Part, forms};
use tonic::Request;

use crate::identity::stranger;
use crate::needles::Planted;
use crate::people::{self, CALL_TIME, DESCRIPTION, EMAIL, INN, NAME, PHONE, SNILS, SUBJECT};
use crate::watch::{ADMINISTRATOR, OPERATOR, PORTAL, SPECIALIST, SUPERVISOR, Watch, forge};

/// Refused forms and calls of every service.
pub async fn everywhere(it: &Watch) {
    forms_with_faults(it).await;
    of_ticket(it).await;
    of_identity(it).await;
    of_the_others(it).await;
    callers(it).await;
}

async fn forms_with_faults(it: &Watch) {
    for value in people_values() {
        let file = it.ticket(PORTAL).file_appeal(misplaced(it, &value)).await;
        it.bad("FileAppeal with a value in every wrong place", file);
        let mut one = people::form(it.suite.now(), "code_not_arriving");
        one.request_id.clone_from(&value);
        it.bad("FileAppeal with a value for request id", it.ticket(PORTAL).file_appeal(one).await);
        let mut one = people::form(it.suite.now(), "code_not_arriving");
        one.appeal.as_mut().and_then(|it| it.consent.as_mut()).expect("filled").version = value;
        it.either("FileAppeal with a value for version of consent", it.ticket(PORTAL).file_appeal(one).await);
    }
    let mut broken = people::form(it.suite.now(), "code_not_arriving");
    broken.appeal.as_mut().expect("filled").description = format!("{DESCRIPTION}\u{7}");
    it.bad("FileAppeal with a control character", it.ticket(PORTAL).file_appeal(broken).await);
    let mut checked = people::form(it.suite.now(), "code_not_arriving");
    checked.validate_only = true;
    it.good("FileAppeal, only checked", it.ticket(PORTAL).file_appeal(checked).await);
    let mut reused = people::form(it.suite.now(), "code_not_arriving");
    it.good("FileAppeal", it.ticket(PORTAL).file_appeal(reused.clone()).await);
    reused.appeal.as_mut().expect("filled").subject = people::SAID.to_owned();
    it.bad("FileAppeal, request id reused", it.ticket(PORTAL).file_appeal(reused).await);
}

/// A form that has a value in every field whose rule it breaks.
fn misplaced(it: &Watch, value: &str) -> FileAppealRequest {
    let mut request = people::form(it.suite.now(), value);
    let appeal = request.appeal.as_mut().expect("filled");
    for field in
        [&mut appeal.name, &mut appeal.uid, &mut appeal.number, &mut appeal.language_code, &mut appeal.time_zone]
    {
        value.clone_into(field);
    }
    for field in [&mut appeal.assignee, &mut appeal.group, &mut appeal.answer, &mut appeal.etag, &mut appeal.recipient]
    {
        value.clone_into(field);
    }
    let applicant = appeal.applicant.as_mut().expect("filled");
    let passport = applicant.passport.as_mut().expect("filled");
    for field in [&mut passport.series, &mut passport.number, &mut applicant.citizen] {
        value.clone_into(field);
    }
    applicant.snils = format!("{value} ?");
    applicant.inn = format!("{value} ?");
    applicant.full_name = format!("{value} <1>");
    applicant.account_number = format!("{value} <1>");
    applicant.call_time = format!("{value}\n");
    (applicant.region, applicant.group) = (format!("{value} ?"), format!("{value} ?"));
    let contact = appeal.contact.as_mut().expect("filled");
    contact.phone = format!("{value} ?");
    contact.email = format!("{value} ?");
    request
}

async fn of_ticket(it: &Watch) {
    for value in people_values() {
        let name = || value.clone();
        it.bad("GetAppeal", it.ticket(OPERATOR).get_appeal(GetAppealRequest { name: name() }).await);
        it.bad(
            "GetAppeal",
            it.ticket(OPERATOR).get_appeal(GetAppealRequest { name: format!("appeals/{value}") }).await,
        );
        it.bad("FindAppeal", it.ticket(OPERATOR).find_appeal(FindAppealRequest { number: name() }).await);
        let list = ListAppealsRequest { page_token: name(), citizen: name(), ..Default::default() };
        it.bad("ListAppeals", it.ticket(OPERATOR).list_appeals(list).await);
        // Filters that name nothing find nothing.
        let list = ListAppealsRequest { category: name(), group: name(), assignee: name(), ..Default::default() };
        it.either("ListAppeals", it.ticket(OPERATOR).list_appeals(list).await);
        let list = ListMessagesRequest { parent: name(), ..Default::default() };
        it.bad("ListMessages", it.ticket(OPERATOR).list_messages(list).await);
        let assign = AssignAppealRequest { name: name(), assignee: name(), etag: name(), request_id: name() };
        it.bad("AssignAppeal", it.ticket(SUPERVISOR).assign_appeal(assign).await);
        it.bad("PostMessage", it.ticket(SPECIALIST).post_message(forms::message(&value, people::SAID)).await);
        it.bad("ResolveAppeal", it.ticket(SPECIALIST).resolve_appeal(forms::resolution(&value)).await);
        let escalate = EscalateAppealRequest { name: name(), request_id: forms::request_id(), ..Default::default() };
        it.bad("EscalateAppeal", it.ticket(SUPERVISOR).escalate_appeal(escalate).await);
        // Digits alone would be a well-formed id, which NOT_FOUND names (AIP-193).
        let malformed = GetMemberRequest { name: format!("staff/{value} ?") };
        it.bad("GetMember", it.staff(OPERATOR).get_member(malformed).await);
        let (name, email, groups, languages) = (format!("staff/{value}"), name(), vec![name()], vec![name()]);
        let member = Member {
            name,
            display_name: people::NAME.to_owned(),
            email,
            groups,
            language_codes: languages,
            ..Default::default()
        };
        let create = CreateMemberRequest { member: Some(member), request_id: forms::request_id() };
        it.either("CreateMember", it.staff(ADMINISTRATOR).create_member(create).await);
        let outcome =
            RecordNoticeOutcomeRequest { outcome: Some(outcome(it, &value)), request_id: forms::request_id() };
        it.either("RecordNoticeOutcome", it.ticket("notification").record_notice_outcome(outcome).await);
    }
}

async fn of_identity(it: &Watch) {
    for value in people_values() {
        let name = || value.clone();
        it.bad("GetCitizen", it.identity(PORTAL).get_citizen(GetCitizenRequest { name: name() }).await);
        let citizen = Citizen {
            name: name(),
            full_name: format!("{value} 1"),
            phone: format!("{value} ?"),
            email: format!("{value} ?"),
            snils: format!("{value} ?"),
            inn: format!("{value} ?"),
            language_code: name(),
            time_zone: name(),
            ..Citizen::default()
        };
        let create = CreateCitizenRequest { citizen: Some(citizen), request_id: name() };
        it.bad("CreateCitizen", it.identity(PORTAL).create_citizen(create).await);
        let verification =
            Verification { citizen: name(), appeal: name(), action: name(), method: 1, ..Verification::default() };
        let start = StartVerificationRequest { verification: Some(verification), request_id: name() };
        it.bad("StartVerification", it.identity(PORTAL).start_verification(start).await);
        let resend = ResendCodeRequest { name: name(), method: 0, request_id: name() };
        it.bad("ResendCode", it.identity(PORTAL).resend_code(resend).await);
        let confirm = ConfirmCodeRequest { name: name(), code: name(), request_id: name() };
        it.bad("ConfirmCode", it.identity(PORTAL).confirm_code(confirm).await);
        let issue = IssueAssertionRequest {
            verification: name(),
            appeal: name(),
            action: name(),
            level: 0,
            request_id: name(),
        };
        it.bad("IssueAssertion", it.identity(PORTAL).issue_assertion(issue).await);
        let outcome = proto::identity::v1::RecordNoticeOutcomeRequest {
            outcome: Some(outcome(it, &value)),
            request_id: forms::request_id(),
        };
        it.either("RecordNoticeOutcome", it.identity("notification").record_notice_outcome(outcome).await);
    }
}

async fn of_the_others(it: &Watch) {
    for value in people_values() {
        let name = || value.clone();
        let contact = Some(Contact { phone: format!("{value} ?"), email: format!("{value} ?") });
        let (language_code, time_zone) = (name(), name());
        let recipient =
            Recipient { name: name(), contact: contact.clone(), language_code, time_zone, ..Default::default() };
        let upsert = UpsertRecipientRequest { recipient: Some(recipient), request_id: forms::request_id() };
        it.bad("UpsertRecipient", it.notification("ticket").upsert_recipient(upsert).await);
        let variable = Variable { name: name(), value: Some(Value::Text(name())) };
        let wrong = Notification {
            recipient: name(),
            template: name(),
            subject: name(),
            variables: vec![variable],
            contact,
            language_code: name(),
            ..Notification::default()
        };
        let send = SendNotificationRequest { notification: Some(wrong), request_id: forms::request_id() };
        it.bad("SendNotification", it.notification("ticket").send_notification(send).await);
        let get = GetNotificationRequest { name: name() };
        it.bad("GetNotification", it.notification(SUPERVISOR).get_notification(get).await);
        let list =
            ListNotificationsRequest { page_token: name(), subject: name(), recipient: name(), ..Default::default() };
        it.bad("ListNotifications", it.notification(SUPERVISOR).list_notifications(list).await);
        it.bad("GetDeadline", it.sla(SUPERVISOR).get_deadline(GetDeadlineRequest { name: name() }).await);
        let list = ListDeadlinesRequest { page_token: name(), ..Default::default() };
        it.bad("ListDeadlines", it.sla(SUPERVISOR).list_deadlines(list).await);
        let explain = ExplainDeadlineRequest { name: name(), ..Default::default() };
        it.bad("ExplainDeadline", it.sla(SUPERVISOR).explain_deadline(explain).await);
        let deadline = Deadline {
            name: name(),
            appeal: name(),
            number: name(),
            policy: name(),
            category: name(),
            priority: name(),
            channel: name(),
            ..Deadline::default()
        };
        let track = TrackDeadlineRequest { deadline: Some(deadline), request_id: forms::request_id() };
        it.bad("TrackDeadline", it.sla("ticket").track_deadline(track).await);
    }
}

/// Who may not, who is nobody, and what is put beside the message.
async fn callers(it: &Watch) {
    let form = || people::form(it.suite.now(), "code_not_arriving");
    it.bad(
        "FileAppeal by another service",
        it.identity("notification")
            .create_citizen(CreateCitizenRequest { citizen: Some(people::citizen()), request_id: forms::request_id() })
            .await,
    );
    let mut anothers = form();
    anothers.appeal.as_mut().and_then(|it| it.applicant.as_mut()).expect("filled").citizen = stranger();
    it.bad("FileAppeal for another", it.ticket(&stranger()).file_appeal(anothers).await);

    let good = it.token(OPERATOR);
    let forged = forge(&good);
    it.secret(Planted::token("forged token", &forged));
    let mut odd = it.suite.access.claims(&format!("citizens/{PHONE}"), "citizen", &["pwd"]);
    let named = it.suite.access.sign(&odd);
    odd.aud = vec![EMAIL.to_owned()];
    let elsewhere = it.suite.access.sign(&odd);
    for token in [None, Some(PHONE.to_owned()), Some(forged), Some(named), Some(elsewhere)] {
        let mut client = TicketServiceClient::new(it.suite.channel_as(Part::Ticket, token));
        it.bad("FileAppeal by nobody", client.file_appeal(form()).await);
    }
    let mut request = Request::new(GetAppealRequest { name: PHONE.to_owned() });
    for header in ["x-request-id", "traceparent", "tracestate", "user-agent", "x-forwarded-for", "baggage"] {
        request.metadata_mut().insert(header, PHONE.parse().expect("ASCII"));
    }
    it.bad("GetAppeal with a phone in headers", it.ticket(OPERATOR).get_appeal(request).await);
}

fn outcome(it: &Watch, value: &str) -> NoticeOutcome {
    let name = || value.to_owned();
    NoticeOutcome {
        notification: name(),
        subject: name(),
        template: name(),
        reason: name(),
        send_request_id: name(),
        outcome_time: Some(proto::to_wire(it.suite.now())),
        ..Default::default()
    }
}

fn people_values() -> [String; 7] {
    [NAME, PHONE, EMAIL, SNILS, INN, SUBJECT, CALL_TIME].map(str::to_owned)
}
