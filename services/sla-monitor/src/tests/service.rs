//! The service as the executable builds it: configuration, access table, loops, metrics.

use std::sync::Arc;

use bootstrap::config::Layers;
use bootstrap::{Admin, Overrides, Stepped, Time};
use clock::ManualClock;
use rpc::auth::Signer;

use super::rig::{database, start};
use crate::Service;

#[tokio::test]
async fn it_starts_with_its_own_defaults_and_its_monitor_is_stepped_by_name() {
    let database = database().await;
    let folder = std::env::temp_dir().join(format!("otklik-sla-{}-{}", std::process::id(), database.name()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("jwks.json"), Signer::generate().unwrap().jwks().unwrap()).unwrap();
    std::fs::write(folder.join("token"), "not looked at here").unwrap();
    let path = |name: &str| folder.join(name).display().to_string();
    let settings = Layers::default()
        .preset("database.url", database.url(&bootstrap::role::<Service>(), "x"))
        .preset("keys.file", path("ring.toml"))
        .preset("auth.jwks_file", path("jwks.json"))
        .preset("token.file", path("token"))
        .preset("grpc.listen", "127.0.0.1:0")
        .load::<Service>()
        .unwrap();
    let time = Time::Given(Arc::new(ManualClock::at(start())));
    let overrides = Overrides { admin: Admin::Off, time, ..Overrides::default() };
    let mut prepared = bootstrap::prepare::<Service>(settings, overrides).await.unwrap();
    let loops = prepared.take_loops();
    std::fs::remove_dir_all(&folder).unwrap();

    for name in ["monitor", "monitor-lag", "fold", "purge-figures", "watch"] {
        let it = loops.iter().find(|it| it.name == name).unwrap();
        assert_eq!(it.step.step().await.unwrap(), Stepped::Idle, "{name}");
    }
    let metrics = prepared.ctx.metrics.encode().unwrap();
    for help in ["otklik_sla_lag_seconds Age", "otklik_sla_rungs Rungs", "otklik_sla_mismatches Promises"] {
        assert!(metrics.contains(&format!("# HELP {help}")), "{metrics}");
    }
}

#[test]
fn settings_that_make_no_sense_are_refused_by_name() {
    for (key, value, named) in [
        ("monitor.batch", toml_int(0), "monitor.batch"),
        ("monitor.batch", toml_int(5000), "monitor.batch"),
        ("monitor.idle", "0s".into(), "monitor.idle"),
        ("notice.lifetime", "0s".into(), "notice.lifetime"),
        ("figures.batch", toml_int(0), "figures.batch"),
        ("figures.idle", "0s".into(), "figures.idle"),
        ("figures.keep_days", toml_int(399), "figures.keep_days"),
        ("reconciler.page", toml_int(0), "reconciler.page"),
        ("reconciler.pause", "0s".into(), "reconciler.pause"),
        ("reconciler.interval", "0s".into(), "reconciler.interval"),
        ("canary.alarm_after", "0s".into(), "canary.alarm_after"),
        ("watch.poll", "0s".into(), "watch.poll"),
        ("breaches.keep", "1h".into(), "breaches.keep"),
        ("monitor.bath", toml_int(1), "bath"),
    ] {
        let error = Layers::default().preset(key, value).load::<Service>().map(drop).unwrap_err();
        assert!(error.to_string().contains(named), "{key}: {error}");
    }
}

fn toml_int(value: i64) -> toml::Value {
    toml::Value::Integer(value)
}
