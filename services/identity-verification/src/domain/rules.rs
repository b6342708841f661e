//! The numbers of codes, which are data (`[code]`, `[limits]`).

use jiff::SignedDuration;

use super::Method;

/// How codes live.
#[derive(Clone, Debug)]
pub struct CodeRules {
    /// Digits of a code.
    pub digits: u8,
    /// Digits for `long_actions`.
    pub long_digits: u8,
    /// Actions where more is at stake.
    pub long_actions: Vec<String>,
    /// How long a code by SMS is accepted.
    pub sms_lifetime: SignedDuration,
    /// How long a code by e-mail is accepted.
    pub email_lifetime: SignedDuration,
    /// Tries a code has.
    pub attempts: i32,
    /// Asked again within this time, the same code goes out again.
    pub same_code_within: SignedDuration,
    /// How long a confirmed verification may be used.
    pub use_within: SignedDuration,
}

/// How often codes go to one address (I-01).
#[derive(Clone, Debug)]
pub struct SendLimits {
    /// Least time since the last code: after one within the hour, after two, ...; the last one stays. Never empty.
    pub gaps: Vec<SignedDuration>,
    /// Most within an hour.
    pub per_hour: usize,
    /// Most within a day.
    pub per_day: usize,
}

// === impl CodeRules ===

impl CodeRules {
    /// Digits of the code for an action.
    pub fn digits_for(&self, action: &str) -> u8 {
        if self.long_actions.iter().any(|it| it == action) { self.long_digits } else { self.digits }
    }

    /// How long a code is accepted.
    pub fn lifetime(&self, method: Method) -> SignedDuration {
        match method {
            Method::SmsCode => self.sms_lifetime,
            Method::EmailCode => self.email_lifetime,
        }
    }
}
