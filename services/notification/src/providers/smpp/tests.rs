mod answers;
mod expiry;
mod goodbye;
mod lanes;
mod throttling;
mod unreadable;

use std::sync::Arc;
use std::time::Duration;

use clock::ManualClock;
use jiff::{SignedDuration, Timestamp};
use rusmpp::CommandStatus;
use rusmpp::values::MessageState;
use sealed::Personal;
use testkit::authority::Authority;
use testkit::smsc::{Act, Form, Gate, Receipts, Smsc};
use uuid::Uuid;

use super::super::{Arrived, Ignored, Outgoing, Provider, ReceiptReceiver, ReceiptState, Refused, Sent, receipts};
use super::{Smpp, SmppConfig};
use crate::templates::Lane;

const LONG: &str = "Обращение № К7-М3Х-9 зарегистрировано. Ожидаемый срок ответа: 25 ноября 2026, 18:00 (МСК). Если ответ задержится, \
                    мы напишем ещё раз и назовём новый срок. Горячая линия: 8 800 000-00-00 😀";

fn noon() -> Timestamp {
    "2026-11-22T09:00:00Z".parse().expect("a time")
}

struct Bench {
    smsc: Smsc,
    provider: Arc<Smpp>,
    receipts: ReceiptReceiver,
    ignored: Ignored,
    clock: ManualClock,
}

fn config(smsc: &Smsc) -> SmppConfig {
    let mut config = SmppConfig::new("127.0.0.1", smsc.port(), "otklik", "Otklik");
    config.reconnect_min_milliseconds = 1;
    config.reconnect_max_milliseconds = 20;
    config
}

impl Bench {
    fn ignored(&self, what: &str) -> u64 {
        self.ignored.get_or_create(&vec![("provider", "main".to_owned()), ("what", what.to_owned())]).get()
    }
}

async fn bench(change: impl FnOnce(&mut SmppConfig)) -> Bench {
    let smsc = Smsc::start().await;
    let mut config = config(&smsc);
    change(&mut config);
    let clock = ManualClock::at(noon());
    let (sender, receipts) = receipts(16);
    let ignored = sender.all_ignored();
    let provider =
        Smpp::start("main".to_owned(), config, Arc::new(clock.clone()), sender).expect("a good configuration");
    Bench { smsc, provider: Arc::new(provider), receipts, ignored, clock }
}

fn sms(text: &str) -> Outgoing {
    Outgoing {
        delivery_id: Uuid::now_v7(),
        lane: Lane::Code,
        address: Personal::from("+79160000001".to_owned()),
        subject: None,
        text: Personal::from(text.to_owned()),
        html: None,
        expires_at: None,
        handed: Vec::new(),
    }
}

fn ids(ids: &[&str]) -> Vec<String> {
    ids.iter().map(|id| (*id).to_owned()).collect()
}

async fn next(receipts: &mut ReceiptReceiver) -> Arrived {
    tokio::time::timeout(Duration::from_secs(20), receipts.recv()).await.expect("a receipt").expect("the session lives")
}

#[tokio::test]
async fn a_long_russian_text_arrives_whole_in_numbered_parts() {
    let bench = bench(|_| ()).await;
    let message = Outgoing { expires_at: noon().checked_add(SignedDuration::from_mins(10)).ok(), ..sms(LONG) };
    let sent = bench.provider.send(&message).await;
    assert_eq!(sent, Sent::Accepted { references: ids(&["sms-1", "sms-2", "sms-3"]) });

    let messages = bench.smsc.messages();
    assert_eq!(messages.len(), 1);
    assert!(messages[0].whole);
    assert_eq!(
        (messages[0].text.as_str(), messages[0].to.as_str(), messages[0].from.as_str()),
        (LONG, "79160000001", "Otklik")
    );
    for submit in bench.smsc.submits() {
        assert_eq!((submit.esm_class, submit.registered_delivery), (0x40, 1));
        assert!(submit.octets <= 140);
        assert_eq!(submit.validity_period, "000000001000000R");
    }
}

#[tokio::test]
async fn a_short_latin_text_travels_as_gsm7_without_a_header() {
    let bench = bench(|_| ()).await;
    assert!(matches!(bench.provider.send(&sms("Code: 4711 [x]")).await, Sent::Accepted { .. }));
    let submits = bench.smsc.submits();
    assert_eq!((submits[0].text.as_str(), submits[0].esm_class, submits[0].part), ("Code: 4711 [x]", 0x00, None));
    assert_eq!(submits[0].octets, "Code: 4711 [x]".len() + 2, "each bracket takes two septets");
}

#[tokio::test]
async fn the_window_bounds_what_is_in_flight() {
    let bench = bench(|config| config.window = 2).await;
    let gate = Gate::new();
    bench.smsc.otherwise(Act::Hold(gate.clone()));
    let sends: Vec<_> = (0..3)
        .map(|_| {
            let provider = bench.provider.clone();
            tokio::spawn(async move { provider.send(&sms("текст")).await })
        })
        .collect();
    gate.reached().await;
    gate.reached().await;
    assert_eq!(bench.smsc.submits().len(), 2);
    gate.open();
    gate.reached().await;
    assert_eq!(bench.smsc.submits().len(), 3);
    gate.open();
    gate.open();
    for send in sends {
        assert!(matches!(send.await.expect("no panic"), Sent::Accepted { .. }));
    }
}

#[tokio::test]
async fn the_whole_window_is_in_flight_when_submits_come_at_once() {
    let bench = bench(|config| config.window = 40).await;
    let gate = Gate::new();
    bench.smsc.otherwise(Act::Hold(gate.clone()));
    let message = sms("текст");
    // One task sends them all, as a lane of the dispatcher does: the session sees forty at its next turn.
    let sends = futures::future::join_all((0..50).map(|_| bench.provider.send(&message)));
    let centre = async {
        for _ in 0..40 {
            gate.reached().await;
        }
        assert_eq!(bench.smsc.submits().len(), 40);
        (0..50).for_each(|_| gate.open());
    };
    let (sent, ()) = tokio::join!(sends, centre);
    assert!(sent.iter().all(|sent| matches!(sent, Sent::Accepted { .. })));
}

#[tokio::test]
async fn a_refusal_is_permanent_only_when_it_speaks_of_the_message() {
    let bench = bench(|_| ()).await;
    let cases = [
        (CommandStatus::EsmeRinvdstadr, true, "address_refused"),
        (CommandStatus::EsmeRxPAppn, true, "refused"),
        (CommandStatus::EsmeRinvsrcadr, false, "account_refused"),
        (CommandStatus::EsmeRsyserr, false, "provider_failed"),
        (CommandStatus::Other(0x0000_0411), false, "provider_failed"),
    ];
    for (status, permanent, reason) in cases {
        bench.smsc.script([Act::Refuse(status)]);
        let Sent::Refused(refused) = bench.provider.send(&sms("а")).await else { panic!("{status:?} is a refusal") };
        assert_eq!((refused.permanent, refused.reason, refused.code), (permanent, reason, Some(status.into())));
    }
    let bad = Outgoing { address: Personal::from("79160000001".to_owned()), ..sms("а") };
    assert_eq!(bench.provider.send(&bad).await, Sent::Refused(Refused::permanent("address_invalid")));
    let late = Outgoing { expires_at: Some(noon()), ..sms("а") };
    assert_eq!(bench.provider.send(&late).await, Sent::Refused(Refused::permanent("expired")));
}

#[tokio::test]
async fn a_lost_answer_is_unknown_and_the_session_comes_back() {
    let bench = bench(|_| ()).await;
    bench.smsc.script([Act::AcceptThenDrop, Act::DropBeforeAnswer]);
    let unknown = Sent::Unknown { reason: "connection_lost", handed: Vec::new() };
    assert_eq!(bench.provider.send(&sms("первое")).await, unknown);
    bench.smsc.until(|record| record.binds == 2).await;
    assert_eq!(again(&bench.provider, &sms("второе")).await, unknown);
    bench.smsc.until(|record| record.binds == 3).await;
    assert!(matches!(again(&bench.provider, &sms("третье")).await, Sent::Accepted { .. }));
    let texts: Vec<_> = bench.smsc.messages().into_iter().map(|message| message.text).collect();
    assert_eq!(texts, ["первое", "третье"], "one of the two unknown ones did arrive");
}

/// As the dispatcher does: a refusal for want of a connection is tried again. The SMS centre sees a bind before the client does.
async fn again(provider: &Smpp, message: &Outgoing) -> Sent {
    loop {
        match provider.send(message).await {
            Sent::Refused(refused) if refused.reason == "not_connected" => tokio::task::yield_now().await,
            sent => return sent,
        }
    }
}

#[tokio::test]
async fn no_answer_in_time_is_unknown() {
    let bench = bench(|config| config.response_timeout_seconds = 1).await;
    bench.smsc.script([Act::AcceptInSilence]);
    let sent = bench.provider.send(&sms("а")).await;
    assert_eq!(sent, Sent::Unknown { reason: "no_answer", handed: Vec::new() });
    assert!(matches!(bench.provider.send(&sms("б")).await, Sent::Accepted { .. }), "the link itself is well");
}

#[tokio::test]
async fn after_a_refused_part_the_rest_follows_and_nothing_is_doubled() {
    let bench = bench(|config| config.throttle_pause_milliseconds = 0).await;
    bench.smsc.script([Act::Accept, Act::Throttle, Act::Accept, Act::AcceptThenDrop, Act::Accept]);
    let mut message = sms(LONG);

    let Sent::Refused(refused) = bench.provider.send(&message).await else { panic!("throttled at the second part") };
    assert_eq!((refused.permanent, refused.handed.clone()), (false, ids(&["sms-1"])));

    message.handed = refused.handed;
    let sent = bench.provider.send(&message).await;
    assert_eq!(sent, Sent::Unknown { reason: "connection_lost", handed: ids(&["sms-1", "sms-2"]) });

    message.handed = ids(&["sms-1", "sms-2"]);
    bench.smsc.until(|record| record.binds == 2).await;
    let sent = again(&bench.provider, &message).await;
    assert_eq!(sent, Sent::Accepted { references: ids(&["sms-1", "sms-2", "sms-4"]) });

    // The third part went out twice, under one reference: its first copy made the message whole already.
    let messages = bench.smsc.messages();
    assert_eq!((messages[0].text.as_str(), messages[0].whole), (LONG, true));
    let indexes: Vec<_> = bench.smsc.submits().iter().map(|submit| submit.part.map(|(_, _, index)| index)).collect();
    assert_eq!(indexes, [1, 2, 2, 3, 3].map(Some));
}

#[tokio::test]
async fn receipts_come_in_both_forms_and_are_answered_once_recorded() {
    let mut bench = bench(|_| ()).await;
    assert!(matches!(bench.provider.send(&sms("а")).await, Sent::Accepted { .. }));
    let cases = [
        (MessageState::Delivered, ReceiptState::Delivered),
        (MessageState::Expired, ReceiptState::Expired),
        (MessageState::Undeliverable, ReceiptState::Failed { permanent: true }),
        (MessageState::Deleted, ReceiptState::Failed { permanent: false }),
        (MessageState::Unknown, ReceiptState::Underway),
    ];
    for (state, expected) in cases {
        for form in [Form::Tlv, Form::Text] {
            let (answer, ()) = tokio::join!(bench.smsc.deliver("sms-1", state, form), async {
                let arrived = next(&mut bench.receipts).await;
                let receipt = arrived.receipt.clone();
                assert_eq!((receipt.provider.as_str(), receipt.reference.as_str()), ("main", "sms-1"));
                assert_eq!((receipt.state, receipt.at), (expected, noon()));
                arrived.recorded();
            });
            assert_eq!(answer, Some(CommandStatus::EsmeRok));
        }
    }
}

#[tokio::test]
async fn a_receipt_that_was_not_recorded_is_asked_for_again() {
    let mut bench = bench(|_| ()).await;
    bench.smsc.until(|record| record.binds == 1).await;
    let (answer, ()) = tokio::join!(bench.smsc.deliver("sms-1", MessageState::Delivered, Form::Tlv), async {
        drop(next(&mut bench.receipts).await);
    });
    assert_eq!(answer, Some(CommandStatus::EsmeRxTAppn));
    drop(bench.receipts);
    let answer = bench.smsc.deliver("sms-1", MessageState::Delivered, Form::Tlv).await;
    assert_eq!(answer, Some(CommandStatus::EsmeRxTAppn), "nobody listens");
    assert_eq!(bench.smsc.incoming_text("79160000001", "STOP").await, Some(CommandStatus::EsmeRok));
}

#[tokio::test]
async fn receipts_may_come_first_or_twice() {
    let mut bench = bench(|_| ()).await;
    bench.smsc.receipts(Receipts::BeforeAnswer(MessageState::Delivered));
    assert!(matches!(bench.provider.send(&sms("а")).await, Sent::Accepted { .. }));
    let early = next(&mut bench.receipts).await;
    assert_eq!(early.receipt.reference, "sms-1");
    early.recorded();
    bench.smsc.receipts(Receipts::Doubled(MessageState::Delivered));
    assert!(matches!(bench.provider.send(&sms("б")).await, Sent::Accepted { .. }));
    for _ in 0..2 {
        let arrived = next(&mut bench.receipts).await;
        assert_eq!(arrived.receipt.reference, "sms-2");
        arrived.recorded();
    }
    bench.smsc.until(|record| record.answers == 3).await;
}

#[tokio::test]
async fn a_wrong_password_keeps_us_out_until_the_file_is_right() {
    let smsc = Smsc::start().await;
    smsc.account("otklik", "right");
    let folder = std::env::temp_dir().join(format!("otklik-{}", Uuid::now_v7()));
    std::fs::create_dir(&folder).expect("a folder");
    let file = folder.join("password");
    std::fs::write(&file, "wrong\n").expect("a file");
    let config = SmppConfig { password_file: Some(file.clone()), ..config(&smsc) };
    let (sender, _receipts) = receipts(16);
    let clock = Arc::new(ManualClock::at(noon()));
    let provider = Smpp::start("main".to_owned(), config, clock, sender).expect("a good configuration");
    smsc.until(|record| record.refused_binds >= 2).await;
    std::fs::write(&file, "right\n").expect("a file");
    smsc.until(|record| record.binds == 1).await;
    assert!(matches!(again(&provider, &sms("а")).await, Sent::Accepted { .. }));
    std::fs::remove_dir_all(&folder).expect("our own folder");
}

#[tokio::test]
async fn a_centre_that_is_away_is_a_refusal_not_a_wait() {
    // Bound and not listening: nobody else gets the port while the test runs.
    let nobody = tokio::net::TcpSocket::new_v4().expect("a socket");
    nobody.bind("127.0.0.1:0".parse().expect("an address")).expect("a free port");
    let config = SmppConfig {
        port: nobody.local_addr().expect("bound").port(),
        reconnect_min_milliseconds: 60_000,
        reconnect_max_milliseconds: 60_000,
        ..SmppConfig::new("127.0.0.1", 0, "otklik", "Otklik")
    };
    let clock = Arc::new(ManualClock::at(noon()));
    let provider = Smpp::start("away".to_owned(), config, clock, receipts(1).0).expect("a good configuration");
    let expected = Refused::transient("not_connected", Some(Duration::from_secs(60)));
    assert_eq!(provider.send(&sms("а")).await, Sent::Refused(expected));
}

#[tokio::test]
async fn tls_trusts_the_given_authority_and_no_other() {
    let folder = std::env::temp_dir().join(format!("otklik-{}", Uuid::now_v7()));
    std::fs::create_dir(&folder).expect("a folder");
    let (ours, other) = (Authority::new(), Authority::new());
    ours.save(&folder.join("ours.pem"));
    other.save(&folder.join("other.pem"));
    let smsc = Smsc::start_tls(ours.acceptor()).await;
    let start = |ca: &str| {
        let config = SmppConfig {
            host: "localhost".to_owned(),
            tls: true,
            ca_file: Some(folder.join(ca)),
            reconnect_min_milliseconds: 60_000,
            reconnect_max_milliseconds: 60_000,
            ..config(&smsc)
        };
        Smpp::start("tls".to_owned(), config, Arc::new(ManualClock::at(noon())), receipts(1).0).expect("good")
    };
    assert!(matches!(start("ours.pem").send(&sms("а")).await, Sent::Accepted { .. }));
    assert!(
        matches!(start("other.pem").send(&sms("а")).await, Sent::Refused(refused) if refused.reason == "not_connected")
    );
    std::fs::remove_dir_all(&folder).expect("our own folder");
}

#[test]
fn unknown_keys_and_impossible_values_are_refused() {
    let good = "host = 'smsc'\nsystem_id = 'otklik'\nsource_addr = 'Otklik'\n";
    let config: SmppConfig = toml::from_str(good).expect("defaults for the rest");
    assert!(config.check().is_ok());
    assert!(toml::from_str::<SmppConfig>(&format!("{good}pasword_file = 'x'\n")).is_err());
    for bad in [
        "window = 0",
        "reserved = 0",
        "enquire_link_seconds = 0",
        "system_id = 'sixteen octets!!'",
        "reconnect_min_milliseconds = 99999",
    ] {
        let key = bad.split(' ').next().expect("a key");
        let text: String = good.lines().filter(|line| !line.starts_with(key)).map(|line| format!("{line}\n")).collect();
        let config: SmppConfig = toml::from_str(&format!("{text}{bad}\n")).expect("well-formed");
        assert!(config.check().is_err(), "{bad}");
    }
}
