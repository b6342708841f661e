//! One attempt: what a claimed delivery comes to. Nothing here writes but that it has begun; [`super::settle`] does.

use ::store::TRACE_ONLY;
use jiff::{SignedDuration, Timestamp};
use sealed::Personal;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument as _, Span};
use uuid::Uuid;

use super::hold;
use super::outgoing::{Nothing, Ready, outgoing, shown_text};
use crate::App;
use crate::domain::{DOUBTS_MOST, DeliveryState, channel_text, lane_text, masked};
use crate::providers::{Channel, EXPIRED, Refused, Sent};
use crate::store::claim::Claimed;
use crate::store::delivery::Change;
use crate::store::notification;
use crate::templates::Lane;

/// Provider name in front of which texts are kept readable.
const CONSOLE: &str = "console";

/// What an attempt came to.
pub(super) enum Attempted {
    /// The notification and what changes about the delivery.
    Ended(Uuid, Box<Change>),
    /// Nothing was begun, so somebody else may have it at once. An error: the database did not let us.
    NotBegun(Result<(), ::store::Error>),
    /// Another worker has it by now.
    Lost,
}

/// Whether what comes of it is ours to record.
enum Hands {
    Ours,
    NotBegun,
    Lost,
}

/// An attempt's span, below the call that asked for the message, however much earlier that was.
pub(super) fn span(lane: Lane, it: &Claimed) -> Span {
    let span = tracing::info_span!(
        "dispatch",
        otel.kind = "consumer",
        notification = %it.notification_id,
        delivery = %it.delivery_id,
        channel = channel_text(it.channel),
        lane = lane_text(lane),
        template = it.template,
        attempt = it.attempt,
        state = tracing::field::Empty,
        reason = tracing::field::Empty,
    );
    if let Some(trace_context) = &it.trace_context {
        rpc::trace_context::join(&span, trace_context);
    }
    span
}

/// One attempt; `halt`: begin none.
pub(super) async fn attempt(app: &App, lane: Lane, it: Claimed, halt: &CancellationToken) -> Attempted {
    let address = it.said.as_ref().and_then(|said| said.contact.address(it.channel));
    let mut change = Change {
        delivery_id: it.delivery_id,
        lease: it.lease,
        state: DeliveryState::Queued,
        provider: it.provider.clone(),
        handed: it.handed.clone(),
        handed_of: it.handed_of.clone(),
        reason: String::new(),
        doubled: false,
        doubts: it.doubts,
        next_attempt_time: app.clock.now(),
        accept_time: None,
        shown_text: None,
        masked_address: address.map(|address| Personal::from(masked(it.channel, address))),
    };
    match send(app, lane, &it, &mut change, halt).await {
        Ok(Hands::Ours) => {
            Span::current().record("state", change.state.text()).record("reason", &change.reason);
            Attempted::Ended(it.notification_id, Box::new(change))
        }
        Ok(Hands::NotBegun) => Attempted::NotBegun(Ok(())),
        Ok(Hands::Lost) => Attempted::Lost,
        Err(error) => {
            halt.cancel();
            Attempted::NotBegun(Err(error))
        }
    }
}

/// An error comes before anything was sent.
async fn send(
    app: &App,
    lane: Lane,
    it: &Claimed,
    change: &mut Change,
    halt: &CancellationToken,
) -> Result<Hands, ::store::Error> {
    if halt.is_cancelled() {
        return Ok(Hands::NotBegun);
    }
    if it.expire_time <= app.clock.now() {
        return Ok(end(change, DeliveryState::Expired, "EXPIRED"));
    }
    // Receipts can't settle it either: they name references, and the one in doubt was never told.
    if it.doubts >= DOUBTS_MOST {
        return Ok(end(change, DeliveryState::Failed, "UNKNOWN_OUTCOME"));
    }
    let Some(provider) = app.providers.of(it.channel) else {
        return Ok(end(change, DeliveryState::Failed, "NO_PROVIDER"));
    };
    let Ready { message, digest, begins_again } = match outgoing(app, lane, it, provider.name()) {
        Ok(ready) => ready,
        Err(Nothing::NoAddress) => return Ok(end(change, DeliveryState::Skipped, "NO_ADDRESS")),
        Err(Nothing::Unreadable) => return Ok(again(app, lane, it, change, "UNREADABLE", None)),
        Err(Nothing::Erased) => return Ok(end(change, DeliveryState::Expired, "ERASED")),
        Err(Nothing::Unrenderable) => return Ok(end(change, DeliveryState::Failed, "UNRENDERABLE")),
    };
    if is_superseded(app, it).await? {
        return Ok(end(change, DeliveryState::Dropped, "SUPERSEDED"));
    }
    // Its turn may have come late, behind a slow provider: without this look two workers could send it with no reason to doubt.
    if halt.is_cancelled() {
        return Ok(Hands::NotBegun);
    }
    let Some(until) = hold::begin(app, lane, it).await? else { return Ok(Hands::Lost) };
    if it.expire_time <= app.clock.now() {
        return Ok(end(change, DeliveryState::Expired, "EXPIRED"));
    }
    change.provider = provider.name().to_owned();
    change.handed_of = Some(digest);
    // What was handed over before stays with somebody.
    change.doubled = begins_again;
    let started = std::time::Instant::now();
    let span = tracing::info_span!(
        target: TRACE_ONLY,
        "send",
        otel.kind = "producer",
        provider = provider.name(),
        outcome = tracing::field::Empty,
    );
    let sent = tokio::select! {
        sent = provider.send(&message).instrument(span.clone()) => sent,
        never = hold::renewing(app, lane, it, until) => match never {},
    };
    span.record("outcome", sent.outcome());
    app.metrics.attempt(it.channel, &sent, started.elapsed());
    Ok(conclude(app, lane, it, change, sent))
}

/// What the provider's answer makes of it.
fn conclude(app: &App, lane: Lane, it: &Claimed, change: &mut Change, sent: Sent) -> Hands {
    match sent {
        Sent::Accepted { references } => {
            change.handed = references;
            change.accept_time = Some(app.clock.now());
            change.shown_text = if change.provider == CONSOLE { shown_text(app, it) } else { None };
            end(change, DeliveryState::Accepted, "")
        }
        Sent::Refused(refused) => {
            change.handed.clone_from(&refused.handed);
            if refused.reason == EXPIRED {
                return end(change, DeliveryState::Expired, "EXPIRED");
            }
            let reason = word(it.channel, &refused);
            if refused.permanent {
                return end(change, DeliveryState::Failed, &reason);
            }
            let asked = refused.retry_after.and_then(|asked| SignedDuration::try_from(asked).ok());
            again(app, lane, it, change, &reason, asked)
        }
        Sent::Unknown { reason, handed } => {
            change.handed = handed;
            change.doubled = true;
            change.doubts += 1;
            if change.doubts >= DOUBTS_MOST {
                return end(change, DeliveryState::Failed, "UNKNOWN_OUTCOME");
            }
            again(app, lane, it, change, &reason.to_uppercase(), Some(app.doubt))
        }
    }
}

async fn is_superseded(app: &App, it: &Claimed) -> Result<bool, ::store::Error> {
    if !app.templates.can_be_superseded(&it.template) {
        return Ok(false);
    }
    let mut connection = app.db.pool().acquire().await?;
    notification::is_superseded(&mut connection, &it.subject, &it.template, it.event_time).await
}

fn end(change: &mut Change, state: DeliveryState, reason: &str) -> Hands {
    change.state = state;
    change.reason = reason.to_owned();
    Hands::Ours
}

/// Queues it again. One whose next attempt would come after its expiry is looked at then, and expires.
fn again(
    app: &App,
    lane: Lane,
    it: &Claimed,
    change: &mut Change,
    reason: &str,
    asked: Option<SignedDuration>,
) -> Hands {
    let pause = app.retries(lane).after(it.attempt, asked, rand::random());
    let next: Timestamp = app.clock.now() + pause;
    change.next_attempt_time = next.min(it.expire_time);
    end(change, DeliveryState::Queued, reason)
}

/// `SMPP_0000000B`, `SMTP_550`, or the provider's own word: never its text, which may repeat the address.
fn word(channel: Channel, refused: &Refused) -> String {
    match (refused.code, channel) {
        (Some(code), Channel::Sms) => format!("SMPP_{code:08X}"),
        (Some(code), Channel::Email) => format!("SMTP_{code}"),
        (None, _) => refused.reason.to_uppercase(),
    }
}
