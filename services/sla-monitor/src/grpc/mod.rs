//! The generated traits: one line per RPC.

pub(crate) mod convert;

use std::sync::Arc;

use bootstrap::Context;
use proto::sla::v1::sla_service_server::{SlaService, SlaServiceServer};
use proto::sla::v1::{
    Deadline, ExplainDeadlineRequest, Explanation, GetDeadlineRequest, GetPolicySetRequest, GetRebaseRequest,
    GetReportCsvRequest, GetReportCsvResponse, GetReportRequest, GetReportResponse, ListDeadlinesRequest,
    ListDeadlinesResponse, ListDriftsRequest, ListDriftsResponse, ListPolicySetsRequest, ListPolicySetsResponse,
    ListRebaseEntriesRequest, ListRebaseEntriesResponse, MendDeadlineRequest, MendDeadlineResponse, PolicySet,
    PreviewCalendarChangeRequest, PreviewChangeResponse, PreviewDueTimeRequest, PreviewDueTimeResponse,
    PreviewPolicyChangeRequest, PublishCalendarRequest, PublishPolicyRequest, Rebase, RecordNoticeOutcomeRequest,
    RecordNoticeOutcomeResponse, StartRebaseRequest, StopDeadlineRequest, StopRebaseRequest, TrackDeadlineRequest,
    UpdateDeadlineRequest, WatchBreachesRequest, WatchBreachesResponse,
};
use rpc::{Answers, serve, serve_stream};
use tonic::service::Routes;
use tonic::{Request, Response, Status};

use crate::{App, commands, queries};

/// The services mounted here.
pub(crate) const SERVICES: [&str; 2] = ["otklik.sla.v1.SlaService", "otklik.outbox.v1.OutboxService"];

const DOMAIN: &str = "sla.otklik";

struct Sla(Arc<App>);

pub(crate) fn routes(app: &Arc<App>, ctx: &Context) -> Routes {
    Routes::new(SlaServiceServer::new(Sla(Arc::clone(app)))).add_service(outbox::service(&ctx.db, &ctx.outbox))
}

#[tonic::async_trait]
impl SlaService for Sla {
    async fn track_deadline(&self, r: Request<TrackDeadlineRequest>) -> Result<Response<Deadline>, Status> {
        serve(&self.0, DOMAIN, r, commands::track_deadline::run).await
    }

    async fn update_deadline(&self, r: Request<UpdateDeadlineRequest>) -> Result<Response<Deadline>, Status> {
        serve(&self.0, DOMAIN, r, commands::update_deadline::run).await
    }

    async fn stop_deadline(&self, r: Request<StopDeadlineRequest>) -> Result<Response<Deadline>, Status> {
        serve(&self.0, DOMAIN, r, commands::stop_deadline::run).await
    }

    async fn get_deadline(&self, r: Request<GetDeadlineRequest>) -> Result<Response<Deadline>, Status> {
        serve(&self.0, DOMAIN, r, queries::get_deadline::run).await
    }

    async fn list_deadlines(
        &self,
        r: Request<ListDeadlinesRequest>,
    ) -> Result<Response<ListDeadlinesResponse>, Status> {
        serve(&self.0, DOMAIN, r, queries::list_deadlines::run).await
    }

    async fn explain_deadline(&self, r: Request<ExplainDeadlineRequest>) -> Result<Response<Explanation>, Status> {
        serve(&self.0, DOMAIN, r, queries::explain_deadline::run).await
    }

    async fn record_notice_outcome(
        &self,
        r: Request<RecordNoticeOutcomeRequest>,
    ) -> Result<Response<RecordNoticeOutcomeResponse>, Status> {
        serve(&self.0, DOMAIN, r, commands::record_notice_outcome::run).await
    }

    async fn preview_due_time(
        &self,
        r: Request<PreviewDueTimeRequest>,
    ) -> Result<Response<PreviewDueTimeResponse>, Status> {
        serve(&self.0, DOMAIN, r, queries::preview_due_time::run).await
    }

    async fn publish_calendar(&self, r: Request<PublishCalendarRequest>) -> Result<Response<PolicySet>, Status> {
        serve(&self.0, DOMAIN, r, commands::publish::calendar).await
    }

    async fn publish_policy(&self, r: Request<PublishPolicyRequest>) -> Result<Response<PolicySet>, Status> {
        serve(&self.0, DOMAIN, r, commands::publish::policy).await
    }

    async fn get_policy_set(&self, r: Request<GetPolicySetRequest>) -> Result<Response<PolicySet>, Status> {
        serve(&self.0, DOMAIN, r, queries::get_policy_set::run).await
    }

    async fn list_policy_sets(
        &self,
        r: Request<ListPolicySetsRequest>,
    ) -> Result<Response<ListPolicySetsResponse>, Status> {
        serve(&self.0, DOMAIN, r, queries::list_policy_sets::run).await
    }

    async fn get_report(&self, r: Request<GetReportRequest>) -> Result<Response<GetReportResponse>, Status> {
        serve(&self.0, DOMAIN, r, queries::get_report::run).await
    }

    type GetReportCsvStream = Answers<GetReportCsvResponse>;

    async fn get_report_csv(
        &self,
        r: Request<GetReportCsvRequest>,
    ) -> Result<Response<Self::GetReportCsvStream>, Status> {
        serve_stream(&self.0, DOMAIN, r, queries::get_report_csv::run).await
    }

    async fn list_drifts(&self, r: Request<ListDriftsRequest>) -> Result<Response<ListDriftsResponse>, Status> {
        serve(&self.0, DOMAIN, r, queries::list_drifts::run).await
    }

    async fn mend_deadline(&self, r: Request<MendDeadlineRequest>) -> Result<Response<MendDeadlineResponse>, Status> {
        serve(&self.0, DOMAIN, r, commands::mend_deadline::run).await
    }

    type PreviewPolicyChangeStream = Answers<PreviewChangeResponse>;

    async fn preview_policy_change(
        &self,
        r: Request<PreviewPolicyChangeRequest>,
    ) -> Result<Response<Self::PreviewPolicyChangeStream>, Status> {
        serve_stream(&self.0, DOMAIN, r, queries::preview_change::policy).await
    }

    type PreviewCalendarChangeStream = Answers<PreviewChangeResponse>;

    async fn preview_calendar_change(
        &self,
        r: Request<PreviewCalendarChangeRequest>,
    ) -> Result<Response<Self::PreviewCalendarChangeStream>, Status> {
        serve_stream(&self.0, DOMAIN, r, queries::preview_change::calendar).await
    }

    async fn start_rebase(&self, r: Request<StartRebaseRequest>) -> Result<Response<Rebase>, Status> {
        serve(&self.0, DOMAIN, r, commands::rebase::start).await
    }

    async fn stop_rebase(&self, r: Request<StopRebaseRequest>) -> Result<Response<Rebase>, Status> {
        serve(&self.0, DOMAIN, r, commands::rebase::stop).await
    }

    async fn get_rebase(&self, r: Request<GetRebaseRequest>) -> Result<Response<Rebase>, Status> {
        serve(&self.0, DOMAIN, r, queries::get_rebase::run).await
    }

    async fn list_rebase_entries(
        &self,
        r: Request<ListRebaseEntriesRequest>,
    ) -> Result<Response<ListRebaseEntriesResponse>, Status> {
        serve(&self.0, DOMAIN, r, queries::list_rebase_entries::run).await
    }

    type WatchBreachesStream = Answers<WatchBreachesResponse>;

    async fn watch_breaches(
        &self,
        r: Request<WatchBreachesRequest>,
    ) -> Result<Response<Self::WatchBreachesStream>, Status> {
        serve_stream(&self.0, DOMAIN, r, queries::watch_breaches::run).await
    }
}
