//! The generated traits, one line per RPC. Every command and query is `run(app, caller, request)`.

use std::sync::Arc;

use proto::Reason;
use proto::ticket::v1::staff_service_server::StaffService;
use proto::ticket::v1::ticket_service_server::TicketService;
use proto::ticket::v1::{self as wire, ErrorReason};
use tonic::{Request, Response, Status};

use crate::app::App;
use crate::{commands, queries};

/// `google.rpc.ErrorInfo.domain` of this service.
const DOMAIN: &str = <ErrorReason as Reason>::DOMAIN;

/// Serves `otklik.ticket.v1.TicketService`.
#[derive(Debug, Clone)]
pub struct Tickets(pub Arc<App>);

/// Serves `otklik.ticket.v1.StaffService`.
#[derive(Debug, Clone)]
pub struct Staff(pub Arc<App>);

#[tonic::async_trait]
impl TicketService for Tickets {
    async fn file_appeal(&self, request: Request<wire::FileAppealRequest>) -> Result<Response<wire::Appeal>, Status> {
        rpc::serve(&self.0, DOMAIN, request, commands::file_appeal::run).await
    }

    async fn get_appeal(&self, request: Request<wire::GetAppealRequest>) -> Result<Response<wire::Appeal>, Status> {
        rpc::serve(&self.0, DOMAIN, request, queries::get_appeal::run).await
    }

    async fn find_appeal(&self, request: Request<wire::FindAppealRequest>) -> Result<Response<wire::Appeal>, Status> {
        rpc::serve(&self.0, DOMAIN, request, queries::find_appeal::run).await
    }

    async fn list_appeals(
        &self,
        request: Request<wire::ListAppealsRequest>,
    ) -> Result<Response<wire::ListAppealsResponse>, Status> {
        rpc::serve(&self.0, DOMAIN, request, queries::list_appeals::run).await
    }

    async fn claim_next_appeal(
        &self,
        request: Request<wire::ClaimNextAppealRequest>,
    ) -> Result<Response<wire::ClaimNextAppealResponse>, Status> {
        rpc::serve(&self.0, DOMAIN, request, commands::claim_next_appeal::run).await
    }

    async fn assign_appeal(
        &self,
        request: Request<wire::AssignAppealRequest>,
    ) -> Result<Response<wire::Appeal>, Status> {
        rpc::serve(&self.0, DOMAIN, request, commands::assign_appeal::run).await
    }

    async fn post_message(
        &self,
        request: Request<wire::PostMessageRequest>,
    ) -> Result<Response<wire::Message>, Status> {
        rpc::serve(&self.0, DOMAIN, request, commands::post_message::run).await
    }

    async fn list_messages(
        &self,
        request: Request<wire::ListMessagesRequest>,
    ) -> Result<Response<wire::ListMessagesResponse>, Status> {
        rpc::serve(&self.0, DOMAIN, request, queries::list_messages::run).await
    }

    async fn request_info(&self, request: Request<wire::RequestInfoRequest>) -> Result<Response<wire::Appeal>, Status> {
        rpc::serve(&self.0, DOMAIN, request, commands::request_info::run).await
    }

    async fn provide_info(&self, request: Request<wire::ProvideInfoRequest>) -> Result<Response<wire::Appeal>, Status> {
        rpc::serve(&self.0, DOMAIN, request, commands::provide_info::run).await
    }

    async fn ask_other_body(
        &self,
        request: Request<wire::AskOtherBodyRequest>,
    ) -> Result<Response<wire::Appeal>, Status> {
        rpc::serve(&self.0, DOMAIN, request, commands::ask_other_body::run).await
    }

    async fn record_other_body_answer(
        &self,
        request: Request<wire::RecordOtherBodyAnswerRequest>,
    ) -> Result<Response<wire::Appeal>, Status> {
        rpc::serve(&self.0, DOMAIN, request, commands::record_other_body_answer::run).await
    }

    async fn resolve_appeal(
        &self,
        request: Request<wire::ResolveAppealRequest>,
    ) -> Result<Response<wire::Appeal>, Status> {
        rpc::serve(&self.0, DOMAIN, request, commands::resolve_appeal::run).await
    }

    async fn extend_deadline(
        &self,
        request: Request<wire::ExtendDeadlineRequest>,
    ) -> Result<Response<wire::Appeal>, Status> {
        rpc::serve(&self.0, DOMAIN, request, commands::extend_deadline::run).await
    }

    async fn reopen_appeal(
        &self,
        request: Request<wire::ReopenAppealRequest>,
    ) -> Result<Response<wire::Appeal>, Status> {
        rpc::serve(&self.0, DOMAIN, request, commands::reopen_appeal::run).await
    }

    async fn withdraw_appeal(
        &self,
        request: Request<wire::WithdrawAppealRequest>,
    ) -> Result<Response<wire::Appeal>, Status> {
        rpc::serve(&self.0, DOMAIN, request, commands::withdraw_appeal::run).await
    }

    async fn escalate_appeal(
        &self,
        request: Request<wire::EscalateAppealRequest>,
    ) -> Result<Response<wire::Appeal>, Status> {
        rpc::serve(&self.0, DOMAIN, request, commands::escalate_appeal::run).await
    }

    async fn acknowledge_escalation(
        &self,
        request: Request<wire::AcknowledgeEscalationRequest>,
    ) -> Result<Response<wire::Appeal>, Status> {
        rpc::serve(&self.0, DOMAIN, request, commands::acknowledge_escalation::run).await
    }

    async fn list_appeal_events(
        &self,
        request: Request<wire::ListAppealEventsRequest>,
    ) -> Result<Response<wire::ListAppealEventsResponse>, Status> {
        rpc::serve(&self.0, DOMAIN, request, queries::list_appeal_events::run).await
    }

    type WatchAppealStream = rpc::Answers<wire::WatchAppealResponse>;

    async fn watch_appeal(
        &self,
        request: Request<wire::WatchAppealRequest>,
    ) -> Result<Response<Self::WatchAppealStream>, Status> {
        rpc::serve_stream(&self.0, DOMAIN, request, queries::watch_appeal::run).await
    }

    async fn list_promises(
        &self,
        request: Request<wire::ListPromisesRequest>,
    ) -> Result<Response<wire::ListPromisesResponse>, Status> {
        rpc::serve(&self.0, DOMAIN, request, queries::list_promises::run).await
    }

    async fn rebase_appeal(
        &self,
        request: Request<wire::RebaseAppealRequest>,
    ) -> Result<Response<wire::RebaseAppealResponse>, Status> {
        rpc::serve(&self.0, DOMAIN, request, commands::rebase_appeal::run).await
    }

    async fn retell_promise(
        &self,
        request: Request<wire::RetellPromiseRequest>,
    ) -> Result<Response<wire::RetellPromiseResponse>, Status> {
        rpc::serve(&self.0, DOMAIN, request, commands::retell_promise::run).await
    }

    async fn record_deadline_outcome(
        &self,
        request: Request<wire::RecordDeadlineOutcomeRequest>,
    ) -> Result<Response<wire::RecordDeadlineOutcomeResponse>, Status> {
        rpc::serve(&self.0, DOMAIN, request, commands::record_deadline_outcome::run).await
    }

    async fn record_notice_outcome(
        &self,
        request: Request<wire::RecordNoticeOutcomeRequest>,
    ) -> Result<Response<wire::RecordNoticeOutcomeResponse>, Status> {
        rpc::serve(&self.0, DOMAIN, request, commands::record_notice_outcome::run).await
    }

    async fn put_policy_set(
        &self,
        request: Request<wire::PutPolicySetRequest>,
    ) -> Result<Response<wire::PutPolicySetResponse>, Status> {
        rpc::serve(&self.0, DOMAIN, request, commands::put_policy_set::run).await
    }
}

#[tonic::async_trait]
impl StaffService for Staff {
    async fn create_member(
        &self,
        request: Request<wire::CreateMemberRequest>,
    ) -> Result<Response<wire::Member>, Status> {
        rpc::serve(&self.0, DOMAIN, request, commands::create_member::run).await
    }

    async fn get_member(&self, request: Request<wire::GetMemberRequest>) -> Result<Response<wire::Member>, Status> {
        rpc::serve(&self.0, DOMAIN, request, queries::get_member::run).await
    }

    async fn list_members(
        &self,
        request: Request<wire::ListMembersRequest>,
    ) -> Result<Response<wire::ListMembersResponse>, Status> {
        rpc::serve(&self.0, DOMAIN, request, queries::list_members::run).await
    }

    async fn update_member(
        &self,
        request: Request<wire::UpdateMemberRequest>,
    ) -> Result<Response<wire::Member>, Status> {
        rpc::serve(&self.0, DOMAIN, request, commands::update_member::run).await
    }

    async fn set_duty(&self, request: Request<wire::SetDutyRequest>) -> Result<Response<wire::Member>, Status> {
        rpc::serve(&self.0, DOMAIN, request, commands::set_duty::run).await
    }
}
