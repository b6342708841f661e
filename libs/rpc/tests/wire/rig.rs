//! A server as services run it, around a handler that each test writes itself.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use clock::ManualClock;
use futures::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use prometheus_client::registry::Registry;
use proto::outbox::v1::outbox_service_client::OutboxServiceClient;
use proto::outbox::v1::outbox_service_server::{OutboxService, OutboxServiceServer};
use proto::outbox::v1::{Call, DropCallRequest, ListCallsRequest, ListCallsResponse, RequeueCallRequest};
use rpc::auth::{AuthConfig, Claims, Signer, Source, Verifier};
use rpc::{
    Caller, Health, MethodTable, Methods, Refusal, Role, Server, ServerConfig, ServerError, ServerMetrics, ServerParts,
};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;
use tonic::transport::Channel;
use tonic::{Request, Response, Status};

pub const SERVICE: &str = "otklik.outbox.v1.OutboxService";
pub const LIST: &str = "/otklik.outbox.v1.OutboxService/ListCalls";
pub const REQUEUE: &str = "/otklik.outbox.v1.OutboxService/RequeueCall";
pub const AUDIENCE: &str = "test";
pub const DOMAIN: &str = "test.otklik";

/// Administrators may do everything, the system "relay" may requeue, citizens may list.
pub const ACCESS: &str = r#"
["otklik.outbox.v1.OutboxService"]
ListCalls = ["administrator", "citizen"]
RequeueCall = ["administrator", "system:relay"]
DropCall = ["administrator"]
"#;

/// What a test does with a call: who called, and the text it sent.
pub type Handler = Arc<dyn Fn(Caller, String) -> BoxFuture<'static, Result<(), Refusal>> + Send + Sync>;

pub fn handler<F, Fut>(run: F) -> Handler
where
    F: Fn(Caller, String) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<(), Refusal>> + Send + 'static,
{
    Arc::new(move |caller, text| Box::pin(run(caller, text)))
}

/// Answers everything.
pub fn yes() -> Handler {
    handler(|_, _| async { Ok(()) })
}

struct App(Handler);

struct Grpc(Arc<App>);

async fn list(app: Arc<App>, caller: Caller, request: ListCallsRequest) -> Result<ListCallsResponse, Refusal> {
    (app.0)(caller, request.destination).await?;
    Ok(ListCallsResponse::default())
}

async fn requeue(app: Arc<App>, caller: Caller, request: RequeueCallRequest) -> Result<Call, Refusal> {
    (app.0)(caller, request.name.clone()).await?;
    Ok(Call { name: request.name, ..Call::default() })
}

async fn discard(app: Arc<App>, caller: Caller, request: DropCallRequest) -> Result<Call, Refusal> {
    (app.0)(caller, request.name.clone()).await?;
    Ok(Call { name: request.name, ..Call::default() })
}

#[tonic::async_trait]
impl OutboxService for Grpc {
    async fn list_calls(&self, request: Request<ListCallsRequest>) -> Result<Response<ListCallsResponse>, Status> {
        rpc::serve(&self.0, DOMAIN, request, list).await
    }

    async fn requeue_call(&self, request: Request<RequeueCallRequest>) -> Result<Response<Call>, Status> {
        rpc::serve(&self.0, DOMAIN, request, requeue).await
    }

    async fn drop_call(&self, request: Request<DropCallRequest>) -> Result<Response<Call>, Status> {
        rpc::serve(&self.0, DOMAIN, request, discard).await
    }
}

pub struct Rig {
    pub address: SocketAddr,
    pub clock: ManualClock,
    pub signer: Signer,
    pub stopper: CancellationToken,
    pub health: Health,
    pub registry: Registry,
    pub served: JoinHandle<Result<(), ServerError>>,
}

impl Rig {
    pub async fn start(handler: Handler) -> Self {
        Self::with(handler, ServerConfig::default()).await
    }

    pub async fn with(handler: Handler, config: ServerConfig) -> Self {
        let signer = Signer::generate().unwrap();
        let source = Source::Fixed(signer.jwks().unwrap().into_bytes());
        Self::with_keys(handler, config, signer, source, AuthConfig::for_audience(AUDIENCE)).await
    }

    pub async fn with_keys(
        handler: Handler,
        config: ServerConfig,
        signer: Signer,
        source: Source,
        auth: AuthConfig,
    ) -> Self {
        let clock = ManualClock::at("2026-03-02T09:00:00Z".parse::<Timestamp>().unwrap());
        let verifier = Verifier::with_source(source, auth, Arc::new(clock.clone())).await.unwrap();
        let mut registry = Registry::default();
        let server = Server::new(ServerParts {
            domain: DOMAIN,
            config: &config,
            routes: Routes::new(OutboxServiceServer::new(Grpc(Arc::new(App(handler))))),
            services: &[SERVICE],
            access: ACCESS,
            descriptors: &[proto::FILE_DESCRIPTOR_SET],
            verifier,
            metrics: ServerMetrics::register(&mut registry),
            closing: CancellationToken::new(),
        })
        .await
        .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, stopper, health) = (listener.local_addr().unwrap(), CancellationToken::new(), server.health());
        let served = tokio::spawn(server.serve(listener, stopper.clone()));
        Self { address, clock, signer, stopper, health, registry, served }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub async fn channel(&self) -> Channel {
        Channel::from_shared(self.url()).unwrap().connect().await.unwrap()
    }

    /// Claims that pass: an hour from now, for this server.
    pub fn claims(&self, subject: &str, roles: &[Role]) -> Claims {
        use clock::Clock;
        let claims = Claims::new(subject, roles, AUDIENCE, self.clock.now(), SignedDuration::from_hours(1));
        if roles.iter().any(|role| role.is_staff()) { claims.amr(&["pwd", "otp"]) } else { claims }
    }

    pub fn token(&self, subject: &str, roles: &[Role]) -> String {
        self.signer.sign(&self.claims(subject, roles)).unwrap()
    }

    pub fn administrator(&self) -> String {
        self.token("staff/root", &[Role::Administrator])
    }

    /// One call of RequeueCall with this `authorization` header.
    pub async fn requeue_with(&self, authorization: Option<&str>, name: &str) -> Result<Response<Call>, Status> {
        let mut request = Request::new(RequeueCallRequest { name: name.into(), request_id: String::new() });
        if let Some(value) = authorization {
            request.metadata_mut().insert("authorization", value.parse().unwrap());
        }
        OutboxServiceClient::new(self.channel().await).requeue_call(request).await
    }

    /// One call of RequeueCall by an administrator.
    pub async fn requeue(&self, name: &str) -> Result<Response<Call>, Status> {
        self.requeue_with(Some(&format!("Bearer {}", self.administrator())), name).await
    }

    /// What the metrics page shows.
    pub fn metrics(&self) -> String {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry).unwrap();
        text
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        self.served.abort();
    }
}

pub fn methods() -> Arc<Methods> {
    Arc::new(Methods::read(&[proto::FILE_DESCRIPTOR_SET]).unwrap())
}

pub fn table(text: &str) -> Arc<MethodTable> {
    Arc::new(MethodTable::read(text, methods()).unwrap())
}

/// A file of its own under the target folder.
pub fn file(content: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(uuid::Uuid::new_v4().to_string());
    std::fs::write(&path, content).unwrap();
    path
}
