//! Who it is: codes right and wrong, by SMS and e-mail, the assertion, and what it is used for.

use jiff::SignedDuration;
use proto::identity::v1::{
    AssuranceLevel, Citizen, ConfirmCodeRequest, CreateCitizenRequest, GetCitizenRequest, IssueAssertionRequest,
    ResendCodeRequest, StartVerificationRequest, Verification, verification::Method,
};
use proto::ticket::v1::{Appeal, ResolveAppealRequest};
use tests::{Part, forms};

use crate::life::assign;
use crate::needles::Planted;
use crate::people;
use crate::watch::{PORTAL, SPECIALIST, Watch, forge};

/// An appeal about access, answered only when its citizen is confirmed.
pub async fn verification(it: &Watch) {
    let create = CreateCitizenRequest { citizen: Some(people::citizen()), request_id: forms::request_id() };
    let citizen = it.good("CreateCitizen", it.identity(PORTAL).create_citizen(create.clone()).await);
    let twice = CreateCitizenRequest { request_id: forms::request_id(), ..create.clone() };
    it.bad("CreateCitizen with the same SNILS", it.identity(PORTAL).create_citizen(twice).await);
    let mut other = create;
    other.citizen.as_mut().expect("given").full_name = people::NAME.to_owned();
    it.bad("CreateCitizen with other content", it.identity(PORTAL).create_citizen(other).await);
    let get = GetCitizenRequest { name: citizen.name.clone() };
    it.good("GetCitizen", it.identity(&citizen.name).get_citizen(get.clone()).await);
    it.bad("GetCitizen by another", it.identity(&stranger()).get_citizen(get).await);

    let appeal = filed(it, &citizen).await;
    it.suite.settle().await;
    let resolve = |assertion: &str| ResolveAppealRequest {
        assertion: assertion.to_owned(),
        answer: people::ANSWERED.to_owned(),
        ..forms::resolution(&appeal.name)
    };
    it.bad("ResolveAppeal without assertion", it.ticket(SPECIALIST).resolve_appeal(resolve("")).await);
    it.bad("ResolveAppeal with a text", it.ticket(SPECIALIST).resolve_appeal(resolve(people::CITIZEN_PHONE)).await);

    // By e-mail first: its tries are used up.
    let by_mail = start(it, &citizen, &appeal, Method::EmailCode).await;
    it.dump("a code waits for its mail").await;
    it.suite.settle().await;
    let mail = it.suite.mailbox.mails().pop().and_then(|mail| mail.text()).expect("a code by e-mail");
    let mailed = code_in(&mail);
    it.secret(Planted::code("code by e-mail", &mailed));
    let wrong = if mailed.starts_with('7') { "84591326" } else { "74591326" };
    it.secret(Planted::code("wrong code", wrong));
    let tries = |code: &str| ConfirmCodeRequest {
        name: by_mail.name.clone(),
        code: code.to_owned(),
        request_id: forms::request_id(),
    };
    for _ in 0..5 {
        it.bad("ConfirmCode, wrong", it.identity(&citizen.name).confirm_code(tries(wrong)).await);
    }
    it.bad("ConfirmCode, too late", it.identity(&citizen.name).confirm_code(tries(&mailed)).await);
    it.bad("ConfirmCode with a phone", it.identity(&citizen.name).confirm_code(tries(people::CITIZEN_PHONE)).await);

    it.suite.advance(SignedDuration::from_mins(10)).await;
    let started = start(it, &citizen, &appeal, Method::SmsCode).await;
    it.dump("a code waits for its SMS").await;
    it.suite.settle().await;
    let resend =
        || ResendCodeRequest { name: started.name.clone(), request_id: forms::request_id(), ..Default::default() };
    it.bad("ResendCode at once", it.identity(&citizen.name).resend_code(resend()).await);
    it.suite.advance(SignedDuration::from_secs(125)).await;
    it.good("ResendCode", it.identity(&citizen.name).resend_code(resend()).await);
    it.suite.settle().await;
    let texts: Vec<String> =
        it.suite.smsc.messages().into_iter().map(|sms| sms.text).filter(|t| t.contains("Код")).collect();
    assert!(texts.len() >= 2, "{texts:?}");
    texts.iter().for_each(|text| it.secret(Planted::code("code by SMS", &code_in(text))));
    let code = code_in(texts.last().expect("two"));
    let confirm = ConfirmCodeRequest { name: started.name.clone(), code, request_id: forms::request_id() };
    it.good("ConfirmCode", it.identity(&citizen.name).confirm_code(confirm.clone()).await);
    it.good("ConfirmCode again", it.identity(&citizen.name).confirm_code(confirm).await);

    let issue = IssueAssertionRequest {
        verification: started.name.clone(),
        appeal: appeal.name.clone(),
        action: appeal.required_action.clone(),
        level: AssuranceLevel::Simplified.into(),
        request_id: forms::request_id(),
    };
    let wrong =
        IssueAssertionRequest { action: "withdraw".to_owned(), request_id: forms::request_id(), ..issue.clone() };
    it.bad("IssueAssertion for another action", it.identity(&citizen.name).issue_assertion(wrong).await);
    let assertion = it.good("IssueAssertion", it.identity(&citizen.name).issue_assertion(issue).await).token;
    it.secret(Planted::token("assertion", &assertion));
    it.suite.step(Part::Ticket, "verification_keys").await;
    let forged = forge(&assertion);
    it.secret(Planted::token("forged assertion", &forged));
    it.bad("ResolveAppeal with a forged one", it.ticket(SPECIALIST).resolve_appeal(resolve(&forged)).await);
    it.good("ResolveAppeal", it.ticket(SPECIALIST).resolve_appeal(resolve(&assertion)).await);
    it.suite.settle().await;
}

/// A citizen that is somebody else.
pub fn stranger() -> String {
    format!("citizens/{}", forms::request_id())
}

async fn filed(it: &Watch, citizen: &Citizen) -> Appeal {
    let mut request = people::form(it.suite.now(), "access_recovery");
    let appeal = request.appeal.as_mut().expect("filled");
    appeal.channel = proto::ticket::v1::Channel::Portal.into();
    let applicant = appeal.applicant.as_mut().expect("filled");
    applicant.citizen.clone_from(&citizen.name);
    applicant.full_name = people::CITIZEN_NAME.to_owned();
    let filed = it.good("FileAppeal", it.ticket(&citizen.name).file_appeal(request).await);
    assign(it, &filed).await;
    filed
}

async fn start(it: &Watch, citizen: &Citizen, appeal: &Appeal, method: Method) -> Verification {
    let verification = Verification {
        citizen: citizen.name.clone(),
        method: method.into(),
        appeal: appeal.name.clone(),
        action: appeal.required_action.clone(),
        ..Verification::default()
    };
    let request = StartVerificationRequest { verification: Some(verification), request_id: forms::request_id() };
    it.good("StartVerification", it.identity(&citizen.name).start_verification(request).await)
}

/// Eight digits on their own: what recovery of access asks for.
fn code_in(text: &str) -> String {
    let words = text.split(|c: char| !c.is_ascii_digit());
    words.filter(|word| word.len() == 8).map(str::to_owned).next().unwrap_or_else(|| panic!("no code"))
}
