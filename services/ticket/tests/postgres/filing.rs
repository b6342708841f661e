//! FileAppeal: once, whole, and with its own number.

use std::collections::HashSet;

use proto::notification::v1 as notification;
use proto::sla::v1 as sla;
use proto::ticket::v1 as wire;
use rpc::{Caller, reasons};

use crate::rig::{Rig, citizen, fault, form, lost_access, new_id, reason, supervisor, time};

#[tokio::test(flavor = "multi_thread")]
async fn answers_number_and_promise_and_tells_the_others() {
    let rig = Rig::new().await;
    let caller = citizen();
    let filed = rig.file(&caller, form()).await;

    assert_eq!(filed.state(), wire::appeal::State::Registered);
    assert_eq!(filed.priority(), wire::Priority::High);
    assert!(time(&filed.due_time) > time(&filed.create_time));
    assert_eq!(filed.expected_time, filed.due_time);
    assert_eq!(filed.contact.as_ref().unwrap().phone, "+79161234567");
    assert_eq!(rig.get(&caller, &filed.name).await.unwrap(), filed);
    rig.audit(&filed.name).await;

    let tracked = rig.sent::<sla::TrackDeadlineRequest>().await.remove(0).deadline.unwrap();
    assert_eq!((&tracked.appeal, &tracked.number, tracked.revision), (&filed.name, &filed.number, 1));
    assert_eq!((tracked.clocks.len(), tracked.group.as_str()), (2, "services"));
    assert_eq!(tracked.clocks[1].due_time, filed.due_time);
    let notice = rig.sent::<notification::SendNotificationRequest>().await.remove(0).notification.unwrap();
    assert_eq!(notice.template, "registration");
    assert_eq!(notice.recipient, caller.subject.replace("citizens", "recipients"));
    assert_eq!(notice.contact.unwrap().phone, "+79161234567");
    assert!(rig.sent::<notification::UpsertRecipientRequest>().await.is_empty(), "a citizen's recipient is identity's");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_applicant_without_an_account_becomes_a_recipient_first() {
    let rig = Rig::new().await;
    let portal = Caller::of_system("portal");
    let filed = rig.file(&portal, wire::Appeal { channel: wire::Channel::WebForm.into(), ..form() }).await;

    let recipient = rig.sent::<notification::UpsertRecipientRequest>().await.remove(0).recipient.unwrap();
    assert_eq!(recipient.name, format!("recipients/appeal-{}", filed.uid));
    assert_eq!(rig.notices().await, [("registration".to_owned(), recipient.name)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_request_is_the_same_appeal() {
    let rig = Rig::new().await;
    let (caller, id) = (citizen(), new_id());
    let first = rig.try_file(&caller, form(), &id).await.unwrap();
    rig.minutes(5);

    assert_eq!(rig.try_file(&caller, form(), &id).await.unwrap(), first);
    assert_eq!(rig.notices().await.len(), 1);

    let other = wire::Appeal { subject: "Другое".into(), ..form() };
    assert_eq!(reason(rig.try_file(&caller, other, &id).await), reasons::REQUEST_ID_REUSED);

    let another = rig.try_file(&citizen(), form(), &id).await.unwrap();
    assert_ne!(another.number, first.number);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_request_at_the_same_moment_is_the_same_appeal() {
    let rig = Rig::new().await;
    let (caller, id) = (citizen(), new_id());
    let filings = (0..8).map(|_| rig.try_file(&caller, form(), &id));
    let numbers: HashSet<String> =
        futures::future::join_all(filings).await.into_iter().map(|filed| filed.unwrap().number).collect();
    assert_eq!(numbers.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn new_repeated_and_reused_requests_at_once_are_each_answered_as_if_alone() {
    let rig = Rig::new().await;
    let (caller, other) = (citizen(), citizen());
    let known = new_id();
    let first = rig.try_file(&caller, form(), &known).await.unwrap();
    let changed = || wire::Appeal { subject: "Другое".into(), ..form() };
    // All under way together: as many as find no free place share statements.
    let mut filings = Vec::new();
    for n in 0..60 {
        filings.push(match n % 3 {
            0 => (known.clone(), &caller, form()),
            1 => (known.clone(), &caller, changed()),
            _ => (if n == 2 { known.clone() } else { new_id() }, &other, changed()),
        });
    }
    let tried = filings.into_iter().map(|(id, caller, appeal)| {
        let rig = &rig;
        async move { rig.try_file(caller, appeal, &id).await }
    });
    let mut numbers = HashSet::from([first.number.clone()]);
    for (n, answer) in futures::future::join_all(tried).await.into_iter().enumerate() {
        match n % 3 {
            0 => assert_eq!(answer.unwrap(), first),
            1 => assert_eq!(reason(answer), reasons::REQUEST_ID_REUSED),
            _ => assert!(numbers.insert(answer.unwrap().number), "a number twice"),
        }
    }
    assert_eq!((numbers.len(), rig.notices().await.len()), (21, 21));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_the_database_refuses_is_written_one_by_one() {
    let rig = Rig::new().await;
    let mut admin = <sqlx::PgConnection as sqlx::Connection>::connect(&rig.database.admin_url()).await.unwrap();
    // Refuses one citizen's appeal, and with it every statement that it is in.
    let refused = citizen();
    let uid = refused.citizen().unwrap();
    let constraint = format!("ALTER TABLE ticket.appeal ADD CONSTRAINT nobody_else CHECK (citizen_id <> '{uid}')");
    sqlx::query(sqlx::AssertSqlSafe(constraint)).execute(&mut admin).await.unwrap();
    let callers: Vec<Caller> = (0..40).map(|n| if n % 8 == 5 { refused.clone() } else { citizen() }).collect();
    let answers = futures::future::join_all(callers.iter().map(|caller| {
        let rig = &rig;
        async move { rig.try_file(caller, form(), &new_id()).await }
    }))
    .await;
    for (n, answer) in answers.into_iter().enumerate() {
        assert_eq!(answer.is_err(), n % 8 == 5, "{n}: {answer:?}");
    }
    assert_eq!(rig.notices().await.len(), 35);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_calls_of_a_new_appeal_are_numbered_as_all_others() {
    let rig = Rig::new().await;
    let filed = rig.file(&Caller::of_system("portal"), form()).await;
    let mut admin = <sqlx::PgConnection as sqlx::Connection>::connect(&rig.database.admin_url()).await.unwrap();
    let calls: Vec<(String, i64, bool, i64, i64)> = sqlx::query_as(
        "SELECT o.destination, seq, head, last_seq, finished_seq FROM ticket.outbox o JOIN ticket.outbox_key k
             USING (destination, ordering_key) WHERE ordering_key = $1 ORDER BY destination, seq",
    )
    .bind(&filed.name)
    .fetch_all(&mut admin)
    .await
    .unwrap();
    let call = |to: &str, seq, head, last| (to.to_owned(), seq, head, last, 0);
    assert_eq!(calls, [call("notification", 1, true, 2), call("notification", 2, false, 2), call("sla", 1, true, 1)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_form_names_all_its_faults_and_nothing_is_registered() {
    let rig = Rig::new().await;
    let bad = wire::Appeal {
        category: "no_such".into(),
        subject: String::new(),
        applicant: Some(wire::Applicant {
            full_name: "Иванов".into(),
            snils: "112-233-445 96".into(),
            ..Default::default()
        }),
        contact: Some(wire::AppealContact { phone: "12".into(), email: "nobody".into() }),
        consent: None,
        ..form()
    };
    let refusal = rig.try_file(&citizen(), bad, "no id").await.unwrap_err();
    let fields: HashSet<&str> = refusal.violations().iter().map(|violation| violation.field.as_str()).collect();
    assert_eq!(
        fields,
        HashSet::from([
            "request_id",
            "appeal.category",
            "appeal.subject",
            "appeal.applicant.snils",
            "appeal.contact.phone",
            "appeal.contact.email",
            "appeal.consent",
        ])
    );
    assert!(rig.notices().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn validate_only_promises_and_writes_nothing() {
    let rig = Rig::new().await;
    let (caller, id) = (citizen(), new_id());
    let request = wire::FileAppealRequest { appeal: Some(form()), request_id: id.clone(), validate_only: true };
    let draft = ticket::commands::file_appeal::run(rig.app.clone(), caller.clone(), request).await.unwrap();
    assert!(draft.due_time.is_some());
    assert_eq!((draft.name.as_str(), draft.number.as_str()), ("", ""));

    let filed = rig.try_file(&caller, form(), &id).await.unwrap();
    assert_eq!(filed.due_time, draft.due_time);
    assert_eq!(rig.notices().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_at_once_have_two_hundred_numbers() {
    let rig = Rig::new().await;
    let caller = citizen();
    let filings = (0..200).map(|_| rig.file(&caller, lost_access()));
    let filed = futures::future::join_all(filings).await;

    let numbers: HashSet<&str> = filed.iter().map(|appeal| appeal.number.as_str()).collect();
    assert_eq!(numbers.len(), 200);
    assert_eq!(rig.notices().await.len(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn is_found_by_its_number_as_people_type_it() {
    let rig = Rig::new().await;
    let filed = rig.file(&citizen(), form()).await;
    let typed = filed.number.to_lowercase().replace('-', " ");
    let find = |number: String| {
        ticket::queries::find_appeal::run(rig.app.clone(), supervisor(), wire::FindAppealRequest { number })
    };

    assert_eq!(find(typed).await.unwrap().name, filed.name);
    assert_eq!(fault(find("0000-0000-0001".into()).await), "NUMBER_INVALID");
    assert_eq!(reason(find("0000-0000-0000".into()).await), "APPEAL_NOT_FOUND");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_people_wrote_is_stored_sealed() {
    let rig = Rig::new().await;
    rig.file(&citizen(), form()).await;
    let mut admin = <sqlx::PgConnection as sqlx::Connection>::connect(&rig.database.admin_url()).await.unwrap();
    let mut dump = String::new();
    for table in ["appeal", "appeal_event", "outbox", "request_id"] {
        let statement = format!("SELECT coalesce(string_agg(t::text, ' '), '') FROM ticket.{table} t");
        let rows: String = sqlx::query_scalar(sqlx::AssertSqlSafe(statement)).fetch_one(&mut admin).await.unwrap();
        assert!(!rows.is_empty(), "{table} has rows");
        dump.push_str(&rows);
    }
    // The control shows that a search of this kind finds what is there; bytea is written in hex.
    assert!(dump.contains("application_error"));
    for text in ["Иванов", "ivanov@example.org", "+79161234567", "Заявление не отправляется", "ничего не происходит"]
    {
        let hex: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
        assert!(!dump.contains(text) && !dump.contains(&hex), "{text} is readable");
    }
}
