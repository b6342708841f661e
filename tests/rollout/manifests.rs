//! The rendered manifests, as far as the trial acts on them. A key of a pod that it does not know is refused: nothing is silently not
//! tried.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;

/// What an overlay renders to.
#[derive(Debug)]
pub struct Manifests(Vec<Value>);

/// The part of a Deployment that a rolling update follows.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Deployment {
    pub replicas: Option<usize>,
    pub strategy: Strategy,
    pub selector: Selector,
    pub template: Template,
    #[serde(rename = "revisionHistoryLimit")]
    _history: Option<IgnoredAny>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Strategy {
    pub rolling_update: RollingUpdate,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RollingUpdate {
    pub max_surge: usize,
    pub max_unavailable: usize,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Selector {
    #[serde(default)]
    pub match_labels: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
pub struct Template {
    pub metadata: Metadata,
    pub spec: PodSpec,
}

#[derive(Debug, Deserialize)]
pub struct Metadata {
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PodSpec {
    pub containers: Vec<Container>,
    pub volumes: Vec<Volume>,
    pub security_context: PodSecurity,
    #[serde(default = "thirty")]
    pub termination_grace_period_seconds: u64,
    #[serde(rename = "automountServiceAccountToken")]
    _automount: Option<IgnoredAny>,
    #[serde(rename = "enableServiceLinks")]
    _links: Option<IgnoredAny>,
    #[serde(rename = "restartPolicy")]
    _restart: Option<IgnoredAny>,
    #[serde(rename = "serviceAccountName")]
    _account: Option<IgnoredAny>,
    #[serde(rename = "topologySpreadConstraints")]
    _spread: Option<IgnoredAny>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PodSecurity {
    pub run_as_non_root: bool,
    pub run_as_user: u32,
    pub run_as_group: u32,
    pub fs_group: u32,
    #[serde(rename = "seccompProfile")]
    _seccomp: IgnoredAny,
}

/// No `command`: the image's entry point; no `lifecycle`: no hook before SIGTERM.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Container {
    pub args: Vec<String>,
    #[serde(default)]
    pub ports: Vec<ContainerPort>,
    pub startup_probe: Option<Probe>,
    pub liveness_probe: Option<Probe>,
    pub readiness_probe: Option<Probe>,
    pub volume_mounts: Vec<Mount>,
    pub security_context: ContainerSecurity,
    #[serde(rename = "name")]
    _name: IgnoredAny,
    #[serde(rename = "image")]
    _image: IgnoredAny,
    #[serde(rename = "resources")]
    _resources: IgnoredAny,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ContainerSecurity {
    pub read_only_root_filesystem: bool,
    pub allow_privilege_escalation: bool,
    #[serde(rename = "capabilities")]
    _capabilities: IgnoredAny,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ContainerPort {
    pub name: String,
    pub container_port: u16,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Probe {
    pub http_get: Option<HttpGet>,
    pub grpc: Option<GrpcPort>,
    #[serde(default = "ten")]
    pub period_seconds: u64,
    #[serde(default = "one")]
    pub timeout_seconds: u64,
    #[serde(default = "three")]
    pub failure_threshold: u64,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpGet {
    pub path: String,
    pub port: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GrpcPort {
    pub port: u16,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Mount {
    pub name: String,
    pub mount_path: String,
    #[serde(default)]
    pub read_only: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Volume {
    pub name: String,
    pub projected: Option<Projected>,
    pub secret: Option<SecretVolume>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Projected {
    pub sources: Vec<Source>,
    #[serde(default = "readable")]
    pub default_mode: u32,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Source {
    pub config_map: Option<Named>,
    pub secret: Option<Named>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Named {
    pub name: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SecretVolume {
    pub secret_name: String,
    #[serde(default = "readable")]
    pub default_mode: u32,
}

fn one() -> u64 {
    1
}

fn three() -> u64 {
    3
}

fn ten() -> u64 {
    10
}

fn thirty() -> u64 {
    30
}

fn readable() -> u32 {
    0o644
}

// === impl Manifests ===

impl Manifests {
    /// # Errors
    /// kubectl is missing, or refuses the overlay.
    pub fn render(kubectl: &Path, overlay: &Path) -> Result<Self> {
        let rendered = Command::new(kubectl).arg("kustomize").arg(overlay).output();
        let rendered = rendered.with_context(|| format!("{}; .ci/deployment/run brings one", kubectl.display()))?;
        let text = String::from_utf8(rendered.stdout)?;
        ensure!(rendered.status.success(), "kubectl kustomize: {}", String::from_utf8_lossy(&rendered.stderr));
        Ok(Self(serde_saphyr::from_multiple(&text)?))
    }

    /// All of a kind.
    pub fn of_kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Value> {
        self.0.iter().filter(move |it| it["kind"] == kind)
    }

    /// A part of one, such as its `/spec`.
    ///
    /// # Errors
    /// There is none, or it holds what the trial does not know.
    pub fn read<T: DeserializeOwned>(&self, kind: &str, name: &str, part: &str) -> Result<T> {
        let found = self.of_kind(kind).find(|it| it["metadata"]["name"] == name);
        let part =
            found.and_then(|it| it.pointer(part)).with_context(|| format!("no {kind} {name}, or no {part} in it"))?;
        T::deserialize(part).with_context(|| format!("{kind} {name}"))
    }

    /// How many replicas: the Deployment's own number, or the least that its autoscaler may choose.
    ///
    /// # Errors
    /// Neither says it.
    pub fn replicas(&self, name: &str, deployment: &Deployment) -> Result<usize> {
        match deployment.replicas {
            Some(replicas) => Ok(replicas),
            None => self.read("HorizontalPodAutoscaler", name, "/spec/minReplicas"),
        }
    }
}

// === impl PodSpec ===

impl PodSpec {
    /// The only container.
    ///
    /// # Errors
    /// There are more, or it may do more than it must.
    pub fn container(&self) -> Result<&Container> {
        let [container] = self.containers.as_slice() else { anyhow::bail!("one container is expected") };
        let (security, pod) = (&container.security_context, &self.security_context);
        let is_confined = security.read_only_root_filesystem && !security.allow_privilege_escalation;
        ensure!(is_confined && pod.run_as_non_root && pod.run_as_user != 0, "the container may do more than it must");
        Ok(container)
    }
}

// === impl Container ===

impl Container {
    /// The number of a named port.
    ///
    /// # Errors
    /// It has none of that name.
    pub fn port(&self, name: &str) -> Result<u16> {
        let found = self.ports.iter().find(|it| it.name == name);
        Ok(found.with_context(|| format!("no port {name}"))?.container_port)
    }
}
