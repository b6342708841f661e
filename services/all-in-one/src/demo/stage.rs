//! The suite of a demo: real services over real gRPC and a private Postgres, their loops stepped, their clock turned by hand.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use bootstrap::{Admin, Loop, Overrides, Time};
use clock::{Clock as _, ManualClock};
use devpg::Folder;
use jiff::Timestamp;
use proto::identity::v1::identity_service_client::IdentityServiceClient;
use proto::sla::v1::deadline::State as Tracked;
use proto::sla::v1::rung::State as RungState;
use proto::sla::v1::sla_service_client::SlaServiceClient;
use proto::sla::v1::{Deadline, ListDeadlinesRequest};
use proto::ticket::v1::staff_service_client::StaffServiceClient;
use proto::ticket::v1::ticket_service_client::TicketServiceClient;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tonic::Request;
use tonic::transport::{Channel, Endpoint};

use crate::stepped;
use crate::suite::layers;
use crate::{Database, Home, Issuer, PEOPLE, Part};

/// More rounds than anything needs to come to rest.
const MOST_ROUNDS: usize = 200;
/// Appeals of a demo, by far.
const PAGE: i32 = 500;

pub(super) struct Stage {
    hand: ManualClock,
    issuer: Issuer,
    channels: BTreeMap<&'static str, Channel>,
    loops: Vec<Loop>,
    services: JoinSet<Result<()>>,
    stopper: CancellationToken,
    /// What the provider "console" writes: the citizens' phones and everybody's mailboxes.
    pub(super) paper: PathBuf,
    // In this order: Postgres stops before its folder goes.
    _database: Database,
    _folder: Folder,
}

// === impl Stage ===

impl Stage {
    pub(super) async fn open(start: Timestamp, stopper: &CancellationToken) -> Result<Self> {
        let folder = Folder::create().context("making a folder")?;
        let home = Home::open(folder.path())?;
        let issuer = Issuer::open(&home, start, 1)?;
        issuer.renew()?;
        let paper = home.path("messages.txt");
        std::fs::write(&paper, "").context("making a file for the messages")?;
        let mut listeners = Vec::new();
        let mut addresses = BTreeMap::new();
        for part in Part::ALL {
            let listener = TcpListener::bind("127.0.0.1:0").await.context("a free port")?;
            addresses.insert(part.name(), listener.local_addr()?);
            listeners.push((part, listener));
        }
        let database = Database::open(&home, None, true, stopper).await?;
        let hand = ManualClock::at(start);
        // A stop of its own: after Ctrl-C the story ends first, then this.
        let mut stage = Self {
            hand,
            issuer,
            channels: channels(&addresses)?,
            loops: Vec::new(),
            services: JoinSet::new(),
            stopper: CancellationToken::new(),
            paper,
            _database: database,
            _folder: folder,
        };
        for (part, listener) in listeners {
            let url =
                stage._database.prepare(&home, part, stopper).await.with_context(|| format!("preparing {part}"))?;
            let mut layers = layers(part, &home, &stage.issuer, &url, &[]);
            for peer in part.peers() {
                layers = layers.preset(&format!("peers.{peer}.url"), format!("http://{}", addresses[peer]));
            }
            if part == Part::Notification {
                layers = layers.preset("console.file", stage.paper.to_string_lossy().into_owned());
            }
            let overrides = Overrides {
                stopper: stage.stopper.child_token(),
                listener: Some(listener),
                admin: Admin::Off,
                time: Time::Given(std::sync::Arc::new(stage.hand.clone())),
                ..Overrides::default()
            };
            let mut prepared = part.prepare(&layers, overrides).await.with_context(|| part.to_string())?;
            stage.loops.extend(prepared.take_loops());
            stage.services.spawn(prepared.run());
        }
        stage.settle().await?;
        Ok(stage)
    }

    /// Steps every loop of every service until all are idle.
    pub(super) async fn settle(&self) -> Result<()> {
        for _ in 0..MOST_ROUNDS {
            if stepped::round(&self.loops).await? == 0 {
                return Ok(());
            }
        }
        bail!("the suite does not come to rest")
    }

    pub(super) fn now(&self) -> Timestamp {
        self.hand.now()
    }

    /// Turns everybody's clock, never back.
    pub(super) fn turn_to(&self, time: Timestamp) {
        self.hand.set(time.max(self.now()));
    }

    /// When the SLA monitor will do something next, if nobody does anything before.
    pub(super) async fn next_rung(&self) -> Result<Option<Timestamp>> {
        let armed = |it: &proto::sla::v1::Rung| it.state() == RungState::Armed;
        let rungs = self.tracked().await?.into_iter().flat_map(|it| it.clocks).flat_map(|it| it.rungs);
        Ok(rungs.filter(armed).filter_map(|it| it.fire_time.as_ref().and_then(proto::from_wire)).min())
    }

    async fn tracked(&self) -> Result<Vec<Deadline>> {
        let all = ListDeadlinesRequest { page_size: PAGE, state: Tracked::Tracked.into(), ..Default::default() };
        Ok(self.sla().list_deadlines(self.by("staff/supervisor-1", all)?).await?.into_inner().deadlines)
    }

    pub(super) fn ticket(&self) -> TicketServiceClient<Channel> {
        TicketServiceClient::new(self.channel(Part::Ticket))
    }

    pub(super) fn staff(&self) -> StaffServiceClient<Channel> {
        StaffServiceClient::new(self.channel(Part::Ticket))
    }

    pub(super) fn identity(&self) -> IdentityServiceClient<Channel> {
        IdentityServiceClient::new(self.channel(Part::Identity))
    }

    pub(super) fn sla(&self) -> SlaServiceClient<Channel> {
        SlaServiceClient::new(self.channel(Part::Sla))
    }

    fn channel(&self, part: Part) -> Channel {
        self.channels[part.name()].clone()
    }

    /// A request by somebody whom the all-in-one has a token for; a member of staff has the role that their id begins with.
    pub(super) fn by<M>(&self, who: &str, message: M) -> Result<Request<M>> {
        let member = who.strip_prefix("staff/").and_then(|id| id.rsplit_once('-')).map(|(level, _)| level);
        let token = match PEOPLE.iter().find(|it| it.subject == who) {
            Some(person) => self.issuer.token(who, person.role, person.factors)?,
            None => {
                let role = if member == Some("senior") { "senior_specialist" } else { member.unwrap_or("system") };
                self.issuer.token(who, role, &["pwd", "otp"])?
            }
        };
        let mut request = Request::new(message);
        request.metadata_mut().insert("authorization", format!("Bearer {token}").parse()?);
        Ok(request)
    }

    /// Ends the services, then Postgres, then the folder.
    pub(super) async fn close(mut self) -> Result<()> {
        self.channels.clear();
        self.stopper.cancel();
        while let Some(ended) = self.services.join_next().await {
            ended.context("a service panicked")??;
        }
        Ok(())
    }
}

fn channels(addresses: &BTreeMap<&'static str, SocketAddr>) -> Result<BTreeMap<&'static str, Channel>> {
    let connect = |(name, address): (&&'static str, &SocketAddr)| {
        Ok((*name, Endpoint::from_shared(format!("http://{address}"))?.connect_lazy()))
    };
    addresses.iter().map(connect).collect()
}
