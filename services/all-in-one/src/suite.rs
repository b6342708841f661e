//! One run: prepare everything, start the services, say so, wait for the end.

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use bootstrap::config::Layers;
use bootstrap::{Admin, Overrides, Time};
use clock::SystemClock;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::ports::bind;
use crate::{Banner, Database, Home, Issuer, Part, RunClock, fast_clock};

/// Where a service listens does not depend on its database.
const NO_DATABASE_YET: &str = "postgres://localhost";

/// What a run is asked for.
#[derive(Clone, Debug)]
pub struct Options {
    /// The data folder.
    pub data: PathBuf,
    /// Nothing survives: Postgres in memory's manner, no fsync.
    pub ephemeral: bool,
    /// The services of this process.
    pub parts: Vec<Part>,
    /// How many times as fast the clock runs.
    pub scale: u32,
    /// `DATABASE_URL`.
    pub database_url: Option<String>,
    /// `OTKLIK_*` and the rest.
    pub environment: Vec<(String, String)>,
}

/// Runs until `stopper` is cancelled and everything is drained.
///
/// # Errors
/// The step that failed and why. A service that ends by itself ends the run.
pub async fn run(options: Options, stopper: CancellationToken) -> Result<()> {
    let home = Home::open(&options.data)?;
    let run = fast_clock(&home, Arc::new(SystemClock), options.scale)?;
    let clock = &run.clock;
    let issuer = Issuer::open(&home, clock.now(), options.scale)?;
    issuer.renew()?;
    // Ports before anything is connected to: the system gives outgoing connections numbers from the range that ours lie in, and one of
    // our own, to Postgres or to a peer, could have a port that a service is about to ask for.
    let (mut places, mut ports) = (Vec::new(), Vec::new());
    for part in options.parts.iter().copied() {
        let layers = layers(part, &home, &issuer, NO_DATABASE_YET, &options.environment);
        let place = part.place(&layers).with_context(|| part.to_string())?;
        let (grpc, admin) = place.listen;
        ports.push((bind(part, grpc, &stopper).await?, bind(part, admin, &stopper).await?));
        places.push(place);
    }
    let database = Database::open(&home, options.database_url.clone(), options.ephemeral, &stopper).await?;

    // All schemas first: the services then start within a moment of each other and find their peers.
    let mut configured = Vec::new();
    for part in options.parts.iter().copied() {
        let url = database.prepare(&home, part, &stopper).await.with_context(|| format!("preparing {part}"))?;
        let layers = layers(part, &home, &issuer, &url, &options.environment);
        configured.push((part, paced(part, layers, options.scale)));
    }
    let (mut services, mut starts) = (JoinSet::new(), Vec::new());
    for ((part, layers), (grpc, admin)) in configured.into_iter().zip(ports) {
        let (ready, is_ready) = oneshot::channel();
        starts.push(is_ready);
        let overrides = Overrides {
            stopper: stopper.child_token(),
            listener: Some(grpc),
            admin: Admin::Listener(admin),
            time: time(&run),
            ready: Some(ready),
            ..Overrides::default()
        };
        services.spawn(async move { part.run(&layers, overrides).await.with_context(|| part.to_string()) });
    }

    let all_ready = futures::future::join_all(starts);
    tokio::select! {
        _ = all_ready => {}
        ended = services.join_next() => return end(&stopper, services, ended).await,
        () = stopper.cancelled() => return end(&stopper, services, None).await,
    }
    let shown = std::env::current_dir().ok().and_then(|here| Some(home.dir().strip_prefix(here).ok()?.to_owned()));
    let home_as_typed = shown.as_deref().unwrap_or(home.dir());
    let Options { ephemeral, scale, .. } = options;
    println!("{}", Banner { places: &places, home: home_as_typed, ephemeral, scale, now: clock.now() });
    let ended = services.join_next().await;
    end(&stopper, services, ended).await
}

/// Stops what still runs, waits for it, and answers the first failure. Postgres outlives the services: it stops with the
/// caller's `database`.
async fn end(
    stopper: &CancellationToken,
    mut services: JoinSet<Result<()>>,
    first: Option<Result<Result<()>, tokio::task::JoinError>>,
) -> Result<()> {
    let asked = stopper.is_cancelled();
    stopper.cancel();
    let mut outcome = match first {
        Some(ended) => ended.context("a service panicked").and_then(|it| it),
        None => Ok(()),
    };
    if !asked && outcome.is_ok() {
        outcome = bail_ended();
    }
    while let Some(ended) = services.join_next().await {
        outcome = outcome.and(ended.context("a service panicked").and_then(|it| it));
    }
    outcome
}

fn bail_ended() -> Result<()> {
    bail!("a service ended by itself")
}

/// The usual clock is corrected from Postgres, as in production.
fn time(run: &RunClock) -> Time {
    let clock = Arc::clone(&run.clock);
    if run.is_usual { Time::Corrected { local: clock, reference: None } } else { Time::Given(clock) }
}

/// Loops pause by the wall, whatever the clock shows: while it runs fast, a second of theirs is minutes of the clock's. What is late, silent or
/// overdue by the shipped seconds is so by the wall's then too, and a watch lasts as long.
fn paced(part: Part, layers: Layers, scale: u32) -> Layers {
    let seconds = |usual: u32| format!("{}s", usual.saturating_mul(scale));
    let watched =
        |layers: Layers| layers.preset("watch.checkpoint", seconds(30)).preset("watch.longest", seconds(3_600));
    match part {
        Part::Sla if scale > 1 => watched(layers)
            .preset("monitor.late_after", seconds(60))
            .preset("canary.alarm_after", seconds(30))
            .preset("reconciler.grace", seconds(600))
            .preset("breaches.keep", seconds(90 * 24 * 3_600)),
        Part::Ticket if scale > 1 => watched(layers),
        _ => layers,
    }
}

pub(crate) fn layers(part: Part, home: &Home, issuer: &Issuer, url: &str, environment: &[(String, String)]) -> Layers {
    let local = |port: u16| format!("{}:{port}", Ipv4Addr::LOCALHOST);
    let path = |path: PathBuf| path.to_string_lossy().into_owned();
    let (grpc, admin) = part.ports();
    let mut layers = Layers::default()
        .preset("grpc.listen", local(grpc))
        .preset("admin.listen", local(admin))
        .preset("database.url", url)
        .preset("auth.jwks_file", path(issuer.jwks_file()))
        .preset("token.file", path(home.path(format!("tokens/services/{}", part.name()))))
        .preset("keys.file", path(home.path(format!("keys/{}.toml", part.name()))))
        // Nobody balances load before us, so a stop need not be announced first.
        .preset("lifecycle.drain_notice", "0s");
    for peer in Part::ALL.into_iter().filter(|it| part.peers().contains(&it.name())) {
        layers = layers.preset(&format!("peers.{}.url", peer.name()), format!("http://{}", local(peer.ports().0)));
    }
    layers = match part {
        Part::Ticket => layers.preset("staff.seed_samples", true),
        Part::Identity => layers.preset("samples.seed", true),
        Part::Notification => layers.preset("sms.provider", "console").preset("email.provider", "console"),
        Part::Sla => layers,
    };
    layers.environment(environment.iter().cloned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(part: Part, environment: &[(&str, &str)]) -> crate::Place {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::open(folder.path()).unwrap();
        let issuer = Issuer::open(&home, "2026-03-02T12:00:00Z".parse().unwrap(), 1).unwrap();
        let environment: Vec<_> = environment.iter().map(|(name, it)| ((*name).to_owned(), (*it).to_owned())).collect();
        part.place(&layers(part, &home, &issuer, "postgres://db/otklik", &environment)).unwrap()
    }

    #[test]
    fn the_places_are_what_the_environment_makes_of_them() {
        let ticket = place(Part::Ticket, &[]);
        assert_eq!((ticket.grpc.to_string(), ticket.admin.port()), ("127.0.0.1:50051".to_owned(), 9101));
        assert!(ticket.messages.is_none());
        let listen = [("OTKLIK_TICKET__GRPC__LISTEN", "0.0.0.0:7000"), ("OTKLIK_TICKET__ADMIN__LISTEN", "[::]:7100")];
        let ticket = place(Part::Ticket, &listen);
        assert_eq!((ticket.grpc.to_string(), ticket.admin.to_string()), ("127.0.0.1:7000".into(), "[::1]:7100".into()));
    }

    #[test]
    fn messages_go_where_the_environment_sends_them() {
        let printed = place(Part::Notification, &[]).messages.unwrap();
        assert_eq!([&*printed.sms, &*printed.email], ["printed here"; 2]);
        let sent = [
            ("OTKLIK_NOTIFICATION__SMS__PROVIDER", "smpp"),
            ("OTKLIK_NOTIFICATION__SMPP__HOST", "smsc.example"),
            ("OTKLIK_NOTIFICATION__SMPP__SYSTEM_ID", "otklik"),
            ("OTKLIK_NOTIFICATION__SMPP__SOURCE_ADDR", "Gosuslugi"),
            ("OTKLIK_NOTIFICATION__EMAIL__PROVIDER", "none"),
        ];
        let sent = place(Part::Notification, &sent).messages.unwrap();
        assert_eq!([&*sent.sms, &*sent.email], ["sent by SMPP to smsc.example:2775", "not sent: nobody is configured"]);
    }

    #[test]
    fn on_a_fast_clock_a_second_of_the_loops_is_not_late() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::open(folder.path()).unwrap();
        let issuer = Issuer::open(&home, "2026-03-02T12:00:00Z".parse().unwrap(), 1).unwrap();
        let told = |scale| {
            let plain = layers(Part::Sla, &home, &issuer, "postgres://db/otklik", &[]);
            let config = paced(Part::Sla, plain, scale).load::<sla_monitor::Service>().unwrap().service;
            let seconds = [
                config.monitor.late_after,
                config.canary.alarm_after,
                config.reconciler.grace,
                config.watch.checkpoint,
                config.watch.longest,
                config.breaches.keep,
            ];
            seconds.map(|it| it.as_secs())
        };
        // The shipped ones; if these change, so must those for a fast clock.
        assert_eq!(told(1), [60, 30, 600, 30, 3_600, 7_776_000]);
        assert_eq!(told(500), [30_000, 15_000, 300_000, 15_000, 1_800_000, 3_888_000_000]);
        // A clock may be faster than numbers go.
        assert_eq!(told(3_600)[5], u64::from(u32::MAX));
    }
}
