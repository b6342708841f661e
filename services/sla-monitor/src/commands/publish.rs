//! PublishCalendar and PublishPolicy: what is promised from now on.
//!
//! The set and the call that carries it to the ticket service are one transaction. It is made from the sets in memory, which were committed
//! before; the version's key decides between two who publish at once.

use std::sync::Arc;

use ::store::{Error, transaction};
use jiff::Timestamp;
use outbox::OnceKey;
use policies::{Kept, Record};
use proto::sla::v1::{PolicySet, PublishCalendarRequest, PublishPolicyRequest};
use rpc::{Caller, Refusal, Violations, reasons};

use crate::domain::{Prepared, Publication, Unfit};
use crate::grpc::convert::{overtaken, publish_calendar, publish_policy, record_to_wire, stale, unreadable};
use crate::{App, routes};

/// Faults that are told: they travel in a header, whose size is limited.
const MOST_FAULTS: usize = 30;
/// Letters of each.
const LONGEST_FAULT: usize = 200;

/// Sets told in one transaction.
const PAGE: i64 = 20;

pub(crate) async fn calendar(
    app: Arc<App>,
    caller: Caller,
    request: PublishCalendarRequest,
) -> Result<PolicySet, Refusal> {
    let asked = publish_calendar(&request)?;
    app.shelf.refresh().await?;
    if asked.validate_only {
        return Ok(record_to_wire(&prepare(&app, &caller, &asked)?));
    }
    let key = app.once.key(caller.key(), &request)?;
    publish(&app, &caller, &asked, &key).await
}

pub(crate) async fn policy(app: Arc<App>, caller: Caller, request: PublishPolicyRequest) -> Result<PolicySet, Refusal> {
    let asked = publish_policy(&request)?;
    app.shelf.refresh().await?;
    if asked.validate_only {
        return Ok(record_to_wire(&prepare(&app, &caller, &asked)?));
    }
    let key = app.once.key(caller.key(), &request)?;
    publish(&app, &caller, &asked, &key).await
}

async fn publish(app: &App, caller: &Caller, asked: &Publication, key: &OnceKey) -> Result<PolicySet, Refusal> {
    let answer = transaction!(app.db, "publish_policy_set", |tx| -> Result<PolicySet, Refusal> {
        if let Some(answer) = app.once.replay_as(tx, key).await? {
            return Ok(answer);
        }
        let record = prepare(app, caller, asked)?;
        if policies::keep(tx, &record).await? != Kept::New {
            return Err(overtaken());
        }
        let answer = record_to_wire(&record);
        app.outbox.enqueue(tx, record.create_time, vec![routes::put_policy_set(answer.clone())]).await?;
        app.once.record(tx, key, &answer).await?;
        Ok(answer)
    })?;
    tracing::info!(set = answer.name, author = answer.author, "a set of policies was published");
    // The other replicas look for it themselves, and so does this one where it can't just now.
    if let Err(fault) = app.shelf.refresh().await {
        tracing::warn!(%fault, "a set of policies that was just published is not known here yet");
    }
    Ok(answer)
}

/// Tells the ticket service of every set once more: what it knows changes nothing, and what it lost with a restored database comes back.
pub(crate) async fn tell_again(app: &App) -> Result<(), Error> {
    let now = app.db.now();
    let mut below = u32::MAX;
    loop {
        let page = policies::page(app.db.pool(), below, PAGE).await?;
        let Some(lowest) = page.last().map(|record| record.version) else { return Ok(()) };
        let calls = || page.iter().rev().map(|record| routes::put_policy_set(record_to_wire(record))).collect();
        transaction!(app.db, "tell_policy_sets", |tx| -> Result<(), Error> {
            app.outbox.enqueue(tx, now, calls()).await.map(drop)
        })?;
        below = lowest;
    }
}

/// The row of the next set.
fn prepare(app: &App, caller: &Caller, asked: &Publication) -> Result<Record, Refusal> {
    let now = crate::domain::micros(app.db.now());
    let prepared = prepared(app, asked, now)?;
    Ok(Record {
        version: prepared.set.version(),
        content_hash: prepared.set.content_hash().to_string(),
        document: prepared.set.to_toml().map_err(Refusal::internal)?,
        effective_time: prepared.effective_time,
        create_time: now,
        author: caller.subject.clone(),
        note: asked.note.clone(),
        changes: prepared.changes,
    })
}

/// The set that would be published.
pub(crate) fn prepared(app: &App, asked: &Publication, now: Timestamp) -> Result<Prepared, Refusal> {
    let published = app.shelf.published();
    if app.shelf.highest_version() > published.latest_version() {
        return Err(unreadable(app.shelf.highest_version()));
    }
    asked.prepare(&published, now).map_err(|unfit| match unfit {
        Unfit::Stale => stale(&published),
        Unfit::Faults(faults) => {
            let mut violations = Violations::new();
            let more = faults.len().saturating_sub(MOST_FAULTS);
            for (field, text) in faults.into_iter().take(MOST_FAULTS) {
                violations.add(field, reasons::FIELD_INVALID, shortened(&text));
            }
            if more > 0 {
                violations.add("document", reasons::FIELD_INVALID, format!("and {more} more"));
            }
            Refusal::invalid(violations)
        }
    })
}

fn shortened(text: &str) -> String {
    if text.chars().count() <= LONGEST_FAULT {
        text.to_owned()
    } else {
        text.chars().take(LONGEST_FAULT).chain(['…']).collect()
    }
}
