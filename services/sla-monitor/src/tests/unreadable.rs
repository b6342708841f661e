//! A deadline that can't be read harms no other.

use proto::ticket::v1::EscalateAppealRequest;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use super::rig::{Rig, answered, hours, minutes};

async fn damage(rig: &Rig, statements: &[String]) {
    let mut admin = PgConnection::connect(&rig.admin_url()).await.unwrap();
    for statement in statements {
        sqlx::query(AssertSqlSafe(statement.clone())).execute(&mut admin).await.unwrap();
    }
    admin.close().await.unwrap();
}

/// What a newer version may have written: a state of a rung, an allowance, a ledger.
fn newer(what: &str, id: &str) -> Vec<String> {
    match what {
        "rung" => vec![
            "ALTER TABLE sla.rung DROP CONSTRAINT rung_state_check".to_owned(),
            format!("UPDATE sla.rung SET state = 'parked' WHERE deadline_id = '{id}' AND level = 0"),
        ],
        "clock" => vec![format!("UPDATE sla.clock SET allowance = '{{\"lunar\": 1}}' WHERE deadline_id = '{id}'")],
        _ => vec![format!("UPDATE sla.deadline SET suspensions = '{{}}' WHERE deadline_id = '{id}'")],
    }
}

#[tokio::test]
async fn one_that_a_newer_version_wrote_is_put_off_and_the_others_fire() {
    for what in ["rung", "clock", "ledger"] {
        let rig = Rig::new().await;
        let bad = rig.track(&answered()).await;
        rig.at(minutes(1));
        let good = [rig.track(&answered()).await, rig.track(&answered()).await];
        damage(&rig, &newer(what, bad.name.strip_prefix("deadlines/").unwrap())).await;

        rig.at(hours(24));
        assert_eq!((rig.tick().await, rig.tick().await), (3, 0), "{what}");
        while rig.relay.step().await.unwrap() > 0 {}
        let mut fired: Vec<_> = rig.ticket.applied::<EscalateAppealRequest>().into_iter().map(|it| it.name).collect();
        fired.sort();
        let mut expected = good.map(|it| it.appeal);
        expected.sort();
        assert_eq!(fired, expected, "{what}");
        assert!(rig.metrics().contains("otklik_sla_unreadable_total 1"), "{what}");

        // It is looked at again, and no sooner.
        rig.at(hours(24) + minutes(9));
        assert_eq!(rig.tick().await, 0, "{what}");
        rig.at(hours(24) + minutes(10));
        assert_eq!(rig.tick().await, 1, "{what}");
        assert!(rig.metrics().contains("otklik_sla_unreadable_total 2"), "{what}");
    }
}

#[tokio::test]
async fn it_fires_once_it_can_be_read() {
    let rig = Rig::new().await;
    let told = answered();
    rig.track(&told).await;
    let id = told.name.strip_prefix("deadlines/").unwrap();
    damage(&rig, &[format!("UPDATE sla.deadline SET suspensions = '{{}}' WHERE deadline_id = '{id}'")]).await;
    rig.at(hours(24));
    rig.tick().await;
    damage(&rig, &[format!("UPDATE sla.deadline SET suspensions = '[]' WHERE deadline_id = '{id}'")]).await;
    rig.at(hours(24) + minutes(10));
    rig.settle().await;
    assert_eq!(rig.ticket.applied::<EscalateAppealRequest>().len(), 1);
}
