//! Where a service keeps the published sets of policies: a table of its own schema, and a copy in memory.
//!
//! ```text
//!   sla-monitor                                             ticket
//!     PublishCalendar, PublishPolicy
//!       tx: policy_set row + outbox call ── PutPolicySet ──► tx: policy_set row
//!     every replica's shelf: refresh                        every replica's shelf: refresh
//! ```
//!
//! The SLA monitor owns the sets. Ticket has a copy in its own schema, so that filing an appeal asks nobody. Both hold all of them in
//! memory ([`Shelf::published`]): a promise is looked up on every track and every filing, and there are a few dozen sets in a lifetime.
//! A replica finds what another one wrote by looking for versions that it does not know, every few seconds.
//!
//! | what goes wrong | what comes of it |
//! |---|---|
//! | a set reaches a replica late | it promises under the set before it, whose name and hash the promise carries; nothing is doubtful later |
//! | a set can't be read by this program | it is told in the log and in `otklik_policy_sets_unreadable`; the set before it stays in force |
//! | ticket's database is restored to before a set | the SLA monitor tells all its sets again at each start, and what is known changes nothing |
//! | the SLA monitor's database is restored to before a set | the version is published again with other content, and ticket refuses it: the call is dead, which is counted and shown |

mod record;
mod shelf;
mod store;

use sqlx::migrate::Migrator;

pub use record::Record;
pub use shelf::{Shelf, refresh_loop};
pub use store::{Kept, get, keep, page};

/// The table. It belongs to the schema of each service that uses it.
pub static MIGRATIONS: Migrator = sqlx::migrate!();
