//! What follows from this service's calls, in the transaction that settles them.
//!
//! The call's row is locked, then the deadline's. A batch of settlements locks several deadlines in the order of its calls; two batches may meet in a
//! deadlock, which Postgres ends and the transaction runs again.

use ::deadline::ClockKind;
use ::store::{Error, Tx};
use async_trait::async_trait;
use jiff::Timestamp;
use outbox::{Call, Follow, Outcome, Settled};
use proto::from_wire;
use proto::notification::v1::SendNotificationRequest;
use proto::ticket::v1::{Appeal, EscalateAppealRequest, RebaseAppealRequest};
use std::sync::Arc;
use uuid::Uuid;

use crate::domain::{Answer, RungKey, RungState};
use crate::routes::{self, Note};
use crate::{App, notices, rebase, store};

/// The second half of the routes.
pub(crate) struct Follower(pub(crate) Arc<App>);

#[async_trait]
impl Follow for Follower {
    fn expects(&self, method: &str, reason: &str) -> bool {
        routes::expects(method, reason)
    }

    async fn settled(&self, tx: &mut Tx, settled: &Settled) -> Result<Vec<Call>, Error> {
        if settled.is::<RebaseAppealRequest>() {
            return self.rebased(tx, settled).await;
        }
        let Some((deadline, key)) = Note::read(&settled.note) else {
            // An outcome that was recorded: nothing follows.
            return Ok(Vec::new());
        };
        let now = self.0.db.now();
        if settled.is::<EscalateAppealRequest>() {
            let appeal = settled.answer::<EscalateAppealRequest>()?;
            let answer = match &settled.outcome {
                Outcome::Done(_) => Answer::Accepted { expected_time: told(key, appeal.as_ref()) },
                Outcome::Refused { reason } => Answer::Refused(reason.clone()),
                Outcome::Dead => Answer::Dead,
            };
            self.handed_up(tx, deadline, key, &answer, appeal.as_ref(), now).await
        } else if settled.is::<SendNotificationRequest>() {
            self.asked(tx, settled).await
        } else {
            Ok(Vec::new())
        }
    }
}

// === impl Follower ===

impl Follower {
    /// The ticket service has answered to a hand-over.
    async fn handed_up(
        &self,
        tx: &mut Tx,
        id: Uuid,
        key: RungKey,
        answer: &Answer,
        appeal: Option<&Appeal>,
        now: Timestamp,
    ) -> Result<Vec<Call>, Error> {
        let app = &self.0;
        let Some(mut deadline) = store::deadline::lock(tx, id).await? else {
            return Err(Error::Corrupt("a call's deadline is gone".to_owned()));
        };
        let before = deadline.rungs.clone();
        let Some(mut rung) = deadline.settle(key, answer, now, &app.policies()) else { return Ok(Vec::new()) };
        let mut calls = Vec::new();
        if let Some(appeal) = appeal
            && rung.state == RungState::Acted
            && key.clock == ClockKind::Resolution
            // The answer was lost for longer than it promised: one notice, with a time that stands, follows from the next level.
            && !deadline.is_overtaken(&rung, now)
        {
            let expire_time = now.checked_add(app.notice_lifetime).unwrap_or(Timestamp::MAX);
            let holder = app.policies().holder(&deadline, key.clock, key.level);
            match routes::repeat(&deadline, &rung, holder, appeal, expire_time) {
                Some(call) => {
                    rung.notice_request_id = Some(call.id());
                    calls.push(call);
                }
                None => tracing::error!(deadline = %id, "the answer to a hand-over names no recipient: nobody is told"),
            }
        }
        let breach = deadline.answered(&rung, now, &app.policies());
        store::deadline::settle(tx, &before, &deadline, &rung, &breach).await?;
        app.watches.wake_on_commit(tx, ());
        app.metrics.moved(&rung);
        Ok(calls)
    }

    /// The ticket service has answered to a re-base.
    async fn rebased(&self, tx: &mut Tx, settled: &Settled) -> Result<Vec<Call>, Error> {
        let Some((id, deadline)) = routes::rebase_note(&settled.note) else {
            return Err(Error::Corrupt("a re-base's note".to_owned()));
        };
        let answer = match (&settled.outcome, settled.answer::<RebaseAppealRequest>()?) {
            (Outcome::Done(_), answer) => rebase::Answer::Done(answer.unwrap_or_default()),
            (Outcome::Refused { reason }, _) => rebase::Answer::Refused(reason.clone()),
            (Outcome::Dead, _) => rebase::Answer::Refused("CALL_DEAD".to_owned()),
        };
        rebase::settle(&self.0, tx, id, deadline, &answer).await?;
        Ok(Vec::new())
    }

    /// The notification service has answered to a repeat notice.
    async fn asked(&self, tx: &mut Tx, settled: &Settled) -> Result<Vec<Call>, Error> {
        let notice = match &settled.outcome {
            Outcome::Done(_) => "QUEUED",
            // No refusal of it is in the ordinary course of things.
            Outcome::Refused { .. } | Outcome::Dead => "CALL_DEAD",
        };
        notices::note(&self.0, tx, settled.call_id, notice, self.0.db.now()).await?;
        Ok(Vec::new())
    }
}

/// The expected time that the citizen is told with a level of the resolution's ladder. Those of the answers do not change it.
fn told(key: RungKey, appeal: Option<&Appeal>) -> Option<Timestamp> {
    let expected = appeal.filter(|_| key.clock == ClockKind::Resolution)?.expected_time.as_ref();
    expected.and_then(from_wire)
}

impl std::fmt::Debug for Follower {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Follower")
    }
}
