//! A message's time goes on while it waits for a connection.

use clock::ManualClock;
use futures::poll;
use jiff::SignedDuration;
use testkit::mailbox::{Mailbox, Reply};

use super::{mail, noon, plain, refused, start_at};
use crate::providers::smtp::SmtpConfig;
use crate::providers::{Outgoing, Provider as _};

#[tokio::test]
async fn it_is_looked_at_again_behind_the_wait() {
    let mailbox = Mailbox::start().await;
    let clock = ManualClock::at(noon());
    let provider = start_at(&SmtpConfig { pool_size: 1, ..plain(&mailbox) }, &clock);
    mailbox.script([Reply::TakeInSilence]);
    let (first, late) = (mail(), Outgoing { expires_at: Some(noon() + SignedDuration::from_mins(5)), ..mail() });
    let mut first = provider.send(&first);
    tokio::select! {
        _ = mailbox.arrived(1) => {}
        _ = &mut first => panic!("the relay is silent"),
    }
    let mut waiting = provider.send(&late);
    assert!(poll!(&mut waiting).is_pending());
    clock.advance(SignedDuration::from_mins(5));
    // Given up, so that its place is free.
    drop(first);
    assert_eq!(waiting.await, refused(true, "expired", None));
    assert_eq!(mailbox.mails().len(), 1);
}
