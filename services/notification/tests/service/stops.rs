//! What is under way when the service is told to stop, or when the database is gone.

use proto::notification::v1::notification::State;
use testkit::smsc::{Act, Gate};

use crate::rig::{Lane, Rig, short};

#[tokio::test]
async fn a_stop_begins_nothing_more_and_gives_back_what_is_not_begun() {
    // The test's own steps are not the runner's to wait for: the database stays for them while the listener is drained.
    let rig = Rig::with(&[("lifecycle.drain_notice", "1h".into())]).await;
    for _ in 0..40 {
        rig.send(short(rig.now())).await;
    }
    let gate = Gate::new();
    rig.smsc.otherwise(Act::Hold(gate.clone()));
    let worker = rig.dispatching(Lane::Normal);
    // As many as the window has places for the lane: two of ten are kept for codes and emergencies.
    for _ in 0..8 {
        gate.reached().await;
    }
    rig.stopper.cancel();
    (0..40).for_each(|_| gate.open());
    worker.await.unwrap();

    let submits = i64::try_from(rig.smsc.submits().len()).unwrap();
    assert!((8..=16).contains(&submits), "{submits}");
    assert_eq!(rig.count("SELECT count(*) FROM delivery WHERE state = 'accepted' AND attempts = 1").await, submits);
    let given_back = "SELECT count(*) FROM delivery WHERE state = 'queued' AND attempts = 0 AND lease_token IS NULL
        AND NOT possibly_doubled AND next_attempt_time <= (SELECT max(update_time) FROM notification)";
    assert_eq!(rig.count(given_back).await, 40 - submits);
}

#[tokio::test]
async fn when_all_has_ended_the_providers_say_good_bye() {
    let rig = Rig::new().await;
    rig.send(short(rig.now())).await;
    rig.dispatch(Lane::Normal).await;
    assert_eq!(rig.smsc.record().unbinds, 0);
    rig.stopper.cancel();
    rig.smsc.until(|seen| seen.unbinds == 1).await;
}

#[tokio::test]
async fn what_is_sent_while_the_database_is_away_is_recorded_when_it_is_back() {
    let rig = Rig::new().await;
    let it = rig.send(short(rig.now())).await;
    // It says twice that it is shutting down.
    let mut admin = rig.admin().await;
    for sql in [
        "CREATE SEQUENCE refusals",
        "GRANT USAGE ON SEQUENCE refusals TO otklik_notification",
        "CREATE FUNCTION away() RETURNS trigger LANGUAGE plpgsql AS
            'BEGIN IF nextval(''notification.refusals'') <= 2 THEN RAISE SQLSTATE ''57P01''; END IF; RETURN new; END'",
        "CREATE TRIGGER away BEFORE INSERT ON delivery_part FOR EACH ROW EXECUTE FUNCTION away()",
    ] {
        sqlx::query(sql).execute(&mut admin).await.unwrap();
    }
    assert_eq!(rig.dispatch(Lane::Normal).await, 1);
    assert_eq!(rig.get(&it).await.state(), State::Sent);
    assert_eq!((rig.smsc.submits().len(), rig.states_told().await), (1, vec![State::Sent]));
}

#[tokio::test]
async fn nothing_more_is_sent_once_something_could_not_be_recorded() {
    let rig = Rig::new().await;
    for _ in 0..40 {
        rig.send(short(rig.now())).await;
    }
    let mut admin = rig.admin().await;
    for sql in [
        "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE ''no''; END'",
        "CREATE TRIGGER fail BEFORE INSERT ON delivery_part FOR EACH ROW EXECUTE FUNCTION fail()",
    ] {
        sqlx::query(sql).execute(&mut admin).await.unwrap();
    }
    rig.worker(Lane::Normal).step().await.unwrap_err();
    let submits = i64::try_from(rig.smsc.submits().len()).unwrap();
    assert!(submits <= 16, "only those that were under way: {submits}");
    let untouched = "SELECT count(*) FROM delivery WHERE state = 'queued' AND attempts = 0";
    assert_eq!(rig.count(untouched).await, 40 - submits);
    // What could not be recorded is in doubt when its lease is over, the rest is not.
    sqlx::query("DROP TRIGGER fail ON delivery_part").execute(&mut admin).await.unwrap();
    rig.advance(90);
    assert_eq!(rig.dispatch(Lane::Normal).await, 40);
    assert_eq!(rig.count("SELECT count(*) FROM delivery WHERE state = 'accepted'").await, 40);
    assert_eq!(rig.count("SELECT count(*) FROM delivery WHERE possibly_doubled").await, submits);
}
