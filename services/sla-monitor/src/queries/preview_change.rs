//! PreviewPolicyChange and PreviewCalendarChange: what a set would do to what is promised now. Nothing is written, and no lock is taken.
//!
//! The deadlines are read page by page, each as of one instant; what changes between two pages is seen as it is when its page is read. A message for
//! every ten pages: the caller sees it go on, and a caller who has gone ends it.

use std::sync::Arc;

use ::deadline::PolicySet;
use ::store::{Error, transaction};
use futures::{Stream, stream};
use jiff::Timestamp;
use proto::sla::v1::{ErrorReason, PreviewCalendarChangeRequest, PreviewChangeResponse, PreviewPolicyChangeRequest};
use rpc::{Caller, Refusal};
use uuid::Uuid;

use crate::commands::publish::prepared;
use crate::domain::{Impacts, Policies, micros};
use crate::grpc::convert::{Previewed, preview_calendar_change, preview_policy_change, preview_to_wire, set_name};
use crate::store::drift;
use crate::{App, store};

/// Deadlines of a page, and pages of a message.
const PAGE: u32 = 1_000;
const PAGES: usize = 10;

/// One that is under way.
struct Preview {
    app: Arc<App>,
    policies: Policies,
    set: Arc<PolicySet>,
    now: Timestamp,
    /// The last deadline that was looked at; `None` once all were.
    after: Option<Uuid>,
    looked: u64,
    impacts: Impacts,
}

pub(crate) async fn policy(
    app: Arc<App>,
    _: Caller,
    request: PreviewPolicyChangeRequest,
) -> Result<impl Stream<Item = Result<PreviewChangeResponse, Refusal>> + Send + 'static, Refusal> {
    preview(app, preview_policy_change(&request)?).await
}

pub(crate) async fn calendar(
    app: Arc<App>,
    _: Caller,
    request: PreviewCalendarChangeRequest,
) -> Result<impl Stream<Item = Result<PreviewChangeResponse, Refusal>> + Send + 'static, Refusal> {
    preview(app, preview_calendar_change(&request)?).await
}

/// What can be refused is refused before the first message.
async fn preview(
    app: Arc<App>,
    asked: Previewed,
) -> Result<impl Stream<Item = Result<PreviewChangeResponse, Refusal>> + Send + 'static, Refusal> {
    app.shelf.refresh().await?;
    let now = micros(app.db.now());
    let set = match asked {
        Previewed::Change(publication) => Arc::new(prepared(&app, &publication, now)?.set),
        Previewed::Published(version) => {
            let found = app.shelf.published();
            let found = found.sets().rev().find(|set| set.version() == version).cloned();
            let name = set_name(version);
            found.ok_or_else(|| Refusal::not_found(ErrorReason::PolicySetNotFound, "otklik.sla.v1.PolicySet", name))?
        }
    };
    let policies = app.policies();
    let preview = Preview { app, policies, set, now, after: Some(Uuid::nil()), looked: 0, impacts: Impacts::default() };
    Ok(stream::try_unfold(preview, |mut preview| async move {
        if preview.after.is_none() {
            return Ok(None);
        }
        let message = preview.go_on().await?;
        Ok(Some((message, preview)))
    }))
}

// === impl Preview ===

impl Preview {
    async fn go_on(&mut self) -> Result<PreviewChangeResponse, Refusal> {
        for _ in 0..PAGES {
            let Some(after) = self.after else { break };
            let page = transaction!(self.app.db, "preview_change", |tx| -> Result<drift::Page, Error> {
                store::drift::page(tx, after, PAGE).await
            })?;
            for (id, _, read) in &page.open {
                self.looked += 1;
                match read {
                    Ok(deadline) => deadline.impact(&self.policies, &self.set, self.now, &mut self.impacts),
                    Err(fault) => {
                        tracing::error!(deadline = %id, %fault, "a deadline can't be read, and is not previewed")
                    }
                }
            }
            self.after = page.last.filter(|_| page.count >= PAGE as usize);
        }
        Ok(preview_to_wire(self.looked, &self.impacts, self.after.is_none()))
    }
}
