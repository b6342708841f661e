//! The gRPC face: one line per RPC.

pub(crate) mod convert;

use std::sync::Arc;

use bootstrap::Context;
use proto::identity::v1::identity_service_server::{IdentityService, IdentityServiceServer};
use proto::identity::v1::{
    Assertion, Citizen, ConfirmCodeRequest, CreateCitizenRequest, GetCitizenRequest, GetVerificationKeysRequest,
    GetVerificationKeysResponse, IssueAssertionRequest, RecordNoticeOutcomeRequest, RecordNoticeOutcomeResponse,
    ResendCodeRequest, StartVerificationRequest, Verification,
};
use rpc::serve;
use tonic::service::Routes;
use tonic::{Request, Response, Status};

use crate::{App, commands, queries};

/// The services mounted here.
pub(crate) const SERVICES: [&str; 2] = ["otklik.identity.v1.IdentityService", "otklik.outbox.v1.OutboxService"];

const DOMAIN: &str = "identity.otklik";

struct Identity(Arc<App>);

pub(crate) fn routes(app: &Arc<App>, ctx: &Context) -> Routes {
    Routes::new(IdentityServiceServer::new(Identity(Arc::clone(app))))
        .add_service(outbox::service(&ctx.db, &ctx.outbox))
}

#[tonic::async_trait]
impl IdentityService for Identity {
    async fn create_citizen(&self, r: Request<CreateCitizenRequest>) -> Result<Response<Citizen>, Status> {
        serve(&self.0, DOMAIN, r, commands::create_citizen::run).await
    }

    async fn get_citizen(&self, r: Request<GetCitizenRequest>) -> Result<Response<Citizen>, Status> {
        serve(&self.0, DOMAIN, r, queries::get_citizen::run).await
    }

    async fn start_verification(&self, r: Request<StartVerificationRequest>) -> Result<Response<Verification>, Status> {
        serve(&self.0, DOMAIN, r, commands::start_verification::run).await
    }

    async fn resend_code(&self, r: Request<ResendCodeRequest>) -> Result<Response<Verification>, Status> {
        serve(&self.0, DOMAIN, r, commands::resend_code::run).await
    }

    async fn confirm_code(&self, r: Request<ConfirmCodeRequest>) -> Result<Response<Verification>, Status> {
        serve(&self.0, DOMAIN, r, commands::confirm_code::run).await
    }

    async fn issue_assertion(&self, r: Request<IssueAssertionRequest>) -> Result<Response<Assertion>, Status> {
        serve(&self.0, DOMAIN, r, commands::issue_assertion::run).await
    }

    async fn get_verification_keys(
        &self,
        r: Request<GetVerificationKeysRequest>,
    ) -> Result<Response<GetVerificationKeysResponse>, Status> {
        serve(&self.0, DOMAIN, r, queries::get_verification_keys::run).await
    }

    async fn record_notice_outcome(
        &self,
        r: Request<RecordNoticeOutcomeRequest>,
    ) -> Result<Response<RecordNoticeOutcomeResponse>, Status> {
        serve(&self.0, DOMAIN, r, commands::record_notice_outcome::run).await
    }
}
