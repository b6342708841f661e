//! WatchAppeal: an appeal and its journal, as both go on. What wakes a stream, and what can go wrong, is in [`crate::watches`].

use std::sync::Arc;

use futures::Stream;
use futures::stream;
use proto::ticket::v1 as wire;
use proto::ticket::v1::ErrorReason;
use rpc::{Caller, Refusal};
use uuid::Uuid;
use watches::{Place, Turn};

use super::{seen, view};
use crate::app::App;
use crate::domain::appeal_name;
use crate::grpc::convert::{self, Audience, Page};
use crate::store::{self, Stored};

const METHOD: &str = "WatchAppeal";

/// One stream: a place and a cursor, whatever happens to the appeal.
struct Watch {
    app: Arc<App>,
    caller: Caller,
    id: Uuid,
    bound: Vec<u8>,
    batch: u32,
    place: Place<Uuid, i64>,
    /// The number of the last entry that was told, or is not the caller's to hear.
    cursor: i64,
}

/// Watches an appeal. What can be refused is refused before the first message.
///
/// # Errors
/// As listed in the contract.
pub async fn run(
    app: Arc<App>,
    caller: Caller,
    request: wire::WatchAppealRequest,
) -> Result<impl Stream<Item = Result<wire::WatchAppealResponse, Refusal>> + Send + 'static, Refusal> {
    let Page { filter: id, size: batch, token, bound } = convert::watch_appeal(&request, &caller)?;
    // Before the first look at the appeal: what changes from here on is told.
    let place = app.watches.enter(&caller, id, app.now())?;
    let stored = seen(&app, &caller, id).await?;
    let last = stored.appeal.last_event;
    place.know(last);
    let cursor = app.pages.open_field("start_cursor", METHOD, &bound, &token)?.unwrap_or(last);
    if cursor > last {
        return Err(ahead(id));
    }
    let mut watch = Watch { app, caller, id, bound, batch, place, cursor };
    let first = watch.tell(&stored).await?;
    let first = watch.answer(Some(first.0), first.1)?;
    Ok(stream::try_unfold((Some(first), watch), |(first, mut watch)| async move {
        let message = match first {
            Some(first) => first,
            None => watch.next().await?,
        };
        Ok(Some((message, (None, watch))))
    }))
}

/// The journal is shorter than what was told of it: the database was restored.
fn ahead(id: Uuid) -> Refusal {
    Refusal::out_of_range(ErrorReason::CursorOutOfRange, "the cursor is ahead of the journal")
        .with("name", appeal_name(id))
}

// === impl Watch ===

impl Watch {
    /// The next message.
    async fn next(&mut self) -> Result<wire::WatchAppealResponse, Refusal> {
        loop {
            match self.place.turn(self.cursor).await? {
                // What comes now would get numbers that are behind the cursor, and never be told.
                Turn::Quiet(_) if self.place.is_behind(self.cursor) && self.is_ahead().await? => {
                    return Err(ahead(self.id));
                }
                Turn::Quiet(now) => {
                    self.place.spoke(now);
                    return self.answer(None, Vec::new());
                }
                Turn::News => {
                    let stored = seen(&self.app, &self.caller, self.id).await?;
                    let (appeal, events) = self.tell(&stored).await?;
                    // What is not theirs to hear is passed over in silence.
                    if !events.is_empty() {
                        self.place.spoke(self.app.now());
                        return self.answer(Some(appeal), events);
                    }
                }
            }
        }
    }

    async fn is_ahead(&self) -> Result<bool, Refusal> {
        Ok(seen(&self.app, &self.caller, self.id).await?.appeal.last_event < self.cursor)
    }

    /// The appeal, and what was done to it after the cursor, which moves on.
    async fn tell(&mut self, stored: &Stored) -> Result<(wire::Appeal, Vec<wire::AppealEvent>), Refusal> {
        let page = store::event::page(&self.app.db, self.id, self.cursor, self.batch.into()).await?;
        let audience = Audience::of(&self.caller, &stored.appeal);
        // Not beyond the appeal as it was read: what came in between is told with the appeal that it made.
        let known = page.iter().filter(|recorded| recorded.number <= stored.appeal.last_event);
        let known: Vec<_> = known.collect();
        self.cursor = known.last().map_or(self.cursor, |last| last.number);
        let events = known.iter().filter_map(|recorded| convert::event_view(self.id, recorded, audience)).collect();
        Ok((view(&self.app, &self.caller, stored).await?, events))
    }

    fn answer(
        &self,
        appeal: Option<wire::Appeal>,
        events: Vec<wire::AppealEvent>,
    ) -> Result<wire::WatchAppealResponse, Refusal> {
        let cursor = self.app.pages.seal(METHOD, &self.bound, &self.cursor)?;
        Ok(wire::WatchAppealResponse { cursor, appeal, events })
    }
}
