//! Who watches which appeal. How they hear of its changes is in the crate `watches`; here an appeal is a topic, and the number of an entry of
//! its journal a place.
//!
//! | what goes wrong | what comes of it |
//! |---|---|
//! | the reader is slow | it gets all that piled up in the journal in one message then |
//! | the database is restored | who was told more than is there now hears OUT_OF_RANGE in place of the next sign of life, or what anybody hears of an appeal that is not there |
//! | the caller may not see it any more | the next message is PERMISSION_DENIED |

use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use proto::ticket::v1::ErrorReason;
use rpc::Refusal;
use uuid::Uuid;

use crate::app::App;
use crate::store;

/// Everybody who watches in this process.
pub type Watches = ::watches::Watches<Uuid, i64>;

/// A watch that the server ends.
pub(crate) fn ended(pause: Duration) -> Refusal {
    Refusal::unavailable_for(ErrorReason::WatchEnded, pause)
}

#[async_trait]
impl ::watches::Source<Uuid, i64> for App {
    fn now(&self) -> Timestamp {
        App::now(self)
    }

    async fn last(&self, appeals: &[Uuid]) -> Result<HashMap<Uuid, i64>, ::store::Error> {
        Ok(store::appeal::last_events(&self.db, appeals).await?.into_iter().collect())
    }
}
