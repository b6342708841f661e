//! Nothing personal gets out: canary values go through whole journeys, and then logs at trace level, spans, metrics, errors and
//! dumps of the database are searched for them. A process of its own, for its subscriber.
//!
//! ```text
//!   people ──► life, identity, refused, failures ──► places: lines, spans, metrics, errors, dumps ──► needles
//!                                                               ▲
//!                                       control: put there on purpose, and must be found
//! ```

mod control;
mod failures;
mod identity;
mod life;
mod needles;
mod people;
mod places;
mod quoting;
mod refused;
mod watch;

use std::collections::BTreeSet;

use tests::{Part, Suite, SuiteOptions};

use crate::needles::{Haystack, Search};
use crate::watch::Watch;

/// Each with another service's configuration or peer.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_personal_gets_out() {
    std::sync::LazyLock::force(&places::LOGS);
    let folder = tempfile::tempdir().expect("a folder for the test");
    let password = folder.path().join("password");
    std::fs::write(&password, people::PASSWORD).expect("a file");
    let file = password.to_string_lossy().into_owned();

    let presets = vec![(Part::Notification, "smpp.password_file", file.into())];
    let everyday = watched(presets).await;
    life::conversation(&everyday).await;
    identity::verification(&everyday).await;
    refused::everywhere(&everyday).await;
    life::escalation(&everyday).await;

    let port = quoting::mail_server().await;
    let refusing_mail = watched(vec![(Part::Notification, "smtp.port", i64::from(port).into())]).await;
    failures::mail_refused(&refusing_mail).await;

    let url = quoting::notification().await;
    let refusing_calls = watched(vec![(Part::Ticket, "peers.notification.url", url.into())]).await;
    failures::dead_calls(&refusing_calls).await;

    control::log();
    let mut places: Vec<Haystack> = control::errors().into();
    let mut secrets = people::planted();
    for watch in [everyday, refusing_mail, refusing_calls] {
        control::store(&watch.suite).await;
        control::measure(&watch.suite).await;
        watch.dump("at the end").await;
        places.extend(places::metrics(&watch.suite).await);
        places.extend(watch.places.into_inner().expect("nobody panicked"));
        secrets.extend(watch.secrets.into_inner().expect("nobody panicked"));
    }
    places.extend(places::LOGS.places());
    assert!(places::LOGS.text().contains(r#""level":"DEBUG""#), "nothing below INFO was captured");

    the_control_is_found(&places);
    nothing_is_found(&Search::new(&secrets), &places);
}

async fn watched(presets: Vec<(Part, &'static str, toml::Value)>) -> Watch {
    Watch::new(Suite::with(SuiteOptions { presets, ..SuiteOptions::default() }).await)
}

/// In every kind of place, in clear and as octets.
fn the_control_is_found(places: &[Haystack]) {
    let search = Search::new(&[control::planted()]);
    let found: Vec<_> = places.iter().flat_map(|place| search.find(place)).collect();
    let in_kind = |kind: &str, form: &str| found.iter().any(|it| it.source.starts_with(kind) && it.form == form);
    for kind in [
        "log lines",
        "usual spans",
        "spans for traces alone",
        "the error of control: Internal",
        "the database, at the end",
    ] {
        assert!(in_kind(kind, "as is"), "{kind}: {found:#?}");
    }
    for part in Part::ALL.iter().filter(|it| **it != Part::Sla) {
        assert!(in_kind(&format!("metrics of {part}"), "as is"), "{part}");
    }
    assert!(in_kind("the database, at the end", "hex of UTF-8"));
    assert!(in_kind("the database, at the end, octets in hex", "UTF-16BE"));
}

fn nothing_is_found(search: &Search, places: &[Haystack]) {
    let mut shown = BTreeSet::new();
    for found in places.iter().flat_map(|place| search.find(place)) {
        shown.insert(format!("{} ({}) in {}: {}", found.what, found.form, found.source, found.shown));
    }
    let octets: usize = places.iter().map(|it| it.content.len()).sum();
    println!("searched {} places, {octets} octets", places.len());
    assert!(shown.is_empty(), "{} leaks:\n{}", shown.len(), Vec::from_iter(shown).join("\n"));
}
