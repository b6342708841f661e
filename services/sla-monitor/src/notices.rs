//! What became of repeat notices, noted with their rungs.

use ::store::{Error, Tx};
use jiff::Timestamp;
use uuid::Uuid;

use crate::domain::{RungKey, is_final};
use crate::{App, store};

/// Notes it with the rung whose notice that request asked for, and answers which that is; `None` when it was none of ours. Where the next level may
/// be due for it, that is decided under the deadline's lock; what is under way costs one statement.
pub(crate) async fn note(
    app: &App,
    tx: &mut Tx,
    request_id: Uuid,
    notice: &str,
    now: Timestamp,
) -> Result<Option<(Uuid, RungKey)>, Error> {
    if !is_final(notice) {
        return store::notice::find_and_note(tx, request_id, notice, now).await;
    }
    let Some((id, key)) = store::notice::find(tx, request_id).await? else { return Ok(None) };
    let Some(mut deadline) = store::deadline::lock(tx, id).await? else {
        return Err(Error::Corrupt("a rung's deadline is gone".to_owned()));
    };
    let before = deadline.rungs.clone();
    if deadline.note(key, notice, now, &app.policies()).is_some() {
        store::notice::note(tx, request_id, notice, now).await?;
        store::deadline::rearm(tx, &before, &deadline).await?;
    }
    Ok(Some((id, key)))
}
