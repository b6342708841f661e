//! The service's own sections; `config.default.toml` is their manual.

use std::path::PathBuf;
use std::time::Duration;

use bootstrap::config::span;
use jiff::SignedDuration;
use person::{Language, Zone};
use serde::{Deserialize, Serialize};

use crate::domain::{Retries, Unknown};
use crate::providers::smpp::SmppConfig;
use crate::providers::smtp::SmtpConfig;
use crate::templates::{Lane, TemplateConfig};

/// A worker looks at its leases a few times in each of them.
const LEASE_LEAST: Duration = Duration::from_secs(1);

/// What is this service's own.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Who sends SMS.
    pub sms: SmsConfig,
    /// Who sends e-mail.
    pub email: EmailConfig,
    /// Where messages are printed for developers.
    pub console: ConsoleConfig,
    /// The SMS centre.
    pub smpp: Option<SmppConfig>,
    /// The mail relay.
    pub smtp: Option<SmtpConfig>,
    /// Texts.
    pub templates: TemplateConfig,
    /// Who is not known yet.
    pub unknown_recipient: UnknownRecipientConfig,
    /// The workers.
    pub dispatch: DispatchConfig,
    /// Pauses between attempts.
    pub retry: RetryConfig,
}

/// `[sms]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SmsConfig {
    /// Who.
    pub provider: SmsProvider,
}

/// Who sends SMS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SmsProvider {
    /// `[smpp]`.
    Smpp,
    /// Printed.
    Console,
    /// Nobody: SMS fail with NO_PROVIDER.
    None,
}

/// `[email]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct EmailConfig {
    /// Who.
    pub provider: EmailProvider,
}

/// Who sends e-mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EmailProvider {
    /// `[smtp]`.
    Smtp,
    /// Printed.
    Console,
    /// Nobody: e-mails fail with NO_PROVIDER.
    None,
}

/// `[console]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ConsoleConfig {
    /// Instead of standard output.
    #[serde(default)]
    pub file: Option<PathBuf>,
}

/// `[dispatch]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct DispatchConfig {
    /// How long a dead worker's messages wait.
    pub lease: PerLane<Span>,
    /// Messages claimed at once.
    pub batch: PerLane<u32>,
    /// Rest of an idle lane.
    #[serde(with = "span::required")]
    pub idle: Duration,
    /// Pause after an attempt without an answer.
    #[serde(with = "span::required")]
    pub doubt: Duration,
}

/// A duration as people write it, such as `20s`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(transparent)]
pub struct Span(#[serde(with = "span::required")] pub Duration);

/// `[unknown_recipient]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct UnknownRecipientConfig {
    /// BCP 47 tag.
    pub language_code: String,
    /// IANA zone.
    pub time_zone: String,
}

/// `[retry]`
pub type RetryConfig = PerLane<Vec<String>>;

/// Something for each lane.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PerLane<T> {
    /// Codes.
    pub code: T,
    /// Overdue repeats, alerts.
    pub emergency: T,
    /// What citizens wait for.
    pub normal: T,
    /// The rest.
    pub bulk: T,
}

// === impl Config ===

impl Config {
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        if self.sms.provider == SmsProvider::Smpp {
            self.smpp
                .as_ref()
                .ok_or_else(|| anyhow::anyhow!("`sms.provider` is smpp and [smpp] is missing"))?
                .check()?;
        }
        if self.email.provider == EmailProvider::Smtp {
            self.smtp
                .as_ref()
                .ok_or_else(|| anyhow::anyhow!("`email.provider` is smtp and [smtp] is missing"))?
                .check()?;
        }
        for lane in [Lane::Code, Lane::Emergency, Lane::Normal, Lane::Bulk] {
            anyhow::ensure!(*self.dispatch.batch.of_ref(lane) > 0, "`dispatch.batch` must be above 0");
            anyhow::ensure!(self.dispatch.lease.of(lane).0 >= LEASE_LEAST, "`dispatch.lease` must be at least 1s");
            pauses(self.retry.of_ref(lane))?;
        }
        self.unknown_recipient.parse()?;
        Ok(())
    }

    /// The pauses of every lane.
    pub(crate) fn retries(&self) -> anyhow::Result<PerLane<Retries>> {
        let of = |texts: &Vec<String>| pauses(texts).map(Retries::new);
        let RetryConfig { code, emergency, normal, bulk } = &self.retry;
        Ok(PerLane { code: of(code)?, emergency: of(emergency)?, normal: of(normal)?, bulk: of(bulk)? })
    }
}

fn pauses(texts: &[String]) -> anyhow::Result<Vec<SignedDuration>> {
    anyhow::ensure!(!texts.is_empty(), "`retry` needs a pause for each lane");
    let parse = |text: &String| text.parse().map_err(|error| anyhow::anyhow!("`retry`: {text}: {error}"));
    texts.iter().map(parse).collect()
}

// === impl PerLane ===

impl<T> PerLane<T> {
    /// What a lane has.
    pub(crate) fn of_ref(&self, lane: Lane) -> &T {
        match lane {
            Lane::Code => &self.code,
            Lane::Emergency => &self.emergency,
            Lane::Normal => &self.normal,
            Lane::Bulk => &self.bulk,
        }
    }
}

impl<T: Copy> PerLane<T> {
    /// What a lane has.
    pub(crate) fn of(&self, lane: Lane) -> T {
        *self.of_ref(lane)
    }
}

pub(crate) fn signed(duration: Duration) -> SignedDuration {
    SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX)
}

// === impl UnknownRecipientConfig ===

impl UnknownRecipientConfig {
    pub(crate) fn parse(&self) -> anyhow::Result<Unknown> {
        let wrong = |key: &str, rule: &str| anyhow::anyhow!("`unknown_recipient.{key}` {rule}");
        Ok(Unknown {
            language: Language::parse(&self.language_code).map_err(|rule| wrong("language_code", rule))?,
            zone: Zone::parse(&self.time_zone).map_err(|rule| wrong("time_zone", rule))?,
        })
    }
}
