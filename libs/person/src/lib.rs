//! What people are called, reached and numbered by: values of the form, each valid by construction. `parse` takes what a
//! person typed and names the rule that it breaks. Ticket and identity verification ask for the same things by the same rules.
//!
//! The personal ones keep their text in [`sealed::Personal`], so `Debug` shows nothing of it; `expose` is for sealing, for
//! sending, and for the wire to whoever may see it. A rule's text never repeats the value.

mod date;
mod email;
mod inn;
mod passport;
mod person_name;
mod phone;
mod places;
mod snils;
mod text;

pub use date::BirthDate;
pub use email::Email;
pub use inn::Inn;
pub use passport::Passport;
pub use person_name::PersonName;
pub use phone::Phone;
pub use places::{Language, Zone};
pub use snils::Snils;
pub use text::{AccountNumber, ApplicantGroup, CallTime, Text};

/// A personal value: its text, its redacting `Debug` and `expose`.
macro_rules! personal {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name(sealed::Personal);

        impl $name {
            /// The text itself: personal.
            pub fn expose(&self) -> &str {
                self.0.expose()
            }

            /// One that was checked before, out of the store: a rule that came later does not make its row unreadable.
            pub fn stored(text: sealed::Personal) -> Self {
                Self(text)
            }

            /// The text as the sealing wants it.
            pub fn personal(&self) -> &sealed::Personal {
                &self.0
            }
        }
    };
}
use personal;

/// The digits of what a person typed; `None` when anything but digits, spaces and hyphens is in it.
fn digits(typed: &str) -> Option<Vec<u8>> {
    let mut digits = Vec::with_capacity(typed.len());
    for letter in typed.chars() {
        match letter {
            '0'..='9' => digits.push(letter as u8 - b'0'),
            ' ' | '\u{a0}' | '-' => {}
            _ => return None,
        }
    }
    Some(digits)
}

fn text_of(digits: &[u8]) -> String {
    digits.iter().map(|digit| char::from(b'0' + digit)).collect()
}
