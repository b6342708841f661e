//! Calls between services that survive everything: the outbox of the one who calls, the inbox of the one who is called.
//!
//! # The way of a call
//!
//! ```text
//!   business transaction             relay, any replica                        receiver
//!   --------------------             -------------------                       --------
//!   change, enqueue(call) --commit-> claim (lease 30 s, commit)
//!                                    deliver, outside any transaction -------> once: applied before? then the same answer
//!                                         (deadline 10 s)             <------- answer, refusal, or nothing at all
//!                                    settle: outcome, Follow::settled, the
//!                                    calls that follow, next of the key -- one transaction
//! ```
//!
//! # States of a row
//!
//! ```text
//!            +------ RETRY: tried again after a pause, never given up before 25 days -----+
//!            v                                                                            |
//!   enqueue -> WAITING --lease--> being delivered -- OK ---------------------> DONE       | request erased
//!     ^                             |    |    \----- a refusal the route expects -> REFUSED  | request erased
//!     |                             |    |
//!     |        (lease runs out) <---+    +---- any other refusal, or older than 25 days -> DEAD
//!     |                                                                                 |     |
//!     +------------------------------ an operator's RequeueCall, until 25 days ---------+     +-- DropCall -> DROPPED
//! ```
//!
//! RETRY is UNAVAILABLE, DEADLINE_EXCEEDED, ABORTED, RESOURCE_EXHAUSTED, CANCELLED; UNAUTHENTICATED (our token is being renewed);
//! UNIMPLEMENTED (the receiver is being replaced); and UNKNOWN or INTERNAL without an ErrorInfo, which come from a broken connection.
//! The pause doubles from 1 s to 30 s with jitter, or is what RetryInfo asks for. A destination that is away is tried by one call
//! at a time, every 1 to 10 s, by each relay: its breaker. One that lacks a method is there for all others.
//!
//! # Order
//!
//! Calls of one destination and key are delivered in the order they were written; different keys know nothing of each other. There is no
//! cursor, so nothing is skipped when a later transaction commits first. Each key has a row with `last_seq` and `finished_seq`:
//!
//! - who adds a call locks that row by its upsert, numbers the call, and marks it *head* if all before it are finished;
//! - who settles one locks that row by moving `finished_seq`, and only then, in a later statement with a fresh snapshot, marks the next.
//!
//! So of two that do this at once the later one sees what the earlier one did, and no head is lost. Only heads are in the index by
//! which due calls are found, so that look costs the same with 10,000 calls of one key or a million waiting for a destination that is
//! down. Refused and dead calls count as finished: state transfers carry a revision, and events apply in any order, so nothing behind
//! them need wait. A requeued call is a head at once, for the same reason.
//!
//! # What can go wrong
//!
//! - *Request lost*: nothing was applied. Tried again.
//! - *Answer lost*: the normal case, not the odd one. Tried again; the receiver's [`Once`] finds the request id, which is the row's own id,
//!   and answers as it did.
//! - *The relay dies* with calls in hand: their leases run out and another relay takes over. A claimed row's next attempt *is* the end of
//!   its lease, so nobody has to look for orphans.
//! - *The relay was only slow*: what it wants to record names its lease's token, which the row no longer has, and changes nothing.
//! - *Clocks differ*: a lease is as long as the difference of two relays' clocks allows. Times come from `clock::Clock`, which services correct
//!   from Postgres at their start and every 10 s and which alarms beyond 1 s; so clocks of machines that are ±60 s apart still agree on when
//!   a lease of 30 s ends. Were they not corrected, a call would be sent twice; the receiver would still apply it once.
//! - *Settling fails* for one call (its follow-up refuses): it is settled by itself, logged, and delivered again after its lease; the others
//!   of its batch are not affected.
//! - *Nobody answers for 25 days*: the call goes dead and can't be requeued, because receivers forget request ids after 30. A state transfer
//!   is healed by the next one; an event is for a person to judge.
//! - *A call's own time passes* ([`Call::expires`]: a code must not lie about): it is not sent any more and settled as refused, `EXPIRED`, when
//!   its turn comes; its request is erased within a minute wherever it stands, also where those before it still wait.
//!
//! Requests and answers are sealed where they are stored ([`sealed`]); notes, keys and errors hold no personal data.

mod call;
mod deliver;
mod follow;
mod once;
mod outbox;
mod relay;
mod seal;
mod service;
mod store;

pub use call::Call;
pub use deliver::{Attempt, Deliver};
pub use follow::{Follow, NothingFollows, Outcome, Settled};
pub use once::{Noted, Once, OnceKey, request_id};
pub use outbox::{Outbox, SealedCall};
pub use relay::{Found, Lane, Relay, Settings};
pub use service::{Operation, service};

use jiff::SignedDuration;
use sqlx::migrate::Migrator;

/// The tables that every schema has: outbox, request ids, keys in use. Recorded in `_outbox_migrations`.
pub static MIGRATIONS: Migrator = sqlx::migrate!();

/// Older calls are not sent any more.
pub const MAX_AGE: SignedDuration = SignedDuration::from_hours(25 * 24);

/// Older request ids are forgotten. Five days more than [`MAX_AGE`], so that a call under way finds its id.
pub const KEEP_REQUEST_IDS: SignedDuration = SignedDuration::from_hours(30 * 24);
