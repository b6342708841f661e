//! What a run costs: CPU, by who used it.

use std::ops::AddAssign;
use std::time::Duration;

use anyhow::Result;

use crate::figure::number;
use crate::postgres::Server;
use crate::procs;

/// Readings at the beginning of a run.
#[derive(Debug)]
pub struct Meter {
    service: Option<u32>,
    at: Spent,
}

/// CPU time of a run.
#[derive(Clone, Copy, Debug, Default)]
pub struct Spent {
    /// The service under load; nothing for a baseline.
    pub service: Duration,
    /// Postgres, all of it.
    pub postgres: Duration,
    /// This process and the load generators it ran.
    pub client: Duration,
}

// === impl Meter ===

impl Meter {
    /// Begins. `service` is a process.
    ///
    /// # Errors
    /// One of the processes is gone.
    pub fn start(server: &Server, service: Option<u32>) -> Result<Self> {
        Ok(Self { service, at: read(server, service)? })
    }

    /// Ends.
    ///
    /// # Errors
    /// One of the processes is gone.
    pub fn stop(self, server: &Server) -> Result<Spent> {
        let now = read(server, self.service)?;
        Ok(Spent {
            service: now.service.saturating_sub(self.at.service),
            postgres: now.postgres.saturating_sub(self.at.postgres),
            client: now.client.saturating_sub(self.at.client),
        })
    }
}

fn read(server: &Server, service: Option<u32>) -> Result<Spent> {
    Ok(Spent {
        service: service.map(procs::cpu).transpose()?.unwrap_or_default(),
        postgres: procs::cpu_of_postgres(server.postmaster()?)?,
        client: procs::cpu(std::process::id())? + procs::cpu_of_ended_children()?,
    })
}

// === impl Spent ===

impl AddAssign for Spent {
    fn add_assign(&mut self, other: Self) {
        self.service += other.service;
        self.postgres += other.postgres;
        self.client += other.client;
    }
}

impl Spent {
    /// `service / Postgres / client`, in microseconds for each of so many.
    pub fn each(&self, count: usize) -> String {
        let each = |it: Duration| number(it.as_secs_f64() * 1e6 / count.max(1) as f64);
        format!("{} / {} / {}", each(self.service), each(self.postgres), each(self.client))
    }
}
