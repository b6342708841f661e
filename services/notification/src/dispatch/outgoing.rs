//! From a claimed delivery to a message a provider takes.

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

pub(super) fn outgoing(app: &App, lane: Lane, it: &Claimed, provider: &str) -> Result<Outgoing, Nothing> {
    let said = it.said.as_ref().ok_or(Nothing::Unreadable)?;
    let address = said.contact.address(it.channel).ok_or(Nothing::NoAddress)?.clone();
    let values = said.values.as_ref().ok_or(Nothing::Erased)?;
    let Rendered { subject, text, html, .. } = render(app, it, said, values).ok_or(Nothing::Unrenderable)?;
    Ok(Outgoing {
        delivery_id: it.delivery_id,
        lane,
        address,
        subject,
        text,
        html,
        expires_at: Some(it.expire_time),
        // References mean something only to the provider that gave them.
        handed: if it.provider == provider { it.handed.clone() } else { Vec::new() },
    })
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
