//! The keys of an SMS centre in the configuration.

use std::path::PathBuf;
use std::time::Duration;

use rusmpp::values::{InterfaceVersion, Npi, Ton};
use serde::{Deserialize, Serialize};

use super::super::ConfigError;

/// One SMS centre, spoken to by SMPP as a transceiver.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SmppConfig {
    /// Host name or address.
    pub host: String,
    /// Port; 2775 by custom.
    #[serde(default = "default_port")]
    pub port: u16,
    /// Our account there, at most 15 octets.
    pub system_id: String,
    /// File with the account's password (at most 8 octets by the protocol), read again at every bind, so it can be changed
    /// without a restart. None for a centre that asks for none.
    #[serde(default)]
    pub password_file: Option<PathBuf>,
    /// `system_type` of the bind, where the centre asks for one.
    #[serde(default)]
    pub system_type: String,
    /// "3.4", what most centres speak, or "5.0".
    #[serde(default)]
    pub interface_version: Version,
    /// The sender that people see: a registered name of at most 11 characters, a short code or a number.
    pub source_addr: String,
    /// Kind of `source_addr`: alphanumeric, international, national, network_specific, abbreviated (short code) or unknown.
    #[serde(default)]
    pub source_ton: SourceTon,
    /// TLS from the first byte ("smpps").
    #[serde(default)]
    pub tls: bool,
    /// PEM file of a private certificate authority; without it the public web's authorities are trusted.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// Use the GSM-7 alphabet where a text fits it. Turn off for a centre whose default alphabet is another.
    #[serde(default = "yes")]
    pub gsm7: bool,
    /// The most submits in flight, 1 to 1000. Halved at each throttling answer and grown by one for each full window of accepted
    /// submits.
    #[serde(default = "default_window")]
    pub window: usize,
    /// Places of the window that only codes and emergencies may take, at least 1: whatever the centre does to mass mail, a code finds
    /// these. Emergencies leave half of them to codes, bulk leaves as many again to what citizens wait for. Of a window too small for
    /// that each lane may take one place, and the highest that waits is first.
    #[serde(default = "default_reserved")]
    pub reserved: usize,
    /// First pause after a throttling answer, milliseconds; doubled while throttling goes on, at most 60 s.
    #[serde(default = "default_throttle_pause")]
    pub throttle_pause_milliseconds: u64,
    /// How often the link is tested when idle, seconds.
    #[serde(default = "default_enquire_link")]
    pub enquire_link_seconds: u64,
    /// How long to wait for an answer to a submit, a bind or a link test, seconds. After it a submit's outcome is unknown.
    #[serde(default = "default_response")]
    pub response_timeout_seconds: u64,
    /// How long to wait for TCP and TLS, seconds.
    #[serde(default = "default_connect")]
    pub connect_timeout_seconds: u64,
    /// First pause before connecting again, milliseconds; doubled at each failure.
    #[serde(default = "default_reconnect_min")]
    pub reconnect_min_milliseconds: u64,
    /// Longest pause before connecting again, milliseconds.
    #[serde(default = "default_reconnect_max")]
    pub reconnect_max_milliseconds: u64,
}

/// Version of SMPP told at the bind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub enum Version {
    /// 3.4.
    #[default]
    #[serde(rename = "3.4")]
    V3_4,
    /// 5.0.
    #[serde(rename = "5.0")]
    V5_0,
}

/// Kind of the sender's address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceTon {
    /// A registered name.
    #[default]
    Alphanumeric,
    /// A number in E.164 without the plus.
    International,
    /// A number as dialled within the country.
    National,
    /// A number of the network's own plan.
    NetworkSpecific,
    /// A short code.
    Abbreviated,
    /// The centre decides.
    Unknown,
}

impl SmppConfig {
    /// A configuration with every default, for a centre without a password.
    pub fn new(host: &str, port: u16, system_id: &str, source_addr: &str) -> Self {
        Self {
            host: host.to_owned(),
            port,
            system_id: system_id.to_owned(),
            password_file: None,
            system_type: String::new(),
            interface_version: Version::default(),
            source_addr: source_addr.to_owned(),
            source_ton: SourceTon::default(),
            tls: false,
            ca_file: None,
            gsm7: true,
            window: default_window(),
            reserved: default_reserved(),
            throttle_pause_milliseconds: default_throttle_pause(),
            enquire_link_seconds: default_enquire_link(),
            response_timeout_seconds: default_response(),
            connect_timeout_seconds: default_connect(),
            reconnect_min_milliseconds: default_reconnect_min(),
            reconnect_max_milliseconds: default_reconnect_max(),
        }
    }

    /// What serde can't check: lengths that the protocol limits and ranges.
    pub fn check(&self) -> Result<(), ConfigError> {
        let text = |key: &'static str, value: &str, most: usize| {
            if value.is_ascii() && value.len() <= most {
                Ok(())
            } else {
                Err(ConfigError::value(key, format!("at most {most} ASCII characters")))
            }
        };
        text("system_id", &self.system_id, 15)?;
        text("system_type", &self.system_type, 12)?;
        text("source_addr", &self.source_addr, if self.source_ton == SourceTon::Alphanumeric { 11 } else { 20 })?;
        if !(1..=1000).contains(&self.window) {
            return Err(ConfigError::value("window", "1 to 1000"));
        }
        if self.reserved == 0 {
            return Err(ConfigError::value("reserved", "at least 1"));
        }
        if self.enquire_link_seconds == 0 || self.response_timeout_seconds == 0 || self.connect_timeout_seconds == 0 {
            return Err(ConfigError::value(
                "enquire_link_seconds, response_timeout_seconds, connect_timeout_seconds",
                "at least 1",
            ));
        }
        if self.reconnect_min_milliseconds == 0 || self.reconnect_min_milliseconds > self.reconnect_max_milliseconds {
            return Err(ConfigError::value(
                "reconnect_min_milliseconds",
                "at least 1, at most reconnect_max_milliseconds",
            ));
        }
        Ok(())
    }

    pub(super) fn response_timeout(&self) -> Duration {
        Duration::from_secs(self.response_timeout_seconds)
    }

    pub(super) fn connect_timeout(&self) -> Duration {
        Duration::from_secs(self.connect_timeout_seconds)
    }
}

impl Version {
    pub(super) fn on_the_wire(self) -> InterfaceVersion {
        match self {
            Self::V3_4 => InterfaceVersion::Smpp3_4,
            Self::V5_0 => InterfaceVersion::Smpp5_0,
        }
    }
}

impl SourceTon {
    /// Type of number and numbering plan.
    pub(super) fn on_the_wire(self) -> (Ton, Npi) {
        match self {
            Self::Alphanumeric => (Ton::Alphanumeric, Npi::Unknown),
            Self::International => (Ton::International, Npi::Isdn),
            Self::National => (Ton::National, Npi::Isdn),
            Self::NetworkSpecific => (Ton::NetworkSpecific, Npi::Unknown),
            Self::Abbreviated => (Ton::Abbreviated, Npi::Unknown),
            Self::Unknown => (Ton::Unknown, Npi::Unknown),
        }
    }
}

fn default_port() -> u16 {
    2775
}

fn yes() -> bool {
    true
}

fn default_window() -> usize {
    10
}

fn default_reserved() -> usize {
    2
}

fn default_throttle_pause() -> u64 {
    1_000
}

fn default_enquire_link() -> u64 {
    30
}

fn default_response() -> u64 {
    30
}

fn default_connect() -> u64 {
    10
}

fn default_reconnect_min() -> u64 {
    500
}

fn default_reconnect_max() -> u64 {
    30_000
}
