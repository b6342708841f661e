//! SendNotification's request.

use person::Language;
use proto::from_wire;
use proto::notification::v1::{self as wire, ErrorReason, SendNotificationRequest, variable::Value as WireValue};
use rpc::{Refusal, Violations, reasons};
use sealed::Personal;
use uuid::Uuid;

use super::{contact, recipient_id};
use crate::domain::Notification;
use crate::providers::Channel;
use crate::templates::{Catalogue, Manifest, Value, Values};

/// Told for a subject that is not one.
pub(super) const SUBJECT_RULE: &str = "must read appeals/{appeal} or verifications/{verification}";

/// What messages are about. A name of another form is refused: the column is not sealed, so no free text may get there.
const SUBJECTS: [&str; 2] = ["appeals/", "verifications/"];

pub(crate) fn send_notification(
    request: &SendNotificationRequest,
    templates: &Catalogue,
    sender: &str,
) -> Result<Notification, Refusal> {
    let mut violations = Violations::new();
    let request_id = outbox::request_id(&request.request_id, &mut violations);
    let Some(it) = &request.notification else {
        violations.add("notification", reasons::FIELD_REQUIRED, "must be given");
        return Err(Refusal::invalid(violations));
    };
    let recipient = recipient_id(&mut violations, "notification.recipient", &it.recipient);
    let contact = contact(&mut violations, "notification.contact", it.contact.as_ref());
    let event_time = it.event_time.as_ref().and_then(from_wire);
    if event_time.is_none() {
        violations.add("notification.event_time", reasons::FIELD_REQUIRED, "must be an instant");
    }
    let expire_time = it.expire_time.as_ref().map(from_wire);
    if expire_time == Some(None) {
        violations.add("notification.expire_time", reasons::FIELD_INVALID, "must be an instant");
    }
    if !it.subject.is_empty() && !is_subject(&it.subject) {
        violations.add("notification.subject", reasons::FIELD_INVALID, SUBJECT_RULE);
    }
    let language = (!it.language_code.is_empty()).then(|| Language::parse(&it.language_code));
    if let Some(Err(rule)) = language {
        violations.add("notification.language_code", reasons::FIELD_INVALID, rule);
    }
    let values = values(&mut violations, &it.variables);
    let manifest = templates.manifest(&it.template);
    match manifest {
        None => violations.add("notification.template", ErrorReason::TemplateUnknown, "there is no such template"),
        Some(_) => {
            for wrong in templates.check(&it.template, &values).err().unwrap_or_default() {
                let path = format!("notification.variables.{}", wrong.variable);
                violations.add(path, ErrorReason::VariableInvalid, wrong.problem.to_string());
            }
        }
    }
    let expire_time = match (expire_time.flatten(), event_time, manifest) {
        (None, Some(event_time), Some(manifest)) => event_time.checked_add(manifest.ttl).ok(),
        (given, ..) => given,
    };
    if event_time.is_some() && manifest.is_some() && expire_time.is_none() {
        violations.add("notification.event_time", reasons::FIELD_INVALID, "must leave time for the message to be sent");
    }
    let channels = manifest.map(|manifest| channels(&mut violations, it, manifest)).unwrap_or_default();
    match (request_id, recipient, event_time.zip(expire_time), manifest, violations.is_empty()) {
        (Some(send_request_id), Some(recipient_id), Some((event_time, expire_time)), Some(manifest), true) => {
            Ok(Notification {
                id: Uuid::new_v4(),
                sender: sender.to_owned(),
                send_request_id,
                recipient_id,
                template: it.template.clone(),
                template_version: i32::try_from(manifest.version).unwrap_or(i32::MAX),
                subject: it.subject.clone(),
                supersedes: manifest.superseded(&values),
                lane: manifest.lane,
                contact,
                values,
                language: language.and_then(Result::ok),
                channels,
                event_time,
                expire_time,
            })
        }
        _ => Err(Refusal::invalid(violations)),
    }
}

/// Only the canonical spelling of the id: two spellings would be two subjects.
pub(super) fn is_subject(name: &str) -> bool {
    let id = SUBJECTS.iter().find_map(|collection| name.strip_prefix(collection));
    id.is_some_and(|id| Uuid::try_parse(id).is_ok_and(|parsed| parsed.to_string() == id))
}

fn channels(violations: &mut Violations, it: &wire::Notification, manifest: &Manifest) -> Vec<Channel> {
    let mut asked = Vec::new();
    for channel in it.channels() {
        let known = match channel {
            wire::Channel::Unspecified => None,
            wire::Channel::Sms => Some(Channel::Sms),
            wire::Channel::Email => Some(Channel::Email),
        };
        match known.filter(|it| manifest.channels.contains(it)) {
            Some(channel) if !asked.contains(&channel) => asked.push(channel),
            Some(_) => {}
            None => violations.add("notification.channels", reasons::FIELD_INVALID, "the template has no such channel"),
        }
    }
    if it.channels.is_empty() { manifest.channels.clone() } else { asked }
}

fn values(violations: &mut Violations, given: &[wire::Variable]) -> Values {
    let mut values = Values::new();
    for (index, variable) in given.iter().enumerate() {
        let path = || format!("notification.variables[{index}]");
        let value = match &variable.value {
            None => {
                violations.add(path(), reasons::FIELD_REQUIRED, "must have a value");
                continue;
            }
            Some(WireValue::Text(text)) => Value::Text(Personal::from(text.as_str())),
            Some(WireValue::Code(code)) => Value::Code(Personal::from(code.as_str())),
            Some(WireValue::Number(number)) => Value::Number(*number),
            Some(WireValue::Time(time)) => match from_wire(time) {
                Some(time) => Value::Time(time),
                None => {
                    violations.add(path(), reasons::FIELD_INVALID, "must be an instant");
                    continue;
                }
            },
        };
        if values.insert(variable.name.clone(), value).is_some() {
            violations.add(path(), reasons::FIELD_INVALID, "is given twice");
        }
    }
    values
}
