mod expiry;
mod goodbye;
mod lanes;
mod stages;

use std::sync::Arc;

use clock::ManualClock;
use jiff::Timestamp;
use sealed::Personal;
use testkit::authority::Authority;
use testkit::mailbox::{Mailbox, Protection, Reply};
use uuid::Uuid;

use super::super::{Outgoing, Provider, Refused, Sent};
use super::{Security, Smtp, SmtpConfig};
use crate::templates::Lane;

fn noon() -> Timestamp {
    "2026-11-22T09:00:00Z".parse().expect("a time")
}

fn start(config: &SmtpConfig) -> Smtp {
    start_at(config, &ManualClock::at(noon()))
}

fn start_at(config: &SmtpConfig, clock: &ManualClock) -> Smtp {
    Smtp::new("mail".to_owned(), config, Arc::new(clock.clone())).expect("a good configuration")
}

fn plain(mailbox: &Mailbox) -> SmtpConfig {
    let config = SmtpConfig::new("127.0.0.1", mailbox.port(), Security::None, "no-reply@otklik.test");
    SmtpConfig { from_name: Some("Служба «Отклик»".to_owned()), timeout_seconds: 5, ..config }
}

fn mail() -> Outgoing {
    Outgoing {
        delivery_id: Uuid::now_v7(),
        lane: Lane::Code,
        address: Personal::from("ivan@example.org".to_owned()),
        subject: Some(Personal::from("Обращение № К7-М3Х-9 зарегистрировано".to_owned())),
        text: Personal::from("Здравствуйте!\nОтветим до 25 ноября 2026, 18:00 (МСК).\n".to_owned()),
        html: Some(Personal::from("<p>Ответим до <b>25 ноября 2026, 18:00 (МСК)</b>.</p>".to_owned())),
        expires_at: None,
        handed: Vec::new(),
    }
}

fn refused(permanent: bool, reason: &'static str, code: Option<u32>) -> Sent {
    Sent::Refused(Refused { permanent, code, ..Refused::transient(reason, None) })
}

#[tokio::test]
async fn a_russian_mail_arrives_with_both_alternatives() {
    let mailbox = Mailbox::start().await;
    let provider = start(&plain(&mailbox));
    let message = mail();
    let id = format!("<{}@otklik.test>", message.delivery_id);
    assert_eq!(provider.send(&message).await, Sent::Accepted { references: vec![id.clone()] });

    let arrived = mailbox.arrived(1).await.remove(0);
    assert_eq!(
        (arrived.from.as_str(), arrived.to.as_slice()),
        ("no-reply@otklik.test", &["ivan@example.org".to_owned()][..])
    );
    assert_eq!(arrived.subject(), "Обращение № К7-М3Х-9 зарегистрировано");
    assert_eq!(arrived.from_name(), "Служба «Отклик»");
    assert_eq!(
        arrived.text().as_deref().map(str::trim_end),
        Some("Здравствуйте!\nОтветим до 25 ноября 2026, 18:00 (МСК).")
    );
    assert_eq!(arrived.html().as_deref().map(str::trim_end), message.html.as_ref().map(|html| html.expose()));
    assert_eq!(arrived.header("Message-ID"), Some(id));
    assert_eq!(arrived.header("Auto-Submitted").as_deref(), Some("auto-generated"));
    assert_eq!(arrived.header("Date").as_deref(), Some("Sun, 22 Nov 2026 09:00:00 +0000"));
}

#[tokio::test]
async fn reply_codes_decide_whether_it_is_tried_again() {
    let mailbox = Mailbox::start().await;
    let provider = start(&plain(&mailbox));
    mailbox.script([Reply::Recipient(450), Reply::Recipient(550), Reply::Text(451), Reply::Text(554)]);
    assert_eq!(provider.send(&mail()).await, refused(false, "refused_for_now", Some(450)));
    assert_eq!(provider.send(&mail()).await, refused(true, "refused", Some(550)));
    assert_eq!(provider.send(&mail()).await, refused(false, "refused_for_now", Some(451)));
    assert_eq!(provider.send(&mail()).await, refused(true, "refused", Some(554)));
    assert!(matches!(provider.send(&mail()).await, Sent::Accepted { .. }));
    assert_eq!(mailbox.mails().len(), 1);
    let nobody = Outgoing { address: Personal::from("not an address".to_owned()), ..mail() };
    assert_eq!(provider.send(&nobody).await, refused(true, "address_invalid", None));
}

#[tokio::test]
async fn a_hang_up_in_the_middle_is_unknown_and_keeps_the_message_id() {
    let mailbox = Mailbox::start().await;
    let provider = start(&plain(&mailbox));
    mailbox.script([Reply::TakeThenDrop, Reply::DropAtRecipient]);
    let message = mail();
    let unknown = Sent::Unknown { reason: "connection_lost", handed: Vec::new() };
    assert_eq!(provider.send(&message).await, unknown);
    assert_eq!(provider.send(&message).await, refused(false, "not_connected", None), "no text was written");
    assert!(matches!(provider.send(&message).await, Sent::Accepted { .. }));
    let mails = mailbox.mails();
    assert_eq!(mails.iter().map(|mail| mail.answered).collect::<Vec<_>>(), [false, true]);
    assert_eq!(mails[0].header("Message-ID"), mails[1].header("Message-ID"));
}

#[tokio::test]
async fn a_relay_that_falls_silent_holds_nobody_for_ever() {
    let mailbox = Mailbox::start().await;
    let provider = start(&SmtpConfig { text_timeout_seconds: 1, ..plain(&mailbox) });
    mailbox.script([Reply::TakeInSilence]);
    assert_eq!(provider.send(&mail()).await, Sent::Unknown { reason: "no_answer", handed: Vec::new() });
    assert!(matches!(provider.send(&mail()).await, Sent::Accepted { .. }));
}

#[tokio::test]
async fn one_connection_serves_many_mails() {
    let mailbox = Mailbox::start().await;
    let provider = start(&plain(&mailbox));
    for _ in 0..3 {
        assert!(matches!(provider.send(&mail()).await, Sent::Accepted { .. }));
    }
    assert_eq!((mailbox.connections(), mailbox.mails().len()), (1, 3));
    provider.stop().await;
}

#[tokio::test]
async fn a_relay_that_is_away_is_a_refusal() {
    // Bound and not listening: nobody else gets the port while the test runs.
    let nobody = tokio::net::TcpSocket::new_v4().expect("a socket");
    nobody.bind("127.0.0.1:0".parse().expect("an address")).expect("a free port");
    let port = nobody.local_addr().expect("bound").port();
    let provider = start(&SmtpConfig::new("127.0.0.1", port, Security::None, "no-reply@otklik.test"));
    assert_eq!(provider.send(&mail()).await, refused(false, "not_connected", None));
}

#[tokio::test]
async fn starttls_and_tls_with_a_private_authority_and_a_password() {
    let folder = std::env::temp_dir().join(format!("otklik-{}", Uuid::now_v7()));
    std::fs::create_dir(&folder).expect("a folder");
    let (ours, other) = (Authority::new(), Authority::new());
    ours.save(&folder.join("ours.pem"));
    other.save(&folder.join("other.pem"));
    std::fs::write(folder.join("right"), "s3cret\n").expect("a file");
    std::fs::write(folder.join("wrong"), "guess").expect("a file");
    for (protection, security) in [(Protection::Starttls, Security::Starttls), (Protection::Tls, Security::Tls)] {
        let mailbox = Mailbox::start_tls(ours.acceptor(), protection, "otklik", "s3cret").await;
        let with = |ca: &str, password: &str| SmtpConfig {
            ca_file: Some(folder.join(ca)),
            username: Some("otklik".to_owned()),
            password_file: Some(folder.join(password)),
            ..SmtpConfig::new("localhost", mailbox.port(), security, "no-reply@otklik.test")
        };
        assert!(matches!(start(&with("ours.pem", "right")).send(&mail()).await, Sent::Accepted { .. }));
        let arrived = mailbox.arrived(1).await.remove(0);
        assert_eq!((arrived.account.as_deref(), arrived.encrypted), (Some("otklik"), true));

        let sent = start(&with("ours.pem", "wrong")).send(&mail()).await;
        assert_eq!(sent, refused(false, "account_refused", Some(535)));
        let sent = start(&with("other.pem", "right")).send(&mail()).await;
        assert!(matches!(sent, Sent::Refused(Refused { permanent: false, code: None, .. })), "{sent:?}");
        assert_eq!(mailbox.mails().len(), 1);
    }
    std::fs::remove_dir_all(&folder).expect("our own folder");
}

#[tokio::test]
async fn starttls_is_never_given_up_silently() {
    let mailbox = Mailbox::start().await;
    let config = SmtpConfig { host: "localhost".to_owned(), security: Security::Starttls, ..plain(&mailbox) };
    assert!(matches!(start(&config).send(&mail()).await, Sent::Refused(Refused { permanent: false, .. })));
    assert_eq!(mailbox.mails().len(), 0);
}

#[test]
fn a_password_never_travels_readable() {
    let good = "host = 'relay'\nfrom_address = 'a@b.ru'\nusername = 'u'\npassword_file = '/p'\n";
    let parse = |text: &str| toml::from_str::<SmtpConfig>(text);
    assert!(parse(good).expect("well-formed").check().is_ok());
    assert!(parse(&format!("{good}security = 'none'\n")).expect("well-formed").check().is_err());
    assert!(parse("host = 'relay'\nfrom_address = 'a@b.ru'\nusername = 'u'\n").expect("well-formed").check().is_err());
    assert!(parse(&format!("{good}reserved = 0\n")).expect("well-formed").check().is_err());
    assert!(parse(&format!("{good}pool = 3\n")).is_err());
}
