//! ListPromises: what open appeals promise, for the SLA monitor to compare with what it watches.
//!
//! One state after the other, since the index of lists begins with the state and the archive must not be walked. An appeal that changes its state
//! while a reader goes through may be missed or come twice: the reader comes again.

use std::sync::Arc;

use jiff::Timestamp;
use proto::ticket::v1 as wire;
use proto::to_wire;
use rpc::{Caller, Refusal, Violations, pages};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{cut, with_next};
use crate::app::App;
use crate::domain::{State, appeal_name};
use crate::store::list::Cursor;
use crate::store::promise;

const METHOD: &str = "ListPromises";

/// Page sizes: by default, and at most.
const SIZES: (u32, u32) = (500, 1_000);

/// The states in which something is owed.
const OPEN: [State; 6] = [
    State::Registered,
    State::Assigned,
    State::InProgress,
    State::AwaitingApplicant,
    State::AwaitingVerification,
    State::AwaitingOtherBody,
];

/// The place in [`OPEN`], and the last appeal of that state.
#[derive(Serialize, Deserialize)]
struct After(usize, Cursor);

/// Lists promises.
///
/// # Errors
/// As listed in the contract.
pub async fn run(
    app: Arc<App>,
    _: Caller,
    request: wire::ListPromisesRequest,
) -> Result<wire::ListPromisesResponse, Refusal> {
    let mut violations = Violations::new();
    let size = pages::size(request.page_size, SIZES.0, SIZES.1, &mut violations);
    violations.finish()?;
    let after: Option<After> = app.pages.open(METHOD, &[], &request.page_token)?;
    let (first, mut from) = after.map_or((0, newest()), |After(state, cursor)| (state, cursor));
    let mut found = Vec::new();
    for (place, state) in OPEN.into_iter().enumerate().skip(first) {
        let wanted = with_next(size) - i64::try_from(found.len()).map_err(Refusal::internal)?;
        let page = promise::page(&app.db, state, from, wanted).await?;
        found.extend(page.into_iter().map(|brief| (place, brief)));
        if found.len() > size as usize {
            break;
        }
        from = newest();
    }
    let next_page_token = match (cut(&mut found, size), found.last()) {
        (true, Some((place, last))) => {
            let cursor = Cursor { create_time: last.create_time, id: last.id };
            app.pages.seal(METHOD, &[], &After(*place, cursor))?
        }
        _ => String::new(),
    };
    let promises = found.iter().map(|(_, brief)| wire::Promise {
        appeal: appeal_name(brief.id),
        revision: brief.revision,
        revise_time: Some(to_wire(brief.revise_time)),
    });
    Ok(wire::ListPromisesResponse { promises: promises.collect(), next_page_token })
}

/// Before the first row of a state.
fn newest() -> Cursor {
    Cursor { create_time: Timestamp::MAX, id: Uuid::max() }
}
