//! Pages of a List RPC (AIP-158): sizes, and tokens that can't be made up.
//!
//! A token is base64url(version, MAC, cursor as JSON). The MAC covers method, filter and cursor, so a token taken to another filter or method,
//! or altered by one bit, is refused. A token grants nothing: the rows behind it are still chosen by who asks. The cursor inside is
//! readable to whoever decodes it, so it holds sort keys (times, ids) and never contents.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::Sha256;

use crate::reasons;
use crate::refusal::Refusal;
use crate::violations::Violations;

const VERSION: u8 = 1;
/// Bytes of the MAC kept: 128 bits are beyond guessing and keep the token short.
const MAC: usize = 16;

/// Makes and opens page tokens with one key, the same for every replica.
#[derive(Clone)]
pub struct Tokens {
    mac: Hmac<Sha256>,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tokens(..)")
    }
}

impl Tokens {
    /// `key`: 32 secret bytes, such as `ring.subkey("page-tokens")`.
    pub fn new(key: &[u8; 32]) -> Self {
        Self { mac: Hmac::new_from_slice(key).expect("HMAC takes a key of any length") }
    }

    /// The `next_page_token` after the row at `cursor`. `filter`: bytes that stand for everything but page size and token in the request.
    pub fn seal(&self, method: &str, filter: &[u8], cursor: &impl Serialize) -> Result<String, Refusal> {
        let cursor = serde_json::to_vec(cursor).map_err(Refusal::internal)?;
        let mut token = vec![VERSION];
        token.extend_from_slice(&self.keyed(method, filter, &cursor).finalize().into_bytes()[..MAC]);
        token.extend_from_slice(&cursor);
        Ok(URL_SAFE_NO_PAD.encode(token))
    }

    /// The cursor of a `page_token`; `None` for the empty token, which asks for the first page.
    /// INVALID_ARGUMENT, PAGE_TOKEN_INVALID when it was altered or belongs to another filter or method.
    pub fn open<C: DeserializeOwned>(&self, method: &str, filter: &[u8], token: &str) -> Result<Option<C>, Refusal> {
        self.open_field("page_token", method, filter, token)
    }

    /// The same for a token that came in another field, such as `start_cursor`.
    pub fn open_field<C: DeserializeOwned>(
        &self,
        field: &str,
        method: &str,
        filter: &[u8],
        token: &str,
    ) -> Result<Option<C>, Refusal> {
        if token.is_empty() {
            return Ok(None);
        }
        self.parse(method, filter, token).map(Some).ok_or_else(|| invalid(field))
    }

    fn parse<C: DeserializeOwned>(&self, method: &str, filter: &[u8], token: &str) -> Option<C> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (&version, rest) = bytes.split_first()?;
        let (mac, cursor) = rest.split_at_checked(MAC)?;
        if version != VERSION {
            return None;
        }
        self.keyed(method, filter, cursor).verify_truncated_left(mac).ok()?;
        serde_json::from_slice(cursor).ok()
    }

    /// Each part goes in behind its length, so no two triples can read the same.
    fn keyed(&self, method: &str, filter: &[u8], cursor: &[u8]) -> Hmac<Sha256> {
        let mut mac = self.mac.clone();
        for part in [method.as_bytes(), filter, cursor] {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac
    }
}

fn invalid(field: &str) -> Refusal {
    let mut violations = Violations::new();
    violations.add(field, reasons::PAGE_TOKEN_INVALID, "send the token as it came, with the same filter");
    Refusal::invalid(violations)
}

/// The page size to use (AIP-158): 0 means `default`, more than `max` means `max`, negative is a violation.
pub fn size(requested: i32, default: u32, max: u32, violations: &mut Violations) -> u32 {
    match u32::try_from(requested) {
        Ok(0) => default.min(max),
        Ok(size) => size.min(max),
        Err(_) => {
            violations.add("page_size", reasons::FIELD_INVALID, "must not be negative");
            default.min(max)
        }
    }
}
