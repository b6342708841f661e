//! Notifications and their recipients.

use jiff::Timestamp;
use person::{Email, Language, Phone, Zone};
use sealed::Personal;
use uuid::Uuid;

use super::{DeliveryState, masked};
use crate::providers::Channel;
use crate::templates::{Lane, Values};

/// Addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Contact {
    pub(crate) phone: Option<Phone>,
    pub(crate) email: Option<Email>,
}

/// Somebody who can be told something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Recipient {
    pub(crate) id: String,
    pub(crate) contact: Contact,
    pub(crate) language: Language,
    pub(crate) zone: Zone,
    pub(crate) revision: i64,
    pub(crate) update_time: Timestamp,
}

/// How somebody is written to of whom nobody has told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unknown {
    pub(crate) language: Language,
    pub(crate) zone: Zone,
}

/// A message as it was asked for.
#[derive(Clone, Debug)]
pub(crate) struct Notification {
    pub(crate) id: Uuid,
    pub(crate) sender: String,
    pub(crate) send_request_id: Uuid,
    pub(crate) recipient_id: String,
    pub(crate) template: String,
    pub(crate) template_version: i32,
    pub(crate) subject: String,
    /// The kinds of message about the subject that it makes untrue.
    pub(crate) supersedes: Vec<String>,
    pub(crate) lane: Lane,
    pub(crate) contact: Contact,
    pub(crate) values: Values,
    /// `None`: the recipient's.
    pub(crate) language: Option<Language>,
    pub(crate) channels: Vec<Channel>,
    pub(crate) event_time: Timestamp,
    pub(crate) expire_time: Timestamp,
}

/// A delivery as it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NewDelivery {
    pub(crate) id: Uuid,
    pub(crate) channel: Channel,
    pub(crate) state: DeliveryState,
    pub(crate) reason: &'static str,
    /// `None`: there is none.
    pub(crate) masked_address: Option<Personal>,
}

// === impl Contact ===

impl Contact {
    /// The address for a channel.
    pub(crate) fn address(&self, channel: Channel) -> Option<&Personal> {
        match channel {
            Channel::Sms => self.phone.as_ref().map(Phone::personal),
            Channel::Email => self.email.as_ref().map(Email::personal),
        }
    }
}

// === impl Unknown ===

impl Unknown {
    /// What is noted of them: no address, and the language of the first message that they get.
    pub(crate) fn noted(&self, id: &str, language: Option<&Language>, now: Timestamp) -> Recipient {
        Recipient {
            id: id.to_owned(),
            contact: Contact::default(),
            language: language.unwrap_or(&self.language).clone(),
            zone: self.zone.clone(),
            revision: 0,
            update_time: now,
        }
    }
}

// === impl Notification ===

impl Notification {
    /// What becomes of each channel at once. `is_dropped`: something newer is known. A message that comes too late is taken all the
    /// same and ends here, so that its sender is told (N-15) instead of trying for ever.
    pub(crate) fn deliveries(&self, recipient: &Recipient, is_dropped: bool, now: Timestamp) -> Vec<NewDelivery> {
        let begin = |channel: &Channel| {
            let address = self.contact.address(*channel).or(recipient.contact.address(*channel));
            let (state, reason) = match address {
                None => (DeliveryState::Skipped, "NO_ADDRESS"),
                Some(_) if is_dropped => (DeliveryState::Dropped, "SUPERSEDED"),
                Some(_) if self.expire_time <= now => (DeliveryState::Expired, "CAME_TOO_LATE"),
                Some(_) => (DeliveryState::Queued, ""),
            };
            let masked_address = address.map(|it| Personal::from(masked(*channel, it)));
            NewDelivery { id: Uuid::new_v4(), channel: *channel, state, reason, masked_address }
        };
        self.channels.iter().map(begin).collect()
    }
}
