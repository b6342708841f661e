//! The reconciler: looks every hour whether what is promised, watched and armed fits together (D-09). It reads and tells; what it found is mended
//! by an administrator's MendDeadline and by nothing else, since what is broken once by an unknown cause is not to be overwritten by a loop.
//!
//! ```text
//!   rest ──an hour after the last pass began──► deadlines ──────────────► appeals ─────────────────► sweep ──► rest
//!                                               our rows, by primary      ListPromises, page by      what this pass
//!                                               key, page by page         page                       did not find again
//!                                                                             └─ the pass is whole: counts and time are told
//! ```
//!
//! Where it is stands in one row that all replicas share. A page is claimed by a lease, looked at, and recorded by the lease's token together with
//! what was found and where it goes on, so two replicas make one pass and each page counts once.
//!
//! | what goes wrong | what comes of it |
//! |---|---|
//! | it dies halfway | the lease ends within a minute, and somebody looks at that page again |
//! | the ticket service is away | the pass waits where it is and tries again each minute; the time of the last whole pass grows old, which is to be alarmed on |
//! | the ticket service does not know its page token any more | that phase begins again |
//! | an appeal changes while it is looked at | a call that is on its way is no drift: nothing counts that is younger than `reconciler.grace` |
//! | a deadline is fired while it is looked at | a page is read as of one instant |
//! | millions of rows | a page is some ten milliseconds of reading and no lock, with a pause after it, for all replicas together |

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use ::store::{Error, transaction};
use async_trait::async_trait;
use bootstrap::{Loop, Step, Stepped};
use jiff::{SignedDuration, Timestamp};
use proto::from_wire;
use proto::ticket::v1::{ListPromisesRequest, ListPromisesResponse};
use tonic::{Code, Status};
use uuid::Uuid;

use crate::App;
use crate::config::{ReconcilerConfig, signed};
use crate::domain::{DriftKind, Phase, Place, parse_name};
use crate::promises::Promises;
use crate::store::{drift, reconciliation};

/// How long a page may be looked at: ten times what the slowest should take.
const LEASE: SignedDuration = SignedDuration::from_secs(60);

/// Until the ticket service is asked again that was away.
const AWAY: SignedDuration = SignedDuration::from_secs(60);

/// At rest, until the row is looked at again: another replica's pass is told by this one's metrics so much later.
const LOOK: SignedDuration = SignedDuration::from_secs(15);

/// The loop's work.
pub(crate) struct Reconciler {
    app: Arc<App>,
    promises: Arc<dyn Promises>,
    interval: SignedDuration,
    pause: SignedDuration,
    grace: SignedDuration,
    page: u32,
    /// Until when this replica need not look at the row.
    quiet: Mutex<Option<Timestamp>>,
}

/// The loop.
pub(crate) fn reconcile_loop(app: &Arc<App>, promises: Arc<dyn Promises>, config: &ReconcilerConfig) -> Loop {
    Loop::new("reconcile", config.pause, Reconciler::new(app, promises, config))
}

#[async_trait]
impl Step for Reconciler {
    async fn step(&self) -> anyhow::Result<Stepped> {
        let now = self.app.db.now();
        if self.quiet().is_some_and(|until| now < until) {
            return Ok(Stepped::Idle);
        }
        let token = Uuid::new_v4();
        let claimed = reconciliation::claim(self.app.db.pool(), token, now, later(now, LEASE)).await?;
        let Some(mut place) = claimed else {
            let place = reconciliation::get(self.app.db.pool()).await?;
            self.app.metrics.drifts(&place);
            if place.phase == Phase::Rest {
                *self.quiet() = Some(place.next_time.min(later(now, LOOK)));
            }
            return Ok(Stepped::Idle);
        };
        if place.phase == Phase::Rest {
            place.begin(now);
        }
        match place.phase {
            Phase::Rest | Phase::Deadlines => self.deadlines(token, place, now).await,
            Phase::Appeals => self.appeals(token, place, now).await,
            Phase::Sweep => self.sweep(token, place, now).await,
        }
    }
}

// === impl Reconciler ===

impl Reconciler {
    pub(crate) fn new(app: &Arc<App>, promises: Arc<dyn Promises>, config: &ReconcilerConfig) -> Self {
        Self {
            app: Arc::clone(app),
            promises,
            interval: signed(config.interval),
            pause: signed(config.pause),
            grace: signed(config.grace),
            page: config.page,
            quiet: Mutex::new(None),
        }
    }

    /// A page of our own rows.
    async fn deadlines(&self, token: Uuid, mut place: Place, now: Timestamp) -> anyhow::Result<Stepped> {
        let after = place.position.parse().unwrap_or(Uuid::nil());
        let page = transaction!(self.app.db, "look_at_deadlines", |tx| -> Result<drift::Page, Error> {
            drift::page(tx, after, self.page).await
        })?;
        let (policies, overdue_before) = (self.app.policies(), earlier(now, self.grace));
        let mut found = Vec::new();
        for (id, stored, read) in page.open {
            match read {
                Ok(deadline) => {
                    found.extend(deadline.drifts(stored, overdue_before, &policies).map(|kind| (kind, id)));
                }
                Err(_) => found.push((DriftKind::DeadlineUnreadable, id)),
            }
        }
        match page.last.filter(|_| page.count >= self.page as usize) {
            Some(last) => place.go_on(last.to_string(), later(now, self.pause)),
            None => place.enter(Phase::Appeals, now),
        }
        self.record(token, place, &found, now).await
    }

    /// A page of what the ticket service promises.
    async fn appeals(&self, token: Uuid, mut place: Place, now: Timestamp) -> anyhow::Result<Stepped> {
        let page_size = i32::try_from(self.page).unwrap_or(i32::MAX);
        let request = ListPromisesRequest { page_size, page_token: place.position.clone() };
        let page = match self.promises.page(request).await {
            Ok(page) => page,
            Err(status) => return self.spare(token, place, &status, now).await,
        };
        let found = self.compare(&page, now).await?;
        if page.next_page_token.is_empty() {
            place.enter(Phase::Sweep, now);
        } else {
            place.go_on(page.next_page_token, later(now, self.pause));
        }
        self.record(token, place, &found, now).await
    }

    /// What of a page is not watched here as it is promised there, and should be by now.
    async fn compare(&self, page: &ListPromisesResponse, now: Timestamp) -> Result<Vec<(DriftKind, Uuid)>, Error> {
        let due_before = earlier(now, self.grace);
        let mut promised = HashMap::new();
        for promise in &page.promises {
            let told = promise.revise_time.as_ref().and_then(from_wire);
            match (parse_name("appeals", &promise.appeal), told) {
                (Some(id), Some(told)) if told < due_before => drop(promised.insert(id, promise.revision)),
                (Some(_), Some(_)) => {}
                _ => tracing::warn!("a promise of the ticket service's list can't be read"),
            }
        }
        let ids: Vec<Uuid> = promised.keys().copied().collect();
        let known = drift::revisions(self.app.db.pool(), &ids).await?;
        let differs = |(id, revision): (Uuid, i64)| match known.get(&id) {
            None => Some((DriftKind::AppealUntracked, id)),
            Some(known) if *known < revision => Some((DriftKind::AppealOutdated, id)),
            Some(_) => None,
        };
        Ok(promised.into_iter().filter_map(differs).collect())
    }

    /// The ticket service has no page for us: it is asked again later, from the beginning when it was the token that it did not take.
    async fn spare(&self, token: Uuid, mut place: Place, status: &Status, now: Timestamp) -> anyhow::Result<Stepped> {
        tracing::warn!(code = ?status.code(), "the ticket service's promises can't be compared now");
        let position = if status.code() == Code::InvalidArgument { String::new() } else { place.position.clone() };
        place.go_on(position, later(now, AWAY));
        self.record(token, place, &[], now).await?;
        Ok(Stepped::Spared)
    }

    /// A page of what is not so any more.
    async fn sweep(&self, token: Uuid, mut place: Place, now: Timestamp) -> anyhow::Result<Stepped> {
        let is_last = transaction!(self.app.db, "sweep_drifts", |tx| -> Result<bool, Error> {
            Ok(drift::sweep(tx, place.whole_pass, self.page).await? < u64::from(self.page))
        })?;
        if is_last {
            let next = place.begin_time.map_or(now, |begun| later(begun, self.interval));
            place.enter(Phase::Rest, next.max(now));
        } else {
            place.go_on(String::new(), later(now, self.pause));
        }
        self.record(token, place, &[], now).await
    }

    /// Keeps what was found together with where it goes on; nothing when the lease is gone: somebody else looks at that page.
    async fn record(
        &self,
        token: Uuid,
        place: Place,
        found: &[(DriftKind, Uuid)],
        now: Timestamp,
    ) -> anyhow::Result<Stepped> {
        let recorded = transaction!(self.app.db, "reconcile", |tx| -> Result<Option<_>, Error> {
            if !reconciliation::hold(tx, token).await? {
                return Ok(None);
            }
            let mut place = place.clone();
            let kept = drift::keep(tx, place.pass, found, now).await?;
            for (kind, ..) in &kept {
                *place.counts.entry(kind.as_str().to_owned()).or_default() += 1;
            }
            if place.phase == Phase::Sweep && place.whole_pass < place.pass {
                place.complete(now);
            }
            reconciliation::record(tx, &place).await?;
            Ok(Some((place, kept)))
        })?;
        let Some((place, kept)) = recorded else { return Ok(Stepped::Idle) };
        for (kind, deadline, is_new) in &kept {
            // Each once: it may be there for days, until somebody looks into it.
            if *is_new {
                tracing::warn!(%deadline, kind = kind.as_str(), "a deadline has drifted");
            }
        }
        self.app.metrics.drifts(&place);
        // A page that is followed by another is followed by a pause.
        let goes_on_now = place.next_time <= now;
        Ok(if goes_on_now { Stepped::Worked(1) } else { Stepped::Idle })
    }

    fn quiet(&self) -> std::sync::MutexGuard<'_, Option<Timestamp>> {
        self.quiet.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn later(time: Timestamp, by: SignedDuration) -> Timestamp {
    time.saturating_add(by).unwrap_or(Timestamp::MAX)
}

fn earlier(time: Timestamp, by: SignedDuration) -> Timestamp {
    time.saturating_sub(by).unwrap_or(Timestamp::MIN)
}
