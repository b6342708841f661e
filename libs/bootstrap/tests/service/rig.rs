//! The smallest service, its database, and a client of its ports.

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use async_trait::async_trait;
use bootstrap::{
    Admin, Context, Loop, Overrides, Parts, Prepared, Reference, Service, Step, Stepped,
    config::{Layers, Settings},
    migrate, prepare, relay_loops, role,
};
use clock::{Clock as _, ManualClock};
use devpg::{Template, TestDatabase};
use jiff::Timestamp;
use outbox::NothingFollows;
use proto::outbox::v1::{
    Call, DropCallRequest, ListCallsRequest, ListCallsResponse, RequeueCallRequest,
    outbox_service_server::{OutboxService, OutboxServiceServer},
};
use rpc::auth::Signer;
use serde::{Deserialize, Serialize};
use sqlx::{Connection as _, PgConnection};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::Notify,
};
use tonic::{Request, Response, Status};

use crate::lost_host::Host;

/// Told of the steps of every [`Small`]'s loop.
pub static STEPPED: Notify = Notify::const_new();

/// One RPC service, one loop.
pub struct Small;

/// [`Small`] with a hole in its access table.
pub struct Gappy;

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SmallConfig {
    small: SmallSection,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct SmallSection {
    explode: bool,
}

impl Service for Small {
    const NAME: &'static str = "small";
    const SCHEMA: &'static str = "small";
    const DOMAIN: &'static str = "small.otklik";
    const DEFAULTS: &'static str = "
        [small]
        explode = false
        [grpc]
        listen = '127.0.0.1:0'
        [peers.mate]
        url = 'http://mate.invalid:1'
    ";
    const ACCESS: &'static str = r#"
        ["otklik.outbox.v1.OutboxService"]
        ListCalls = ["administrator"]
        RequeueCall = ["administrator"]
        DropCall = ["administrator"]
    "#;
    const PEERS: &'static [&'static str] = &["mate"];
    type Config = SmallConfig;

    fn migrations() -> Vec<&'static sqlx::migrate::Migrator> {
        vec![&outbox::MIGRATIONS]
    }

    async fn build(ctx: &Context, config: SmallConfig) -> anyhow::Result<Parts> {
        let count = Loop::new("count", Duration::from_millis(20), Count { explode: config.small.explode });
        let mut loops = relay_loops(ctx, Arc::new(NothingFollows))?;
        loops.push(count);
        Ok(Parts {
            routes: tonic::service::Routes::new(OutboxServiceServer::new(Nothing)),
            services: vec!["otklik.outbox.v1.OutboxService"],
            loops,
        })
    }
}

impl Service for Gappy {
    const NAME: &'static str = Small::NAME;
    const SCHEMA: &'static str = Small::SCHEMA;
    const DOMAIN: &'static str = Small::DOMAIN;
    const DEFAULTS: &'static str = Small::DEFAULTS;
    const ACCESS: &'static str = "
        ['otklik.outbox.v1.OutboxService']
        ListCalls = ['administrator']
        RequeueCall = ['administrator']
    ";
    const PEERS: &'static [&'static str] = Small::PEERS;
    type Config = SmallConfig;

    fn migrations() -> Vec<&'static sqlx::migrate::Migrator> {
        Small::migrations()
    }

    async fn build(ctx: &Context, config: SmallConfig) -> anyhow::Result<Parts> {
        Small::build(ctx, config).await
    }
}

struct Count {
    explode: bool,
}

#[async_trait]
impl Step for Count {
    async fn step(&self) -> anyhow::Result<Stepped> {
        assert!(!self.explode, "as configured");
        STEPPED.notify_one();
        Ok(Stepped::Idle)
    }
}

struct Nothing;

#[async_trait]
impl OutboxService for Nothing {
    async fn list_calls(&self, _: Request<ListCallsRequest>) -> Result<Response<ListCallsResponse>, Status> {
        Ok(Response::new(ListCallsResponse::default()))
    }

    async fn requeue_call(&self, _: Request<RequeueCallRequest>) -> Result<Response<Call>, Status> {
        Err(Status::not_found("nothing here"))
    }

    async fn drop_call(&self, _: Request<DropCallRequest>) -> Result<Response<Call>, Status> {
        Err(Status::not_found("nothing here"))
    }
}

/// The database's time as the test says it is.
pub struct Hand(pub ManualClock);

#[async_trait]
impl Reference for Hand {
    async fn time(&self) -> anyhow::Result<Timestamp> {
        Ok(self.0.now())
    }
}

pub fn start_time() -> Timestamp {
    "2026-03-02T12:00:00Z".parse().unwrap()
}

/// No operators' port.
pub fn quiet() -> Overrides {
    Overrides { admin: Admin::Off, ..Overrides::default() }
}

/// A database and a folder for one service.
pub struct Rig {
    database: TestDatabase,
    folder: PathBuf,
}

impl Rig {
    /// Migrated.
    pub async fn new() -> Self {
        let template = Template::make("small", |url| async move {
            let mut admin = PgConnection::connect(&url).await?;
            store::provision(&mut admin, &role::<Small>(), "x").await?;
            admin.close().await?;
            migrate::<Small>(&url).await
        });
        Self::over(TestDatabase::new(Some(&template.await.unwrap())).await.unwrap())
    }

    /// With the role, without the schema.
    pub async fn empty() -> Self {
        Self::new().await;
        Self::over(TestDatabase::new(None).await.unwrap())
    }

    fn over(database: TestDatabase) -> Self {
        let folder = std::env::temp_dir().join(format!("otklik-bootstrap-{}-{}", std::process::id(), database.name()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("jwks.json"), Signer::generate().unwrap().jwks().unwrap()).unwrap();
        std::fs::write(folder.join("token"), "not looked at here").unwrap();
        Self { database, folder }
    }

    pub fn layers(&self) -> Layers {
        Layers::default()
            .preset("database.url", self.database.url(&role::<Small>(), "x"))
            .preset("keys.file", self.ring_file().display().to_string())
            .preset("auth.jwks_file", self.folder.join("jwks.json").display().to_string())
            .preset("token.file", self.folder.join("token").display().to_string())
            .preset("lifecycle.grace", "2s")
    }

    /// The same, with the database behind `host`.
    pub fn layers_over(&self, host: &Host) -> Layers {
        let url = format!("postgres://{}@{}/{}?sslmode=disable", role::<Small>(), host.address, self.database.name());
        self.layers().preset("database.url", url)
    }

    /// Where the test cluster answers.
    pub fn socket(&self) -> PathBuf {
        let home = self.database.cluster().data_dir().parent().unwrap();
        home.join("socket/.s.PGSQL.5432")
    }

    pub fn ring_file(&self) -> PathBuf {
        self.folder.join("ring.toml")
    }

    pub fn settings(&self) -> Settings<SmallConfig> {
        self.settings_of::<Small>()
    }

    pub fn settings_of<S: Service>(&self) -> Settings<S::Config> {
        self.layers().load::<S>().unwrap()
    }

    pub async fn prepare(&self) -> anyhow::Result<Prepared> {
        prepare::<Small>(self.settings(), quiet()).await
    }

    /// Why a start with this configuration is refused.
    pub async fn refusal(&self, layers: Layers) -> String {
        let error = prepare::<Small>(layers.load::<Small>().unwrap(), quiet()).await.unwrap_err();
        format!("{error:#}")
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Status code and body of a GET, over a real connection.
pub async fn get(address: SocketAddr, path: &str) -> (u16, String) {
    let mut connection = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: admin\r\nconnection: close\r\n\r\n");
    connection.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    (status, answer.split_once("\r\n\r\n").unwrap().1.to_owned())
}
