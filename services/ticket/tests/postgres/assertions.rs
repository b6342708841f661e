//! T20: what needs a confirmed person is not resolved without one.

use std::sync::Arc;

use async_trait::async_trait;
use bootstrap::{Step as _, Stepped};
use proto::ticket::v1::{self as wire, appeal::State, appeal_event::Type};
use rpc::auth::Signer;
use sealed::Personal;
use ticket::assertions::{Assertions, Disbelieved, KeySource, Refresh, StoredKey};
use tokio::sync::{Notify, Semaphore};

use crate::rig::{Rig, citizen, lost_access, new_id, operator, portal, public, reason};
use crate::work::{ask, provide, resolve};

#[tokio::test(flavor = "multi_thread")]
async fn resolved_only_with_an_assertion_that_fits() {
    let rig = Rig::staffed().await;
    let own = citizen();
    let filed = rig.assigned(&own, lost_access()).await;
    assert_eq!(filed.required_assurance(), proto::identity::v1::AssuranceLevel::Simplified);
    assert_eq!(reason(resolve(&rig, &filed.name, "", "").await), "ASSURANCE_REQUIRED");

    let other = citizen();
    let elsewhere = format!("appeals/{}", uuid::Uuid::new_v4());
    let past = rig.app.db.now().as_second();
    let bad = [
        rig.assertion(&own, &elsewhere, |_| {}),
        rig.assertion(&other, &filed.name, |_| {}),
        rig.assertion(&own, &filed.name, |claims| claims["action"] = "close".into()),
        rig.assertion(&own, &filed.name, |claims| claims["level"] = "none".into()),
        rig.assertion(&own, &filed.name, |claims| claims["exp"] = past.into()),
        rig.assertion(&own, &filed.name, |claims| claims["jti"] = "".into()),
        "not.a.token".to_owned(),
    ];
    for (number, token) in bad.iter().enumerate() {
        assert_eq!(reason(resolve(&rig, &filed.name, "", token).await), "ASSERTION_INVALID", "{number}");
    }
    let forged = Signer::generate().unwrap();
    let claims = serde_json::json!({
        "sub": own.subject, "appeal": filed.name, "action": "recover_access", "level": "confirmed", "jti": new_id(), "exp": past + 600,
    });
    assert_eq!(reason(resolve(&rig, &filed.name, "", &forged.sign(&claims).unwrap()).await), "ASSERTION_INVALID");

    let good = rig.assertion(&own, &filed.name, |_| {});
    assert_eq!(resolve(&rig, &filed.name, "", &good).await.unwrap().state(), State::Resolved);
    assert!(rig.events(&filed.name).await.iter().any(|event| event.r#type() == Type::IdentityConfirmed));
    rig.audit(&filed.name).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_appeal_filed_without_login_is_whose_assertion_came_first() {
    let rig = Rig::staffed().await;
    let mut form = lost_access();
    form.applicant.as_mut().unwrap().citizen = String::new();
    let filed = rig.assigned(&portal(), form).await;
    let (first, other) = (citizen(), citizen());
    let need = wire::request_info_request::Need::Verification;
    ask(&rig, &filed.name, need).await.unwrap();
    let token = rig.assertion(&first, &filed.name, |_| {});
    let seen = provide(&rig, &portal(), &filed.name, &token).await.unwrap();
    assert_eq!(seen.confirmed_citizen, first.subject, "the portal acts on it");

    let token = rig.assertion(&other, &filed.name, |_| {});
    assert_eq!(reason(resolve(&rig, &filed.name, "", &token).await), "ASSERTION_INVALID", "another person");
    let resolved = resolve(&rig, &filed.name, "", "").await.unwrap();
    assert_eq!((resolved.state(), resolved.confirmed_citizen), (State::Resolved, first.subject.clone()));
    // They confirmed it; they did not file it, and the form may name things that are not theirs.
    let get = wire::GetAppealRequest { name: filed.name.clone() };
    assert_eq!(reason(ticket::queries::get_appeal::run(rig.app.clone(), first, get).await), "NOT_YOURS");
    rig.audit(&filed.name).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn good_for_one_use_and_a_repetition_is_no_second_use() {
    let rig = Rig::staffed().await;
    let own = citizen();
    let filed = rig.assigned(&own, lost_access()).await;
    let token = rig.assertion(&own, &filed.name, |_| {});
    let request = wire::ResolveAppealRequest {
        name: filed.name.clone(),
        answer: "Доступ восстановлен.".into(),
        assertion: token.clone(),
        etag: String::new(),
        request_id: new_id(),
    };
    let run = || ticket::commands::resolve_appeal::run(rig.app.clone(), operator("operator-1"), request.clone());
    let first = run().await.unwrap();
    // Long after the assertion expired, the same request is answered as it was.
    rig.minutes(60);
    assert_eq!(run().await.unwrap(), first);

    let reopen = wire::ReopenAppealRequest { name: filed.name.clone(), text: "Нет.".into(), request_id: new_id() };
    ticket::commands::reopen_appeal::run(rig.app.clone(), own.clone(), reopen).await.unwrap();
    assert_eq!(reason(resolve(&rig, &filed.name, "", "").await), "ASSURANCE_REQUIRED", "a reopened appeal asks anew");

    let twice = rig.assertion(&own, &filed.name, |_| {});
    ask(&rig, &filed.name, wire::request_info_request::Need::Verification).await.unwrap();
    provide(&rig, &own, &filed.name, &twice).await.unwrap();
    assert_eq!(reason(resolve(&rig, &filed.name, "", &twice).await), "ASSERTION_INVALID");
    assert_eq!(resolve(&rig, &filed.name, "", "").await.unwrap().state(), State::Resolved, "it was provided before");
    rig.audit(&filed.name).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn verification_that_is_asked_for_pauses_until_it_comes() {
    let rig = Rig::staffed().await;
    let own = citizen();
    let filed = rig.assigned(&own, lost_access()).await;
    let paused = ask(&rig, &filed.name, wire::request_info_request::Need::Verification).await.unwrap();
    assert_eq!(paused.state(), State::AwaitingVerification);
    assert_eq!(reason(provide(&rig, &own, &filed.name, "").await), "ASSURANCE_REQUIRED");
    let token = rig.assertion(&own, &filed.name, |_| {});
    assert_eq!(provide(&rig, &own, &filed.name, &token).await.unwrap().state(), State::InProgress);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_outlive_a_restart_while_identity_is_down() {
    let mut rig = Rig::staffed().await;
    Refresh(rig.app.assertions.clone()).step().await.unwrap();
    *rig.identity.down.lock().unwrap() = true;
    rig.restart();
    let own = citizen();
    let filed = rig.assigned(&own, lost_access()).await;

    let token = rig.assertion(&own, &filed.name, |_| {});
    assert_eq!(resolve(&rig, &filed.name, "", &token).await.unwrap().state(), State::Resolved);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_key_is_fetched_when_its_first_assertion_comes() {
    let mut rig = Rig::staffed().await;
    Refresh(rig.app.assertions.clone()).step().await.unwrap();
    rig.signer = Signer::generate().unwrap();
    let own = citizen();
    let filed = rig.assigned(&own, lost_access()).await;
    let token = rig.assertion(&own, &filed.name, |_| {});

    *rig.identity.down.lock().unwrap() = true;
    assert_eq!(reason(resolve(&rig, &filed.name, "", &token).await), "KEYS_UNAVAILABLE");
    *rig.identity.down.lock().unwrap() = false;
    rig.minutes(1);
    assert_eq!(reason(resolve(&rig, &filed.name, "", &token).await), "ASSERTION_INVALID", "not published yet");
    rig.identity.published.lock().unwrap().push(public(&rig.signer));
    assert_eq!(reason(resolve(&rig, &filed.name, "", &token).await), "ASSERTION_INVALID", "asked a moment ago");
    rig.minutes(1);
    assert_eq!(resolve(&rig, &filed.name, "", &token).await.unwrap().state(), State::Resolved);
}

/// Identity verification that answers when the test lets it.
struct Slow {
    keys: Vec<StoredKey>,
    asked: Notify,
    may_answer: Semaphore,
}

#[async_trait]
impl KeySource for Slow {
    async fn published(&self) -> anyhow::Result<Vec<StoredKey>> {
        self.asked.notify_one();
        self.may_answer.acquire().await?.forget();
        Ok(self.keys.clone())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_who_come_with_a_new_key_wait_for_the_one_load_of_it() {
    let rig = Rig::new().await;
    let source =
        Arc::new(Slow { keys: vec![public(&rig.signer)], asked: Notify::new(), may_answer: Semaphore::new(0) });
    let assertions = Arc::new(Assertions::new(rig.app.db.clone(), source.clone()));
    let token = Personal::from(rig.assertion(&citizen(), "appeals/1", |_| {}));
    let check = || {
        let (assertions, token) = (assertions.clone(), token.clone());
        tokio::spawn(async move { assertions.check(Some(&token)).await.map(|assertion| assertion.is_some()) })
    };

    let first = check();
    source.asked.notified().await;
    let mut second = check();
    // Time enough to look for the key in the table and to give up.
    for _ in 0..100 {
        sqlx::query("SELECT 1").execute(rig.app.db.pool()).await.unwrap();
    }
    assert!(futures::poll!(&mut second).is_pending(), "the key is on its way");
    source.may_answer.add_permits(1);
    assert_eq!((first.await.unwrap(), second.await.unwrap()), (Ok(true), Ok(true)), "one load was enough for both");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_that_nobody_waited_for_says_nothing_of_the_key() {
    let rig = Rig::new().await;
    let source =
        Arc::new(Slow { keys: vec![public(&rig.signer)], asked: Notify::new(), may_answer: Semaphore::new(0) });
    let assertions = Assertions::new(rig.app.db.clone(), source.clone());
    let token = Personal::from(rig.assertion(&citizen(), "appeals/1", |_| {}));

    tokio::select! {
        checked = assertions.check(Some(&token)) => panic!("{checked:?} without an answer"),
        () = source.asked.notified() => {}
    }
    // It was not asked to the end, so nobody can say that the key is not published.
    assert_eq!(assertions.check(Some(&token)).await.unwrap_err(), Disbelieved::KeysUnavailable);
    rig.minutes(1);
    source.may_answer.add_permits(1);
    assert!(assertions.check(Some(&token)).await.unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn all_that_expired_is_forgotten_beside_another_replica() {
    let rig = Rig::new().await;
    let pool = rig.app.db.pool();
    let fill = "INSERT INTO used_assertion (jti, appeal_id, use_time, expire_time)
        SELECT 'old-' || n, gen_random_uuid(), '2026-01-01'::timestamptz, '2026-01-01'::timestamptz + n * interval '1 second' FROM generate_series(1, 2500) n
        UNION ALL SELECT 'young', gen_random_uuid(), '2026-01-01', '2036-01-01'";
    sqlx::query(fill).execute(pool).await.unwrap();
    let mut other = pool.begin().await.unwrap();
    sqlx::query("DELETE FROM used_assertion WHERE jti = 'old-1'").execute(&mut *other).await.unwrap();

    let refresh = Refresh(rig.app.assertions.clone());
    while let Stepped::Worked(_) = refresh.step().await.unwrap() {}
    other.rollback().await.unwrap();
    let left: Vec<String> =
        sqlx::query_scalar("SELECT jti FROM used_assertion ORDER BY jti").fetch_all(pool).await.unwrap();
    assert_eq!(left, ["old-1", "young"], "the other's one is left to it");
}
