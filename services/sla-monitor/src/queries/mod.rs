//! What is only read: one file per query.

pub(crate) mod explain_deadline;
pub(crate) mod get_deadline;
pub(crate) mod get_policy_set;
pub(crate) mod get_rebase;
pub(crate) mod get_report;
pub(crate) mod get_report_csv;
pub(crate) mod list_deadlines;
pub(crate) mod list_drifts;
pub(crate) mod list_policy_sets;
pub(crate) mod list_rebase_entries;
pub(crate) mod preview_change;
pub(crate) mod preview_due_time;
pub(crate) mod watch_breaches;

use proto::sla::v1::ErrorReason;
use rpc::Refusal;

use crate::domain::{Deadline, parse_name};
use crate::{App, store};

/// The deadline of that name. A malformed name names nothing, and is not repeated: anything may have been typed there.
async fn find(app: &App, name: &str) -> Result<Deadline, Refusal> {
    let unknown = |name| Refusal::not_found(ErrorReason::DeadlineNotFound, "otklik.sla.v1.Deadline", name);
    let id = parse_name("deadlines", name).ok_or_else(|| unknown("(malformed)"))?;
    let mut connection = app.db.pool().acquire().await.map_err(::store::Error::from)?;
    store::deadline::get(&mut connection, id).await?.ok_or_else(|| unknown(name))
}
