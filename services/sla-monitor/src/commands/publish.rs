//! PublishCalendar and PublishPolicy: what is promised from now on.
//!
//! The set and the call that carries it to the ticket service are one transaction. It is made from the sets in memory, which were committed
//! before; the version's key decides between two who publish at once.

use std::sync::Arc;

use ::store::transaction;
use outbox::OnceKey;
use policies::{Kept, Record};
use proto::sla::v1::{PolicySet, PublishCalendarRequest, PublishPolicyRequest};
use rpc::{Caller, Refusal, Violations, reasons};

use crate::domain::{Publication, Unfit};
use crate::grpc::convert::{publish_calendar, publish_policy, record_to_wire, stale};
use crate::{App, routes};

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
            return Err(stale(&app.shelf.published()));
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

/// The row of the next set.
fn prepare(app: &App, caller: &Caller, asked: &Publication) -> Result<Record, Refusal> {
    let (now, published) = (crate::domain::micros(app.db.now()), app.shelf.published());
    let prepared = asked.prepare(&published, now).map_err(|unfit| match unfit {
        Unfit::Stale => stale(&published),
        Unfit::Faults(faults) => {
            let mut violations = Violations::new();
            for (field, text) in faults {
                violations.add(field, reasons::FIELD_INVALID, text);
            }
            Refusal::invalid(violations)
        }
    })?;
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
