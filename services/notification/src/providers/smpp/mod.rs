//! SMS over SMPP 3.4/5.0 (N1).
//!
//! One long-lived session per SMS centre ([`session`] has its states), shared by all senders. Each part of a message is one
//! `submit_sm` with a delivery receipt asked for; parts go one after the other, each in a place of the [`window`] that its lane may take.
//!
//! | what happens at part k of n | answer to the caller |
//! |---|---|
//! | accepted | go on; after the last `Accepted` with n references |
//! | accepted without an id | the same, under a reference of ours that no receipt will name: it stays accepted |
//! | throttled, queue full | `Refused` transient with `retry_after`; window halved once a burst, everything held back for the pause |
//! | its time ended, be it while it waited | `Refused` permanent, `expired` |
//! | refused | `Refused`, permanent by the table of [`status`] |
//! | link down before the submit | `Refused` transient, `not_connected` |
//! | no answer in time, link lost before the answer | `Unknown` |
//!
//! **Some parts accepted, a later one not.** The answer carries the references of the accepted ones in `handed`. The caller stores them
//! and gives them back with its next attempt; sending then goes on with the missing part under the same concatenation reference,
//! so nothing is submitted twice and the handset puts old and new parts together. After a permanent refusal the handset keeps (or
//! drops) an incomplete message; the outcome is failed, whatever the receipts of the other parts say, because
//! [`join`](super::join) sees the missing part's failure. With another provider the whole message is sent anew.
//!
//! **The text never reaches a log**: rusmppc traces ids and statuses at `debug` and `trace`, which the telemetry caps.

mod config;
mod receipt;
pub mod segment;
#[cfg(test)]
mod segment_tests;
mod session;
mod status;
#[cfg(test)]
mod tests;
mod turns;
mod validity;
mod window;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use clock::SharedClock;
use rusmpp::pdus::SubmitSm;
use rusmpp::types::{COctetString, EmptyOrFullCOctetString, OctetString};
use rusmpp::values::{DataCoding, EsmClass, Npi, RegisteredDelivery, Ton};
use rusmpp::{CommandId, CommandStatus};
use rusmppc::Client;
use rusmppc::error::Error;
use sealed::Personal;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use self::segment::{Alphabet, Segments};
use self::session::{Link, Session};
use self::window::Window;
use super::{Channel, ConfigError, EXPIRED, Outgoing, Provider, ReceiptSender, Refused, Sent, tls};

pub use config::{SmppConfig, SourceTon, Version};

/// An SMS centre.
#[derive(Debug)]
pub struct Smpp {
    name: String,
    config: SmppConfig,
    clock: SharedClock,
    window: Window,
    link: watch::Receiver<Link>,
    stopper: CancellationToken,
    tasks: TaskTracker,
}

impl Smpp {
    /// Starts the session task and returns at once; a centre that is away is tried again for ever. Call it within a tokio
    /// runtime.
    ///
    /// # Errors
    /// A configuration that can never work. The password file is read at each bind and its absence is not an error here.
    pub fn start(
        name: String,
        config: SmppConfig,
        clock: SharedClock,
        receipts: ReceiptSender,
    ) -> Result<Self, ConfigError> {
        config.check()?;
        let tls = config.tls.then(|| tls::client(config.ca_file.as_deref())).transpose()?.map(Arc::new);
        receipts.nothing_ignored(&name);
        let (link, watched) = watch::channel(Link::Connecting);
        let stopper = CancellationToken::new();
        let tasks = TaskTracker::new();
        let session = Session {
            name: name.clone(),
            config: config.clone(),
            tls,
            clock: clock.clone(),
            receipts,
            link,
            stopper: stopper.clone(),
        };
        tasks.spawn(session.run());
        tasks.close();
        let window =
            Window::new(config.window, config.reserved, Duration::from_millis(config.throttle_pause_milliseconds));
        Ok(Self { name, config, clock, window, link: watched, stopper, tasks })
    }

    /// The bound client; waits while a connection is being made, not while the session pauses between two.
    async fn client(&self) -> Result<Client, Refused> {
        let mut link = self.link.clone();
        // The longest a first connection can take: TCP and TLS, then the bind.
        let patience = self.config.connect_timeout() + self.config.response_timeout();
        let settled = tokio::time::timeout(patience, link.wait_for(|link| !matches!(link, Link::Connecting))).await;
        let link = match settled {
            Ok(Ok(link)) => link.clone(),
            _ => Link::Connecting,
        };
        match link {
            // A link that died a moment ago still shows as bound; a submit there would be Unknown for nothing.
            Link::Bound(client) if client.is_active() => Ok(client),
            Link::Down { again_at } => {
                let wait = again_at.duration_since(self.clock.now());
                Err(Refused::transient("not_connected", Some(Duration::try_from(wait).unwrap_or_default())))
            }
            Link::Stopped => Err(Refused::transient("stopped", None)),
            Link::Bound(_) | Link::Connecting => Err(Refused::transient("not_connected", None)),
        }
    }

    async fn submit(&self, message: &Outgoing, segments: &Segments, index: usize) -> Result<String, Failed> {
        let throttled = |pause| Failed::No(Refused::transient("throttled", Some(pause)));
        let mut slot = self.window.enter(message.lane, || self.clock.now()).await.map_err(throttled)?;
        let client = self.client().await.map_err(Failed::No)?;
        // Both may have taken long; from here on it leaves at once.
        let now = self.clock.now();
        slot.leave(now).map_err(throttled)?;
        let validity = validity::period(now, message.expires_at).ok_or(Failed::No(Refused::permanent(EXPIRED)))?;
        let part = self.part(message, segments, index, &validity);
        let part = part.ok_or(Failed::No(Refused::permanent("address_invalid")))?;
        match client.submit_sm(part).await {
            Ok(response) => {
                slot.accepted();
                let id = response.message_id().as_str();
                Ok(if id.is_empty() { unnamed(message.delivery_id, index + 1) } else { id.to_owned() })
            }
            Err(Error::UnexpectedResponse { response }) if response.status() == CommandStatus::EsmeRok => {
                if response.id() != CommandId::SubmitSmResp {
                    return Err(Failed::Perhaps("answer_unreadable"));
                }
                slot.accepted();
                Ok(unnamed(message.delivery_id, index + 1))
            }
            Err(Error::UnexpectedResponse { response }) => {
                let status = response.status();
                let pause = || slot.throttled(self.clock.now());
                Err(Failed::No(status::refused(status::verdict(status), status, pause)))
            }
            Err(Error::Encode(_)) => Err(Failed::No(Refused::permanent("message_unencodable"))),
            Err(Error::ResponseTimeout { .. }) => Err(Failed::Perhaps("no_answer")),
            // Closed, I/O: the octets may have left before it.
            Err(_) => Err(Failed::Perhaps("connection_lost")),
        }
    }

    /// The `submit_sm` of one part. None: the number or our sender does not fit the protocol's fields.
    fn part(&self, message: &Outgoing, segments: &Segments, index: usize, validity: &str) -> Option<SubmitSm> {
        let several = segments.parts.len() > 1;
        let number = number(&message.address)?;
        let (source_ton, source_npi) = self.config.source_ton.on_the_wire();
        let data = segments.user_data(index, segment::reference(message.delivery_id));
        let part = SubmitSm::builder()
            .source_addr_ton(source_ton)
            .source_addr_npi(source_npi)
            .source_addr(COctetString::from_string(self.config.source_addr.clone()).ok()?)
            .dest_addr_ton(Ton::International)
            .dest_addr_npi(Npi::Isdn)
            .destination_addr(COctetString::from_string(number.to_owned()).ok()?)
            // Spelled out: the crate's default class carries a "delivery acknowledgement" bit (0x08). 0x40 says that a header leads.
            .esm_class(EsmClass::from(if several { 0x40 } else { 0x00 }))
            .validity_period(EmptyOrFullCOctetString::from_string(validity.to_owned()).ok()?)
            // A receipt at the end, success or failure; no acknowledgements by the handset, no intermediate notices.
            .registered_delivery(RegisteredDelivery::from(0x01))
            .data_coding(match segments.alphabet {
                Alphabet::Gsm7 => DataCoding::McSpecific,
                Alphabet::Ucs2 => DataCoding::Ucs2,
            })
            .short_message(OctetString::from_vec(data).ok()?)
            .build();
        Some(part)
    }
}

/// The digits of a number in E.164.
fn number(address: &Personal) -> Option<&str> {
    let number = address.expose().strip_prefix('+')?;
    ((1..=15).contains(&number.len()) && number.bytes().all(|digit| digit.is_ascii_digit())).then_some(number)
}

/// What stands for the id of a part (from 1) that the centre took and gave none: it has the part, so to send it again would double it, and no
/// receipt will ever name it.
fn unnamed(delivery: Uuid, part: usize) -> String {
    format!("unnamed:{delivery}:{part}")
}

enum Failed {
    No(Refused),
    Perhaps(&'static str),
}

#[async_trait]
impl Provider for Smpp {
    fn name(&self) -> &str {
        &self.name
    }

    fn channel(&self) -> Channel {
        Channel::Sms
    }

    async fn send(&self, message: &Outgoing) -> Sent {
        let mut handed = message.handed.clone();
        let Some(segments) = segment::cut(message.text.expose(), self.config.gsm7) else {
            return Refused { handed, ..Refused::permanent("message_too_long") }.into();
        };
        // Not worth a place, nor a wait for the link.
        if number(&message.address).is_none() {
            return Refused { handed, ..Refused::permanent("address_invalid") }.into();
        }
        while handed.len() < segments.parts.len() {
            match self.submit(message, &segments, handed.len()).await {
                Ok(reference) => handed.push(reference),
                Err(Failed::No(refused)) => return Refused { handed, ..refused }.into(),
                Err(Failed::Perhaps(reason)) => return Sent::Unknown { reason, handed },
            }
        }
        Sent::Accepted { references: handed }
    }

    async fn stop(&self) {
        self.stopper.cancel();
        self.tasks.wait().await;
    }
}

impl Drop for Smpp {
    fn drop(&mut self) {
        self.stopper.cancel();
    }
}
