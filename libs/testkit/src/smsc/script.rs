//! What the centre is told to do.

use std::sync::Arc;

use rusmpp::CommandStatus;
use rusmpp::pdus::DeliverSm;
use rusmpp::tlvs::MessageDeliveryRequestTlvValue as Tlv;
use rusmpp::types::{COctetString, OctetString};
use rusmpp::values::{EsmClass, MessageState};
use tokio::sync::Semaphore;

use super::PATIENCE;

/// What to do with one `submit_sm`.
#[derive(Clone, Debug, Default)]
pub enum Act {
    /// Take it and answer with an id.
    #[default]
    Accept,
    /// `ESME_RTHROTTLED`.
    Throttle,
    /// `ESME_RMSGQFUL`.
    QueueFull,
    /// Any other status.
    Refuse(CommandStatus),
    /// Forget it and close the connection.
    DropBeforeAnswer,
    /// Take it, then close the connection without an answer.
    AcceptThenDrop,
    /// Take it, never answer, keep the connection.
    AcceptInSilence,
    /// Take it, answer OK with the header alone.
    AcceptWithoutBody,
    /// Take it, answer OK with an empty id.
    AcceptWithoutId,
    /// Take it, answer when the gate opens.
    Hold(Gate),
    /// `ESME_RTHROTTLED` when the gate opens.
    ThrottleLater(Gate),
}

/// When receipts are sent by themselves.
#[derive(Clone, Copy, Debug, Default)]
pub enum Receipts {
    /// Only by `Smsc::deliver`.
    #[default]
    OnDemand,
    /// Right after the answer to each accepted part, and again for as long as it can't be taken.
    Automatic(MessageState),
    /// Before the answer: the client learns of the delivery before it knows the id.
    BeforeAnswer(MessageState),
    /// Twice, after the answer.
    Doubled(MessageState),
}

/// How a receipt is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// TLVs `receipted_message_id` and `message_state`.
    Tlv,
    /// `id:… stat:…` in the message.
    Text,
}

/// Holds answers back until the test lets them go.
#[derive(Clone, Debug)]
pub struct Gate {
    reached: Arc<Semaphore>,
    opened: Arc<Semaphore>,
}

impl Default for Gate {
    fn default() -> Self {
        Self::new()
    }
}

impl Gate {
    /// A closed gate.
    pub fn new() -> Self {
        Self { reached: Arc::new(Semaphore::new(0)), opened: Arc::new(Semaphore::new(0)) }
    }

    /// Waits until one more submit stands before the gate.
    ///
    /// # Panics
    /// After 20 s.
    pub async fn reached(&self) {
        let permit = tokio::time::timeout(PATIENCE, self.reached.acquire()).await.expect("nobody came to the gate");
        permit.expect("the gate is never closed for good").forget();
    }

    /// Lets one submit through.
    pub fn open(&self) {
        self.opened.add_permits(1);
    }

    pub(super) async fn pass(&self) {
        self.reached.add_permits(1);
        self.opened.acquire().await.expect("the gate is never closed for good").forget();
    }
}

pub(super) fn receipt(message_id: &str, state: MessageState, form: Form) -> DeliverSm {
    let builder = DeliverSm::builder().esm_class(EsmClass::from(0x04));
    match form {
        Form::Tlv => builder
            .push_tlv(Tlv::ReceiptedMessageId(COctetString::from_string(message_id.to_owned()).expect("an id fits")))
            .push_tlv(Tlv::MessageState(state))
            .build(),
        Form::Text => {
            let word = match state {
                MessageState::Delivered => "DELIVRD",
                MessageState::Expired => "EXPIRED",
                MessageState::Deleted => "DELETED",
                MessageState::Undeliverable => "UNDELIV",
                MessageState::Accepted => "ACCEPTD",
                MessageState::Rejected => "REJECTD",
                MessageState::Enroute => "ENROUTE",
                _ => "UNKNOWN",
            };
            let body = format!(
                "id:{message_id} sub:001 dlvrd:001 submit date:2611251800 done date:2611251801 stat:{word} err:000 text:"
            );
            builder.short_message(OctetString::from_string(body).expect("a receipt fits")).build()
        }
    }
}

pub(super) fn incoming_text(from: &str, text: &str) -> DeliverSm {
    DeliverSm::builder()
        .esm_class(EsmClass::from(0x00))
        .source_addr(COctetString::from_string(from.to_owned()).expect("a number fits"))
        .short_message(OctetString::from_string(text.to_owned()).expect("a short text"))
        .build()
}
