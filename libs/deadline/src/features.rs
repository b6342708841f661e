//! What a policy is chosen by.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// What is known of an appeal when its policy is chosen. The category is text: the catalogue of categories is data (`T6`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Features<'a> {
    /// Snake case id of the catalogue.
    pub category: &'a str,
    pub kind: Kind,
    pub priority: Priority,
    pub channel: Channel,
}

/// A name that is not in a list.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name:?} is no {list}")]
pub struct UnknownName {
    pub list: &'static str,
    pub name: String,
}

/// A closed list of names, the same in TOML, in databases and in text.
macro_rules! names {
    ($(#[$doc:meta])* $list:ident { $($(#[$item_doc:meta])* $item:ident = $name:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $list {
            $($(#[$item_doc])* #[serde(rename = $name)] $item),+
        }

        impl $list {
            /// Every one, in order.
            pub const ALL: &[Self] = &[$(Self::$item),+];

            /// The snake case name.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$item => $name),+
                }
            }
        }

        impl fmt::Display for $list {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $list {
            type Err = UnknownName;

            fn from_str(name: &str) -> Result<Self, UnknownName> {
                Self::ALL
                    .iter()
                    .copied()
                    .find(|item| item.as_str() == name)
                    .ok_or_else(|| UnknownName { list: stringify!($list), name: name.into() })
            }
        }
    };
}

names! {
    /// What sort of question it is (`T6`).
    Kind {
        Technical = "technical",
        /// Documents have to be checked.
        Documentary = "documentary",
        Reference = "reference",
    }
}

names! {
    /// How urgent it is (`T8`), most urgent first.
    Priority {
        Emergency = "emergency",
        Critical = "critical",
        High = "high",
        Normal = "normal",
        Low = "low",
    }
}

names! {
    /// How it came in (`T1`).
    Channel {
        Phone = "phone",
        Chat = "chat",
        Email = "email",
        WebForm = "web_form",
        Portal = "portal",
        MobileApp = "mobile_app",
        Social = "social",
        MfcOffice = "mfc_office",
        VoiceMessage = "voice_message",
        /// Another government system.
        System = "system",
    }
}
