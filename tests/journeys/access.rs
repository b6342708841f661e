//! Who may call what, for every RPC there is. The walk is over the descriptor: a new RPC without a line below fails.

use prost_reflect::{DescriptorPool, MethodDescriptor};
use proto::ticket::v1::{Channel, GetAppealRequest, ListAppealsRequest, ListMessagesRequest};
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
        "TicketService/FindAppeal" | "TicketService/ListMessages" => {
            staff_and(&["citizen", "security_officer", "portal"])
        }
        "TicketService/ListAppealEvents" => staff_and(&["citizen", "security_officer", "administrator", "portal"]),
        "TicketService/ListAppeals" => staff_and(&["citizen", "security_officer"]),
        "TicketService/ClaimNextAppeal"
        | "TicketService/AssignAppeal"
        | "TicketService/RequestInfo"
        | "TicketService/ResolveAppeal"
        | "TicketService/AcknowledgeEscalation" => staff_and(&[]),
        "TicketService/PostMessage"
        | "TicketService/ProvideInfo"
        | "TicketService/ReopenAppeal"
        | "TicketService/WithdrawAppeal" => staff_and(&["citizen", "portal"]),
        "TicketService/EscalateAppeal" => vec!["specialist", "senior_specialist", "supervisor", "sla"],
        "TicketService/RecordDeadlineOutcome" => vec!["sla"],
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
        "NotificationService/GetNotification" => staff_and(&["administrator", "ticket", "identity", "sla"]),
        "NotificationService/ListNotifications" => staff_and(&["administrator"]),
        "SlaService/TrackDeadline" | "SlaService/UpdateDeadline" | "SlaService/StopDeadline" => vec!["ticket"],
        "SlaService/GetDeadline" | "SlaService/ExplainDeadline" => staff_and(&["administrator", "ticket"]),
        "SlaService/ListDeadlines" => vec!["specialist", "senior_specialist", "supervisor", "administrator"],
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

/// Calls an RPC with an empty request, which gets past the access table or does not.
async fn call(suite: &Suite, part: Part, method: &MethodDescriptor, token: Option<String>) -> Result<(), Status> {
    let path = format!("/{}/{}", method.parent_service().full_name(), method.name());
    let mut grpc = tonic::client::Grpc::new(suite.channel_as(part, token));
    grpc.ready().await.map_err(|error| Status::unknown(error.to_string()))?;
    let path = path.parse().expect("a path");
    grpc.unary(Request::new(()), path, ProstCodec::<(), ()>::default()).await.map(drop)
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
                let is_stopped = answer.is_err_and(|status| why(&status).1 == "ROLE_NOT_ALLOWED");
                assert_eq!(is_stopped, !allowed.contains(who), "{short} at {part} for {who}");
            }
        }
    }
}

#[tokio::test]
async fn a_citizen_sees_nothing_of_somebody_elses() {
    let suite = Suite::start().await;
    let mut request = forms::appeal(suite.now());
    let owner = "citizens/00000000-0000-4000-8000-00000000000b";
    let appeal = request.appeal.as_mut().unwrap();
    appeal.channel = Channel::Portal.into();
    appeal.applicant.as_mut().unwrap().citizen = owner.to_owned();
    let theirs = suite.ticket(owner).file_appeal(request).await.unwrap().into_inner();
    let anonymous = file_this(&suite, forms::appeal(suite.now())).await;
    let missing = "appeals/00000000-0000-4000-8000-00000000000c".to_owned();

    let stranger = || suite.ticket("citizens/00000000-0000-4000-8000-00000000000d");
    for name in [theirs.name.clone(), anonymous.name.clone(), missing] {
        let answers = [
            stranger().get_appeal(GetAppealRequest { name: name.clone() }).await.map(drop),
            stranger()
                .list_messages(ListMessagesRequest { parent: name.clone(), ..Default::default() })
                .await
                .map(drop),
            stranger().post_message(forms::message(&name, "Здравствуйте")).await.map(drop),
            stranger().provide_info(forms::information(&name)).await.map(drop),
            stranger().reopen_appeal(forms::reopening(&name)).await.map(drop),
            stranger().withdraw_appeal(forms::withdrawal(&name)).await.map(drop),
        ];
        for answer in answers {
            assert_eq!(why(&answer.unwrap_err()), (Code::PermissionDenied, "NOT_YOURS".to_owned()), "{name}");
        }
    }
    let own =
        suite.ticket(owner).get_appeal(GetAppealRequest { name: theirs.name.clone() }).await.unwrap().into_inner();
    assert!(own.assignee.is_empty() && own.group.is_empty() && own.recipient.is_empty(), "not for citizens");
    let list = suite.ticket(owner).list_appeals(ListAppealsRequest::default()).await.unwrap().into_inner();
    assert_eq!(list.appeals.iter().map(|it| &it.name).collect::<Vec<_>>(), [&theirs.name]);
}
