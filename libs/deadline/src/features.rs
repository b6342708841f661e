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
    /// ISO 3166-2 code of where the applicant lives, `RU-SA`; `None` where nobody told it.
    pub region: Option<&'a str>,
    /// Id of the group of people that the applicant is of, `large_family`; `None` where nobody told it.
    pub applicant_group: Option<&'a str>,
}

/// Whether it reads like an ISO 3166-2 code: `RU-SA`, `RU-MOW`. Which there are is not asked: they come and go by law.
pub fn is_region(text: &str) -> bool {
    let Some((country, part)) = text.split_once('-') else { return false };
    let is_part = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit();
    country.len() == 2
        && country.chars().all(|c| c.is_ascii_uppercase())
        && (1..=3).contains(&part.len())
        && part.chars().all(is_part)
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
