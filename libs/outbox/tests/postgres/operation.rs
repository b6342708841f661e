//! The service for administrators, through its generated client and server.

use crate::rig::{Fault, Receiver, Rig, Routes, call, call_to};
use clock::Clock;
use jiff::SignedDuration;
use jiff_sqlx::ToSqlx;
use outbox::{Relay, Settings};
use proto::outbox::v1::call::State;
use proto::outbox::v1::outbox_service_client::OutboxServiceClient;
use proto::outbox::v1::outbox_service_server::OutboxServiceServer;
use proto::outbox::v1::{Call, DropCallRequest, ListCallsRequest, RequeueCallRequest};
use rpc::{Caller, Role};
use std::sync::Arc;
use tonic::service::interceptor::InterceptedService;
use tonic::{Code, Request, Status};
use tonic_types::StatusExt;
use uuid::Uuid;

type AsAdministrator = fn(Request<()>) -> Result<Request<()>, Status>;
type Client = OutboxServiceClient<InterceptedService<OutboxServiceServer<outbox::Operation>, AsAdministrator>>;

fn as_administrator(mut request: Request<()>) -> Result<Request<()>, Status> {
    request.extensions_mut().insert(Caller::of_staff("root", [Role::Administrator]));
    Ok(request)
}

struct Operated {
    rig: Rig,
    relay: Relay,
    receiver: Arc<Receiver>,
    routes: Arc<Routes>,
    client: Client,
}

async fn operated() -> Operated {
    let rig = Rig::new().await;
    let (receiver, routes) = (rig.receiver(), Arc::new(Routes::default()));
    let (relay, _) = rig.relay_of(routes.clone(), vec![("peer", receiver.clone())], &Settings::default());
    let server = outbox::service(&rig.db, &rig.outbox);
    let client = OutboxServiceClient::new(InterceptedService::new(server, as_administrator as AsAdministrator));
    Operated { rig, relay, receiver, routes, client }
}

impl Operated {
    async fn kill(&self, key: &str, text: &str) -> Uuid {
        let (doomed, id) = call(key, text);
        self.receiver.next([Fault::Refused(Code::NotFound, "GONE")]);
        self.rig.send(vec![doomed]).await;
        self.relay.step().await.unwrap();
        assert_eq!(self.rig.state(id).await.0, "dead");
        id
    }

    async fn requeue(&mut self, id: Uuid, request_id: Uuid) -> Result<Call, Status> {
        let request = RequeueCallRequest { name: format!("calls/{id}"), request_id: request_id.to_string() };
        self.client.requeue_call(request).await.map(tonic::Response::into_inner)
    }

    async fn give_up(&mut self, id: Uuid) -> Result<Call, Status> {
        let request = DropCallRequest { name: format!("calls/{id}"), request_id: Uuid::new_v4().to_string() };
        self.client.drop_call(request).await.map(tonic::Response::into_inner)
    }
}

fn reason(status: &Status) -> (Code, String) {
    (status.code(), status.get_details_error_info().unwrap().reason)
}

#[tokio::test]
async fn a_requeued_call_is_sent_again_under_its_own_id() {
    let mut it = operated().await;
    let id = it.kill("k", "one").await;
    it.rig.send(vec![call("k", "two").0]).await;
    it.relay.step().await.unwrap();
    let wake = it.relay.lanes()[0].wake();
    assert!(futures::poll!(Box::pin(wake.notified())).is_ready(), "left by what was sent");
    let request_id = Uuid::new_v4();
    let shown = it.requeue(id, request_id).await.unwrap();
    assert_eq!((shown.state(), shown.sequence, shown.attempts), (State::Waiting, 1, 1));
    assert!(futures::poll!(Box::pin(wake.notified())).is_ready());
    assert_eq!(it.requeue(id, request_id).await.unwrap(), shown, "a repetition is answered alike");
    // Sent although its key has long moved on, and the key stays where it is.
    it.rig.send(vec![call("k", "three").0]).await;
    assert_eq!(it.relay.step().await, Ok(2));
    let mut applied = it.receiver.applied();
    applied.sort();
    assert_eq!(applied, ["one", "three", "two"]);
    assert_eq!(it.rig.count("SELECT finished_seq FROM outbox_key").await, 3);
    let told = it.routes.told().into_iter().filter(|told| told.call_id == id).count();
    assert_eq!(told, 2, "dead first, done later");
    let again = it.requeue(id, Uuid::new_v4()).await.unwrap_err();
    assert_eq!(reason(&again), (Code::FailedPrecondition, "CALL_NOT_DEAD".into()));
}

#[tokio::test]
async fn a_dropped_call_is_erased() {
    let mut it = operated().await;
    let id = it.kill("k", "one").await;
    let shown = it.give_up(id).await.unwrap();
    assert_eq!(shown.state(), State::Dropped);
    assert_eq!(it.rig.count("SELECT count(*) FROM outbox WHERE request IS NOT NULL").await, 0);
    assert_eq!(reason(&it.give_up(id).await.unwrap_err()), (Code::FailedPrecondition, "CALL_NOT_DEAD".into()));
    assert_eq!(reason(&it.give_up(Uuid::new_v4()).await.unwrap_err()), (Code::NotFound, "CALL_NOT_FOUND".into()));
}

#[tokio::test]
async fn an_old_dead_call_can_not_be_requeued() {
    let mut it = operated().await;
    let id = it.kill("k", "one").await;
    it.rig.advance(25 * 24 * 3600 - 1);
    it.requeue(id, Uuid::new_v4()).await.unwrap();
    it.relay.step().await.unwrap();
    let id = it.kill("k", "two").await;
    it.rig.advance(25 * 24 * 3600);
    let refused = it.requeue(id, Uuid::new_v4()).await.unwrap_err();
    assert_eq!(reason(&refused), (Code::FailedPrecondition, "CALL_TOO_OLD".into()));
    it.give_up(id).await.unwrap();
}

#[tokio::test]
async fn an_expired_dead_call_can_not_be_requeued_and_is_erased() {
    let mut operated = operated().await;
    let id = operated.kill("k", "one").await;
    let expire = "UPDATE outbox SET expire_time = $1 WHERE call_id = $2";
    let ends = operated.rig.clock.now() + SignedDuration::from_secs(60);
    sqlx::query(expire).bind(ends.to_sqlx()).bind(id).execute(operated.rig.db.pool()).await.unwrap();
    operated.rig.advance(60);
    let refused = operated.requeue(id, Uuid::new_v4()).await.unwrap_err();
    assert_eq!(reason(&refused), (Code::FailedPrecondition, "CALL_EXPIRED".to_owned()));
    operated.relay.purge().await.unwrap();
    assert_eq!(operated.rig.count("SELECT count(*) FROM outbox WHERE length(request) > 0").await, 0);
    operated.give_up(id).await.unwrap();
    assert_eq!(operated.rig.state(id).await.0, "dropped");
}

#[tokio::test]
async fn the_list_goes_newest_first_page_by_page() {
    let mut it = operated().await;
    for n in 0..5 {
        it.rig.send(vec![call_to("elsewhere", "k", &format!("{n}")).0]).await;
        it.rig.advance(1);
    }
    let dead = it.kill("k", "one").await;
    let mut request = ListCallsRequest { page_size: 2, destination: "elsewhere".into(), ..Default::default() };
    let mut sequences = Vec::new();
    loop {
        let page = it.client.list_calls(request.clone()).await.unwrap().into_inner();
        sequences.push(page.calls.iter().map(|call| call.sequence).collect::<Vec<_>>());
        assert!(page.calls.iter().all(|call| call.state() == State::Waiting && call.settle_time.is_none()));
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    assert_eq!(sequences, [vec![5, 4], vec![3, 2], vec![1]]);
    // A token belongs to its filter.
    let filter = ListCallsRequest { page_token: request.page_token.clone(), ..Default::default() };
    assert_eq!(it.client.list_calls(filter).await.unwrap_err().code(), Code::InvalidArgument);
    let filter = ListCallsRequest { state: State::Dead.into(), ..Default::default() };
    let calls = it.client.list_calls(filter).await.unwrap().into_inner().calls;
    assert_eq!(calls.iter().map(|call| call.name.clone()).collect::<Vec<_>>(), [format!("calls/{dead}")]);
    assert_eq!((calls[0].last_error.as_str(), calls[0].next_attempt_time), ("NOT_FOUND GONE", None));
    assert_eq!(calls[0].method, "/otklik.outbox.v1.OutboxService/RequeueCall");
}

#[tokio::test]
async fn a_malformed_request_names_its_faults() {
    let mut it = operated().await;
    let list = ListCallsRequest { page_size: -1, state: 99, ..Default::default() };
    let status = it.client.list_calls(list).await.unwrap_err();
    let fields: Vec<_> =
        status.get_details_bad_request().unwrap().field_violations.into_iter().map(|it| it.field).collect();
    assert_eq!(fields, ["page_size", "state"]);
    for name in ["", "calls/7", "appeals/018f4e1c-7d3a-7cc0-8f4e-1c7d3a7cc08f"] {
        let request = DropCallRequest { name: name.into(), request_id: Uuid::new_v4().to_string() };
        assert_eq!(it.client.drop_call(request).await.unwrap_err().code(), Code::InvalidArgument, "{name}");
    }
}
