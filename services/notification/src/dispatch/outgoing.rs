//! From a claimed delivery to a message a provider takes.

use uuid::Uuid;

use crate::App;
use crate::domain::hide_codes;
use crate::providers::Outgoing;
use crate::store::claim::{Claimed, Said};
use crate::templates::{Lane, Rendered, Values};
use sealed::Personal;

/// Why there is nothing to send.
pub(super) enum Nothing {
    Unreadable,
    NoAddress,
    Erased,
    Unrenderable,
}

/// A message, and how it stands to what was handed over before.
pub(super) struct Ready {
    pub(super) message: Outgoing,
    /// Of what is said to which address.
    pub(super) digest: Vec<u8>,
    /// Parts were handed over that do not belong to it: it goes from its first part.
    pub(super) begins_again: bool,
}

pub(super) fn outgoing(app: &App, lane: Lane, it: &Claimed, provider: &str) -> Result<Ready, Nothing> {
    let said = it.said.as_ref().ok_or(Nothing::Unreadable)?;
    let address = said.contact.address(it.channel).ok_or(Nothing::NoAddress)?.clone();
    let values = said.values.as_ref().ok_or(Nothing::Erased)?;
    let Rendered { subject, text, html, .. } = render(app, it, said, values).ok_or(Nothing::Unrenderable)?;
    let (digest, id) = digest(app, it, &address, &text);
    // References mean something only to the provider that gave them, and only as parts of the same text to the same address: a changed
    // contact or template must not end a message that began as another.
    let goes_on = it.provider == provider && it.handed_of.as_ref() == Some(&digest);
    let message = Outgoing {
        delivery_id: id,
        lane,
        address,
        subject,
        text,
        html,
        expires_at: Some(it.expire_time),
        handed: if goes_on { it.handed.clone() } else { Vec::new() },
    };
    Ok(Ready { message, digest, begins_again: !goes_on && !it.handed.is_empty() })
}

/// A keyed digest of what goes where, and an id made of it: the parts of another text under the same id would be put together with
/// these on the handset.
fn digest(app: &App, it: &Claimed, address: &Personal, text: &Personal) -> (Vec<u8>, Uuid) {
    let address = address.expose().as_bytes();
    let length = (address.len() as u64).to_be_bytes();
    let content =
        sealed::Zeroizing::new([it.delivery_id.as_bytes(), &length[..], address, text.expose().as_bytes()].concat());
    let digest = app.ring.fingerprint("delivery.handed_of", &content);
    let id = digest.last_chunk().map_or(it.delivery_id, |end| Uuid::from_bytes(*end));
    (digest, id)
}

/// The text for lists, codes hidden: kept only when the console "sends", which is no secret to anybody there.
pub(super) fn shown_text(app: &App, it: &Claimed) -> Option<Personal> {
    let said = it.said.as_ref()?;
    Some(render(app, it, said, &hide_codes(said.values.as_ref()?))?.text)
}

fn render(app: &App, it: &Claimed, said: &Said, values: &Values) -> Option<Rendered> {
    let rendered = app.templates.render(&it.template, said.language.as_str(), said.zone.as_str(), it.channel, values);
    rendered.inspect_err(|_| tracing::error!(template = it.template, "a message can't be rendered")).ok()
}
