//! What only reads. One file per query; one statement, a second one where the appeals of the answer were answered.

pub mod find_appeal;
pub mod get_appeal;
pub mod get_member;
pub mod list_appeal_events;
pub mod list_appeals;
pub mod list_members;
pub mod list_messages;
pub mod list_promises;
pub mod watch_appeal;

use proto::ticket::v1 as wire;
use rpc::{Caller, Refusal};
use uuid::Uuid;

use crate::app::App;
use crate::commands::visible;
use crate::domain::appeal_name;
use crate::grpc::convert::{self, Audience};
use crate::store::{self, Stored};

/// The appeal that the caller asks about, if it is theirs to see.
async fn seen(app: &App, caller: &Caller, id: Uuid) -> Result<Stored, Refusal> {
    let stored = store::appeal::get(&app.db, &app.ring, id).await?;
    visible(caller, stored, || appeal_name(id))
}

/// The appeal as the caller sees it.
async fn view(app: &App, caller: &Caller, stored: &Stored) -> Result<wire::Appeal, Refusal> {
    let appeal = &stored.appeal;
    let answer = match appeal.answer_message {
        Some(number) => Some(store::message::text(app.db.pool(), &app.ring, appeal.id, number).await?),
        None => None,
    };
    let audience = Audience::of(caller, appeal);
    Ok(convert::appeal_view(appeal, &stored.papers, answer.as_ref(), app.advices, audience))
}

/// Rows to ask for so that it is known whether another page follows: one more than are shown.
fn with_next(size: u32) -> i64 {
    i64::from(size) + 1
}

/// Cuts the row that only tells of the next page; true when there is one.
fn cut<T>(rows: &mut Vec<T>, size: u32) -> bool {
    let more = rows.len() > size as usize;
    rows.truncate(size as usize);
    more
}
