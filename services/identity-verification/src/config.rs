//! The service's own sections; `config.default.toml` is their manual.

use std::time::Duration;

use bootstrap::config::span;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::domain::{CodeRules, SendLimits};

/// What is this service's own.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The life of codes.
    pub code: CodeConfig,
    /// How often they are sent.
    pub limits: LimitsConfig,
    /// Signed statements.
    pub assertion: AssertionConfig,
    /// For trying it out.
    pub samples: SamplesConfig,
}

/// `[code]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct CodeConfig {
    /// Digits of a code, 4 to 9.
    pub digits: u8,
    /// Digits for `long_actions`.
    pub long_digits: u8,
    /// Actions where more is at stake.
    pub long_actions: Vec<String>,
    /// How long a code by SMS is accepted.
    #[serde(with = "span::required")]
    pub sms_lifetime: Duration,
    /// How long a code by e-mail is accepted.
    #[serde(with = "span::required")]
    pub email_lifetime: Duration,
    /// Tries a code has.
    pub attempts: u8,
    /// Within this time the same code goes out again.
    #[serde(with = "span::required")]
    pub same_code_within: Duration,
    /// How long a confirmed verification may be used.
    #[serde(with = "span::required")]
    pub use_within: Duration,
}

/// `[limits]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct LimitsConfig {
    /// Least times between codes to one address, as text such as `30s`.
    pub gaps: Vec<String>,
    /// Most within an hour.
    pub per_hour: u16,
    /// Most within a day.
    pub per_day: u16,
}

/// `[assertion]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct AssertionConfig {
    /// How long an assertion is accepted.
    #[serde(with = "span::required")]
    pub lifetime: Duration,
    /// Number of the signing key.
    pub generation: u32,
}

/// `[samples]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SamplesConfig {
    /// Register the sample citizen.
    pub seed: bool,
}

// === impl Config ===

impl Config {
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        let digits = 4..=9;
        anyhow::ensure!(digits.contains(&self.code.digits), "`code.digits` must be from 4 to 9");
        anyhow::ensure!(digits.contains(&self.code.long_digits), "`code.long_digits` must be from 4 to 9");
        anyhow::ensure!(self.code.attempts > 0, "`code.attempts` must be at least 1");
        anyhow::ensure!(self.assertion.generation > 0, "`assertion.generation` must be at least 1");
        anyhow::ensure!(self.limits.per_hour > 0 && self.limits.per_day > 0, "`limits` must let one code through");
        anyhow::ensure!(!self.limits.gaps.is_empty(), "`limits.gaps` must have an entry");
        self.limits
            .gaps
            .iter()
            .try_for_each(|gap| gap.parse::<SignedDuration>().map(drop))
            .map_err(|error| anyhow::anyhow!("`limits.gaps`: {error}"))
    }
}

// === impl CodeConfig ===

impl CodeConfig {
    pub(crate) fn rules(&self) -> CodeRules {
        CodeRules {
            digits: self.digits,
            long_digits: self.long_digits,
            long_actions: self.long_actions.clone(),
            sms_lifetime: signed(self.sms_lifetime),
            email_lifetime: signed(self.email_lifetime),
            attempts: self.attempts.into(),
            same_code_within: signed(self.same_code_within),
            use_within: signed(self.use_within),
        }
    }
}

// === impl LimitsConfig ===

impl LimitsConfig {
    pub(crate) fn limits(&self) -> SendLimits {
        SendLimits {
            // `check` has parsed them all.
            gaps: self.gaps.iter().filter_map(|gap| gap.parse().ok()).collect(),
            per_hour: self.per_hour.into(),
            per_day: self.per_day.into(),
        }
    }
}

pub(crate) fn signed(duration: Duration) -> SignedDuration {
    SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX)
}
