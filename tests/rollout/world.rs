//! What a cluster has besides the suite: Postgres with the roles of `k8s/roles.sql`, the secrets that the README asks for, Services with
//! their names and addresses, an SMS centre, a collector of traces; and what the manifests mount.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs::{self, Permissions};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU8, Ordering};

use all_in_one::Part;
use anyhow::{Context, Result, ensure};
use clock::{Clock as _, SystemClock};
use devpg::Cluster;
use jiff::SignedDuration;
use rpc::Role;
use rpc::auth::{Claims, Signer};
use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use tempfile::TempDir;
use testkit::authority::Authority;
use testkit::mailbox::{Mailbox, Protection};
use testkit::smsc::Smsc;

use crate::balancer::{Balancer, Endpoints};
use crate::collector::Collector;
use crate::image::Image;
use crate::manifests::{Deployment, Manifests, Volume};
use crate::pod::address;

/// A file of a volume: name, content, mode.
type MountedFile = (String, Vec<u8>, u32);
type Files = BTreeMap<String, Vec<u8>>;

/// The SMS centre, the mail relay and the account at both that `overlays/prod/notification.toml` names.
const SMSC: (&str, u16) = ("smsc.example", 2775);
const RELAY: (&str, u16) = ("relay.example", 587);
const ACCOUNT: &str = "otklik";
/// The collector that `overlays/prod/cluster.toml` names.
const COLLECTOR: (&str, u16) = ("opentelemetry-collector.monitoring", 4317);

/// Everything around the replicas.
#[derive(Debug)]
pub struct World {
    pub manifests: Manifests,
    pub image: Image,
    /// `/etc/hosts` of every container: the cluster's DNS.
    pub hosts: String,
    pub smsc: Smsc,
    pub relay: Mailbox,
    pub collector: Collector,
    secrets: BTreeMap<String, Files>,
    services: BTreeMap<&'static str, (SocketAddr, Balancer)>,
    signer: Signer,
    authority: Authority,
    network: u8,
    pods: AtomicU8,
    _providers: [Balancer; 3],
    // Postgres stops before its folder goes.
    cluster: Cluster,
    folder: TempDir,
}

// === impl World ===

impl World {
    /// # Errors
    /// Something of it can't be made; the text says what.
    pub async fn make(manifests: Manifests, repository: &Path, binary: &Path) -> Result<Self> {
        // 0755: Postgres and the containers run as other users, and pass through.
        let open = Permissions::from_mode(0o755);
        let folder = tempfile::Builder::new().prefix("otklik-rollout-").permissions(open).tempdir()?;
        let image = Image::build(folder.path().join("image"), binary)?;
        // A network per run: two may run at once.
        let network = 64 + (std::process::id() % 64) as u8;
        let mut hosts = "127.0.0.1 localhost\n".to_owned();

        let (signer, authority) = (Signer::generate()?, Authority::new());
        let passwords = [(); 2].map(|()| format!("{:08x}", rand::random::<u32>()));
        let smsc = Smsc::start().await;
        smsc.account(ACCOUNT, &passwords[0]);
        let acceptor = authority.acceptor_for(&[RELAY.0]);
        let relay = Mailbox::start_tls(acceptor, Protection::Starttls, ACCOUNT, &passwords[1]).await;
        let mut provider = async |host: u8, (name, port): (&str, u16), leads_to| {
            let at = SocketAddr::from((address(network, 2, host), port));
            writeln!(hosts, "{} {name}", at.ip())?;
            let balancer = Balancer::listen(at).await?;
            balancer.endpoints().add(leads_to);
            anyhow::Ok(balancer)
        };
        let (collector, collects_at) = Collector::start().await?;
        let providers = [
            provider(1, SMSC, smsc.address()).await?,
            provider(2, RELAY, relay.address()).await?,
            provider(3, COLLECTOR, collects_at).await?,
        ];

        let mut services = BTreeMap::new();
        for (number, part) in (1..).zip(Part::ALL) {
            let at = SocketAddr::from((address(network, 0, number), service_port(&manifests, part)?));
            services.insert(part.name(), (at, Balancer::listen(at).await?));
            writeln!(hosts, "{} {part}", at.ip())?;
        }

        let postgres = folder.path().join("postgres");
        let cluster = tokio::task::spawn_blocking(move || Cluster::durable(postgres)).await??;
        cluster.create_database("otklik").await?;
        let mut world = Self {
            manifests,
            image,
            hosts,
            smsc,
            relay,
            collector,
            secrets: BTreeMap::new(),
            services,
            signer,
            authority,
            network,
            pods: AtomicU8::new(0),
            _providers: providers,
            cluster,
            folder,
        };
        world.fill_secrets(repository, passwords).await?;
        Ok(world)
    }

    /// The administrator's part of the README: roles with passwords, and every secret that the manifests name.
    async fn fill_secrets(&mut self, repository: &Path, [smpp, smtp]: [String; 2]) -> Result<()> {
        let providers = files([("smpp-password", smpp.into_bytes()), ("smtp-password", smtp.into_bytes())]);
        let mut admin = self.admin().await?;
        let roles = fs::read_to_string(repository.join("k8s/roles.sql"))?;
        sqlx::raw_sql(AssertSqlSafe(roles)).execute(&mut admin).await.context("roles.sql")?;
        let mut secrets = BTreeMap::new();
        for part in Part::ALL {
            let mut url = async |role: String| -> Result<Vec<u8>> {
                let password = format!("{:032x}", rand::random::<u128>());
                let alter = format!("ALTER ROLE {role} PASSWORD '{password}'");
                sqlx::raw_sql(AssertSqlSafe(alter)).execute(&mut admin).await?;
                Ok(self.cluster.url("otklik", &role, &password).into_bytes())
            };
            let (server, migrate) =
                (url(format!("otklik_{part}")).await?, url(format!("otklik_{part}_migrate")).await?);
            let ring = Command::new("sh").arg(repository.join("k8s/new-key-ring")).output()?;
            ensure!(ring.status.success(), "new-key-ring: {}", String::from_utf8_lossy(&ring.stderr));
            let token = self.token(&format!("systems/{part}"), Role::System)?.into_bytes();
            let mut secret = files([("database-url", server), ("keys.toml", ring.stdout), ("token", token)]);
            if part == Part::Notification {
                secret.extend(providers.clone());
            }
            let (cert, key) = self.authority.certificate(&[part.name()]);
            let tls = [("tls.crt", cert.into_bytes()), ("tls.key", key.into_bytes()), ("ca.crt", self.ca().into())];
            secrets.insert(part.to_string(), secret);
            secrets.insert(format!("{part}-migrate"), files([("database-url", migrate)]));
            secrets.insert(format!("{part}-tls"), files(tls));
        }
        secrets.insert("jwks".to_owned(), files([("jwks.json", self.signer.jwks()?.into_bytes())]));
        self.secrets = secrets;
        Ok(admin.close().await?)
    }

    /// Postgres, as its administrator.
    ///
    /// # Errors
    /// It can't be reached.
    pub async fn admin(&self) -> Result<PgConnection> {
        Ok(PgConnection::connect(&self.cluster.admin_url_of("otklik")).await?)
    }

    /// A token of whoever signs in for this cluster.
    ///
    /// # Errors
    /// The claims can't be signed.
    pub fn token(&self, subject: &str, role: Role) -> Result<String> {
        let claims = Claims::new(subject, &[role], "otklik", SystemClock.now(), SignedDuration::from_hours(1));
        Ok(self.signer.sign(&claims.amr(&["pwd", "otp"]))?)
    }

    /// The authority that signed the services' certificates, PEM.
    pub fn ca(&self) -> &str {
        self.authority.pem()
    }

    /// Where a Service answers.
    pub fn service(&self, part: Part) -> SocketAddr {
        self.services[part.name()].0
    }

    /// Whom its connections go to.
    pub fn endpoints(&self, part: Part) -> Endpoints {
        self.services[part.name()].1.endpoints()
    }

    /// The address of the next container.
    pub fn next_address(&self) -> Ipv4Addr {
        address(self.network, 1, 1 + self.pods.fetch_add(1, Ordering::Relaxed))
    }

    /// A path in the trial's folder.
    pub fn path(&self, inside: &str) -> PathBuf {
        self.folder.path().join(inside)
    }

    /// Leaves the folder to be looked at.
    pub fn keep(&mut self) -> PathBuf {
        self.folder.disable_cleanup(true);
        self.folder.path().to_owned()
    }

    /// What a volume holds.
    ///
    /// # Errors
    /// It names a ConfigMap or Secret that is not there.
    pub fn files(&self, volume: &Volume) -> Result<Vec<MountedFile>> {
        let mut found = Vec::new();
        let mut put = |files: Files, mode| found.extend(files.into_iter().map(|(name, it)| (name, it, mode)));
        match (&volume.projected, &volume.secret) {
            (Some(projected), None) => {
                for source in &projected.sources {
                    if let Some(map) = &source.config_map {
                        let data: BTreeMap<String, String> = self.manifests.read("ConfigMap", &map.name, "/data")?;
                        put(
                            data.into_iter().map(|(name, it)| (name, it.into_bytes())).collect(),
                            projected.default_mode,
                        );
                    }
                    if let Some(secret) = &source.secret {
                        put(self.secret(&secret.name)?, projected.default_mode);
                    }
                }
            }
            (None, Some(secret)) => put(self.secret(&secret.secret_name)?, secret.default_mode),
            _ => anyhow::bail!("the volume {} is of a kind that the trial does not know", volume.name),
        }
        let names: BTreeSet<&str> = found.iter().map(|(name, ..)| name.as_str()).collect();
        ensure!(names.len() == found.len(), "two sources of the volume {} have a file of one name", volume.name);
        Ok(found)
    }

    fn secret(&self, name: &str) -> Result<Files> {
        self.secrets.get(name).cloned().with_context(|| format!("the README asks for no secret {name}"))
    }
}

/// The port of a Service, once it is sure that it selects the pods of its Deployment and leads to their gRPC port.
fn service_port(manifests: &Manifests, part: Part) -> Result<u16> {
    let spec: Value = manifests.read("Service", part.name(), "/spec")?;
    let selector: BTreeMap<String, String> = serde_json::from_value(spec["selector"].clone())?;
    let deployment: Deployment = manifests.read("Deployment", part.name(), "/spec")?;
    let labels = &deployment.template.metadata.labels;
    let selects =
        |selector: &BTreeMap<_, _>| !selector.is_empty() && selector.iter().all(|(k, v)| labels.get(k) == Some(v));
    ensure!(selects(&selector) && selects(&deployment.selector.match_labels), "{part}: a selector misses its pods");
    let job: Value = manifests.read("Job", &format!("{part}-migrate"), "/spec/template/metadata/labels")?;
    let takes_job = selector.iter().all(|(key, value)| job[key] == value.as_str());
    ensure!(!takes_job, "{part}: the Service would send requests to its migration");
    ensure!(spec["ports"][0]["targetPort"] == "grpc", "{part}: the Service leads elsewhere");
    let port = spec["ports"][0]["port"].as_u64().context("a port")?;
    Ok(u16::try_from(port)?)
}

fn files<const N: usize>(files: [(&str, Vec<u8>); N]) -> Files {
    files.into_iter().map(|(name, content)| (name.to_owned(), content)).collect()
}
