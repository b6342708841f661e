//! A place among those who watch: what its stream waits for, and until when.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rpc::{Caller, Refusal, reasons};
use tokio::sync::watch;

use crate::{Position, Topic, Watches};

/// A place; free again when it is dropped.
#[derive(Debug)]
pub struct Place<T: Topic, P: Position> {
    watches: Watches<T, P>,
    topic: T,
    caller: String,
    /// When the caller's token expires.
    expiry: Timestamp,
    /// When the watch is ended, to be taken up again.
    end: Timestamp,
    /// When the next sign of life is due.
    checkpoint: Timestamp,
    news: watch::Receiver<P>,
    looked: watch::Receiver<Timestamp>,
    ends: watch::Receiver<Timestamp>,
}

/// Why a stream goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// There is something after the cursor.
    News,
    /// There was nothing for so long that a sign of life is due; it is this time.
    Quiet(Timestamp),
}

// === impl Place ===

impl<T: Topic, P: Position> Place<T, P> {
    pub(crate) fn new(
        watches: Watches<T, P>,
        topic: T,
        caller: &Caller,
        news: watch::Receiver<P>,
        now: Timestamp,
    ) -> Self {
        let (looked, ends) = (watches.0.looked.subscribe(), watches.0.looked.subscribe());
        let (end, checkpoint) = (later(now, watches.0.config.longest), later(now, watches.0.config.checkpoint));
        let expiry = caller.expire_time.unwrap_or(Timestamp::MAX);
        Self { watches, topic, caller: caller.key().to_owned(), expiry, end, checkpoint, news, looked, ends }
    }

    /// Tells all who watch the topic that it goes on to `last` at least: whoever resumes far behind reads on without a look.
    pub fn know(&self, last: P) {
        if let Some(sender) = self.watches.places().topics.get(&self.topic) {
            sender.send_if_modified(|known| std::mem::replace(known, last.max(*known)) < last);
        }
    }

    /// Whether the last look found less than was told: it may be older than what was told, or the table was set back.
    pub fn is_behind(&self, cursor: P) -> bool {
        *self.news.borrow() < cursor
    }

    /// Notes that something was sent: until the next sign of life it may be quiet again.
    pub fn spoke(&mut self, now: Timestamp) {
        self.checkpoint = later(now, self.watches.0.config.checkpoint);
    }

    /// Waits until there is something after the cursor, or a sign of life is due.
    ///
    /// # Errors
    /// The stream's end: the service stops, the watch has lasted as long as it may, the token has expired.
    pub async fn turn(&mut self, cursor: P) -> Result<Turn, Refusal> {
        let (end, quiet) = (self.end.min(self.expiry), self.checkpoint);
        // A look at that time or later ends it. The time is copied: what the receiver lends would hold the place.
        let ended = tokio::select! {
            biased;
            () = self.watches.0.closing.cancelled() => None,
            // Before the news, which a topic may be full of; a sign of life is needed only where there is none.
            Ok(now) = self.ends.wait_for(|now| *now >= end) => Some(*now),
            // All senders live as long as this place.
            Ok(_) = self.news.wait_for(|last| *last > cursor) => return Ok(Turn::News),
            Ok(now) = self.looked.wait_for(|now| *now >= quiet) => return Ok(Turn::Quiet(*now)),
            else => None,
        };
        Err(match ended {
            Some(now) if now >= self.expiry => {
                Refusal::unauthenticated(reasons::TOKEN_INVALID, "the token has expired")
            }
            _ => self.watches.ended(),
        })
    }

    /// Waits for the next look: what was announced is not there, so the table was set back since.
    pub async fn look(&mut self) {
        self.looked.mark_unchanged();
        tokio::select! {
            () = self.watches.0.closing.cancelled() => {}
            _ = self.looked.changed() => {}
        }
    }
}

impl<T: Topic, P: Position> Drop for Place<T, P> {
    fn drop(&mut self) {
        self.watches.leave(self.topic, &self.caller);
    }
}

fn later(now: Timestamp, by: Duration) -> Timestamp {
    SignedDuration::try_from(by).ok().and_then(|by| now.checked_add(by).ok()).unwrap_or(Timestamp::MAX)
}
