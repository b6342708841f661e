//! A message's time goes on while it waits for a place.

use futures::poll;
use jiff::SignedDuration;
use testkit::smsc::{Act, Gate};

use super::{bench, noon, sms};
use crate::providers::{Outgoing, Provider as _, Refused, Sent};

#[tokio::test]
async fn what_is_left_of_it_is_counted_when_it_leaves() {
    let bench = bench(|config| config.window = 1).await;
    let gate = Gate::new();
    bench.smsc.otherwise(Act::Hold(gate.clone()));
    let until =
        |minutes| Outgoing { expires_at: Some(noon() + SignedDuration::from_mins(minutes)), ..sms("текст") };
    let (first, short, long) = (until(60), until(5), until(15));
    let mut first = std::pin::pin!(bench.provider.send(&first));
    let mut short = std::pin::pin!(bench.provider.send(&short));
    let mut long = std::pin::pin!(bench.provider.send(&long));
    tokio::select! {
        () = gate.reached() => {}
        _ = &mut first => panic!("the centre answers nothing yet"),
    }
    assert!(poll!(&mut short).is_pending() && poll!(&mut long).is_pending());

    bench.clock.advance(SignedDuration::from_mins(5));
    gate.open();
    gate.open();
    let (first, short, long) = tokio::join!(first, short, long);
    assert!(matches!((first, long), (Sent::Accepted { .. }, Sent::Accepted { .. })));
    assert_eq!(short, Sent::Refused(Refused::permanent("expired")));
    let validities: Vec<_> = bench.smsc.submits().into_iter().map(|submit| submit.validity_period).collect();
    assert_eq!(validities, ["000000010000000R", "000000001000000R"]);
}
