//! The end of a provider.

use testkit::mailbox::{Mailbox, Reply};

use super::{mail, plain, start};
use crate::providers::{GOOD_BYE, Provider as _};

#[tokio::test]
async fn twice_without_a_connection_and_with_a_relay_that_does_not_answer() {
    let mailbox = Mailbox::start().await;
    let provider = start(&super::SmtpConfig { timeout_seconds: 300, ..plain(&mailbox) });
    provider.stop().await;
    mailbox.script([Reply::TakeThenFallSilent; 3]);
    let (one, two, three) = (mail(), mail(), mail());
    tokio::join!(provider.send(&one), provider.send(&two), provider.send(&three));
    let twice = async { tokio::join!(provider.stop(), provider.stop()) };
    tokio::time::timeout(GOOD_BYE.saturating_mul(3), twice).await.expect("a bounded stop");
}
