//! What needs no token: health and reflection. And what there is not.

use futures::StreamExt;
use rpc::ServerConfig;
use tonic::Code;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use tonic_reflection::pb::{v1, v1alpha};

use crate::rig::{Rig, SERVICE, yes};

#[tokio::test]
async fn reflection_lists_what_is_mounted() {
    let rig = Rig::start(yes()).await;
    let ask = |message| v1::ServerReflectionRequest { host: String::new(), message_request: Some(message) };
    let questions = futures::stream::iter([
        ask(MessageRequest::ListServices(String::new())),
        ask(MessageRequest::FileContainingSymbol(SERVICE.into())),
        ask(MessageRequest::FileContainingSymbol("google.rpc.BadRequest".into())),
    ]);
    let mut client = ServerReflectionClient::new(rig.channel().await);
    let mut answers = client.server_reflection_info(questions).await.unwrap().into_inner();
    let Some(MessageResponse::ListServicesResponse(list)) = answers.next().await.unwrap().unwrap().message_response
    else {
        panic!("no list");
    };
    let mut names: Vec<_> = list.service.into_iter().map(|service| service.name).collect();
    names.sort();
    let own =
        ["grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"];
    assert_eq!(names, [own.as_slice(), &[SERVICE]].concat(), "no service of another process");
    for what in ["a service", "the details of errors"] {
        let file = answers.next().await.unwrap().unwrap().message_response;
        assert!(matches!(file, Some(MessageResponse::FileDescriptorResponse(_))), "{what}: {file:?}");
    }

    let old = v1alpha::ServerReflectionRequest {
        host: String::new(),
        message_request: Some(v1alpha::server_reflection_request::MessageRequest::ListServices(String::new())),
    };
    let mut client = v1alpha::server_reflection_client::ServerReflectionClient::new(rig.channel().await);
    let mut answers = client.server_reflection_info(futures::stream::iter([old])).await.unwrap().into_inner();
    answers.next().await.unwrap().unwrap();
}

#[tokio::test]
async fn reflection_can_be_off() {
    let rig = Rig::with(yes(), ServerConfig { reflection: false, ..ServerConfig::default() }).await;
    let mut client = ServerReflectionClient::new(rig.channel().await);
    let question = v1::ServerReflectionRequest::default();
    let status = client.server_reflection_info(futures::stream::iter([question])).await.unwrap_err();
    assert_eq!(status.code(), Code::Unimplemented);
    HealthClient::new(rig.channel().await).check(HealthCheckRequest::default()).await.unwrap();
}

#[tokio::test]
async fn an_unknown_method_is_unimplemented_and_makes_no_label() {
    let rig = Rig::start(yes()).await;
    let mut grpc = tonic::client::Grpc::new(rig.channel().await);
    grpc.ready().await.unwrap();
    let codec = tonic_health_codec();
    let path = http::uri::PathAndQuery::from_static("/otklik.outbox.v1.OutboxService/Ivanov89161234567");
    let status = grpc.unary(tonic::Request::new(HealthCheckRequest::default()), path, codec).await.unwrap_err();
    assert_eq!(status.code(), Code::Unimplemented);
    let metrics = rig.metrics();
    assert!(metrics.contains(r#"method="other",code="UNIMPLEMENTED"} 1"#), "{metrics}");
    assert!(!metrics.contains("Ivanov"));
}

fn tonic_health_codec() -> tonic_prost::ProstCodec<HealthCheckRequest, HealthCheckRequest> {
    tonic_prost::ProstCodec::default()
}
