//! What a policy is chosen by.

use crate::names::names;

/// What is known of an appeal when its policy is chosen. The category is text: the catalogue of categories is data (`T6`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Features<'a> {
    /// Snake case id of the catalogue.
    pub category: &'a str,
    pub kind: Kind,
    pub priority: Priority,
    pub channel: Channel,
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
