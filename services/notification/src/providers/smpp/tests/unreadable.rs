//! What a centre sends that can't be read.

use std::time::Duration;

use jiff::SignedDuration;
use rusmpp::CommandStatus;
use rusmpp::values::MessageState;
use testkit::smsc::Form;

use super::{Bench, bench, next, sms};
use crate::providers::{Provider as _, Refused, Sent};

const DELIVER_SM: u32 = 0x0000_0005;
const DATA_SM: u32 = 0x0000_0103;
const SUBMIT_SM_RESP: u32 = 0x8000_0004;

/// Where a `deliver_sm` has its addresses there is a name of 30 octets without an end.
const BROKEN: &[u8] = b"\0\x05\0a name that is too long for it";

#[tokio::test]
async fn is_answered_by_its_number_and_the_link_lives_on() {
    let mut bench = bench(|_| ()).await;
    bench.smsc.until(|record| record.binds == 1).await;
    for (command, body, status) in [
        (DELIVER_SM, BROKEN, CommandStatus::EsmeRxPAppn),
        (DELIVER_SM, b"", CommandStatus::EsmeRxPAppn),
        (DATA_SM, BROKEN, CommandStatus::EsmeRinvcmdid),
        (0x0000_7777, b"whatever", CommandStatus::EsmeRinvcmdid),
    ] {
        assert_eq!(bench.smsc.octets(command, body).await, Some(status), "{command:#x}");
    }
    // The next one on the same link is read as ever.
    let (answer, ()) = tokio::join!(bench.smsc.deliver("sms-1", MessageState::Delivered, Form::Tlv), async {
        next(&mut bench.receipts).await.recorded();
    });
    assert_eq!(answer, Some(CommandStatus::EsmeRok));
    assert_eq!((bench.smsc.record().binds, bench.smsc.record().closed), (1, 0));
    assert_eq!((bench.ignored("pdu_unreadable"), bench.ignored("operation_not_taken")), (3, 1));
}

#[tokio::test]
async fn an_answer_to_nothing_of_ours_is_passed_over() {
    let bench = bench(|_| ()).await;
    bench.smsc.until(|record| record.binds == 1).await;
    // An id without an end, for a submit that nobody made; nobody answers an answer.
    let unanswered = bench.smsc.octets(SUBMIT_SM_RESP, b"id");
    let sending = async {
        assert!(matches!(bench.provider.send(&sms("а")).await, Sent::Accepted { .. }));
    };
    tokio::select! {
        biased;
        _ = unanswered => panic!("an answer was answered"),
        () = sending => {}
    }
    assert_eq!(bench.smsc.record().binds, 1);
}

/// How long the session pauses; it is just doing so, or is about to.
async fn pause(bench: &Bench) -> Duration {
    let message = sms("а");
    loop {
        match bench.provider.send(&message).await {
            Sent::Refused(Refused { retry_after: Some(pause), .. }) => return pause,
            _ => tokio::task::yield_now().await,
        }
    }
}

#[tokio::test]
async fn a_link_that_ends_at_once_is_called_less_and_less_often() {
    let bench = bench(|config| {
        config.reconnect_min_milliseconds = 300;
        config.reconnect_max_milliseconds = 60_000;
    })
    .await;
    for (binds, lived, expected) in [(1, 0, 300), (2, 29, 600), (3, 30, 300)] {
        bench.smsc.until(|record| record.binds == binds).await;
        while !matches!(bench.provider.send(&sms("а")).await, Sent::Accepted { .. }) {
            tokio::task::yield_now().await;
        }
        bench.clock.advance(SignedDuration::from_secs(lived));
        bench.smsc.drop_connections();
        assert_eq!(pause(&bench).await, Duration::from_millis(expected));
    }
}

#[tokio::test]
async fn a_receipt_whose_id_no_row_can_hold_is_taken_and_forgotten() {
    let mut bench = bench(|_| ()).await;
    bench.smsc.until(|record| record.binds == 1).await;
    for id in ["0A\u{0}B".to_owned(), "9".repeat(129)] {
        let answer = bench.smsc.deliver(&id, MessageState::Delivered, Form::Text).await;
        assert_eq!(answer, Some(CommandStatus::EsmeRok));
    }
    assert!(bench.receipts.try_recv().is_err(), "nothing to record");
    assert_eq!(bench.ignored("receipt_unreadable"), 2);
}
