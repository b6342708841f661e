//! Wire <-> domain. A request is converted whole: every violation is found before it is refused.

mod send;
mod shown;

use jiff::Timestamp;
use person::{Email, Language, Phone, Zone};
use proto::notification::v1::{self as wire, ListNotificationsRequest, UpsertRecipientRequest};
use proto::to_wire;
use rpc::{Refusal, Violations, pages, reasons};

pub(crate) use self::send::send_notification;
pub(crate) use self::shown::shown_to_wire;
use crate::domain::{Contact, NotificationState, Recipient};
use crate::store::list::Filter;

/// Most characters of the id behind `recipients/`.
const ID_MAX: usize = 80;

pub(crate) fn upsert_recipient(request: &UpsertRecipientRequest, now: Timestamp) -> Result<Recipient, Refusal> {
    let mut violations = Violations::new();
    outbox::request_id(&request.request_id, &mut violations);
    let Some(it) = &request.recipient else {
        violations.add("recipient", reasons::FIELD_REQUIRED, "must be given");
        return Err(Refusal::invalid(violations));
    };
    let id = recipient_id(&mut violations, "recipient.name", &it.name);
    let contact = contact(&mut violations, "recipient.contact", it.contact.as_ref());
    let invalid = |violations: &mut Violations, path, rule| violations.add(path, reasons::FIELD_INVALID, rule);
    let language = Language::parse(&it.language_code)
        .map_err(|rule| invalid(&mut violations, "recipient.language_code", rule))
        .ok();
    let zone = Zone::parse(&it.time_zone).map_err(|rule| invalid(&mut violations, "recipient.time_zone", rule)).ok();
    if it.revision < 1 {
        violations.add("recipient.revision", reasons::FIELD_INVALID, "must be at least 1");
    }
    match (id, language, zone, violations.is_empty()) {
        (Some(id), Some(language), Some(zone), true) => {
            Ok(Recipient { id, contact, language, zone, revision: it.revision, update_time: now })
        }
        _ => Err(Refusal::invalid(violations)),
    }
}

pub(crate) fn list_notifications(request: &ListNotificationsRequest) -> Result<(Filter, u32), Refusal> {
    let mut violations = Violations::new();
    let size = pages::size(request.page_size, 50, 500, &mut violations);
    let recipient_id = match request.recipient.as_str() {
        "" => None,
        name => recipient_id(&mut violations, "recipient", name),
    };
    let state = match wire::notification::State::try_from(request.state) {
        Ok(wire::notification::State::Unspecified) => None,
        Ok(wire::notification::State::Queued) => Some(NotificationState::Queued),
        Ok(wire::notification::State::Sent) => Some(NotificationState::Sent),
        Ok(wire::notification::State::Delivered) => Some(NotificationState::Delivered),
        Ok(wire::notification::State::Failed) => Some(NotificationState::Failed),
        Ok(wire::notification::State::Expired) => Some(NotificationState::Expired),
        Ok(wire::notification::State::Dropped) => Some(NotificationState::Dropped),
        Err(_) => {
            violations.add("state", reasons::FIELD_INVALID, "is not a state");
            None
        }
    };
    if !request.subject.is_empty() && !send::is_subject(&request.subject) {
        violations.add("subject", reasons::FIELD_INVALID, send::SUBJECT_RULE);
    }
    violations.finish()?;
    let subject = (!request.subject.is_empty()).then(|| request.subject.clone());
    Ok((Filter { id: None, subject, recipient_id, state, after: None }, size))
}

pub(crate) fn recipient_to_wire(it: &Recipient) -> wire::Recipient {
    wire::Recipient {
        name: format!("recipients/{}", it.id),
        contact: Some(wire::Contact {
            phone: it.contact.phone.as_ref().map(|phone| phone.expose().to_owned()).unwrap_or_default(),
            email: it.contact.email.as_ref().map(|email| email.expose().to_owned()).unwrap_or_default(),
        }),
        language_code: it.language.as_str().to_owned(),
        time_zone: it.zone.as_str().to_owned(),
        revision: it.revision,
        update_time: Some(to_wire(it.update_time)),
    }
}

fn recipient_id(violations: &mut Violations, path: &'static str, name: &str) -> Option<String> {
    let id = name.strip_prefix("recipients/").filter(|id| {
        (1..=ID_MAX).contains(&id.len())
            && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
    });
    match id {
        Some(id) => Some(id.to_owned()),
        None if name.is_empty() => {
            violations.add(path, reasons::FIELD_REQUIRED, "must be given");
            None
        }
        None => {
            violations.add(path, reasons::FIELD_INVALID, "must read recipients/{recipient}");
            None
        }
    }
}

fn contact(violations: &mut Violations, path: &str, it: Option<&wire::Contact>) -> Contact {
    let Some(it) = it else { return Contact::default() };
    let mut invalid = |field: &str, rule: &'static str| {
        violations.add(format!("{path}.{field}"), reasons::FIELD_INVALID, rule);
    };
    let given = |text: &str| !text.is_empty();
    let phone = given(&it.phone).then(|| Phone::parse(&it.phone).map_err(|rule| invalid("phone", rule)).ok()).flatten();
    let email = given(&it.email).then(|| Email::parse(&it.email).map_err(|rule| invalid("email", rule)).ok()).flatten();
    Contact { phone, email }
}
