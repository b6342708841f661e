//! A burst of throttling answers is one throttle.

use std::time::Duration;

use futures::future::join_all;
use jiff::SignedDuration;
use testkit::smsc::{Act, Gate};

use super::{bench, sms};
use crate::providers::{Provider as _, Sent};

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
