//! Connections to the relay and the conversation on one of them.
//!
//! lettre's connection is used without its transport: the asynchronous transport has a time-out for connecting and none for
//! answers, so a relay that falls silent would hold a sender for ever, and it does not tell at which command a connection
//! broke. Here every step has its time-out, and only a failure after the text began to flow is "unknown".

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures::future::join_all;
use lettre::address::Envelope;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt, Rset};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::super::GOOD_BYE;
use super::super::places::Places;
use crate::templates::Lane;

/// How to reach the relay.
pub(super) struct Relay {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) hello: ClientId,
    /// TLS from the first byte.
    pub(super) wrapped: Option<TlsParameters>,
    /// TLS by STARTTLS, required.
    pub(super) upgraded: Option<TlsParameters>,
    pub(super) credentials: Option<Credentials>,
    /// Of any one step before the text.
    pub(super) timeout: Duration,
    /// Of the text and its answer.
    pub(super) text_timeout: Duration,
}

/// A failed step.
#[derive(Debug)]
pub(super) enum Failure {
    TimedOut,
    /// TCP: nobody there.
    Unreached,
    Smtp(lettre::transport::smtp::Error),
}

/// How far the mail came before it failed.
#[derive(Debug)]
pub(super) enum Stage {
    /// Its time ended while it waited for a connection.
    Expired,
    /// Connecting, TLS, AUTH: the relay never heard of the mail.
    Reaching(Failure),
    /// The relay lacks something that the mail needs.
    Lacking,
    /// MAIL: the relay was told no more than our own address.
    Sender(Failure),
    /// RCPT.
    Recipient(Failure),
    /// DATA: no octet of the text was written.
    Data(Failure),
    /// The text was written, wholly or in part.
    Text(Failure),
}

impl Stage {
    /// The relay's code, where it was an answer of its that failed.
    pub(super) fn code(&self) -> Option<u32> {
        match self {
            Self::Reaching(Failure::Smtp(error))
            | Self::Sender(Failure::Smtp(error))
            | Self::Recipient(Failure::Smtp(error))
            | Self::Data(Failure::Smtp(error))
            | Self::Text(Failure::Smtp(error)) => error.status().map(|code| u32::from(u16::from(code))),
            _ => None,
        }
    }

    /// In the middle of a conversation, which can go on.
    fn is_answer(&self) -> bool {
        !matches!(self, Self::Reaching(_)) && self.code().is_some()
    }
}

/// The connections to one relay: at most so many at a time, shared by the lanes, the unused ones kept for a while.
pub(super) struct Connections {
    relay: Relay,
    places: Places,
    idle: Mutex<Vec<(AsyncSmtpConnection, Instant)>>,
    keep: Duration,
}

impl Connections {
    pub(super) fn new(relay: Relay, most: u32, reserved: u32, keep: Duration) -> Self {
        Self { relay, places: Places::new(most as usize, reserved as usize), idle: Mutex::default(), keep }
    }

    /// Hands one mail over, waiting for a place that its lane may take if need be.
    pub(super) async fn send(
        &self,
        lane: Lane,
        envelope: &Envelope,
        mail: &[u8],
        is_over: impl Fn() -> bool,
    ) -> Result<(), Stage> {
        // Held for the whole conversation.
        let _place = self.places.take(lane).await;
        if is_over() {
            return Err(Stage::Expired);
        }
        let mut connection = self.reach().await.map_err(Stage::Reaching)?;
        if is_over() {
            self.keep(connection);
            return Err(Stage::Expired);
        }
        let sent = self.converse(&mut connection, envelope, mail).await;
        let usable = match &sent {
            Ok(()) => true,
            // The relay said no and waits for the next mail; RSET clears the envelope. Anything else is not worth saving.
            Err(stage) if stage.is_answer() => self.step(connection.command(Rset)).await.is_ok(),
            Err(_) => false,
        };
        if usable {
            self.keep(connection);
        }
        sent
    }

    /// Says good-bye on the unused connections.
    pub(super) async fn close(&self) {
        let idle = std::mem::take(&mut *self.idle());
        let all = idle.into_iter().map(|(mut connection, _)| async move { connection.quit().await.is_ok() });
        // A relay that went first needs no good-bye, one that does not answer gets no more of our time.
        let _ = tokio::time::timeout(GOOD_BYE, join_all(all)).await;
    }

    async fn reach(&self) -> Result<AsyncSmtpConnection, Failure> {
        while let Some((mut connection, since)) = self.pop() {
            let alive = since.elapsed() < self.keep
                && tokio::time::timeout(self.relay.timeout, connection.test_connected()).await == Ok(true);
            if alive {
                return Ok(connection);
            }
        }
        let relay = &self.relay;
        let address = (relay.host.as_str(), relay.port);
        let mut connection = if relay.wrapped.is_some() {
            let (timeout, tls) = (Some(relay.timeout), relay.wrapped.clone());
            self.step(AsyncSmtpConnection::connect_tokio1(address, timeout, &relay.hello, tls, None)).await?
        } else {
            let tcp = tokio::time::timeout(relay.timeout, TcpStream::connect(address)).await;
            let tcp = tcp.map_err(|_| Failure::TimedOut)?.map_err(|_| Failure::Unreached)?;
            // The end of a text is a write of its own, which Nagle's algorithm keeps back until the text is acknowledged: 40 ms a mail.
            tcp.set_nodelay(true).map_err(|_| Failure::Unreached)?;
            self.step(AsyncSmtpConnection::connect_with_transport(Box::new(tcp), &relay.hello)).await?
        };
        if let Some(tls) = &relay.upgraded {
            self.step(connection.starttls(tls.clone(), &relay.hello)).await?;
        }
        if let Some(credentials) = &relay.credentials {
            self.step(connection.auth(&[Mechanism::Plain, Mechanism::Login], credentials)).await?;
        }
        Ok(connection)
    }

    async fn converse(
        &self,
        connection: &mut AsyncSmtpConnection,
        envelope: &Envelope,
        mail: &[u8],
    ) -> Result<(), Stage> {
        let mut parameters = Vec::new();
        let international = |address: &lettre::Address| !AsRef::<str>::as_ref(address).is_ascii();
        if envelope.to().iter().chain(envelope.from()).any(international) {
            if !connection.server_info().supports_feature(Extension::SmtpUtfEight) {
                return Err(Stage::Lacking);
            }
            parameters.push(MailParameter::SmtpUtfEight);
        }
        if !mail.is_ascii() {
            if !connection.server_info().supports_feature(Extension::EightBitMime) {
                return Err(Stage::Lacking);
            }
            parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
        }
        let from = Mail::new(envelope.from().cloned(), parameters);
        self.step(connection.command(from)).await.map_err(Stage::Sender)?;
        for to in envelope.to() {
            self.step(connection.command(Rcpt::new(to.clone(), Vec::new()))).await.map_err(Stage::Recipient)?;
        }
        self.step(connection.command(Data)).await.map_err(Stage::Data)?;
        self.within(self.relay.text_timeout, connection.message(mail)).await.map_err(Stage::Text)?;
        Ok(())
    }

    async fn step<T>(
        &self,
        step: impl Future<Output = Result<T, lettre::transport::smtp::Error>>,
    ) -> Result<T, Failure> {
        self.within(self.relay.timeout, step).await
    }

    async fn within<T>(
        &self,
        timeout: Duration,
        step: impl Future<Output = Result<T, lettre::transport::smtp::Error>>,
    ) -> Result<T, Failure> {
        match tokio::time::timeout(timeout, step).await {
            Ok(done) => done.map_err(Failure::Smtp),
            Err(_) => Err(Failure::TimedOut),
        }
    }

    fn keep(&self, connection: AsyncSmtpConnection) {
        self.idle().push((connection, Instant::now()));
    }

    fn pop(&self) -> Option<(AsyncSmtpConnection, Instant)> {
        self.idle().pop()
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<(AsyncSmtpConnection, Instant)>> {
        // A list that is pushed to and popped from: a panic elsewhere leaves it usable.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
