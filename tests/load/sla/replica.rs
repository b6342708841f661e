//! A monitor in this process, stepped: the service's own loop, by a clock turned by hand.

use std::sync::Arc;
use std::time::{Duration, Instant};

use all_in_one::Part;
use anyhow::{Context as _, Result};
use bootstrap::config::Layers;
use bootstrap::{Admin, Loop, Overrides, Time};
use clock::ManualClock;
use sqlx::Connection as _;
use tokio::net::TcpListener;

use super::seed::Seed;
use crate::Stage;
use tests::free_ports;

/// One replica of the service, of which only the monitor is moved.
#[derive(Debug)]
pub struct Replica {
    monitor: Loop,
    /// Its pool and its clock live in it.
    _prepared: bootstrap::Prepared,
}

// === impl Replica ===

impl Replica {
    /// A replica that goes by `clock`.
    ///
    /// # Errors
    /// The service can't be built.
    pub async fn new(stage: &Stage, seed: &Seed, clock: &ManualClock) -> Result<Self> {
        let [nobody] = free_ports()?;
        let layers = Layers::default().environment(stage.house.environment(Part::Sla, &seed.role_url, nobody, &[]));
        let overrides = Overrides {
            listener: Some(TcpListener::bind("127.0.0.1:0").await?),
            admin: Admin::Off,
            time: Time::Given(Arc::new(clock.clone())),
            ..Overrides::default()
        };
        let mut prepared = Part::Sla.prepare(&layers, overrides).await?;
        let monitor =
            prepared.take_loops().into_iter().find(|it| it.name == "monitor").context("the monitor's loop")?;
        // The canary fires each minute of a clock that is turned by many: its firings are none of those that are counted here. Only the
        // loop beside the monitor's would begin it again.
        let mut admin = seed.admin().await?;
        sqlx::query("DELETE FROM deadline WHERE state = 'canary'").execute(&mut admin).await?;
        admin.close().await?;
        Ok(Self { monitor, _prepared: prepared })
    }

    /// One tick: how many deadlines it looked at, and how long it took.
    ///
    /// # Errors
    /// It failed.
    pub async fn tick(&self) -> Result<(usize, Duration)> {
        let began = Instant::now();
        let stepped = self.monitor.step.step().await?;
        let took = began.elapsed();
        Ok((stepped.count(), took))
    }

    /// Ticks until nothing is due.
    ///
    /// # Errors
    /// A tick failed.
    pub async fn drain(&self) -> Result<usize> {
        let mut all = 0;
        loop {
            match self.tick().await? {
                (0, _) => return Ok(all),
                (count, _) => all += count,
            }
        }
    }
}
