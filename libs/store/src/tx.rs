//! Named transactions that may be run again.

use crate::{Db, Error, Retryable};
use sqlx::{PgConnection, PgPool, Postgres, Transaction};
use std::fmt::{self, Debug, Formatter};
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Notify;
use tracing::Span;

/// Runs of one transaction before its conflict is given to the caller.
const MAX_RUNS: u32 = 5;

/// Longest pause after the first conflict; doubled after each further one. Pauses are drawn evenly from zero to it, so that
/// the parties of a deadlock don't meet again.
const FIRST_PAUSE: Duration = Duration::from_millis(4);

/// The target of spans that are for traces alone: no log line shows them, they never begin a trace, and without a collector they cost one
/// load of an atomic, since nobody listens to them.
pub const TRACE_ONLY: &str = "otklik::trace";

/// An open transaction. Derefs to the connection: `query.execute(&mut **tx)`.
pub struct Tx {
    transaction: Transaction<'static, Postgres>,
    name: &'static str,
    wake: Vec<Arc<Notify>>,
}

/// The runs of one named transaction; made by [`transaction!`](crate::transaction), of no use by itself.
#[doc(hidden)]
pub struct Run<'a> {
    db: &'a Db,
    name: &'static str,
    runs: u32,
    started: Instant,
    span: Span,
}

/// Runs a named transaction inside an async function: `transaction!(db, "file_appeal", |tx| { ...; Ok(value) })` is a
/// `Result<T, E>`; the macro itself awaits.
///
/// In the body `tx` is a `&mut Tx` and `?` leaves the transaction, not the function. `Ok` commits, `Err` rolls back. A conflict
/// runs the body again, so what it uses up must be cloned inside it. `E` is any error with `From<store::Error>` and
/// [`Retryable`](crate::Retryable); where the compiler can't infer it, name the result:
/// `transaction!(db, "tick", |tx| -> Result<usize, store::Error> { ... })`.
///
/// It is a macro because a closure that returns a `Send` future borrowing its argument can't be written on stable Rust.
#[macro_export]
macro_rules! transaction {
    ($db:expr, $name:expr, |$tx:ident| $body:block) => {
        $crate::transaction!($db, $name, |$tx| -> ::core::result::Result<_, _> $body)
    };
    ($db:expr, $name:expr, |$tx:ident| -> $result:ty $body:block) => {{
        let db: &$crate::Db = &$db;
        let mut run = db.run($name);
        loop {
            let mut open = match run.begin().await {
                Ok(open) => open,
                Err(error) => break Err(::core::convert::From::from(error)),
            };
            let result: $result = {
                let $tx: &mut $crate::Tx = &mut open;
                $crate::Instrument::instrument(async { $body }, run.span()).await
            };
            if let Some(result) = run.end(open, result).await {
                break result;
            }
        }
    }};
}

/// The span of a transaction, for one that shares its commit with others and so is none of [`transaction!`](crate::transaction)'s.
pub fn transaction_span(name: &'static str) -> Span {
    tracing::info_span!(
        target: TRACE_ONLY,
        "transaction",
        otel.name = name,
        db.system.name = "postgresql",
        outcome = tracing::field::Empty,
        runs = tracing::field::Empty,
    )
}

// === impl Tx ===

impl Tx {
    /// The transaction's name, for logs and for rows that record who wrote them.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Wakes a waiting loop once this transaction is committed, and not if it is rolled back.
    pub fn wake_on_commit(&mut self, wake: &Arc<Notify>) {
        if !self.wake.iter().any(|known| Arc::ptr_eq(known, wake)) {
            self.wake.push(wake.clone());
        }
    }
}

impl Deref for Tx {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.transaction
    }
}

impl DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.transaction
    }
}

impl Debug for Tx {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tx").field("name", &self.name).finish_non_exhaustive()
    }
}

// === impl Run ===

impl<'a> Run<'a> {
    pub(crate) fn new(db: &'a Db, name: &'static str) -> Self {
        Run { db, name, runs: 0, started: Instant::now(), span: transaction_span(name) }
    }

    /// From the wait for a connection to the end of the last run; what the body writes for later belongs to it.
    pub fn span(&self) -> Span {
        self.span.clone()
    }

    /// Opens the transaction of the next run.
    pub async fn begin(&mut self) -> Result<Tx, Error> {
        self.runs += 1;
        // Every pooled connection may be dead after a restart of Postgres; one more attempt opens a new one.
        let mut attempts = self.db.pool().options().get_max_connections() + 1;
        loop {
            attempts -= 1;
            match begin(self.db.pool()).await {
                Ok(transaction) => return Ok(Tx { transaction, name: self.name, wake: Vec::new() }),
                Err(error) if attempts > 0 && was_dead(&error) => {}
                Err(error) => {
                    self.tell("failed");
                    return Err(error.into());
                }
            }
        }
    }

    /// Ends a run: `None` asks for another one.
    pub async fn end<T, E: From<Error> + Retryable>(&mut self, tx: Tx, result: Result<T, E>) -> Option<Result<T, E>> {
        let Tx { transaction, wake, .. } = tx;
        let (result, outcome) = match result {
            Ok(value) => match transaction.commit().await {
                Ok(()) => {
                    wake.iter().for_each(|waiting| waiting.notify_one());
                    (Ok(value), "committed")
                }
                Err(error) => (Err(E::from(error.into())), "failed"),
            },
            Err(error) => {
                // A rollback that fails has lost its connection, which is a rollback too.
                drop(transaction.rollback().await);
                (Err(error), "rolled_back")
            }
        };
        match result {
            Err(error) if error.is_conflict() && self.runs < MAX_RUNS => {
                self.db.metrics().retried(self.name);
                tokio::time::sleep(FIRST_PAUSE.mul_f64(f64::from(1 << self.runs) / 2.0 * rand::random::<f64>())).await;
                None
            }
            result => {
                self.tell(outcome);
                Some(result)
            }
        }
    }

    fn tell(&self, outcome: &'static str) {
        self.db.metrics().ended(self.name, outcome, self.started.elapsed());
        self.span.record("outcome", outcome).record("runs", self.runs);
    }
}

/// As `PgPool::begin`, which is not safe to cancel: sqlx 0.9.0 counts a transaction only once BEGIN is answered, so one cancelled
/// before that (a caller hung up) would leave its connection in a transaction that nobody ends, and the pool would hand it on
/// (sqlx issue 4393). A task of its own always sees the answer; when nobody waits for it any more, the transaction is rolled back.
async fn begin(pool: &PgPool) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
    let connection = pool.acquire().await?;
    let begun = tokio::spawn(Transaction::begin(connection, None));
    begun.await.unwrap_or(Err(sqlx::Error::WorkerCrashed))
}

/// Whether the connection had died in the pool. Postgres says so itself if it had the time: admin_shutdown, crash_shutdown.
fn was_dead(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed => true,
        sqlx::Error::Database(error) => matches!(error.code().as_deref(), Some("57P01" | "57P02")),
        _ => false,
    }
}

impl Debug for Run<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run").field("name", &self.name).field("runs", &self.runs).finish_non_exhaustive()
    }
}
