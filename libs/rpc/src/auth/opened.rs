//! Keys, with the tokens they opened lately.
//!
//! A caller shows the same token for minutes, call after call, and its signature need not be checked each time. Whose signature was right
//! is right as long as the same keys are published; times and audience are checked on every call all the same. Another load of keys begins
//! with nothing opened, so a key that is taken away stops working when it always did.

use std::sync::Arc;

use moka::sync::Cache;
use sha2::{Digest, Sha256};

use crate::auth::claims::{Claims, TokenError};
use crate::auth::keys::KeySet;

/// Callers at a time that are checked quickly; it bounds the memory that they take.
const MOST: u64 = 4_096;

/// A key set that remembers what it opened. Only what was believed is kept: made-up tokens must not push out the true ones.
pub struct Opened {
    keys: KeySet,
    /// By the digest of the whole token, its signature included; the tokens themselves lie nowhere.
    claims: Cache<[u8; 32], Arc<Claims>>,
}

// === impl Opened ===

impl Opened {
    /// Nothing was opened yet.
    pub fn new(keys: KeySet) -> Self {
        Self { keys, claims: Cache::new(MOST) }
    }

    /// As [`KeySet::open`].
    pub fn open(&self, token: &str) -> Result<Arc<Claims>, TokenError> {
        let digest = Sha256::digest(token).into();
        if let Some(claims) = self.claims.get(&digest) {
            return Ok(claims);
        }
        let claims: Arc<Claims> = Arc::new(self.keys.open(token)?);
        self.claims.insert(digest, Arc::clone(&claims));
        Ok(claims)
    }
}

impl std::fmt::Debug for Opened {
    /// Without the claims, which name people.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Opened").field("keys", &self.keys).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};

    use super::*;
    use crate::auth::Signer;

    #[test]
    fn a_known_token_is_not_checked_again_and_a_changed_one_always_is() {
        let signer = Signer::generate().unwrap();
        let keys = KeySet::read(signer.jwks().unwrap().as_bytes()).unwrap();
        let claims = Claims::new("systems/portal", &[], "ticket", Timestamp::UNIX_EPOCH, SignedDuration::from_hours(1));
        let token = signer.sign(&claims).unwrap();
        let opened = Opened::new(keys.clone());

        let first = opened.open(&token).unwrap();
        assert_eq!(*first, claims);
        assert!(Arc::ptr_eq(&first, &opened.open(&token).unwrap()), "the same claims, not read again");

        let (head, signature) = token.rsplit_once('.').unwrap();
        let other = signer.sign(&Claims { sub: "systems/else".into(), ..claims }).unwrap();
        let (_, foreign) = other.rsplit_once('.').unwrap();
        assert_eq!(
            opened.open(&format!("{head}.{foreign}")),
            Err(TokenError::Signature),
            "the same claims, badly signed"
        );
        let (other_head, _) = other.rsplit_once('.').unwrap();
        assert_eq!(opened.open(&format!("{other_head}.{signature}")), Err(TokenError::Signature));

        assert!(!Arc::ptr_eq(&first, &Opened::new(keys).open(&token).unwrap()), "other keys begin anew");
    }
}
