//! FileAppeal: the number and the promise from one local transaction (T2), whatever the other services do.
//!
//! Round trips: one, shared with whoever files at the same time ([`crate::desk`]). Nothing is read and no row is waited for. Number, answer
//! and calls are made before, so that they can be written in the one statement; a number that is taken (one filing in a billion, at ten
//! million appeals) costs another draw and a statement of its own.

use std::sync::Arc;

use proto::ticket::v1 as wire;
use rpc::{Caller, Refusal};
use tracing::Instrument as _;
use uuid::Uuid;

use super::actor;
use crate::app::App;
use crate::domain::{Number, file};
use crate::grpc::convert::{self, Audience};
use crate::routes::{self, Change};
use crate::store::filing::Filing;

/// Numbers drawn before something else must be wrong than chance.
const DRAWS: usize = 5;

/// Registers an appeal.
///
/// # Errors
/// As listed in the contract.
pub async fn run(app: Arc<App>, caller: Caller, request: wire::FileAppealRequest) -> Result<wire::Appeal, Refusal> {
    let now = app.now();
    let asked = convert::file_appeal(&request, &caller, &app.catalogue, now)?;
    let filing = asked.filing;
    let by = actor(&caller)?;
    let id = Uuid::new_v4();
    let file =
        |number| file(&filing, id, number, &by, now, &app.rules()).map_err(|refusal| convert::refuse(refusal, id));
    if asked.validate_only {
        let draft = file(Number::from_random(0))?.after;
        return Ok(convert::draft_view(&draft, &filing.papers, app.advices, Audience::of(&caller, &draft)));
    }
    let key = app.once.key(caller.key(), &request)?;
    let span = ::store::transaction_span("file_appeal");
    for _ in 0..DRAWS {
        let filed = file(Number::from_random(rand::random()))?;
        let calls = routes::calls(&Change {
            before: None,
            after: &filed.after,
            papers: &filing.papers,
            events: &filed.events,
            text: None,
            reopen_until: None,
            assignee: None,
        });
        let audience = Audience::of(&caller, &filed.after);
        let answer = convert::appeal_view(&filed.after, &filing.papers, None, app.advices, audience);
        let calls = span.in_scope(|| app.outbox.seal(calls));
        let noted = app.once.noted(&key, &answer);
        let written = Filing::new(&app.ring, filed.after, &filing.papers, &filed.events[0], noted, calls)?;
        let written = app.desk.file(written).instrument(span.clone()).await;
        span.record("outcome", if written.is_ok() { "committed" } else { "failed" });
        match written {
            Ok(true) => return Ok(answer),
            Ok(false) => return app.once.answered(&app.db, &key).await,
            Err(error) if error.constraint() == Some("appeal_number_key") => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(Refusal::internal("no free number was drawn"))
}
