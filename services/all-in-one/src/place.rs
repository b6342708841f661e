//! Where a service of this process is found, and by whom it sends: what its effective configuration says.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use notification::{Config, EmailProvider, SmsProvider};

use crate::Part;

/// A service as the banner shows it.
#[derive(Clone, Debug)]
pub struct Place {
    /// Which.
    pub part: Part,
    /// Where it listens, as configured: for gRPC and for its operators.
    pub listen: (SocketAddr, SocketAddr),
    /// Where a person on this machine reaches it.
    pub grpc: SocketAddr,
    /// The same for its operators' port.
    pub admin: SocketAddr,
    /// Of notification: what becomes of messages.
    pub messages: Option<Messages>,
}

/// What becomes of messages, in words.
#[derive(Clone, Debug)]
pub struct Messages {
    /// SMS.
    pub sms: String,
    /// E-mail.
    pub email: String,
}

// === impl Messages ===

impl Messages {
    pub(crate) fn of(config: &Config) -> Self {
        let printed = || "printed here".to_owned();
        let nobody = || "not sent: nobody is configured".to_owned();
        let sms = match (config.sms.provider, &config.smpp) {
            (SmsProvider::Console, _) => printed(),
            (SmsProvider::Smpp, Some(smpp)) => format!("sent by SMPP to {}:{}", smpp.host, smpp.port),
            _ => nobody(),
        };
        let email = match (config.email.provider, &config.smtp) {
            (EmailProvider::Console, _) => printed(),
            (EmailProvider::Smtp, Some(smtp)) => format!("sent by SMTP to {}:{}", smtp.host, smtp.port),
            _ => nobody(),
        };
        Self { sms, email }
    }
}

/// An address to connect to: a service that listens everywhere is reached over loopback.
pub(crate) fn typed(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}
