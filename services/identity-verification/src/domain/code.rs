//! One-time codes. A code is computed from the verification and its generation, so it is stored nowhere here: what can't be
//! read can't leak (4.1 of the peers' values).

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sealed::Personal;
use sha2::Sha256;
use subtle::ConstantTimeEq;
use uuid::Uuid;
use zeroize::Zeroizing;

/// Letters for the visible prefix: none that is taken for another letter or for a digit.
const LETTERS: &[u8; 16] = b"ACEFHJKMNPRTUVXY";

/// The key that codes are computed under.
#[derive(Clone)]
pub struct CodeKey(Zeroizing<[u8; 32]>);

/// A code with the letters shown beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    digits: Personal,
    prefix: String,
}

// === impl CodeKey ===

impl CodeKey {
    /// Wraps a key.
    pub fn new(key: Zeroizing<[u8; 32]>) -> Self {
        Self(key)
    }

    /// The code of a generation. `digits` is at most 9.
    ///
    /// Taking a 64-bit number modulo 10^9 favours some codes by less than one in 10^9: nothing that five tries can use.
    pub fn code(&self, verification: Uuid, generation: i32, digits: u8) -> Code {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.0.as_slice()).expect("HMAC takes a key of any length");
        mac.update(verification.as_bytes());
        mac.update(&generation.to_be_bytes());
        let bytes = mac.finalize().into_bytes();
        let number = u64::from_be_bytes(bytes[..8].try_into().expect("eight bytes")) % 10u64.pow(digits.into());
        let width = usize::from(digits);
        let letter = |byte: u8| char::from(LETTERS[usize::from(byte % 16)]);
        Code {
            digits: Personal::from(format!("{number:0width$}")),
            prefix: [letter(bytes[8]), letter(bytes[9])].into_iter().collect(),
        }
    }
}

impl fmt::Debug for CodeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CodeKey(..)")
    }
}

// === impl Code ===

impl Code {
    /// The digits, for the message to the citizen.
    pub fn digits(&self) -> &Personal {
        &self.digits
    }

    /// Two letters shown with the code and with the form, so that of two messages the right one is typed.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Whether a person typed this code, spaces and hyphens aside. Takes the same time for every wrong code of its length.
    pub fn is(&self, typed: &str) -> bool {
        let typed: Zeroizing<String> = Zeroizing::new(typed.chars().filter(|c| !matches!(c, ' ' | '-')).collect());
        typed.as_bytes().ct_eq(self.digits.expose().as_bytes()).into()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;
    use zeroize::Zeroizing;

    use super::CodeKey;

    proptest! {
        #[test]
        fn a_code_is_its_own_and_nobody_elses(key: [u8; 32], id: u128, generation in 1i32..100, digits in 6u8..=9) {
            let keys = CodeKey::new(Zeroizing::new(key));
            let code = keys.code(Uuid::from_u128(id), generation, digits);
            let text = code.digits().expose().to_owned();
            prop_assert_eq!(text.len(), usize::from(digits));
            prop_assert!(text.bytes().all(|b| b.is_ascii_digit()));
            prop_assert_eq!(code.prefix().len(), 2);
            prop_assert_eq!(&keys.code(Uuid::from_u128(id), generation, digits), &code);
            let spaced = format!(" {} {}-", &text[..3], &text[3..]);
            prop_assert!(code.is(&spaced));
            let wrong = format!("{}{}", &text[..text.len() - 1], (text.as_bytes()[text.len() - 1] - b'0' + 1) % 10);
            prop_assert!(!code.is(&wrong));
            prop_assert!(!code.is(""));
        }
    }

    #[test]
    fn debug_shows_no_digit() {
        let code = CodeKey::new(Zeroizing::new([7; 32])).code(Uuid::from_u128(1), 1, 6);
        assert!(!format!("{code:?}").contains(code.digits().expose()));
    }
}
