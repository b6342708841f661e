//! The id of a call comes back, and nothing personal comes in by it.

use proto::outbox::v1::RequeueCallRequest;
use proto::outbox::v1::outbox_service_client::OutboxServiceClient;

use crate::rig::{Rig, yes};

#[tokio::test]
async fn request_ids_are_echoed_when_they_look_like_ids() {
    let rig = Rig::start(yes()).await;
    for (sent, kept) in [
        ("0198b3c4-7d60-7cc2-9a3b-2f1c5d6e7f80", true),
        ("4bf92f3577b34da6a3ce929d0e0e4736", true),
        ("89161234567", false),
        ("4276-3800-1234-5678", false),
        ("40817810099910004312", false),
        ("ivan@example.org-0123456789", false),
        ("", false),
    ] {
        let mut request = tonic::Request::new(RequeueCallRequest::default());
        request.metadata_mut().insert("authorization", format!("Bearer {}", rig.administrator()).parse().unwrap());
        request.metadata_mut().insert("x-request-id", sent.parse().unwrap());
        let mut service = OutboxServiceClient::new(rig.channel().await);
        let answer = service.requeue_call(request).await.unwrap();
        let echoed = answer.metadata().get("x-request-id").unwrap().to_str().unwrap();
        assert_eq!(echoed == sent, kept, "{sent}");
        assert!(!echoed.is_empty());
    }
}
