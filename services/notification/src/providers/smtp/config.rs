//! The keys of a mail relay in the configuration.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::super::ConfigError;

/// One mail relay, spoken to by SMTP.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SmtpConfig {
    /// Host name; the certificate must carry it.
    pub host: String,
    /// Port: 587 by custom for `starttls`, 465 for `tls`, 25 for `none`.
    #[serde(default = "default_port")]
    pub port: u16,
    /// none, starttls (refused when the relay does not offer it) or tls from the first byte.
    #[serde(default)]
    pub security: Security,
    /// PEM file of a private certificate authority; without it the public web's authorities are trusted.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// Account for AUTH (PLAIN or LOGIN). None: no AUTH.
    #[serde(default)]
    pub username: Option<String>,
    /// File with the account's password, read at start.
    #[serde(default)]
    pub password_file: Option<PathBuf>,
    /// The sender's address.
    pub from_address: String,
    /// The sender's name as people see it.
    #[serde(default)]
    pub from_name: Option<String>,
    /// The part of Message-ID behind the at sign; the sender's domain by default.
    #[serde(default)]
    pub message_id_domain: Option<String>,
    /// The name in EHLO; the machine's by default.
    #[serde(default)]
    pub hello_name: Option<String>,
    /// How long any one step before the text (connecting, TLS, a command) may take, seconds.
    #[serde(default = "default_timeout")]
    pub timeout_seconds: u64,
    /// How long the text with its answer may take, seconds. RFC 5321 (4.5.3.2.6) asks for 10 minutes: a relay that is still busy with a
    /// text has often taken it, and who gives up earlier sends it twice.
    #[serde(default = "default_text_timeout")]
    pub text_timeout_seconds: u64,
    /// Connections at most, 1 to 100.
    #[serde(default = "default_pool_size")]
    pub pool_size: u32,
    /// Connections that only codes and emergencies may take, at least 1: whatever the relay does to mass mail, a code finds these.
    /// Emergencies leave half of them to codes, bulk leaves as many again to what citizens wait for. Of a pool too small for that
    /// each lane may take one connection, and the highest that waits is first.
    #[serde(default = "default_reserved")]
    pub reserved: u32,
    /// How long an unused connection is kept, seconds.
    #[serde(default = "default_pool_idle")]
    pub pool_idle_seconds: u64,
}

/// How the connection is protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Security {
    /// Plain text. AUTH is refused with it: the password would be readable on the way.
    None,
    /// Plain greeting, then STARTTLS, required.
    #[default]
    Starttls,
    /// TLS from the first byte.
    Tls,
}

impl SmtpConfig {
    /// A configuration with every default, without AUTH.
    pub fn new(host: &str, port: u16, security: Security, from_address: &str) -> Self {
        Self {
            host: host.to_owned(),
            port,
            security,
            ca_file: None,
            username: None,
            password_file: None,
            from_address: from_address.to_owned(),
            from_name: None,
            message_id_domain: None,
            hello_name: None,
            timeout_seconds: default_timeout(),
            text_timeout_seconds: default_text_timeout(),
            pool_size: default_pool_size(),
            reserved: default_reserved(),
            pool_idle_seconds: default_pool_idle(),
        }
    }

    /// What serde can't check.
    pub fn check(&self) -> Result<(), ConfigError> {
        if self.username.is_some() != self.password_file.is_some() {
            return Err(ConfigError::value("username, password_file", "both or neither"));
        }
        if self.username.is_some() && self.security == Security::None {
            return Err(ConfigError::value("security", "none would send the password readable"));
        }
        if self.timeout_seconds == 0 || self.text_timeout_seconds == 0 {
            return Err(ConfigError::value("timeout_seconds, text_timeout_seconds", "at least 1"));
        }
        if !(1..=100).contains(&self.pool_size) {
            return Err(ConfigError::value("pool_size", "1 to 100"));
        }
        if self.reserved == 0 {
            return Err(ConfigError::value("reserved", "at least 1"));
        }
        Ok(())
    }
}

fn default_port() -> u16 {
    587
}

fn default_timeout() -> u64 {
    30
}

fn default_text_timeout() -> u64 {
    600
}

fn default_pool_size() -> u32 {
    4
}

fn default_reserved() -> u32 {
    1
}

fn default_pool_idle() -> u64 {
    60
}
