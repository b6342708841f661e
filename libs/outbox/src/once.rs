//! Applying a request once, however often it arrives (AIP-155).

use crate::seal;
use crate::store::request_id::{Found, answer, find, insert};
use bytes::Bytes;
use clock::SharedClock;
use proto::DurableCall;
use rpc::{Refusal, Violations, reasons};
use sealed::Ring;
use std::fmt::{self, Debug, Formatter};
use store::{Db, Tx};
use uuid::Uuid;

/// The inbox of one service: which requests were applied, and what they were answered.
///
/// ```text
/// transaction!(db, "file_appeal", |tx| {
///     if let Some(answer) = once.replay_as(tx, &key).await? { return Ok(answer) }    // before anything else
///     ...                                                                            // the effect
///     once.record(tx, &key, &answer).await?;                                         // in the same transaction
///     Ok(answer)
/// })
/// ```
///
/// A second request with the same id waits for the first one's transaction: if that commits, it gets the same answer, else it is the
/// first. The caller must have been authorised before: a replay gives out what an earlier call was given.
#[derive(Debug, Clone)]
pub struct Once {
    ring: Ring,
    clock: SharedClock,
}

/// One request of one caller.
#[derive(Clone, PartialEq, Eq)]
pub struct OnceKey {
    /// [`rpc::Caller::key`]: another caller's id is another request.
    pub caller: String,
    /// Full gRPC path.
    pub method: &'static str,
    /// The caller's id of the request.
    pub request_id: Uuid,
    /// [`Ring::fingerprint`] of the content.
    pub fingerprint: Vec<u8>,
}

/// A request and its answer as their row holds them.
pub struct Noted {
    /// [`OnceKey::caller`].
    pub caller: String,
    /// [`OnceKey::method`].
    pub method: &'static str,
    /// [`OnceKey::request_id`].
    pub request_id: Uuid,
    /// [`OnceKey::fingerprint`].
    pub fingerprint: Vec<u8>,
    /// The answer, sealed.
    pub response: Vec<u8>,
}

/// A `request_id` as it came; adds REQUEST_ID_INVALID to the violations unless it is a UUID4. For conversions that report every fault
/// of a request at once.
pub fn request_id(text: &str, violations: &mut Violations) -> Option<Uuid> {
    let id = Uuid::try_parse(text).ok().filter(|id| id.get_version_num() == 4);
    if id.is_none() {
        violations.add("request_id", reasons::REQUEST_ID_INVALID, "must be a UUID4");
    }
    id
}

// === impl Once ===

impl Once {
    /// An inbox whose answers are sealed under `ring`.
    pub fn new(ring: Ring, clock: SharedClock) -> Self {
        Once { ring, clock }
    }

    /// The key of a request; `caller` is [`rpc::Caller::key`]. The fingerprint covers every field, so the request must be as it came.
    ///
    /// # Errors
    /// INVALID_ARGUMENT, REQUEST_ID_INVALID, unless `request_id` is a UUID4.
    pub fn key<R: DurableCall>(&self, caller: &str, request: &R) -> Result<OnceKey, Refusal> {
        let mut violations = Violations::new();
        let Some(request_id) = request_id(request.request_id(), &mut violations) else {
            return Err(Refusal::invalid(violations));
        };
        let content = zeroize::Zeroizing::new(request.encode_to_vec());
        let fingerprint = self.ring.fingerprint(R::METHOD, &content);
        Ok(OnceKey { caller: caller.to_owned(), method: R::METHOD, request_id, fingerprint })
    }

    /// Notes the request as being applied by this transaction, or answers what it was answered the first time.
    ///
    /// # Errors
    /// INVALID_ARGUMENT, REQUEST_ID_REUSED, if the id was used with other content; those of any statement.
    pub async fn replay(&self, tx: &mut Tx, key: &OnceKey) -> Result<Option<Bytes>, Refusal> {
        let OnceKey { caller, method, request_id, fingerprint } = key;
        if insert(tx, caller, method, *request_id, fingerprint, self.clock.now()).await? {
            return Ok(None);
        }
        let found = find(&mut **tx, caller, method, *request_id).await?;
        self.answer_of(key, found).map(Some)
    }

    /// [`Once::replay`], decoded.
    ///
    /// # Errors
    /// As there.
    pub async fn replay_as<M: prost::Message + Default>(
        &self,
        tx: &mut Tx,
        key: &OnceKey,
    ) -> Result<Option<M>, Refusal> {
        let response = self.replay(tx, key).await?;
        response.map(|bytes| M::decode(bytes).map_err(Refusal::internal)).transpose()
    }

    /// The request with its answer as one row: for a statement that writes it together with the effect, skipping it (`ON CONFLICT (caller,
    /// method, request_id) DO NOTHING`) and the effect when the request was noted before. Then [`Once::answered`] tells what it was
    /// answered.
    pub fn noted(&self, key: &OnceKey, response: &impl prost::Message) -> Noted {
        let response = zeroize::Zeroizing::new(response.encode_to_vec());
        let response = seal::response(&self.ring, &key.row(), &response);
        let OnceKey { caller, method, request_id, fingerprint } = key.clone();
        Noted { caller, method, request_id, fingerprint, response }
    }

    /// What a request was answered that is known to be noted.
    ///
    /// # Errors
    /// INVALID_ARGUMENT, REQUEST_ID_REUSED, if the id was used with other content; those of any statement.
    pub async fn answered<M: prost::Message + Default>(&self, db: &Db, key: &OnceKey) -> Result<M, Refusal> {
        let found = find(db.pool(), &key.caller, key.method, key.request_id).await.map_err(Refusal::from)?;
        M::decode(self.answer_of(key, found)?).map_err(Refusal::internal)
    }

    /// The stored answer, if it is one to the same request.
    fn answer_of(&self, key: &OnceKey, found: Option<Found>) -> Result<Bytes, Refusal> {
        // Purged between the two statements: 30 days old, and asked again in this very millisecond.
        let found = found.ok_or_else(Refusal::conflict)?;
        if found.fingerprint != key.fingerprint {
            return Err(Refusal::request_id_reused());
        }
        let response = found.response.ok_or_else(|| Refusal::internal("a request was noted without its answer"))?;
        let response = seal::open_response(&self.ring, &key.row(), &response).map_err(Refusal::internal)?;
        Ok(Bytes::copy_from_slice(&response))
    }

    /// Keeps the answer for repetitions. To be called in the transaction of [`Once::replay`], once.
    ///
    /// # Errors
    /// INTERNAL if this transaction did not note the request; those of any statement.
    pub async fn record(&self, tx: &mut Tx, key: &OnceKey, response: &impl prost::Message) -> Result<(), Refusal> {
        let response = zeroize::Zeroizing::new(response.encode_to_vec());
        let sealed = seal::response(&self.ring, &key.row(), &response);
        if answer(tx, &key.caller, key.method, key.request_id, &sealed).await? {
            Ok(())
        } else {
            Err(Refusal::internal("an answer was recorded for a request that was not noted"))
        }
    }
}

// === impl OnceKey ===

impl OnceKey {
    /// The primary key as bytes. Callers and methods hold no NUL, so no two keys give the same.
    fn row(&self) -> Vec<u8> {
        [self.caller.as_bytes(), &[0], self.method.as_bytes(), &[0], self.request_id.as_bytes()].concat()
    }
}

impl Debug for OnceKey {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnceKey")
            .field("method", &self.method)
            .field("request_id", &self.request_id)
            .finish_non_exhaustive()
    }
}

// === impl Noted ===

impl Debug for Noted {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Noted")
            .field("method", &self.method)
            .field("request_id", &self.request_id)
            .finish_non_exhaustive()
    }
}
