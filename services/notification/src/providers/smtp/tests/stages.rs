//! At which command the relay said no.

use std::time::Duration;

use testkit::mailbox::{Mailbox, Reply};

use super::{mail, plain, refused, start};
use crate::providers::smtp::{Security, SmtpConfig};
use crate::providers::{Provider as _, Sent};

#[tokio::test]
async fn a_relay_that_refuses_our_sender_refuses_no_message_for_good() {
    let mailbox = Mailbox::start().await;
    let provider = start(&plain(&mailbox));
    mailbox.script([Reply::Sender(550), Reply::Sender(451), Reply::Data(554)]);
    assert_eq!(provider.send(&mail()).await, refused(false, "sender_refused", Some(550)));
    assert_eq!(provider.send(&mail()).await, refused(false, "refused_for_now", Some(451)));
    assert_eq!(provider.send(&mail()).await, refused(false, "relay_refused", Some(554)), "it says nothing of the text");
    assert!(matches!(provider.send(&mail()).await, Sent::Accepted { .. }));
}

#[tokio::test]
async fn the_text_has_a_time_out_of_its_own() {
    let config = SmtpConfig::new("relay", 25, Security::None, "no-reply@otklik.test");
    assert_eq!(config.text_timeout_seconds, 600, "RFC 5321, 4.5.3.2.6");
    let mailbox = Mailbox::start().await;
    let provider = start(&SmtpConfig { timeout_seconds: 300, text_timeout_seconds: 1, ..plain(&mailbox) });
    mailbox.script([Reply::TakeInSilence]);
    let sent = tokio::time::timeout(Duration::from_secs(20), provider.send(&mail())).await.expect("its own time-out");
    assert_eq!(sent, Sent::Unknown { reason: "no_answer", handed: Vec::new() });
}
