//! A provider that sends nothing: it prints what would have been sent, address and text included, and reports it delivered.
//!
//! It is the default on a developer's machine and the one place in the suite that shows personal data on purpose. A
//! production configuration names an SMS centre and a relay instead.

use std::fmt::Write as _;
use std::io::Write;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use clock::SharedClock;

use super::{Channel, Outgoing, Provider, Receipt, ReceiptSender, ReceiptState, Sent};

/// Prints messages of one channel.
pub struct Console {
    name: String,
    channel: Channel,
    clock: SharedClock,
    receipts: ReceiptSender,
    out: Mutex<Box<dyn Write + Send>>,
}

impl Console {
    /// Prints to standard output.
    pub fn new(name: String, channel: Channel, clock: SharedClock, receipts: ReceiptSender) -> Self {
        Self::to(name, channel, clock, receipts, Box::new(std::io::stdout()))
    }

    /// Prints to any writer.
    pub fn to(
        name: String,
        channel: Channel,
        clock: SharedClock,
        receipts: ReceiptSender,
        out: Box<dyn Write + Send>,
    ) -> Self {
        Self { name, channel, clock, receipts, out: Mutex::new(out) }
    }
}

impl std::fmt::Debug for Console {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Console").field("name", &self.name).field("channel", &self.channel).finish_non_exhaustive()
    }
}

fn block(channel: Channel, message: &Outgoing) -> String {
    let mut block = String::new();
    let kind = match channel {
        Channel::Sms => "SMS",
        Channel::Email => "E-mail",
    };
    // Writing to a String can't fail.
    let _ = writeln!(block, "┌── {kind} to {} ── delivery {}", message.address.expose(), message.delivery_id);
    if let Some(subject) = &message.subject {
        let _ = writeln!(block, "│ {}\n│", subject.expose());
    }
    for line in message.text.expose().lines() {
        let _ = writeln!(block, "│ {line}");
    }
    block.push_str("└──\n");
    block
}

#[async_trait]
impl Provider for Console {
    fn name(&self) -> &str {
        &self.name
    }

    fn channel(&self) -> Channel {
        self.channel
    }

    async fn send(&self, message: &Outgoing) -> Sent {
        let block = block(self.channel, message);
        let written = {
            let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
            out.write_all(block.as_bytes()).and_then(|()| out.flush())
        };
        if written.is_err() {
            return super::Refused::transient("console_closed", None).into();
        }
        let reference = message.delivery_id.to_string();
        let told = self.receipts.tell(Receipt {
            provider: self.name.clone(),
            reference: reference.clone(),
            state: ReceiptState::Delivered,
            code: None,
            at: self.clock.now(),
        });
        if !told {
            tracing::warn!(provider = %self.name, "receipt dropped: the queue of receipts is full or closed");
        }
        Sent::Accepted { references: vec![reference] }
    }
}
