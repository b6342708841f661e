//! ListDeadlines: the most urgent first.

use std::sync::Arc;

use jiff::Timestamp;
use proto::from_wire;
use proto::sla::v1::{ListDeadlinesRequest, ListDeadlinesResponse, deadline::State};
use rpc::{Caller, Refusal, Violations, pages, reasons};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::App;
use crate::domain::micros;
use crate::grpc::convert::deadline_now_to_wire;
use crate::store::list::{Asked, page};

/// Page sizes: by default, and at most.
const SIZES: (u32, u32) = (50, 500);

const METHOD: &str = "/otklik.sla.v1.SlaService/ListDeadlines";

/// The last row of a page: its due time in microseconds, if it has one.
#[derive(Serialize, Deserialize)]
struct Cursor(Option<i64>, Uuid);

pub(crate) async fn run(
    app: Arc<App>,
    _: Caller,
    request: ListDeadlinesRequest,
) -> Result<ListDeadlinesResponse, Refusal> {
    let mut violations = Violations::new();
    let size = pages::size(request.page_size, SIZES.0, SIZES.1, &mut violations);
    let state = match State::try_from(request.state) {
        Ok(State::Unspecified | State::Tracked) => "tracked",
        Ok(State::Stopped) => "stopped",
        Err(_) => {
            violations.add("state", reasons::FIELD_INVALID, "is not a state");
            "tracked"
        }
    };
    let due_before = request.due_before_time.as_ref().and_then(from_wire).map(micros);
    if request.due_before_time.is_some() && due_before.is_none() {
        violations.add("due_before_time", reasons::FIELD_INVALID, "must be an instant");
    }
    violations.finish()?;
    let filter = serde_json::to_vec(&(state, due_before)).map_err(Refusal::internal)?;
    let after = app.pages.open::<Cursor>(METHOD, &filter, &request.page_token)?.map(read).transpose()?;
    // One more than asked for tells whether there is a next page.
    let asked = Asked { state, due_before, after, limit: i64::from(size) + 1 };
    let mut connection = app.db.pool().acquire().await.map_err(::store::Error::from)?;
    let mut rows = page(&mut connection, &asked).await?;
    let more = rows.len() > size as usize;
    rows.truncate(size as usize);
    let next_page_token = match rows.last().filter(|_| more) {
        Some(last) => {
            let cursor = Cursor(last.next_due_time().map(Timestamp::as_microsecond), last.id);
            app.pages.seal(METHOD, &filter, &cursor)?
        }
        None => String::new(),
    };
    let (policies, now) = (app.policies(), app.db.now());
    let deadlines = rows.iter().map(|row| deadline_now_to_wire(row, app.late_after, &policies, now)).collect();
    Ok(ListDeadlinesResponse { deadlines, next_page_token })
}

fn read(Cursor(due, id): Cursor) -> Result<(Option<Timestamp>, Uuid), Refusal> {
    let due = due.map(Timestamp::from_microsecond).transpose().map_err(Refusal::internal)?;
    Ok((due, id))
}
