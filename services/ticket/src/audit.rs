//! Whether a row is what its journal gives: the invariant that everything rests on, for tests, the simulation and an operator's doubt.

use rpc::Refusal;
use uuid::Uuid;

use crate::app::App;
use crate::domain::Appeal;
use crate::store;

/// Entries read at once.
const PAGE: i64 = 500;

/// Replays an appeal's journal; `None` when the row is exactly that, else what differs, with nothing personal in it.
///
/// # Errors
/// Those of any statement; INTERNAL when there is no such appeal.
pub async fn differs_from_journal(app: &App, id: Uuid) -> Result<Option<String>, Refusal> {
    let stored = store::appeal::get(&app.db, &app.ring, id).await?;
    let stored = stored.ok_or_else(|| Refusal::internal("no such appeal"))?.appeal;
    let mut journal = Vec::new();
    loop {
        let after = journal.len() as i64;
        let page = store::event::page(&app.db, id, after, PAGE).await?;
        if page.is_empty() {
            break;
        }
        journal.extend(page);
    }
    if let Some(gap) = (1..).zip(&journal).find(|(number, recorded)| recorded.number != *number) {
        return Ok(Some(format!("the journal has a gap before {}", gap.1.number)));
    }
    Ok(match Appeal::replay(&journal) {
        Some(replayed) if replayed == stored => None,
        Some(replayed) => Some(format!("row {stored:?}\njournal {replayed:?}")),
        None => Some("the journal does not begin with a filing".to_owned()),
    })
}
