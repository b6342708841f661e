//! Mass mail never delays a code (N-08).

use futures::future::join_all;
use testkit::mailbox::{Mailbox, Reply};

use super::{mail, plain, start};
use crate::providers::{Outgoing, Provider as _, Sent};
use crate::templates::Lane;

#[tokio::test]
async fn a_relay_that_falls_silent_to_the_lower_lanes_still_gets_a_code() {
    let mailbox = Mailbox::start().await;
    let provider = start(&plain(&mailbox));
    mailbox.script([Reply::TakeInSilence; 3]);
    let (bulk, normal) = (Outgoing { lane: Lane::Bulk, ..mail() }, Outgoing { lane: Lane::Normal, ..mail() });
    let lower = join_all((0..32).map(|at| provider.send(if at < 16 { &bulk } else { &normal })));
    let code = async {
        mailbox.arrived(3).await;
        provider.send(&mail()).await
    };
    let sent = tokio::select! {
        sent = code => sent,
        _ = lower => panic!("the relay answers nothing"),
    };
    assert!(matches!(sent, Sent::Accepted { .. }));
    assert_eq!(mailbox.mails().len(), 4);
}
