//! From a message to the mail on the wire. Pure.

use std::time::SystemTime;

use jiff::Timestamp;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};
use lettre::{Address, Message};
use uuid::Uuid;

use super::super::Outgoing;

/// The Message-ID of a delivery, the same for every attempt.
pub(super) fn message_id(delivery_id: Uuid, domain: &str) -> String {
    format!("<{delivery_id}@{domain}>")
}

/// The mail, or a fixed word that says why there can't be one.
pub(super) fn build(message: &Outgoing, from: &Mailbox, domain: &str, now: Timestamp) -> Result<Message, &'static str> {
    let to: Address = message.address.expose().parse().map_err(|_| "address_invalid")?;
    let subject = message.subject.as_ref().map(|subject| subject.expose()).unwrap_or_default();
    let text = SinglePart::builder().header(ContentType::TEXT_PLAIN).body(message.text.expose().to_owned());
    let builder = Message::builder()
        .from(from.clone())
        .to(Mailbox::new(None, to))
        .subject(subject)
        .date(SystemTime::from(now))
        .message_id(Some(message_id(message.delivery_id, domain)))
        .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned()));
    let mail = match &message.html {
        Some(html) => {
            let html = SinglePart::builder().header(ContentType::TEXT_HTML).body(html.expose().to_owned());
            builder.multipart(MultiPart::alternative().singlepart(text).singlepart(html))
        }
        None => builder.singlepart(text),
    };
    mail.map_err(|_| "message_unencodable")
}
