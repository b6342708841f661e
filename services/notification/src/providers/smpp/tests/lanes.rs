//! Mass mail never delays a code (N-08).

use futures::future::join_all;
use futures::poll;
use testkit::smsc::{Act, Gate};

use super::{Bench, bench, sms};
use crate::providers::{Outgoing, Provider as _, Sent};
use crate::templates::Lane;

fn of(lane: Lane) -> Outgoing {
    Outgoing { lane, ..sms("текст") }
}

/// Waits until so many submits lie with the centre, which answers none of them.
async fn held(gate: &Gate, count: usize) {
    for _ in 0..count {
        gate.reached().await;
    }
}

async fn silent(window: usize) -> (Bench, Gate) {
    let bench = bench(|config| config.window = window).await;
    let gate = Gate::new();
    bench.smsc.otherwise(Act::Hold(gate.clone()));
    (bench, gate)
}

#[tokio::test]
async fn a_centre_that_answers_nothing_to_the_lower_lanes_still_gets_a_code() {
    let (bench, gate) = silent(10).await;
    let (bulk, normal, code) = (of(Lane::Bulk), of(Lane::Normal), of(Lane::Code));
    // As many at once as a lane of the dispatcher sends.
    let mut bulk = std::pin::pin!(join_all((0..16).map(|_| bench.provider.send(&bulk))));
    assert!(poll!(&mut bulk).is_pending());
    let mut normal = std::pin::pin!(join_all((0..16).map(|_| bench.provider.send(&normal))));
    let code = async {
        held(&gate, 8).await;
        bench.smsc.otherwise(Act::Accept);
        bench.provider.send(&code).await
    };
    let sent = tokio::select! {
        sent = code => sent,
        _ = &mut bulk => panic!("the centre answers no bulk"),
        _ = &mut normal => panic!("the centre answers nothing normal"),
    };
    assert!(matches!(sent, Sent::Accepted { .. }));
    assert_eq!(bench.smsc.submits().len(), 9);
    (0..8).for_each(|_| gate.open());
    let (bulk, normal) = tokio::join!(bulk, normal);
    assert!(bulk.iter().chain(&normal).all(|sent| matches!(sent, Sent::Accepted { .. })));
}

#[tokio::test]
async fn a_single_place_goes_to_the_highest_lane_that_waits() {
    let (bench, gate) = silent(1).await;
    let outgoing = [Lane::Bulk, Lane::Bulk, Lane::Normal, Lane::Code].map(of);
    let texts = ["первое", "второе", "третье", "код"];
    let outgoing: Vec<_> =
        outgoing.into_iter().zip(texts).map(|(it, text)| Outgoing { text: text.into(), ..it }).collect();
    let centre = async {
        for _ in 0..4 {
            gate.reached().await;
            gate.open();
        }
    };
    // Polled in this order: the first takes the place, the others queue up behind it.
    tokio::join!(join_all(outgoing.iter().map(|it| bench.provider.send(it))), centre);
    let texts: Vec<_> = bench.smsc.submits().into_iter().map(|submit| submit.text).collect();
    assert_eq!(texts, ["первое", "код", "третье", "второе"]);
}
