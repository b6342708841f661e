//! The service's own sections; `config.default.toml` is their manual.

use std::time::Duration;

use bootstrap::config::span;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

/// What is this service's own.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The loop that fires rungs.
    pub monitor: MonitorConfig,
    /// The repeat notice.
    pub notice: NoticeConfig,
    /// The calendars.
    pub calendars: CalendarsConfig,
    /// The canary.
    pub canary: CanaryConfig,
    /// The reconciler.
    pub reconciler: ReconcilerConfig,
}

/// `[monitor]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct MonitorConfig {
    /// Most deadlines of one step.
    pub batch: u32,
    /// Pause after an idle step.
    #[serde(with = "span::required")]
    pub idle: Duration,
    /// Lateness from which a rung is labelled.
    #[serde(with = "span::required")]
    pub late_after: Duration,
}

/// `[notice]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct NoticeConfig {
    /// How long a repeat is worth sending.
    #[serde(with = "span::required")]
    pub lifetime: Duration,
}

/// `[calendars]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct CalendarsConfig {
    /// Time before a calendar's end from which on it is alarmed about.
    #[serde(with = "span::required")]
    pub alarm_before: Duration,
}

/// `[canary]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct CanaryConfig {
    /// Silence from which on it is alarmed about.
    #[serde(with = "span::required")]
    pub alarm_after: Duration,
}

/// `[reconciler]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ReconcilerConfig {
    /// From the beginning of a pass to that of the next.
    #[serde(with = "span::required")]
    pub interval: Duration,
    /// Rows of a page.
    pub page: u32,
    /// Between two pages, for all replicas together.
    #[serde(with = "span::required")]
    pub pause: Duration,
    /// Age from which on a difference counts.
    #[serde(with = "span::required")]
    pub grace: Duration,
}

// === impl Config ===

impl Config {
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        anyhow::ensure!((1..=1000).contains(&self.monitor.batch), "`monitor.batch` must be from 1 to 1000");
        anyhow::ensure!(!self.monitor.idle.is_zero(), "`monitor.idle` must be longer than zero");
        anyhow::ensure!(!self.notice.lifetime.is_zero(), "`notice.lifetime` must be longer than zero");
        let it = &self.reconciler;
        anyhow::ensure!(!it.interval.is_zero(), "`reconciler.interval` must be longer than zero");
        anyhow::ensure!(!it.pause.is_zero(), "`reconciler.pause` must be longer than zero");
        anyhow::ensure!((1..=1000).contains(&it.page), "`reconciler.page` must be from 1 to 1000");
        anyhow::ensure!(!self.canary.alarm_after.is_zero(), "`canary.alarm_after` must be longer than zero");
        Ok(())
    }
}

pub(crate) fn signed(duration: Duration) -> SignedDuration {
    SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX)
}
