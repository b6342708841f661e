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
    /// The figures.
    pub figures: FiguresConfig,
    /// The canary.
    pub canary: CanaryConfig,
    /// The reconciler.
    pub reconciler: ReconcilerConfig,
    /// The log of what happened to promises.
    pub breaches: BreachesConfig,
    /// Those who watch it.
    pub watch: watches::Config,
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

/// `[figures]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct FiguresConfig {
    /// Most closings of one step of the fold.
    pub batch: u32,
    /// Pause after a step that found none.
    #[serde(with = "span::required")]
    pub idle: Duration,
    /// How many days figures are kept.
    pub keep_days: u32,
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

/// `[breaches]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct BreachesConfig {
    /// How long entries of the log are kept.
    #[serde(with = "span::required")]
    pub keep: Duration,
}

// === impl Config ===

impl Config {
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        anyhow::ensure!((1..=1000).contains(&self.monitor.batch), "`monitor.batch` must be from 1 to 1000");
        anyhow::ensure!(!self.monitor.idle.is_zero(), "`monitor.idle` must be longer than zero");
        anyhow::ensure!((1..=10_000).contains(&self.figures.batch), "`figures.batch` must be from 1 to 10000");
        anyhow::ensure!(!self.figures.idle.is_zero(), "`figures.idle` must be longer than zero");
        anyhow::ensure!(
            (400..=36_500).contains(&self.figures.keep_days),
            "`figures.keep_days` must be from 400, the longest report, to 36500"
        );
        self.watch.check()?;
        // Else a watch could outlast what it is to be taken up again from.
        anyhow::ensure!(
            self.breaches.keep >= self.watch.longest.saturating_mul(2),
            "`breaches.keep` must be at least twice `watch.longest`"
        );
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
