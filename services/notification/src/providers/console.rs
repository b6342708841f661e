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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use clock::ManualClock;
    use sealed::Personal;
    use uuid::Uuid;

    use super::*;
    use crate::templates::Lane;

    #[derive(Clone, Default)]
    struct Paper(Arc<Mutex<Vec<u8>>>);

    impl Write for Paper {
        fn write(&mut self, octets: &[u8]) -> std::io::Result<usize> {
            self.0.lock().expect("no panic while writing").write(octets)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn prints_the_message_and_reports_it_delivered() {
        let paper = Paper::default();
        let now = "2026-11-22T09:00:00Z".parse().expect("a time");
        let (sender, mut receipts) = super::super::receipts(1);
        let clock = Arc::new(ManualClock::at(now));
        let console = Console::to("console".to_owned(), Channel::Email, clock, sender, Box::new(paper.clone()));
        let message = Outgoing {
            lane: Lane::Normal,
            delivery_id: Uuid::nil(),
            address: Personal::from("ivan@example.org"),
            subject: Some(Personal::from("Тема")),
            text: Personal::from("Первая строка\nвторая"),
            html: Some(Personal::from("<p>не печатается</p>")),
            expires_at: None,
            handed: Vec::new(),
        };
        let reference = Uuid::nil().to_string();
        assert_eq!(console.send(&message).await, Sent::Accepted { references: vec![reference.clone()] });
        let printed = String::from_utf8(paper.0.lock().expect("no panic while writing").clone()).expect("text");
        let expected = format!(
            "┌── E-mail to ivan@example.org ── delivery {reference}\n│ Тема\n│\n│ Первая строка\n│ вторая\n└──\n"
        );
        assert_eq!(printed, expected);
        let receipt = receipts.recv().await.expect("a receipt").receipt;
        assert_eq!((receipt.reference, receipt.state, receipt.at), (reference, ReceiptState::Delivered, now));
        assert!(!format!("{message:?}").contains("ivan"), "only the console shows an address");
    }
}
