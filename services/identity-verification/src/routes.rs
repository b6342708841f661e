//! What this service tells others, as pure functions: state -> call.

use outbox::Call;
use proto::notification::v1::{
    Channel, Contact, Notification, Recipient, SendNotificationRequest, UpsertRecipientRequest, Variable,
    variable::Value,
};
use proto::to_wire;

use crate::domain::{Citizen, Code, Method, Verification, recipient_name};

const NOTIFICATION: &str = "notification";

/// A citizen is a recipient, owned by this service.
pub(crate) fn upsert_recipient(citizen: &Citizen) -> Call {
    let name = recipient_name(citizen.id);
    let recipient = Recipient {
        name: name.clone(),
        contact: Some(Contact {
            phone: citizen.phone.as_ref().map(|it| it.expose().to_owned()).unwrap_or_default(),
            email: citizen.email.as_ref().map(|it| it.expose().to_owned()).unwrap_or_default(),
        }),
        language_code: citizen.language.as_str().to_owned(),
        time_zone: citizen.zone.as_str().to_owned(),
        revision: citizen.revision,
        update_time: None,
    };
    Call::new(NOTIFICATION, name, UpsertRecipientRequest { recipient: Some(recipient), request_id: String::new() })
}

/// The message with a code. It dies with the code: a late code helps nobody and frightens.
pub(crate) fn send_code(verification: &Verification, code: &Code) -> Call {
    let recipient = recipient_name(verification.citizen_id);
    let variable = |name: &str, value| Variable { name: name.to_owned(), value: Some(value) };
    let channel = match verification.method {
        Method::SmsCode => Channel::Sms,
        Method::EmailCode => Channel::Email,
    };
    // A code sent again keeps the end of the first one; the message says what is left of it, and never "0 minutes".
    let left = verification.code_expire_time.duration_since(verification.send_time);
    let minutes = left.as_mins().max(1);
    let notification = Notification {
        recipient: recipient.clone(),
        template: "verification_code".to_owned(),
        subject: format!("verifications/{}", verification.id),
        variables: vec![
            variable("code", Value::Code(code.digits().expose().to_owned())),
            variable("prefix", Value::Text(code.prefix().to_owned())),
            variable("minutes", Value::Number(minutes)),
        ],
        channels: vec![channel.into()],
        event_time: Some(to_wire(verification.send_time)),
        expire_time: Some(to_wire(verification.code_expire_time)),
        ..Notification::default()
    };
    let request = SendNotificationRequest { notification: Some(notification), request_id: String::new() };
    Call::new(NOTIFICATION, recipient, request).expires(verification.code_expire_time)
}
