//! The access table against the contracts, and against callers.

use rpc::{Access, Caller, Role};

use crate::rig::{ACCESS, LIST, REQUEUE, SERVICE, methods};

fn faults(text: &str, services: &[&str]) -> String {
    Access::read(text, &methods(), services).unwrap_err().to_string()
}

#[test]
fn a_missing_rule_stops_the_start() {
    let text = ACCESS.replace("DropCall = [\"administrator\"]", "");
    assert!(faults(&text, &[SERVICE]).contains("/otklik.outbox.v1.OutboxService/DropCall has no rule"));
}

#[test]
fn every_fault_is_named_at_once() {
    let text = r#"
["otklik.outbox.v1.OutboxService"]
ListCalls = ["king"]
RequeueCall = []
Reboot = ["administrator"]
["otklik.ticket.v1.TicketService"]
FileAppeal = ["citizen"]
"#;
    let faults = faults(text, &[SERVICE, "otklik.none.v1.NoService"]);
    for expected in [
        "DropCall has no rule",
        "ListCalls: king is no role",
        "RequeueCall is given to nobody",
        "Reboot does not exist",
        "otklik.ticket.v1.TicketService is not mounted here",
        "otklik.none.v1.NoService is mounted but no contract describes it",
    ] {
        assert!(faults.contains(expected), "{expected} in {faults}");
    }
}

#[test]
fn a_broken_file_stops_the_start() {
    assert!(Access::read("ListCalls = [", &methods(), &[]).is_err());
    assert!(
        Access::read("[\"otklik.outbox.v1.OutboxService\"]\nListCalls = \"citizen\"", &methods(), &[SERVICE]).is_err()
    );
}

#[test]
fn a_named_system_is_that_system_only() {
    let access = Access::read(ACCESS, &methods(), &[SERVICE]).unwrap();
    assert!(access.check(REQUEUE, &Caller::of_system("relay")).is_ok());
    assert!(access.check(REQUEUE, &Caller::of_system("portal")).is_err());
    let impostor =
        Caller { subject: "systems/relay".into(), roles: vec![Role::Citizen], second_factor: false, expire_time: None };
    assert!(access.check(REQUEUE, &impostor).is_err(), "the role must be there too");
    assert!(access.check(LIST, &Caller::of_citizen(uuid::Uuid::new_v4())).is_ok());
    assert!(
        access.check("/otklik.outbox.v1.OutboxService/Other", &Caller::of_staff("1", [Role::Administrator])).is_err()
    );
    assert_eq!(access.rules().count(), 3);
}
