//! E-mail over SMTP (N1), by lettre.
//!
//! A mail has a plain and an HTML alternative, `Auto-Submitted: auto-generated` (RFC 3834, so that no out-of-office answers come
//! back) and a Message-ID made of the delivery's id: a repeat after an unknown outcome carries the same one, and mail servers and
//! readers show it once. That Message-ID is the reference.
//!
//! | stage | failure | answer |
//! |---|---|---|
//! | the wait for a connection | its time ended | `Refused` permanent, `expired` |
//! | connect, TLS, AUTH | any | `Refused` transient: the relay never heard of the mail |
//! | MAIL | 5xx | `Refused` transient: it is our own address that the relay won't have |
//! | RCPT | 5xx | `Refused` permanent |
//! | DATA | 5xx | `Refused` transient: the relay has seen nothing of the text to refuse |
//! | MAIL, RCPT, DATA | 4xx, time-out, connection lost | `Refused` transient: nothing of the text was written |
//! | any of these | 530 to 538, which are about AUTH | `Refused` transient: our account |
//! | the text and its end | 5xx, 4xx | `Refused` permanent, transient |
//! | same | time-out, connection lost | `Unknown` |
//!
//! There are no receipts; a relay's 250 is the last that SMTP says (bounces come as mail to the sender's address).

mod config;
mod connection;
mod mail;
#[cfg(test)]
mod tests;

use std::time::Duration;

use async_trait::async_trait;
use clock::SharedClock;
use lettre::message::Mailbox;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, TlsParameters};
use lettre::transport::smtp::extension::ClientId;

use self::connection::{Connections, Failure, Relay, Stage};
use super::{Channel, ConfigError, EXPIRED, Outgoing, Provider, Refused, Sent, secret};

pub use config::{Security, SmtpConfig};

/// A mail relay.
pub struct Smtp {
    name: String,
    clock: SharedClock,
    connections: Connections,
    from: Mailbox,
    domain: String,
}

impl std::fmt::Debug for Smtp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Smtp").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Smtp {
    /// Prepares the relay; connects at the first mail.
    ///
    /// # Errors
    /// A configuration that can't work: files that can't be read, a sender that is no address.
    pub fn new(name: String, config: &SmtpConfig, clock: SharedClock) -> Result<Self, ConfigError> {
        config.check()?;
        let address: lettre::Address =
            config.from_address.parse().map_err(|_| ConfigError::value("from_address", "not an e-mail address"))?;
        let domain = config.message_id_domain.clone().unwrap_or_else(|| address.domain().to_owned());
        let tls = protection(config)?;
        let (wrapped, upgraded) = if config.security == Security::Tls { (tls, None) } else { (None, tls) };
        let credentials = match (&config.username, &config.password_file) {
            (Some(user), Some(path)) => {
                Some(Credentials::new(user.clone(), secret("password_file", path)?.expose().to_owned()))
            }
            _ => None,
        };
        let relay = Relay {
            host: config.host.clone(),
            port: config.port,
            hello: config.hello_name.clone().map(ClientId::Domain).unwrap_or_default(),
            wrapped,
            upgraded,
            credentials,
            timeout: Duration::from_secs(config.timeout_seconds),
            text_timeout: Duration::from_secs(config.text_timeout_seconds),
        };
        let connections =
            Connections::new(relay, config.pool_size, config.reserved, Duration::from_secs(config.pool_idle_seconds));
        let from = Mailbox::new(config.from_name.clone(), address);
        Ok(Self { name, clock, connections, from, domain })
    }
}

fn protection(config: &SmtpConfig) -> Result<Option<TlsParameters>, ConfigError> {
    if config.security == Security::None {
        return Ok(None);
    }
    let mut parameters = TlsParameters::builder(config.host.clone());
    if let Some(path) = &config.ca_file {
        let broken = |cause: String| ConfigError::File { key: "ca_file", path: path.display().to_string(), cause };
        let pem = std::fs::read(path).map_err(|cause| broken(cause.to_string()))?;
        let certificate = Certificate::from_pem(&pem).map_err(|_| broken("not a PEM certificate".to_owned()))?;
        // The private authority alone, not beside the public web's.
        parameters = parameters.certificate_store(CertificateStore::None).add_root_certificate(certificate);
    }
    parameters.build().map(Some).map_err(|cause| ConfigError::value("security", cause.to_string()))
}

#[async_trait]
impl Provider for Smtp {
    fn name(&self) -> &str {
        &self.name
    }

    fn channel(&self) -> Channel {
        Channel::Email
    }

    async fn send(&self, message: &Outgoing) -> Sent {
        let mail = match mail::build(message, &self.from, &self.domain, self.clock.now()) {
            Ok(mail) => mail,
            Err(reason) => return Refused::permanent(reason).into(),
        };
        let is_over = || message.expires_at.is_some_and(|end| end <= self.clock.now());
        match self.connections.send(message.lane, mail.envelope(), &mail.formatted(), is_over).await {
            Ok(()) => Sent::Accepted { references: vec![mail::message_id(message.delivery_id, &self.domain)] },
            Err(stage) => {
                let sent = outcome(&stage);
                if let Sent::Refused(Refused {
                    reason: reason @ ("sender_refused" | "account_refused"), code, ..
                }) = &sent
                {
                    tracing::warn!(provider = %self.name, reason, ?code, "the relay won't have us");
                }
                sent
            }
        }
    }

    async fn stop(&self) {
        self.connections.close().await;
    }
}

fn outcome(stage: &Stage) -> Sent {
    let code = stage.code();
    let refused = match (stage, code) {
        (Stage::Expired, _) => Refused::permanent(EXPIRED),
        (Stage::Lacking, _) => Refused::permanent("relay_lacks_extension"),
        (_, Some(530..=538)) => Refused::transient("account_refused", None),
        (Stage::Reaching(_) | Stage::Data(_), Some(500..)) | (Stage::Reaching(_), Some(_)) => {
            Refused::transient("relay_refused", None)
        }
        (Stage::Sender(_), Some(500..)) => Refused::transient("sender_refused", None),
        (Stage::Reaching(Failure::Smtp(error)), None) if error.is_tls() => Refused::transient("tls_failed", None),
        (Stage::Recipient(_) | Stage::Text(_), Some(500..)) => Refused::permanent("refused"),
        (Stage::Sender(_) | Stage::Recipient(_) | Stage::Data(_) | Stage::Text(_), Some(_)) => {
            Refused::transient("refused_for_now", None)
        }
        (Stage::Text(Failure::TimedOut), None) => return Sent::Unknown { reason: "no_answer", handed: Vec::new() },
        (Stage::Text(Failure::Smtp(_)), None) => {
            return Sent::Unknown { reason: "connection_lost", handed: Vec::new() };
        }
        (_, None) => Refused::transient("not_connected", None),
    };
    Refused { code, ..refused }.into()
}
