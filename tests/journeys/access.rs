//! Who may call what, for every RPC there is. The walk is over the descriptor: a new RPC without a line below fails.

use prost_reflect::{DescriptorPool, MethodDescriptor};
use proto::identity::v1::{
    AssuranceLevel, Citizen, ConfirmCodeRequest, CreateCitizenRequest, GetCitizenRequest, IssueAssertionRequest,
    ResendCodeRequest, StartVerificationRequest, Verification, verification::Method,
};
use proto::ticket::v1::{
    Channel, FileAppealRequest, FindAppealRequest, GetAppealRequest, ListAppealEventsRequest, ListAppealsRequest,
    ListMessagesRequest, WatchAppealRequest,
};
use rpc::auth::Signer;
use tests::{Part, Suite, forms};
use tonic::{Code, Request, Status};
use tonic_prost::ProstCodec;

use crate::story::{file_this, why};

const STAFF: [&str; 4] = ["operator", "specialist", "senior_specialist", "supervisor"];
const ROLES: [&str; 8] = [
    "citizen",
    "operator",
    "specialist",
    "senior_specialist",
    "supervisor",
    "security_officer",
    "identity_officer",
    "administrator",
];
const SYSTEMS: [&str; 5] = ["portal", "ticket", "identity", "notification", "sla"];

/// Who may call an RPC; what is not listed may not. `None`: the RPC is not known here.
fn allowed(method: &str) -> Option<Vec<&'static str>> {
    let staff_and = |more: &[&'static str]| STAFF.iter().chain(more).copied().collect::<Vec<_>>();
    Some(match method {
        "TicketService/FileAppeal" => staff_and(&["citizen", "portal", "ticket", "identity", "notification", "sla"]),
        "TicketService/GetAppeal" => {
            staff_and(&["citizen", "security_officer", "portal", "ticket", "identity", "notification", "sla"])
        }
        "TicketService/FindAppeal" | "TicketService/ListMessages" | "TicketService/WatchAppeal" => {
            staff_and(&["citizen", "security_officer", "portal"])
        }
        "TicketService/ListAppealEvents" => staff_and(&["citizen", "security_officer", "administrator", "portal"]),
        "TicketService/ListAppeals" => staff_and(&["citizen", "security_officer"]),
        "TicketService/ClaimNextAppeal"
        | "TicketService/AssignAppeal"
        | "TicketService/RequestInfo"
        | "TicketService/AskOtherBody"
        | "TicketService/RecordOtherBodyAnswer"
        | "TicketService/ResolveAppeal"
        | "TicketService/AcknowledgeEscalation" => staff_and(&[]),
        "TicketService/PostMessage"
        | "TicketService/ProvideInfo"
        | "TicketService/ReopenAppeal"
        | "TicketService/WithdrawAppeal" => staff_and(&["citizen", "portal"]),
        "TicketService/ExtendDeadline" => vec!["specialist", "senior_specialist", "supervisor"],
        "TicketService/EscalateAppeal" => vec!["specialist", "senior_specialist", "supervisor", "sla"],
        "TicketService/RecordDeadlineOutcome"
        | "TicketService/PutPolicySet"
        | "TicketService/ListPromises"
        | "TicketService/RetellPromise"
        | "TicketService/RebaseAppeal" => vec!["sla"],
        "TicketService/RecordNoticeOutcome"
        | "IdentityService/RecordNoticeOutcome"
        | "SlaService/RecordNoticeOutcome" => vec!["notification"],
        "StaffService/CreateMember" | "StaffService/UpdateMember" => vec!["supervisor", "administrator"],
        "StaffService/GetMember" | "StaffService/ListMembers" | "StaffService/SetDuty" => staff_and(&["administrator"]),
        "IdentityService/CreateCitizen" => vec!["portal", "identity_officer", "administrator"],
        "IdentityService/GetCitizen" => vec!["citizen", "portal", "identity_officer", "security_officer"],
        "IdentityService/ResendCode" => vec!["citizen", "portal", "identity_officer"],
        "IdentityService/StartVerification" | "IdentityService/ConfirmCode" | "IdentityService/IssueAssertion" => {
            vec!["citizen", "portal"]
        }
        "IdentityService/GetVerificationKeys" => SYSTEMS.to_vec(),
        "NotificationService/UpsertRecipient" => vec!["ticket", "identity"],
        "NotificationService/SendNotification" => vec!["ticket", "identity", "sla"],
        "NotificationService/GetNotification" => {
            staff_and(&["identity_officer", "administrator", "ticket", "identity", "sla"])
        }
        "NotificationService/ListNotifications" => staff_and(&["identity_officer", "administrator"]),
        "SlaService/TrackDeadline" | "SlaService/UpdateDeadline" | "SlaService/StopDeadline" => vec!["ticket"],
        "SlaService/GetDeadline" => staff_and(&["administrator", "ticket"]),
        "SlaService/ExplainDeadline" => staff_and(&["administrator", "ticket", "portal"]),
        "SlaService/ListPolicySets" => vec!["specialist", "senior_specialist", "supervisor", "administrator"],
        "SlaService/GetPolicySet" => vec!["specialist", "senior_specialist", "supervisor", "administrator", "ticket"],
        "SlaService/PreviewDueTime" => [staff_and(&["administrator"]), SYSTEMS.to_vec()].concat(),
        "SlaService/GetReport"
        | "SlaService/GetReportCsv"
        | "SlaService/ListDeadlines"
        | "SlaService/WatchBreaches" => {
            [&["specialist", "senior_specialist", "supervisor", "administrator"][..], &SYSTEMS].concat()
        }
        "SlaService/PublishCalendar"
        | "SlaService/PublishPolicy"
        | "SlaService/MendDeadline"
        | "SlaService/StartRebase"
        | "SlaService/StopRebase" => vec!["administrator"],
        "SlaService/ListDrifts"
        | "SlaService/PreviewPolicyChange"
        | "SlaService/PreviewCalendarChange"
        | "SlaService/GetRebase"
        | "SlaService/ListRebaseEntries" => vec!["supervisor", "administrator"],
        "OutboxService/ListCalls" | "OutboxService/RequeueCall" | "OutboxService/DropCall" => vec!["administrator"],
        _ => return None,
    })
}

fn methods() -> Vec<MethodDescriptor> {
    let pool = DescriptorPool::decode(proto::FILE_DESCRIPTOR_SET).expect("a descriptor set");
    pool.services()
        .filter(|it| it.package_name().starts_with("otklik."))
        .flat_map(|it| it.methods().collect::<Vec<_>>())
        .collect()
}

/// The services that serve an RPC: the outbox's everywhere, others at their owner.
fn served_by(method: &MethodDescriptor) -> Vec<Part> {
    match method.parent_service().package_name() {
        "otklik.ticket.v1" => vec![Part::Ticket],
        "otklik.identity.v1" => vec![Part::Identity],
        "otklik.notification.v1" => vec![Part::Notification],
        "otklik.sla.v1" => vec![Part::Sla],
        "otklik.outbox.v1" => Part::ALL.to_vec(),
        other => panic!("{other} is served by nobody known here"),
    }
}

/// Calls an RPC with an empty request, which gets past the access table or does not. A stream may go on for ever, so only its beginning is looked at.
async fn call(suite: &Suite, part: Part, method: &MethodDescriptor, token: Option<String>) -> Result<(), Status> {
    let path = format!("/{}/{}", method.parent_service().full_name(), method.name());
    let mut grpc = tonic::client::Grpc::new(suite.channel_as(part, token));
    grpc.ready().await.map_err(|error| Status::unknown(error.to_string()))?;
    let path = path.parse().expect("a path");
    let (request, codec) = (Request::new(()), ProstCodec::<(), ()>::default());
    if method.is_server_streaming() {
        return grpc.server_streaming(request, path, codec).await.map(drop);
    }
    grpc.unary(request, path, codec).await.map(drop)
}

#[tokio::test]
async fn every_rpc_asks_for_a_good_token() {
    let suite = Suite::start().await;
    let (mut calls, good) = (0, |aud: &str, age: i64| {
        let mut claims = suite.access.claims("staff/supervisor-1", "supervisor", &["pwd", "otp"]);
        claims.aud = vec![aud.to_owned()];
        claims.exp = suite.now().as_second() - age;
        claims
    });
    let stranger = Signer::generate().unwrap();
    let no_factor = suite.access.sign(&suite.access.claims("staff/admin-1", "administrator", &["pwd"]));
    let cases = [
        (None, Code::Unauthenticated, "TOKEN_MISSING"),
        (Some("not.a.token".to_owned()), Code::Unauthenticated, "TOKEN_INVALID"),
        (Some(suite.access.sign(&good("elsewhere", -600))), Code::Unauthenticated, "TOKEN_INVALID"),
        (Some(suite.access.sign(&good("otklik", 600))), Code::Unauthenticated, "TOKEN_INVALID"),
        (Some(stranger.sign(&good("otklik", -600)).unwrap()), Code::Unauthenticated, "TOKEN_INVALID"),
        (Some(no_factor), Code::PermissionDenied, "SECOND_FACTOR_REQUIRED"),
    ];
    for method in methods() {
        for part in served_by(&method) {
            for (token, code, reason) in &cases {
                let refused = call(&suite, part, &method, token.clone()).await.unwrap_err();
                assert_eq!(why(&refused), (*code, (*reason).to_owned()), "{part} {}", method.full_name());
                calls += 1;
            }
        }
    }
    println!("{calls} calls refused");
}

#[tokio::test]
async fn every_rpc_lets_in_exactly_whom_it_should() {
    let suite = Suite::start().await;
    for method in methods() {
        let short = format!("{}/{}", method.parent_service().name(), method.name());
        let allowed = allowed(&short).unwrap_or_else(|| panic!("{short} has no line in this test"));
        for part in served_by(&method) {
            for who in ROLES.iter().chain(&SYSTEMS) {
                let token = match *who {
                    "citizen" => suite.access.token("citizens/00000000-0000-4000-8000-00000000000a"),
                    role if ROLES.contains(&role) => suite.access.token(&format!("staff/{role}:{role}")),
                    system => suite.access.token(system),
                };
                let answer = call(&suite, part, &method, Some(token)).await;
                let stop = (Code::PermissionDenied, "ROLE_NOT_ALLOWED".to_owned());
                let is_stopped = answer.is_err_and(|status| why(&status) == stop);
                assert_eq!(is_stopped, !allowed.contains(who), "{short} at {part} for {who}");
            }
        }
    }
}

#[tokio::test]
async fn what_is_somebody_elses_is_refused_by_every_rpc_that_citizens_may_call() {
    let suite = Suite::start().await;
    let theirs = Theirs::make(&suite).await;
    let anonymous = file_this(&suite, forms::appeal(suite.now())).await;
    let missing = Theirs { appeal: format!("appeals/{UNKNOWN}"), number: String::new(), ..theirs.clone() };
    let somebody_elses =
        [theirs.clone(), Theirs { appeal: anonymous.name, number: anonymous.number, ..theirs.clone() }, missing];
    for method in methods() {
        let short = format!("{}/{}", method.parent_service().name(), method.name());
        if !allowed(&short).is_some_and(|who| who.contains(&"citizen")) {
            continue;
        }
        for it in &somebody_elses {
            let answer = it.asked_by_a_stranger(&suite, &short).await;
            let refused = answer.map(|answer| answer.map_err(|status| why(&status)));
            match short.as_str() {
                // They file their own and see their own; what that is, is tested below.
                "TicketService/FileAppeal" | "TicketService/ListAppeals" => assert!(refused.is_none()),
                // A number that nobody was given is not a form of one.
                "TicketService/FindAppeal" if it.number.is_empty() => {}
                _ => {
                    let refused = refused.unwrap_or_else(|| panic!("{short} has no call in this test"));
                    let expected = Err((Code::PermissionDenied, "NOT_YOURS".to_owned()));
                    assert_eq!(refused, expected, "{short} about {}", it.appeal);
                }
            }
        }
    }
}

#[tokio::test]
async fn a_citizen_files_and_sees_their_own_only() {
    let suite = Suite::start().await;
    let theirs = Theirs::make(&suite).await;
    let own =
        suite.ticket(OWNER).get_appeal(GetAppealRequest { name: theirs.appeal.clone() }).await.unwrap().into_inner();
    assert!(own.assignee.is_empty() && own.group.is_empty() && own.recipient.is_empty(), "not for citizens");
    let listed = async |who: &str| {
        let list = suite.ticket(who).list_appeals(ListAppealsRequest::default()).await.unwrap().into_inner();
        list.appeals.into_iter().map(|it| it.name).collect::<Vec<_>>()
    };
    assert_eq!(listed(OWNER).await, [theirs.appeal]);
    assert!(listed(STRANGER).await.is_empty());
    // Nor in somebody else's name.
    let refused = suite.ticket(STRANGER).file_appeal(theirs.form).await.unwrap_err();
    assert_eq!(why(&refused), (Code::PermissionDenied, "NOT_YOURS".to_owned()));
}

const OWNER: &str = "citizens/00000000-0000-4000-8000-00000000000b";
const STRANGER: &str = "citizens/00000000-0000-4000-8000-00000000000d";
const UNKNOWN: &str = "00000000-0000-4000-8000-00000000000c";

/// What belongs to a citizen.
#[derive(Clone)]
struct Theirs {
    appeal: String,
    number: String,
    citizen: String,
    verification: String,
    form: FileAppealRequest,
}

// === impl Theirs ===

impl Theirs {
    async fn make(suite: &Suite) -> Self {
        let mut form = forms::appeal(suite.now());
        let appeal = form.appeal.as_mut().unwrap();
        appeal.channel = Channel::Portal.into();
        appeal.applicant.as_mut().unwrap().citizen = OWNER.to_owned();
        let filed = suite.ticket(OWNER).file_appeal(form.clone()).await.unwrap().into_inner();
        let citizen =
            Citizen {
                full_name: "Иванова Мария".to_owned(), phone: "+79161234567".to_owned(), ..Citizen::default()
            };
        let create = CreateCitizenRequest { citizen: Some(citizen), request_id: forms::request_id() };
        let citizen = suite.identity("portal").create_citizen(create).await.unwrap().into_inner().name;
        let verification = verification(&citizen, &filed.name);
        let started = suite.identity("portal").start_verification(verification).await.unwrap().into_inner();
        form.request_id = forms::request_id();
        Self { appeal: filed.name, number: filed.number, citizen, verification: started.name, form }
    }

    /// A right request of that method by somebody else; `None` where there is nothing of theirs to name.
    async fn asked_by_a_stranger(&self, suite: &Suite, method: &str) -> Option<Result<(), Status>> {
        let (mut ticket, mut identity) = (suite.ticket(STRANGER), suite.identity(STRANGER));
        let (name, parent) = (self.appeal.clone(), self.appeal.clone());
        let request_id = forms::request_id();
        Some(match method {
            "TicketService/GetAppeal" => ticket.get_appeal(GetAppealRequest { name }).await.map(drop),
            "TicketService/FindAppeal" => {
                ticket.find_appeal(FindAppealRequest { number: self.number.clone() }).await.map(drop)
            }
            "TicketService/ListMessages" => {
                ticket.list_messages(ListMessagesRequest { parent, ..Default::default() }).await.map(drop)
            }
            "TicketService/ListAppealEvents" => {
                ticket.list_appeal_events(ListAppealEventsRequest { parent, ..Default::default() }).await.map(drop)
            }
            "TicketService/WatchAppeal" => {
                ticket.watch_appeal(WatchAppealRequest { name, ..Default::default() }).await.map(drop)
            }
            "TicketService/PostMessage" => ticket.post_message(forms::message(&name, "Здравствуйте")).await.map(drop),
            "TicketService/ProvideInfo" => ticket.provide_info(forms::information(&name)).await.map(drop),
            "TicketService/ReopenAppeal" => ticket.reopen_appeal(forms::reopening(&name)).await.map(drop),
            "TicketService/WithdrawAppeal" => ticket.withdraw_appeal(forms::withdrawal(&name)).await.map(drop),
            "IdentityService/GetCitizen" => {
                identity.get_citizen(GetCitizenRequest { name: self.citizen.clone() }).await.map(drop)
            }
            "IdentityService/StartVerification" => {
                identity.start_verification(verification(&self.citizen, &name)).await.map(drop)
            }
            "IdentityService/ResendCode" => {
                let request = ResendCodeRequest { name: self.verification.clone(), request_id, ..Default::default() };
                identity.resend_code(request).await.map(drop)
            }
            "IdentityService/ConfirmCode" => {
                let request =
                    ConfirmCodeRequest { name: self.verification.clone(), code: "123456".to_owned(), request_id };
                identity.confirm_code(request).await.map(drop)
            }
            "IdentityService/IssueAssertion" => {
                let request = IssueAssertionRequest {
                    verification: self.verification.clone(),
                    appeal: name,
                    action: "resolve".to_owned(),
                    level: AssuranceLevel::Simplified.into(),
                    request_id,
                };
                identity.issue_assertion(request).await.map(drop)
            }
            _ => return None,
        })
    }
}

fn verification(citizen: &str, appeal: &str) -> StartVerificationRequest {
    let verification = Verification {
        citizen: citizen.to_owned(),
        method: Method::SmsCode.into(),
        appeal: appeal.to_owned(),
        action: "resolve".to_owned(),
        ..Verification::default()
    };
    StartVerificationRequest { verification: Some(verification), request_id: forms::request_id() }
}
