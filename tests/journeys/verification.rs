//! Who it is: a citizen's code by SMS, wrong and right, and the assertion without which a T20 appeal can't be resolved.

use jiff::SignedDuration;
use proto::identity::v1::{
    AssuranceLevel, Citizen, ConfirmCodeRequest, CreateCitizenRequest, IssueAssertionRequest, ResendCodeRequest,
    StartVerificationRequest, Verification, verification::Method,
};
use proto::notification::v1::{ListNotificationsRequest, notification::State as NoticeState};
use proto::ticket::v1::{Appeal, AssignAppealRequest, ResolveAppealRequest, appeal::State};
use rusmpp::CommandStatus;
use testkit::smsc::Act;
use tests::{Part, Suite, forms};
use tonic::{Code, Status};

use crate::story::{SPECIALIST, SUPERVISOR, events, texts_to, why, with_phone};

const PHONE: &str = "+79161230021";

#[tokio::test]
async fn an_appeal_about_access_needs_its_confirmed_person() {
    let suite = Suite::start().await;
    let citizen = citizen(&suite, PHONE).await;
    let appeal = access_appeal(&suite, &citizen).await;
    let specialist = || suite.ticket(SPECIALIST);

    let refused = specialist().resolve_appeal(forms::resolution(&appeal.name)).await.unwrap_err();
    assert_eq!(why(&refused), (Code::FailedPrecondition, "ASSURANCE_REQUIRED".to_owned()));

    let started = start(&suite, &citizen, &appeal, Method::SmsCode).await;
    suite.settle().await;
    let code = code_in(&texts_to(&suite, PHONE)).expect("a code by SMS");
    confirm(&suite, &citizen, &started, &code).await.expect("the right code");
    let assertion = assertion(&suite, &citizen, &started, &appeal).await.expect("confirmed");
    suite.step(Part::Ticket, "verification_keys").await;

    // Good for this appeal only.
    let other = access_appeal(&suite, &citizen).await;
    let refused = specialist().resolve_appeal(with(&other, &assertion)).await.unwrap_err();
    assert_eq!(why(&refused), (Code::Unauthenticated, "ASSERTION_INVALID".to_owned()));
    // And not with a letter of its signature changed. (The last letter's low bits mean nothing, so one before it.)
    let (rest, signature) = assertion.split_at(assertion.len() - 20);
    let first = if signature.starts_with('A') { "B" } else { "A" };
    let forged = format!("{rest}{first}{}", &signature[1..]);
    let refused = specialist().resolve_appeal(with(&appeal, &forged)).await.unwrap_err();
    assert_eq!(why(&refused), (Code::Unauthenticated, "ASSERTION_INVALID".to_owned()));

    let resolved = specialist().resolve_appeal(with(&appeal, &assertion)).await.expect("confirmed").into_inner();
    assert_eq!(resolved.state(), State::Resolved);
}

/// Who lost access can't log in: the portal files without an account, and asks for the code of the account that they say is theirs.
#[tokio::test]
async fn who_can_not_log_in_is_confirmed_by_the_contact_of_their_account() {
    let suite = Suite::start().await;
    let citizen = citizen(&suite, PHONE).await;
    let form = with_phone(forms::filled(suite.now(), "access_recovery", "ru"), "+79161230099");
    let filed = suite.ticket("portal").file_appeal(form).await.expect("no account is needed").into_inner();
    let appeal = assigned(&suite, &filed.name).await;
    assert_eq!(appeal.required_action, "recover_access");
    let started = start_as(&suite, "portal", &citizen, &appeal, Method::SmsCode).await;
    suite.settle().await;
    let code = code_in(&texts_to(&suite, PHONE)).expect("a code of eight digits to the bound phone");
    assert_eq!(code_in(&texts_to(&suite, "+79161230099")), None, "and none to the phone that the form names");
    confirm_as(&suite, "portal", &started, &code).await.expect("the right code");
    let assertion = assertion_as(&suite, "portal", &started, &appeal).await.expect("confirmed");
    suite.step(Part::Ticket, "verification_keys").await;

    let resolved = suite.ticket(SPECIALIST).resolve_appeal(with(&appeal, &assertion)).await.expect("confirmed");
    let resolved = resolved.into_inner();
    assert_eq!((resolved.state(), &resolved.confirmed_citizen), (State::Resolved, &citizen.name));
    let confirmed: Vec<String> = events(&suite, &appeal.name).await.into_iter().map(|it| it.citizen).collect();
    assert!(confirmed.contains(&citizen.name), "{confirmed:?}");
}

/// I1: «код не приходит». The officer sees why, and sends it by the other channel.
#[tokio::test]
async fn a_code_that_did_not_arrive_is_sent_by_hand_with_its_reason_known() {
    const OFFICER: &str = "staff/identity-1:identity_officer";
    let suite = Suite::start().await;
    let citizen = citizen(&suite, PHONE).await;
    let appeal = access_appeal(&suite, &citizen).await;
    suite.settle().await;
    suite.smsc.script([Act::Refuse(CommandStatus::EsmeRinvdstadr)]);
    let started = start(&suite, &citizen, &appeal, Method::SmsCode).await;
    suite.settle().await;
    assert_eq!(code_in(&texts_to(&suite, PHONE)), None);

    let request = ListNotificationsRequest { subject: started.name.clone(), ..Default::default() };
    let listed =
        suite.notification(OFFICER).list_notifications(request).await.expect("an officer may look").into_inner();
    let [failed] = listed.notifications.as_slice() else { panic!("{listed:?}") };
    let reasons: Vec<&str> = failed.deliveries.iter().map(|it| it.reason.as_str()).collect();
    assert_eq!((failed.state(), reasons), (NoticeState::Failed, vec!["SMPP_0000000B"]), "an invalid destination");

    suite.hand.advance(SignedDuration::from_secs(31));
    let resend = ResendCodeRequest {
        name: started.name.clone(),
        method: Method::EmailCode.into(),
        request_id: forms::request_id(),
    };
    suite.identity(OFFICER).resend_code(resend).await.expect("an officer may send it again");
    suite.settle().await;
    let mails: Vec<String> = suite.mailbox.mails().iter().filter_map(|mail| mail.text()).collect();
    let code = code_in(&mails).unwrap_or_else(|| panic!("no code in {mails:?}"));
    confirm(&suite, &citizen, &started, &code).await.expect("the right code");
}

#[tokio::test]
async fn an_assertion_that_is_too_old_is_refused() {
    let suite = Suite::start().await;
    let citizen = citizen(&suite, PHONE).await;
    let appeal = access_appeal(&suite, &citizen).await;
    let started = start(&suite, &citizen, &appeal, Method::SmsCode).await;
    suite.settle().await;
    let code = code_in(&texts_to(&suite, PHONE)).expect("a code by SMS");
    confirm(&suite, &citizen, &started, &code).await.expect("the right code");
    let assertion = assertion(&suite, &citizen, &started, &appeal).await.expect("confirmed");
    suite.step(Part::Ticket, "verification_keys").await;
    suite.hand.advance(SignedDuration::from_mins(6));
    let refused = suite.ticket(SPECIALIST).resolve_appeal(with(&appeal, &assertion)).await.unwrap_err();
    assert_eq!(why(&refused), (Code::Unauthenticated, "ASSERTION_INVALID".to_owned()));
}

#[tokio::test]
async fn wrong_codes_are_counted_once_each_and_end_the_verification() {
    let suite = Suite::start().await;
    let citizen = citizen(&suite, PHONE).await;
    let appeal = access_appeal(&suite, &citizen).await;
    let started = start(&suite, &citizen, &appeal, Method::SmsCode).await;
    suite.settle().await;
    let code = code_in(&texts_to(&suite, PHONE)).expect("a code by SMS");
    let wrong = if code == "00000000" { "00000001" } else { "00000000" };

    // The same request twice counts once and tells the same.
    let request =
        ConfirmCodeRequest { name: started.name.clone(), code: wrong.to_owned(), request_id: forms::request_id() };
    for _ in 0..2 {
        let refused = suite.identity(&citizen.name).confirm_code(request.clone()).await.unwrap_err();
        assert_eq!(why(&refused), (Code::FailedPrecondition, "CODE_WRONG".to_owned()));
    }
    for _ in 0..3 {
        let refused = confirm(&suite, &citizen, &started, wrong).await.unwrap_err();
        assert_eq!(why(&refused).1, "CODE_WRONG");
    }
    let refused = confirm(&suite, &citizen, &started, wrong).await.unwrap_err();
    assert_eq!(why(&refused).1, "ATTEMPTS_EXHAUSTED");
    let refused = confirm(&suite, &citizen, &started, &code).await.unwrap_err();
    assert_eq!(why(&refused).1, "ATTEMPTS_EXHAUSTED");
    // The person is not locked out: after a pause there is another way (I-02).
    suite.hand.advance(SignedDuration::from_mins(2));
    start(&suite, &citizen, &appeal, Method::EmailCode).await;
}

#[tokio::test]
async fn asked_again_soon_it_is_the_same_code_and_asked_too_often_it_is_refused() {
    let suite = Suite::start().await;
    let citizen = citizen(&suite, PHONE).await;
    let appeal = access_appeal(&suite, &citizen).await;
    let started = start(&suite, &citizen, &appeal, Method::SmsCode).await;
    let resend =
        || ResendCodeRequest { name: started.name.clone(), request_id: forms::request_id(), ..Default::default() };
    let refused = suite.identity(&citizen.name).resend_code(resend()).await.unwrap_err();
    assert_eq!(why(&refused), (Code::ResourceExhausted, "SEND_LIMIT".to_owned()));

    suite.advance(SignedDuration::from_secs(31)).await;
    suite.identity(&citizen.name).resend_code(resend()).await.expect("after the first pause");
    suite.settle().await;
    let codes: Vec<String> = texts_to(&suite, PHONE).iter().filter_map(|text| code_of(text)).collect();
    assert_eq!(codes.len(), 2, "{codes:?}");
    assert_eq!(codes[0], codes[1], "within a minute it is the same code");

    suite.advance(SignedDuration::from_secs(90)).await;
    suite.identity(&citizen.name).resend_code(resend()).await.expect("after the second pause");
    suite.settle().await;
    let codes: Vec<String> = texts_to(&suite, PHONE).iter().filter_map(|text| code_of(text)).collect();
    assert_ne!(codes[1], codes[2], "later a new one");
    let refused = confirm(&suite, &citizen, &started, &codes[0]).await.unwrap_err();
    assert_eq!(why(&refused).1, "CODE_WRONG", "the older one is dead");
    confirm(&suite, &citizen, &started, &codes[2]).await.expect("the living one");
}

async fn citizen(suite: &Suite, phone: &str) -> Citizen {
    let citizen = Citizen {
        full_name: "Смирнова Ольга".to_owned(),
        phone: phone.to_owned(),
        email: "olga@example.org".to_owned(),
        ..Citizen::default()
    };
    let request = CreateCitizenRequest { citizen: Some(citizen), request_id: forms::request_id() };
    suite.identity("portal").create_citizen(request).await.expect("a right form").into_inner()
}

async fn access_appeal(suite: &Suite, citizen: &Citizen) -> Appeal {
    let mut request = with_phone(forms::filled(suite.now(), "access_recovery", "ru"), &citizen.phone);
    let appeal = request.appeal.as_mut().expect("filled");
    appeal.channel = proto::ticket::v1::Channel::Portal.into();
    appeal.applicant.as_mut().expect("filled").citizen.clone_from(&citizen.name);
    let filed = suite.ticket(&citizen.name).file_appeal(request).await.expect("a right form").into_inner();
    assigned(suite, &filed.name).await
}

async fn assigned(suite: &Suite, name: &str) -> Appeal {
    let assign = AssignAppealRequest {
        name: name.to_owned(),
        assignee: "staff/specialist-1".to_owned(),
        request_id: forms::request_id(),
        ..AssignAppealRequest::default()
    };
    suite.ticket(SUPERVISOR).assign_appeal(assign).await.expect("open").into_inner()
}

async fn start(suite: &Suite, citizen: &Citizen, appeal: &Appeal, method: Method) -> Verification {
    start_as(suite, &citizen.name, citizen, appeal, method).await
}

async fn start_as(suite: &Suite, who: &str, citizen: &Citizen, appeal: &Appeal, method: Method) -> Verification {
    let verification = Verification {
        citizen: citizen.name.clone(),
        method: method.into(),
        appeal: appeal.name.clone(),
        action: appeal.required_action.clone(),
        ..Verification::default()
    };
    let request = StartVerificationRequest { verification: Some(verification), request_id: forms::request_id() };
    suite.identity(who).start_verification(request).await.expect("their own").into_inner()
}

async fn confirm(suite: &Suite, citizen: &Citizen, it: &Verification, code: &str) -> Result<Verification, Status> {
    confirm_as(suite, &citizen.name, it, code).await
}

async fn confirm_as(suite: &Suite, who: &str, it: &Verification, code: &str) -> Result<Verification, Status> {
    let request = ConfirmCodeRequest { name: it.name.clone(), code: code.to_owned(), request_id: forms::request_id() };
    suite.identity(who).confirm_code(request).await.map(tonic::Response::into_inner)
}

async fn assertion(suite: &Suite, citizen: &Citizen, it: &Verification, appeal: &Appeal) -> Result<String, Status> {
    assertion_as(suite, &citizen.name, it, appeal).await
}

async fn assertion_as(suite: &Suite, who: &str, it: &Verification, appeal: &Appeal) -> Result<String, Status> {
    let request = IssueAssertionRequest {
        verification: it.name.clone(),
        appeal: appeal.name.clone(),
        action: appeal.required_action.clone(),
        level: AssuranceLevel::Simplified.into(),
        request_id: forms::request_id(),
    };
    Ok(suite.identity(who).issue_assertion(request).await?.into_inner().token)
}

fn with(appeal: &Appeal, assertion: &str) -> ResolveAppealRequest {
    ResolveAppealRequest { assertion: assertion.to_owned(), ..forms::resolution(&appeal.name) }
}

fn code_in(texts: &[String]) -> Option<String> {
    texts.iter().rev().find_map(|text| code_of(text))
}

/// Eight digits on their own (recovery of access), in a text that speaks of a code.
fn code_of(text: &str) -> Option<String> {
    let words = text.split(|c: char| !c.is_ascii_digit());
    words.filter(|word| word.len() == 8).map(str::to_owned).next().filter(|_| text.to_lowercase().contains("код"))
}
