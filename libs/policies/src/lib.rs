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
//! A replica finds what another one wrote by looking for versions above its own, every few seconds: one entry of the primary key.
//!
//! | what goes wrong | what comes of it |
//! |---|---|
//! | a set reaches a replica late | it promises under the set before it, whose name and hash the promise carries; nothing is doubtful later |
//! | a set can't be read by this program | it is told in the log and in `otklik_policy_sets_unreadable`; the set before it stays in force |
//! | the sets of a restored database are older | the newer ones are still in memory until the restart, then the older are in force; a version that is published again with other content is refused by whoever has the first |

mod record;
mod shelf;
mod store;

use sqlx::migrate::Migrator;

pub use record::Record;
pub use shelf::{Shelf, refresh_loop};
pub use store::{Kept, get, keep, page};

/// The table. It belongs to the schema of each service that uses it.
pub static MIGRATIONS: Migrator = sqlx::migrate!();
