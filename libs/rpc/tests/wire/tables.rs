//! The method table against the contracts.

use std::time::Duration;

use rpc::{METHODS, MethodTable, ServerConfig};

use crate::rig::{LIST, REQUEUE, methods};

#[test]
fn the_suites_table_fits_the_contracts() {
    let table = MethodTable::of_suite(methods()).unwrap();
    assert!(table.policy(LIST).attempts > 1, "reads are retried");
    assert_eq!(table.policy(REQUEUE).attempts, 1);
    assert_eq!(table.policy("/no.Such/Method").attempts, 1);
}

#[test]
fn unknown_and_unrepeatable_methods_are_refused() {
    let with = |line: &str| MethodTable::read(&format!("{METHODS}\n{line}\n"), methods());
    let unknown = with(r#""/otklik.outbox.v1.OutboxService/Reboot" = { timeout = "1s", attempts = 1 }"#);
    assert!(unknown.unwrap_err().to_string().contains("Reboot does not exist"));
    let stream = with(r#""/grpc.health.v1.Health/Check" = { timeout = "1s", attempts = 2 }"#);
    assert!(stream.unwrap_err().to_string().contains("can't be repeated"));
    let none = with(&format!(r#""{LIST}" = {{ timeout = "1s", attempts = 0 }}"#));
    assert!(none.unwrap_err().to_string().contains("needs an attempt"));
    let repeatable = with(&format!(r#""{REQUEUE}" = {{ timeout = "30s", attempts = 4 }}"#)).unwrap();
    assert_eq!(repeatable.policy(REQUEUE).timeout, Duration::from_secs(30));
    assert_eq!(repeatable.policy(REQUEUE).attempts, 4, "it carries request_id");
    assert!(MethodTable::read(&METHODS.replace("attempts = 1", "attempts = 2"), methods()).is_err());
    assert!(with("other = 1").is_err());
}

#[test]
fn server_settings_refuse_unknown_keys_and_read_durations() {
    let config: ServerConfig = toml::from_str("grace = \"1m 30s\"\nmax_in_flight = 7").unwrap();
    assert_eq!((config.grace, config.max_in_flight), (Duration::from_secs(90), 7));
    assert!(toml::from_str::<ServerConfig>("grase = \"1s\"").is_err());
    let written = toml::to_string(&ServerConfig::default()).unwrap();
    assert_eq!(toml::from_str::<ServerConfig>(&written).unwrap(), ServerConfig::default());
}
