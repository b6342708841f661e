//! The end of a link and of a provider.

use std::time::Duration;

use rusmpp::values::MessageState;
use testkit::smsc::Receipts;

use super::{again, bench, next, sms};
use crate::providers::{GOOD_BYE, Provider as _, Refused, Sent};

/// What a stop may take on a busy machine.
const PATIENCE: Duration = GOOD_BYE.saturating_mul(3);

#[tokio::test]
async fn a_centre_that_does_not_answer_the_good_bye_holds_nobody() {
    let bench = bench(|config| config.response_timeout_seconds = 300).await;
    // The centre sees a bind before we see its answer.
    assert!(matches!(bench.provider.send(&sms("а")).await, Sent::Accepted { .. }));
    bench.smsc.ignore_unbind();
    tokio::time::timeout(PATIENCE, bench.provider.stop()).await.expect("a bounded stop");
    assert_eq!(bench.smsc.until(|record| record.closed == 1).await.unbinds, 1);
    assert_eq!(bench.provider.send(&sms("а")).await, Sent::Refused(Refused::transient("stopped", None)));
}

#[tokio::test]
async fn twice_at_once_and_without_a_link() {
    let bench = bench(|_| ()).await;
    tokio::join!(bench.provider.stop(), bench.provider.stop());
    bench.provider.stop().await;
    assert_eq!(bench.provider.send(&sms("а")).await, Sent::Refused(Refused::transient("stopped", None)));
}

#[tokio::test]
async fn the_link_is_tested_and_a_polite_unbind_is_followed() {
    let bench = bench(|config| config.enquire_link_seconds = 1).await;
    bench.smsc.until(|record| record.enquire_links >= 1).await;
    bench.smsc.unbind();
    bench.smsc.until(|record| record.binds >= 2).await;
    assert!(matches!(again(&bench.provider, &sms("а")).await, Sent::Accepted { .. }));
    bench.provider.stop().await;
    let record = bench.smsc.until(|record| record.unbinds == 1).await;
    assert!(record.binds >= 2);
    assert_eq!(bench.provider.send(&sms("а")).await, Sent::Refused(Refused::transient("stopped", None)));
}

#[tokio::test]
async fn what_was_recorded_is_answered_before_the_good_bye() {
    let mut bench = bench(|_| ()).await;
    bench.smsc.receipts(Receipts::Doubled(MessageState::Delivered));
    for _ in 0..8 {
        assert!(matches!(bench.provider.send(&sms("а")).await, Sent::Accepted { .. }));
    }
    for _ in 0..16 {
        next(&mut bench.receipts).await.recorded();
    }
    bench.provider.stop().await;
    let record = bench.smsc.until(|record| record.unbinds == 1).await;
    assert_eq!(record.answers, 16);
}
