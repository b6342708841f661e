//! The centre has enough for now; a burst of such answers is one.

use std::time::Duration;

use futures::future::join_all;
use jiff::SignedDuration;
use testkit::smsc::{Act, Gate};

use super::{bench, sms};
use crate::providers::{Provider as _, Refused, Sent};

#[tokio::test]
async fn throttling_holds_everything_back_for_the_pause() {
    let bench = bench(|config| config.throttle_pause_milliseconds = 5_000).await;
    bench.smsc.script([Act::Throttle, Act::Accept, Act::QueueFull]);
    let throttled = |code| Refused { code, ..Refused::transient("throttled", Some(Duration::from_secs(5))) };
    assert_eq!(bench.provider.send(&sms("а")).await, Sent::Refused(throttled(Some(0x58))));
    assert_eq!(bench.provider.send(&sms("б")).await, Sent::Refused(throttled(None)));
    assert_eq!(bench.smsc.submits().len(), 1, "the second never left");

    bench.clock.advance(SignedDuration::from_secs(5));
    assert!(matches!(bench.provider.send(&sms("в")).await, Sent::Accepted { .. }));
    assert_eq!(bench.provider.send(&sms("г")).await, Sent::Refused(throttled(Some(0x14))));
}

#[tokio::test]
async fn ten_throttled_at_once_pause_for_a_second_and_halve_the_window_once() {
    let bench = bench(|config| config.window = 10).await;
    let gate = Gate::new();
    bench.smsc.otherwise(Act::ThrottleLater(gate.clone()));
    let message = sms("текст");
    let centre = async {
        for _ in 0..10 {
            gate.reached().await;
        }
        (0..10).for_each(|_| gate.open());
    };
    let (sent, ()) = tokio::join!(join_all((0..10).map(|_| bench.provider.send(&message))), centre);
    for sent in sent {
        let Sent::Refused(refused) = sent else { panic!("throttled") };
        assert_eq!((refused.reason, refused.retry_after), ("throttled", Some(Duration::from_secs(1))));
    }

    bench.clock.advance(SignedDuration::from_secs(1));
    let gate = Gate::new();
    bench.smsc.otherwise(Act::Hold(gate.clone()));
    let centre = async {
        for _ in 0..5 {
            gate.reached().await;
        }
        assert_eq!(bench.smsc.submits().len(), 15, "the window of ten was halved once");
        (0..10).for_each(|_| gate.open());
    };
    let (sent, ()) = tokio::join!(join_all((0..10).map(|_| bench.provider.send(&message))), centre);
    assert!(sent.iter().all(|sent| matches!(sent, Sent::Accepted { .. })));
}
