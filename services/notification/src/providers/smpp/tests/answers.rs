//! Answers to a submit that lack something.

use testkit::smsc::Act;

use super::super::unnamed;
use super::{LONG, bench, sms};
use crate::providers::{Provider as _, Sent};

#[tokio::test]
async fn what_the_centre_took_without_an_id_is_not_sent_again() {
    let bench = bench(|_| ()).await;
    bench.smsc.script([Act::AcceptWithoutBody, Act::Accept, Act::AcceptWithoutId]);
    let message = sms(LONG);
    let id = |part| unnamed(message.delivery_id, part);
    let references = vec![id(1), "sms-2".to_owned(), id(3)];
    assert_eq!(bench.provider.send(&message).await, Sent::Accepted { references });
    assert_eq!(bench.smsc.messages().len(), 1);
    assert_ne!(unnamed(message.delivery_id, 1), unnamed(sms("б").delivery_id, 1), "of one message only");
}
