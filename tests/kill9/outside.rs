//! Calls from outside the process, as somebody.

use std::time::Duration;

use all_in_one::Part;
use anyhow::{Context, Result};
use tonic::Request;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::{Channel, Endpoint};

/// Deadline of one call.
const DEADLINE: Duration = Duration::from_secs(5);

/// Where the services answer, and as whom they are called.
#[derive(Clone, Debug)]
pub struct Outside {
    addresses: [String; 4],
    bearer: MetadataValue<Ascii>,
}

// === impl Outside ===

impl Outside {
    /// `ports` in the order of [`Part::ALL`].
    ///
    /// # Errors
    /// The token is not one line of ASCII.
    pub fn new(ports: [u16; 4], token: &str) -> Result<Self> {
        let mut bearer: MetadataValue<Ascii> = format!("Bearer {}", token.trim()).parse().context("a token")?;
        bearer.set_sensitive(true);
        Ok(Self { addresses: ports.map(|port| format!("http://127.0.0.1:{port}")), bearer })
    }

    /// A connection of its own, made when it is used and again when it broke.
    pub fn channel(&self, part: Part) -> Channel {
        let at = Part::ALL.iter().position(|it| *it == part).unwrap_or_default();
        Endpoint::from_shared(self.addresses[at].clone())
            .expect("a port makes a URL")
            .connect_timeout(Duration::from_secs(1))
            .connect_lazy()
    }

    /// The message with the token and a deadline.
    pub fn ask<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        request.set_timeout(DEADLINE);
        request.metadata_mut().insert("authorization", self.bearer.clone());
        request
    }
}
