//! The gRPC face: one line per RPC.

pub(crate) mod convert;

use std::sync::Arc;

use bootstrap::Context;
use proto::notification::v1::notification_service_server::{NotificationService, NotificationServiceServer};
use proto::notification::v1::{
    GetNotificationRequest, ListNotificationsRequest, ListNotificationsResponse, Notification, Recipient,
    SendNotificationRequest, UpsertRecipientRequest,
};
use rpc::serve;
use tonic::service::Routes;
use tonic::{Request, Response, Status};

use crate::{App, commands, queries};

/// The services mounted here.
pub(crate) const SERVICES: [&str; 2] = ["otklik.notification.v1.NotificationService", "otklik.outbox.v1.OutboxService"];

const DOMAIN: &str = "notification.otklik";

struct Notifications(Arc<App>);

pub(crate) fn routes(app: &Arc<App>, ctx: &Context) -> Routes {
    Routes::new(NotificationServiceServer::new(Notifications(Arc::clone(app))))
        .add_service(outbox::service(&ctx.db, &ctx.outbox))
}

#[tonic::async_trait]
impl NotificationService for Notifications {
    async fn upsert_recipient(&self, r: Request<UpsertRecipientRequest>) -> Result<Response<Recipient>, Status> {
        serve(&self.0, DOMAIN, r, commands::upsert_recipient::run).await
    }

    async fn send_notification(&self, r: Request<SendNotificationRequest>) -> Result<Response<Notification>, Status> {
        serve(&self.0, DOMAIN, r, commands::send_notification::run).await
    }

    async fn get_notification(&self, r: Request<GetNotificationRequest>) -> Result<Response<Notification>, Status> {
        serve(&self.0, DOMAIN, r, queries::get_notification::run).await
    }

    async fn list_notifications(
        &self,
        r: Request<ListNotificationsRequest>,
    ) -> Result<Response<ListNotificationsResponse>, Status> {
        serve(&self.0, DOMAIN, r, queries::list_notifications::run).await
    }
}
