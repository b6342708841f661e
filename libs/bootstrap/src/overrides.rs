//! What the caller of a service brings along instead of what the configuration says: nothing in production, sockets in the
//! all-in-one, nearly everything in tests.

use std::{fmt, sync::Arc};

use clock::SharedClock;
use sealed::Ring;
use tokio::{net::TcpListener, sync::oneshot};
use tokio_util::sync::CancellationToken;

use crate::{AroundDeliver, Reference};

/// `Overrides::default()` is production. The stopper is the one thing every caller wants to hold.
#[derive(Default)]
pub struct Overrides {
    /// Cancel it to drain and stop.
    pub stopper: CancellationToken,
    /// A bound listener instead of `grpc.listen`.
    pub listener: Option<TcpListener>,
    /// The operators' port.
    pub admin: Admin,
    /// Where now comes from.
    pub time: Time,
    /// A ring instead of `keys.file`; may be used by several services.
    pub ring: Option<Ring>,
    /// Something around the way to each peer.
    pub around_deliver: Option<AroundDeliver>,
    /// Told when the service accepts requests.
    pub ready: Option<oneshot::Sender<()>>,
}

/// The operators' port.
#[derive(Debug, Default)]
pub enum Admin {
    /// `admin.listen`.
    #[default]
    Configured,
    /// This bound listener.
    Listener(TcpListener),
    /// None.
    Off,
}

/// Where now comes from.
#[derive(Clone, Default)]
pub enum Time {
    /// The machine's clock, corrected by the database's time.
    #[default]
    Machine,
    /// `local`, corrected by `reference`, or by the database's time when that is `None`. For a clock that runs fast the
    /// reference must run as fast.
    Corrected {
        /// The uncorrected clock.
        local: SharedClock,
        /// What it is corrected by.
        reference: Option<Arc<dyn Reference>>,
    },
    /// This clock as it is: a hand that the test turns.
    Given(SharedClock),
}

// === impl Overrides ===

impl fmt::Debug for Overrides {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Overrides")
            .field("listener", &self.listener)
            .field("admin", &self.admin)
            .finish_non_exhaustive()
    }
}

// === impl Time ===

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Machine => "Machine",
            Self::Corrected { .. } => "Corrected",
            Self::Given(_) => "Given",
        })
    }
}
