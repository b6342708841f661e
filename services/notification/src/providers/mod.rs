//! The way out of the suite: one [`Provider`] per configured SMS centre, mail relay or console.
//!
//! A provider takes one message and says what became of the hand-over, nothing else. It keeps no message, retries nothing
//! and never chooses another provider: those are the dispatcher's, which has the database.
//!
//! ```text
//!              send()                                   receipt (SMPP only)
//!  Outgoing ------------> Accepted { references } ------------------------> Delivered | Failed | Expired
//!                    \--> Refused { permanent }    certainly not handed over; `handed` names the parts that were
//!                    \--> Unknown                  submitted, answer lost: it may arrive
//! ```
//!
//! **Refused or Unknown** (N-01, N-05). `Refused` is said only when the provider answered no, or when nothing had been written yet.
//! A time-out after the submit, or a connection that died before its answer, is `Unknown`: whoever sends again may double it, so
//! the caller waits or labels the repeat. Where the protocol leaves a doubt we answer `Unknown`.
//!
//! **Permanent or not** (N-13). `permanent` speaks of this message to this address: a number that does not exist stays so. A fault
//! of our own account (bad password, sender name not registered) is transient with a reason of its own, since an operator
//! repairs it and the message's TTL bounds the wait.
//!
//! **Receipts** come by [`receipts()`], in any order, perhaps twice, perhaps before the references were recorded (N-04): the
//! caller parks a reference that it does not know. The provider answers the SMS centre only after [`Arrived::recorded`], so a
//! crash between the two makes the centre send the receipt again.
//!
//! **Lanes** share a provider's places (an SMS centre's window, connections to a relay), some of which are reserved: mass mail that
//! waits for a provider never delays a code (N-08).
//!
//! Nothing here logs an address or a text.

pub mod console;
mod parts;
mod places;
pub mod smpp;
pub mod smtp;
mod tls;

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use sealed::Personal;
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use crate::templates::Lane;

pub use parts::{Outcome, PartState, join};

/// How long a provider's good-bye may take, whatever the other side does.
const GOOD_BYE: Duration = Duration::from_secs(3);

/// The kind of address that a provider speaks to (N1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// A phone number in E.164.
    Sms,
    /// An e-mail address.
    Email,
}

/// One message to one address.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// Our id, the same for every attempt to say the same to the same address: Message-ID and the reference number of SMS parts come from it, so that a repeat
    /// can be recognised further on.
    pub delivery_id: Uuid,
    /// Whose share of the provider's places it may use (N-08).
    pub lane: Lane,
    /// E.164 for SMS, an address for e-mail.
    pub address: Personal,
    /// E-mail only.
    pub subject: Option<Personal>,
    /// The text; for e-mail the plain alternative.
    pub text: Personal,
    /// E-mail only: the HTML alternative.
    pub html: Option<Personal>,
    /// When the message stops making sense; an SMS centre is told not to deliver it later (N-02). Looked at when the message leaves, not
    /// when it begins to wait for a place.
    pub expires_at: Option<Timestamp>,
    /// References of the parts that *this* provider took in earlier attempts, in order: sending goes on behind them.
    /// Empty for the first attempt and after a change of provider.
    pub handed: Vec<String>,
}

/// What became of one [`Provider::send`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sent {
    /// The provider took all of it.
    Accepted {
        /// The provider's message ids, one per part, those of earlier attempts included. For a part that it gave none, one of ours.
        references: Vec<String>,
    },
    /// Certainly not (wholly) handed over.
    Refused(Refused),
    /// The provider may have taken it.
    Unknown {
        /// A fixed word for the operator: `no_answer`, `connection_lost`, `answer_unreadable`.
        reason: &'static str,
        /// Parts that were taken for sure, in order; the doubt is about the part behind them.
        handed: Vec<String>,
    },
}

/// The reason of a message whose time ended before the provider could have it.
pub(crate) const EXPIRED: &str = "expired";

/// Why a message was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// This message to this address will never be taken.
    pub permanent: bool,
    /// A fixed word for the operator, never the provider's own text (which may repeat the address).
    pub reason: &'static str,
    /// The protocol's number: an SMTP reply code or an SMPP command status.
    pub code: Option<u32>,
    /// Do not try this provider earlier.
    pub retry_after: Option<Duration>,
    /// Parts that were taken before the refusal, in order (give them back in [`Outgoing::handed`]).
    pub handed: Vec<String>,
}

impl Sent {
    /// Its word in metrics and traces.
    pub(crate) fn outcome(&self) -> &'static str {
        match self {
            Self::Accepted { .. } => "accepted",
            Self::Refused(refused) if refused.permanent => "permanent",
            Self::Refused(_) => "refused",
            Self::Unknown { .. } => "unknown",
        }
    }
}

impl Refused {
    pub(crate) fn permanent(reason: &'static str) -> Self {
        Self { permanent: true, reason, code: None, retry_after: None, handed: Vec::new() }
    }

    pub(crate) fn transient(reason: &'static str, retry_after: Option<Duration>) -> Self {
        Self { permanent: false, reason, code: None, retry_after, handed: Vec::new() }
    }
}

impl From<Refused> for Sent {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

/// A way to hand a message over.
#[async_trait]
pub trait Provider: Send + Sync + std::fmt::Debug {
    /// The name from the configuration, stored with each attempt.
    fn name(&self) -> &str;

    /// Which addresses it takes.
    fn channel(&self) -> Channel;

    /// Hands one message over, within the provider's configured time-outs.
    async fn send(&self, message: &Outgoing) -> Sent;

    /// Says good-bye to the other side (SMPP: unbind) and takes a few seconds at most, whether or not that answers; a second call finds
    /// nothing left to do. Call it when no `send` is under way: an SMS that waits for its answer becomes `Unknown`.
    async fn stop(&self) {}
}

/// What a receipt says about one part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ReceiptState {
    /// Not the end: en route, accepted, or a state that the centre itself calls unknown.
    Underway,
    /// On the handset.
    Delivered,
    /// The network gave up on it. `permanent`: the subscriber can't be reached by this number.
    Failed {
        /// False where a later repeat may arrive (N-03).
        permanent: bool,
    },
    /// Its validity ended first.
    Expired,
}

/// One receipt for one part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The provider's name.
    pub provider: String,
    /// The reference that [`Sent::Accepted`] gave, or will give.
    pub reference: String,
    /// What happened.
    pub state: ReceiptState,
    /// The centre's own error code, letters and digits only, at most 16.
    pub code: Option<String>,
    /// When it reached us, by our clock: the centre's `done date` has no zone.
    pub at: Timestamp,
}

/// A receipt together with the debt to answer it.
#[derive(Debug)]
pub struct Arrived {
    /// The receipt itself.
    pub receipt: Receipt,
    answer: Option<oneshot::Sender<()>>,
}

impl Arrived {
    /// Tells the provider that the receipt is stored. Dropped without this, the SMS centre is asked to send it again.
    pub fn recorded(mut self) {
        if let Some(answer) = self.answer.take() {
            // The session that waited may be gone: the centre then repeats the receipt, which is harmless.
            let _ = answer.send(());
        }
    }
}

/// The providers' end of the queue of receipts.
#[derive(Clone, Debug)]
pub struct ReceiptSender {
    queue: mpsc::Sender<Arrived>,
    ignored: Ignored,
}

/// How often something came in that nothing was done about, by provider and word.
pub(crate) type Ignored = Family<Vec<(&'static str, String)>, Counter>;

impl ReceiptSender {
    /// Queues a receipt that somebody waits to answer; `None` when the queue is full or nobody listens.
    pub(crate) fn offer(&self, receipt: Receipt) -> Option<oneshot::Receiver<()>> {
        let (answer, recorded) = oneshot::channel();
        self.queue.try_send(Arrived { receipt, answer: Some(answer) }).ok().map(|()| recorded)
    }

    /// Queues a receipt that nobody waits for; false when the queue is full or nobody listens.
    pub(crate) fn tell(&self, receipt: Receipt) -> bool {
        self.queue.try_send(Arrived { receipt, answer: None }).is_ok()
    }

    /// Counts that something came in and nothing is done about it.
    pub(crate) fn ignored(&self, provider: &str, what: &'static str) {
        self.ignored.get_or_create(&vec![("provider", provider.to_owned()), ("what", what.to_owned())]).inc();
    }

    /// Shows all that a provider may ignore, at zero: a series that is missing until its first count can't be alarmed on.
    pub(crate) fn nothing_ignored(&self, provider: &str) {
        for what in ["pdu_unreadable", "operation_not_taken", "receipt_unreadable", "text"] {
            drop(self.ignored.get_or_create(&vec![("provider", provider.to_owned()), ("what", what.to_owned())]));
        }
    }

    /// The counter of what was ignored.
    pub(crate) fn all_ignored(&self) -> Ignored {
        self.ignored.clone()
    }
}

/// The dispatcher's end of the queue of receipts.
pub type ReceiptReceiver = mpsc::Receiver<Arrived>;

/// A queue for the receipts of all providers. `capacity`: receipts waiting to be recorded; beyond it SMS centres are asked
/// to come again.
pub fn receipts(capacity: usize) -> (ReceiptSender, ReceiptReceiver) {
    let (sender, receiver) = mpsc::channel(capacity);
    (ReceiptSender { queue: sender, ignored: Ignored::default() }, receiver)
}

/// A provider's configuration that can't work.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A secret or certificate file.
    #[error("{key}: can't use {path}: {cause}")]
    File {
        /// The configuration key.
        key: &'static str,
        /// The file.
        path: String,
        /// What the operating system or the parser says.
        cause: String,
    },
    /// A value out of its range.
    #[error("{key}: {problem}")]
    Value {
        /// The configuration key.
        key: &'static str,
        /// What is wrong with it.
        problem: String,
    },
}

impl ConfigError {
    pub(crate) fn value(key: &'static str, problem: impl Into<String>) -> Self {
        Self::Value { key, problem: problem.into() }
    }
}

/// Reads a secret: the file's content without the line end that editors add.
pub(crate) fn secret(key: &'static str, path: &std::path::Path) -> Result<Personal, ConfigError> {
    let text = std::fs::read_to_string(path).map_err(|cause| ConfigError::File {
        key,
        path: path.display().to_string(),
        cause: cause.to_string(),
    })?;
    Ok(Personal::from(text.trim_end_matches(['\r', '\n']).to_owned()))
}
