//! States and the other closed sets, with their words in the database.

use crate::providers::Channel;
use crate::templates::Lane;

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DeliveryState {
    Queued,
    Sending,
    Accepted,
    Delivered,
    Failed,
    Expired,
    Skipped,
    Dropped,
}

/// Where a notification stands, all channels together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotificationState {
    Queued,
    Sent,
    Delivered,
    Failed,
    Expired,
    Dropped,
}

macro_rules! words {
    ($name:ident { $($variant:ident = $word:literal),+ $(,)? }) => {
        impl $name {
            /// The word in the database.
            pub(crate) fn text(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// The state of a word.
            pub(crate) fn parse(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

words!(DeliveryState {
    Queued = "queued",
    Sending = "sending",
    Accepted = "accepted",
    Delivered = "delivered",
    Failed = "failed",
    Expired = "expired",
    Skipped = "skipped",
    Dropped = "dropped",
});

words!(NotificationState {
    Queued = "queued",
    Sent = "sent",
    Delivered = "delivered",
    Failed = "failed",
    Expired = "expired",
    Dropped = "dropped",
});

// === impl DeliveryState ===

impl DeliveryState {
    /// Nothing more will be sent by it: what it said may be erased.
    pub(crate) fn is_past_sending(self) -> bool {
        !matches!(self, Self::Queued | Self::Sending)
    }
}

/// The word of a channel.
pub(crate) fn channel_text(channel: Channel) -> &'static str {
    match channel {
        Channel::Sms => "sms",
        Channel::Email => "email",
    }
}

/// The channel of a word.
pub(crate) fn channel_from(word: &str) -> Option<Channel> {
    match word {
        "sms" => Some(Channel::Sms),
        "email" => Some(Channel::Email),
        _ => None,
    }
}

/// The word of a lane.
pub(crate) fn lane_text(lane: Lane) -> &'static str {
    match lane {
        Lane::Code => "code",
        Lane::Emergency => "emergency",
        Lane::Normal => "normal",
        Lane::Bulk => "bulk",
    }
}

/// The lane of a word.
pub(crate) fn lane_from(word: &str) -> Option<Lane> {
    match word {
        "code" => Some(Lane::Code),
        "emergency" => Some(Lane::Emergency),
        "normal" => Some(Lane::Normal),
        "bulk" => Some(Lane::Bulk),
        _ => None,
    }
}
