//! Assertions of identity verification, checked without asking it (T20).
//!
//! ```text
//!  token -> kid known? -> signature -> claims -> (in the decision: expiry, subject, appeal, action, level; in the store: used before?)
//!             | no
//!             v
//!           keys are loaded once more: from the table (another replica has them), then from identity verification
//! ```
//!
//! Keys come from the loop `verification_keys` and are kept in a table, so a restart while identity verification is down checks on with
//! what was known. Loading for an unknown key is limited to once in [`PAUSE`]: else made-up key ids would have us ask all day. Whoever
//! comes while keys load waits for them: the first assertions under a new key come together. A load that fails leaves the old keys.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use bootstrap::{Step, Stepped};
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use proto::identity::v1::GetVerificationKeysRequest;
use proto::identity::v1::identity_service_client::IdentityServiceClient;
use sealed::Personal;
use serde::Deserialize;
use store::Db;
use tokio::sync::Mutex;
use uuid::Uuid;

use crate::domain::{Assertion, AssuranceLevel, Refusal};
use crate::grpc::convert::refuse;
pub use crate::store::verification_key::StoredKey;
use crate::store::{used_assertion, verification_key};

/// Least time between two loads that unknown keys caused.
const PAUSE: SignedDuration = SignedDuration::from_secs(10);
/// What a caller is told to wait while identity verification can't be asked.
const RETRY: Duration = Duration::from_secs(10);
/// Used assertions forgotten in one step of the loop.
const PURGE: i64 = 1_000;

/// Where the published keys come from: identity verification, or a script in tests.
#[async_trait]
pub trait KeySource: Send + Sync + 'static {
    /// The keys that are published now.
    ///
    /// # Errors
    /// What the call failed with.
    async fn published(&self) -> anyhow::Result<Vec<StoredKey>>;
}

/// Why a token is not believed. Never holds a part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disbelieved {
    /// Not a JWT by EdDSA, or without a claim it must have.
    Malformed,
    /// Signed by a key that is not published.
    UnknownKey,
    /// The signature does not fit.
    Signature,
    /// Its key is not known here, and identity verification could not be asked.
    KeysUnavailable,
}

impl Disbelieved {
    /// The refusal of a command on the appeal.
    pub fn refuse(self, appeal: Uuid) -> rpc::Refusal {
        let why = match self {
            Self::Malformed => "is malformed",
            Self::UnknownKey => "is signed by a key that is not published",
            Self::Signature => "has a wrong signature",
            Self::KeysUnavailable => return rpc::Refusal::unavailable_for(rpc::reasons::KEYS_UNAVAILABLE, RETRY),
        };
        refuse(Refusal::AssertionInvalid(why), appeal)
    }
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    appeal: String,
    action: String,
    level: String,
    jti: String,
    exp: i64,
}

/// The known keys.
pub struct Assertions {
    db: Db,
    source: Arc<dyn KeySource>,
    keys: RwLock<HashMap<String, DecodingKey>>,
    /// Held while keys load for an unknown one.
    tried: Mutex<Tried>,
}

/// The last load that an unknown key caused.
#[derive(Debug, Default, Clone, Copy)]
struct Tried {
    at: Option<Timestamp>,
    failed: bool,
}

// === impl Assertions ===

impl Assertions {
    /// No keys yet: the first step of the loop, or the first unknown key, loads them.
    pub fn new(db: Db, source: Arc<dyn KeySource>) -> Self {
        Self { db, source, keys: RwLock::default(), tried: Mutex::default() }
    }

    /// Checks the signature of the assertion that came with a request, if one did. Expiry and what it is bound to are the decision's.
    /// May ask the database or identity verification for an unknown key, so it is called outside transactions.
    ///
    /// # Errors
    /// [`Disbelieved`].
    pub async fn check(&self, token: Option<&Personal>) -> Result<Option<Assertion>, Disbelieved> {
        let Some(token) = token.map(Personal::expose) else { return Ok(None) };
        let header = jsonwebtoken::decode_header(token).map_err(|_| Disbelieved::Malformed)?;
        let (Algorithm::EdDSA, Some(kid)) = (header.alg, header.kid) else { return Err(Disbelieved::Malformed) };
        let key = match self.key(&kid) {
            Some(key) => key,
            None => {
                let failed = self.load_for_unknown(&kid).await;
                let unknown = if failed { Disbelieved::KeysUnavailable } else { Disbelieved::UnknownKey };
                self.key(&kid).ok_or(unknown)?
            }
        };
        open(token, &key).map(Some)
    }

    /// Fetches what is published and keeps it.
    ///
    /// # Errors
    /// When identity verification or the database does not answer; the keys known so far stay.
    pub async fn refresh(&self) -> anyhow::Result<usize> {
        let published = self.source.published().await?;
        // An empty answer would make every assertion wrong; identity always has at least the key it signs with.
        anyhow::ensure!(!published.is_empty(), "identity verification publishes no key");
        verification_key::replace(&self.db, self.db.now(), &published).await?;
        self.know(published);
        Ok(self.read().len())
    }

    /// Looks for a key that is not known here; true when nobody could be asked.
    async fn load_for_unknown(&self, kid: &str) -> bool {
        if let Ok(stored) = verification_key::all(&self.db).await
            && stored.iter().any(|key| key.key_id == kid)
        {
            self.know(stored);
            return false;
        }
        let mut tried = self.tried.lock().await;
        if self.key(kid).is_some() {
            // It came with the load that was waited for.
            return false;
        }
        if tried.at.is_some_and(|at| at.duration_until(self.db.now()).abs() < PAUSE) {
            return tried.failed;
        }
        // Should the caller hang up meanwhile, nothing was learnt, and the pause holds all the same.
        *tried = Tried { at: Some(self.db.now()), failed: true };
        let failed = match self.refresh().await {
            Ok(_) => false,
            Err(error) => {
                tracing::warn!(
                    error = format!("{error:#}"),
                    "verification keys could not be loaded; the old ones stay"
                );
                true
            }
        };
        // From its end: those who waited for a long load do not begin another one each.
        *tried = Tried { at: Some(self.db.now()), failed };
        failed
    }

    fn know(&self, keys: Vec<StoredKey>) {
        let keys = keys.into_iter().map(|key| (key.key_id, DecodingKey::from_ed_der(&key.public_key))).collect();
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
    }

    fn key(&self, kid: &str) -> Option<DecodingKey> {
        self.read().get(kid).cloned()
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, HashMap<String, DecodingKey>> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner)
    }
}

fn open(token: &str, key: &DecodingKey) -> Result<Assertion, Disbelieved> {
    // The library would compare `exp` with the machine's time; ours comes from the clock.
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    let data = jsonwebtoken::decode::<Claims>(token, key, &validation).map_err(|error| match error.kind() {
        jsonwebtoken::errors::ErrorKind::InvalidSignature => Disbelieved::Signature,
        _ => Disbelieved::Malformed,
    })?;
    let Claims { sub, appeal, action, level, jti, exp } = data.claims;
    let citizen = sub.strip_prefix("citizens/").and_then(|id| id.parse().ok()).ok_or(Disbelieved::Malformed)?;
    let expire_time = Timestamp::from_second(exp).map_err(|_| Disbelieved::Malformed)?;
    if !(1..=64).contains(&jti.len()) {
        return Err(Disbelieved::Malformed);
    }
    let level = AssuranceLevel::parse(&level).ok_or(Disbelieved::Malformed)?;
    Ok(Assertion { citizen, appeal, action, level, jti, expire_time })
}

impl std::fmt::Debug for Assertions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Assertions").field("keys", &self.read().keys().collect::<Vec<_>>()).finish_non_exhaustive()
    }
}

/// The loop `verification_keys`: fetches the keys, and forgets used assertions that have expired.
#[derive(Debug)]
pub struct Refresh(pub Arc<Assertions>);

#[async_trait]
impl Step for Refresh {
    async fn step(&self) -> anyhow::Result<Stepped> {
        let db = &self.0.db;
        let forgotten = used_assertion::purge(db, db.now(), PURGE).await?;
        if forgotten == PURGE.unsigned_abs() {
            // More may have expired, and once per interval would never catch up; each step stays short enough for a stop to wait for.
            return Ok(Stepped::Worked(usize::try_from(forgotten)?));
        }
        self.0.refresh().await?;
        Ok(Stepped::Idle)
    }
}

/// Identity verification itself.
#[derive(Debug)]
pub struct Identity(pub rpc::Client);

#[async_trait]
impl KeySource for Identity {
    async fn published(&self) -> anyhow::Result<Vec<StoredKey>> {
        let mut client = IdentityServiceClient::new(self.0.channel());
        let answer = client.get_verification_keys(GetVerificationKeysRequest {}).await?.into_inner();
        answer
            .keys
            .into_iter()
            .map(|key| {
                anyhow::ensure!(key.algorithm == "EdDSA" && key.public_key.len() == 32, "a published key is of no use");
                Ok(StoredKey { key_id: key.key_id, public_key: key.public_key })
            })
            .collect()
    }
}
