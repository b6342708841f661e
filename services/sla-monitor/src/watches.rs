//! Who watches what happens to promises. How they hear of it is in the crate `watches`; here there is one topic, the log, and a place in it.
//!
//! | what goes wrong | what comes of it |
//! |---|---|
//! | a transaction stays open, here or elsewhere in the cluster | the news waits until it has ended: it might yet write what comes before it (`store::breach`) |
//! | the database is restored, or the reader was away for longer than entries are kept | OUT_OF_RANGE, at once or in place of the next sign of life or news |
//! | the database is restored from a dump into another cluster | its entries have transactions that are still to come there: all that is there is put first (`purge`), told to nobody, and who watched begins anew |
//! | a replica of an older release still runs | what it fires is not logged: the log is whole once all are of this release |

use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use proto::sla::v1::ErrorReason;
use rpc::Refusal;

use crate::domain::Position;
use crate::{App, store};

/// Everybody who watches in this process.
pub(crate) type Watches = ::watches::Watches<(), Position>;

/// A watch that the server ends.
pub(crate) fn ended(pause: Duration) -> Refusal {
    Refusal::unavailable_for(ErrorReason::WatchEnded, pause)
}

#[async_trait]
impl ::watches::Source<(), Position> for App {
    fn now(&self) -> Timestamp {
        self.db.now()
    }

    async fn last(&self, _: &[()]) -> Result<HashMap<(), Position>, ::store::Error> {
        Ok(HashMap::from([((), store::breach::last(self.db.pool()).await?)]))
    }
}
