//! WatchBreaches: the log of what happened to promises, as it goes on. What wakes a stream, and what can go wrong, is in [`crate::watches`].

use std::sync::Arc;

use futures::{Stream, stream};
use jiff::Timestamp;
use proto::sla::v1::{ErrorReason, WatchBreachesRequest, WatchBreachesResponse};
use rpc::{Caller, Refusal};
use serde::{Deserialize, Serialize};
use watches::{Place, Turn};

use crate::domain::{Breach, Logged, Position};
use crate::grpc::convert::{Followed, breach_to_wire, watch_breaches};
use crate::{App, store};

const METHOD: &str = "/otklik.sla.v1.SlaService/WatchBreaches";

/// Entries read at once, and most of one message, as the contract says.
const BATCH: usize = 100;

/// Where a stream goes on: the last entry that was looked at, told or not, and when. Before the first entry it names none.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct Cursor(Position, i64);

/// One stream: two places in the log, whatever happens.
struct Watch {
    app: Arc<App>,
    followed: Followed,
    place: Place<(), Position>,
    /// The last entry that was looked at.
    cursor: Position,
}

/// Watches what happens. What can be refused is refused before the first message.
pub(crate) async fn run(
    app: Arc<App>,
    caller: Caller,
    request: WatchBreachesRequest,
) -> Result<impl Stream<Item = Result<WatchBreachesResponse, Refusal>> + Send + 'static, Refusal> {
    let followed = watch_breaches(&request, &caller)?;
    // Before the first look at the log: what is told from here on is heard.
    let place = app.watches.enter(&caller, (), app.db.now())?;
    let last = store::breach::last(app.db.pool()).await?;
    place.know(last);
    let given = app.pages.open_field::<Cursor>("start_cursor", METHOD, &followed.bound, &request.start_cursor)?;
    let cursor = match given {
        Some(Cursor(position, told)) => {
            check(&app, position, Timestamp::from_second(told).map_err(Refusal::internal)?).await?;
            position
        }
        None => last,
    };
    let watch = Watch { app, followed, place, cursor };
    let first = watch.answer(Vec::new())?;
    Ok(stream::try_unfold((Some(first), watch), |(first, mut watch)| async move {
        let message = match first {
            Some(first) => first,
            None => watch.next().await?,
        };
        Ok(Some((message, (None, watch))))
    }))
}

/// Whether a stream can go on there with nothing missed: its last entry is there still. The oldest go first and the newest is never forgotten, so then
/// those after it are there too.
async fn check(app: &App, cursor: Position, told: Timestamp) -> Result<(), Refusal> {
    let is_old = told < app.db.now().saturating_sub(app.keep_breaches).unwrap_or(Timestamp::MIN);
    let is_known =
        if cursor == Position::default() { !is_old } else { store::breach::is_known(app.db.pool(), cursor).await? };
    if is_known { Ok(()) } else { Err(forgotten()) }
}

fn forgotten() -> Refusal {
    let text = "what the cursor names was forgotten, or is not in this database";
    Refusal::out_of_range(ErrorReason::CursorOutOfRange, text)
}

// === impl Watch ===

impl Watch {
    /// The next message.
    async fn next(&mut self) -> Result<WatchBreachesResponse, Refusal> {
        loop {
            match self.place.turn(self.cursor).await? {
                Turn::Quiet(now) => {
                    // A database that was restored may not know what was told, and has no other news of it.
                    check(&self.app, self.cursor, now).await?;
                    self.place.spoke(now);
                    return self.answer(Vec::new());
                }
                Turn::News => {
                    let page = self.page().await?;
                    let Some(last) = page.last() else {
                        self.place.look().await;
                        continue;
                    };
                    self.cursor = last.position;
                    let told: Vec<Breach> =
                        page.into_iter().map(|it| it.breach).filter(|it| self.followed.takes(it)).collect();
                    // What was not asked for is passed over in silence.
                    if !told.is_empty() {
                        self.place.spoke(self.app.db.now());
                        return self.answer(told);
                    }
                }
            }
        }
    }

    /// What comes after the cursor. It is read with the cursor's own entry: a database that was set back does not have it, and what is written there
    /// since may stand before the cursor as well as after it.
    async fn page(&self) -> Result<Vec<Logged>, Refusal> {
        let is_begun = self.cursor != Position::default();
        let limit = BATCH as i64 + i64::from(is_begun);
        let mut page = store::breach::from(self.app.db.pool(), self.cursor, limit).await?;
        if is_begun {
            if page.first().is_none_or(|first| first.position != self.cursor) {
                return Err(forgotten());
            }
            page.remove(0);
        }
        Ok(page)
    }

    fn answer(&self, breaches: Vec<Breach>) -> Result<WatchBreachesResponse, Refusal> {
        let cursor = Cursor(self.cursor, self.app.db.now().as_second());
        let cursor = self.app.pages.seal(METHOD, &self.followed.bound, &cursor)?;
        Ok(WatchBreachesResponse { cursor, breaches: breaches.into_iter().map(breach_to_wire).collect() })
    }
}
