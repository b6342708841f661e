//! Calls from outside, as somebody, through the Services.

use std::time::Duration;

use all_in_one::Part;
use anyhow::{Context, Result};
use rpc::Role;
use tonic::Request;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint};

use crate::manifests::Deployment;
use crate::world::World;

/// Deadline of one call: what an unoptimised build may take on a machine that is busy with other things.
const DEADLINE: Duration = Duration::from_secs(30);

/// Somebody with connections of their own, made when they are used and again when they end.
#[derive(Clone, Debug)]
pub struct Outside {
    channels: [Channel; 4],
    bearer: MetadataValue<Ascii>,
}

// === impl Outside ===

impl Outside {
    /// # Errors
    /// The manifests are unreadable, or the token can't be signed.
    pub fn new(world: &World, subject: &str, role: Role) -> Result<Self> {
        let mut bearer: MetadataValue<Ascii> = format!("Bearer {}", world.token(subject, role)?).parse()?;
        bearer.set_sensitive(true);
        let channels = Part::ALL.map(|part| channel(world, part)).into_iter().collect::<Result<Vec<_>>>()?;
        let channels = channels.try_into().ok().context("four services")?;
        Ok(Self { channels, bearer })
    }

    /// A service.
    pub fn channel(&self, part: Part) -> Channel {
        let at = Part::ALL.iter().position(|it| *it == part).unwrap_or_default();
        self.channels[at].clone()
    }

    /// The message with the token and a deadline.
    pub fn ask<T>(&self, message: T) -> Request<T> {
        let mut request = self.ask_without_end(message);
        request.set_timeout(DEADLINE);
        request
    }

    /// The message with the token: for a call that lasts.
    pub fn ask_without_end<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        request.metadata_mut().insert("authorization", self.bearer.clone());
        request
    }
}

fn channel(world: &World, part: Part) -> Result<Channel> {
    let deployment: Deployment = world.manifests.read("Deployment", part.name(), "/spec")?;
    let is_tls = deployment.template.spec.volumes.iter().any(|it| it.name == "tls");
    let scheme = if is_tls { "https" } else { "http" };
    let endpoint = Endpoint::from_shared(format!("{scheme}://{}", world.service(part)))?;
    let mut endpoint = endpoint.connect_timeout(Duration::from_secs(1)).tcp_nodelay(true);
    if is_tls {
        let roots = Certificate::from_pem(world.ca());
        endpoint = endpoint.tls_config(ClientTlsConfig::new().ca_certificate(roots).domain_name(part.name()))?;
    }
    Ok(endpoint.connect_lazy())
}
