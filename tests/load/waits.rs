//! What a database's connections do, looked at again and again: the profile of time that is waited, where `perf` tells of time that is worked.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::Result;
use clock::{Clock as _, SystemClock};
use jiff::Timestamp;
use sqlx::{Connection as _, PgConnection, Row as _};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

use crate::figure::number;

/// Between two looks. One costs Postgres some 0.1 ms of CPU.
const EVERY: Duration = Duration::from_millis(2);
/// What is seen less than this on the average, of one connection, is not told.
const SHOWN: f64 = 0.005;
/// What Postgres does by itself.
const BESIDE: &str = "beside them: ";
/// No connection has a statement at work.
const NONE: &str = "no statement at work";

/// Somebody looks.
#[derive(Debug)]
pub struct Waits {
    end: oneshot::Sender<()>,
    looking: JoinHandle<Result<Vec<Look>>>,
}

/// What was seen at one moment.
#[derive(Clone, Debug)]
struct Look {
    time: Timestamp,
    /// What was in flight.
    in_flight: usize,
    /// What each connection with a statement was doing, and what Postgres did on its own.
    doing: Vec<String>,
}

/// What was seen.
#[derive(Debug)]
pub struct Seen(Vec<Look>);

// === impl Waits ===

impl Waits {
    /// Begins to look at a database. `server`: another database of the same Postgres; `in_flight`: what is noted with each look.
    ///
    /// # Errors
    /// Postgres is away.
    pub async fn start(server: &str, database: &str, in_flight: Arc<AtomicUsize>) -> Result<Self> {
        let mut db = PgConnection::connect(server).await?;
        let database = database.to_owned();
        let (end, mut ended) = oneshot::channel();
        let looking = tokio::spawn(async move {
            let (mut looks, mut ticks) = (Vec::new(), interval(EVERY));
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                tokio::select! {
                    _ = &mut ended => return Ok(looks),
                    _ = ticks.tick() => {}
                }
                let in_flight = in_flight.load(Ordering::Relaxed);
                looks.push(Look { time: SystemClock.now(), in_flight, doing: look(&mut db, &database).await? });
            }
        });
        Ok(Self { end, looking })
    }

    /// Ends.
    ///
    /// # Errors
    /// A look failed.
    pub async fn stop(self) -> Result<Seen> {
        // Whoever looked no more has failed, which is told by the task.
        let _ = self.end.send(());
        Ok(Seen(self.looking.await??))
    }
}

async fn look(db: &mut PgConnection, database: &str) -> Result<Vec<String>> {
    let rows = sqlx::query(
        "SELECT backend_type, wait_event FROM pg_stat_activity
        WHERE backend_type = 'client backend' AND datname = $1 AND state = 'active'
            OR backend_type IN ('autovacuum worker', 'checkpointer')
                AND (wait_event_type IS NULL OR wait_event_type NOT IN ('Activity', 'Timeout'))",
    )
    .bind(database)
    .fetch_all(db)
    .await?;
    Ok(rows.iter().map(|row| name(row.get(0), row.get(1))).collect())
}

fn name(backend: &str, wait: Option<&str>) -> String {
    match (backend, wait) {
        ("client backend", Some(wait)) => format!("waits: {wait}"),
        ("client backend", None) => "works, or waits for a core".to_owned(),
        (other, _) => format!("{BESIDE}{other}"),
    }
}

/// Whether it is Postgres's own doing, and no connection's.
pub fn is_beside(doing: &str) -> bool {
    doing.starts_with(BESIDE)
}

// === impl Seen ===

impl Seen {
    /// Everything that was seen more than now and then, of all moments or of those when at least so many were in flight, in the order of its name.
    pub fn doings(all: &[&Self], in_flight: usize) -> Vec<String> {
        let looks = all.iter().flat_map(|it| &it.0);
        let doings: BTreeSet<&String> = looks.flat_map(|look| &look.doing).collect();
        let often = |doing: &&String| {
            let seen = |it: &&Self| {
                [0, in_flight].into_iter().filter_map(|least| it.average(doing, least)).any(|it| it >= SHOWN)
            };
            all.iter().any(seen)
        };
        doings.into_iter().filter(often).cloned().chain([NONE.to_owned()]).collect()
    }

    /// How many connections were seen doing this, on the average of the moments when at least so many were in flight; `None` where there was no
    /// such moment.
    pub fn average(&self, doing: &str, in_flight: usize) -> Option<f64> {
        let looks: Vec<&Look> = self.0.iter().filter(|it| it.in_flight >= in_flight).collect();
        let none = |look: &&Look| usize::from(!look.doing.iter().any(|it| !is_beside(it)));
        let count = |look: &&Look| look.doing.iter().filter(|it| *it == doing).count();
        let seen: usize = looks.iter().map(|it| if doing == NONE { none(it) } else { count(it) }).sum();
        (!looks.is_empty()).then(|| seen as f64 / looks.len() as f64)
    }

    /// The moments of it that are wanted.
    pub fn within(&self, wanted: impl Fn(Timestamp) -> bool) -> Self {
        Self(self.0.iter().filter(|look| wanted(look.time)).cloned().collect())
    }

    /// How long a thing's connection does what, of `count` things done in `took`, in microseconds each.
    pub fn each(&self, doing: &str, took: Duration, count: usize) -> String {
        let each = self.average(doing, 0).unwrap_or_default() * took.as_secs_f64() * 1e6 / count.max(1) as f64;
        format!("{} µs", number(each))
    }

    /// The share of the moments when at least so many were in flight.
    pub fn share(&self, in_flight: usize) -> f64 {
        self.0.iter().filter(|it| it.in_flight >= in_flight).count() as f64 / self.0.len().max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_are_averaged_over_the_moments_that_are_asked_for() {
        let look = |in_flight: usize, doing: &[(&str, Option<&str>)]| Look {
            time: Timestamp::from_second(in_flight as i64).unwrap(),
            in_flight,
            doing: doing.iter().map(|(backend, wait)| name(backend, *wait)).collect(),
        };
        let seen = Seen(vec![
            look(1, &[]),
            look(1, &[("client backend", None)]),
            look(9, &[("client backend", Some("WALSync")), ("client backend", Some("WALSync"))]),
            look(9, &[("checkpointer", Some("DataFileSync"))]),
        ]);
        let names = ["beside them: checkpointer", "waits: WALSync", "works, or waits for a core", NONE];
        assert_eq!(Seen::doings(&[&seen], 0), names);
        let averages = |in_flight| names.map(|it| seen.average(it, in_flight).unwrap());
        assert_eq!(averages(0), [0.25, 0.5, 0.25, 0.5]);
        assert_eq!(averages(9), [0.5, 1.0, 0.0, 0.5]);
        assert_eq!(
            (seen.average(NONE, 10), seen.each("waits: WALSync", Duration::from_secs(4), 1_000)),
            (None, "2,000 µs".to_owned())
        );
        let then = seen.within(|moment| moment.as_second() > 1);
        assert_eq!(names.map(|it| then.average(it, 0).unwrap()), averages(9));
        assert!((seen.share(9) - 0.5).abs() < f64::EPSILON && seen.share(10) == 0.0);
    }
}
