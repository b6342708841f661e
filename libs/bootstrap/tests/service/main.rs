//! A whole service, as small as one can be, over a real Postgres and real connections: it starts in order, refuses to start on
//! what does not fit, answers, steps, drains.

mod lost_host;
mod rig;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use bootstrap::{Admin, AroundDeliver, Overrides, Stepped, Time, config::Layers, prepare, run};
use bytes::Bytes;
use clock::{Clock as _, ManualClock, OffsetClock};
use jiff::SignedDuration;
use outbox::{Attempt, Call, Deliver};
use proto::outbox::v1::{ListCallsRequest, RequeueCallRequest, outbox_service_client::OutboxServiceClient};
use sealed::Ring;
use tokio::{
    net::TcpListener,
    sync::{
        mpsc::{UnboundedSender, unbounded_channel},
        oneshot,
    },
};
use tonic::{Code, Status};
use tonic_health::{ServingStatus, pb::health_client::HealthClient};

use rig::{Hand, Rig, Small, get, start_time};

#[tokio::test]
async fn starts_answers_steps_and_drains() {
    let rig = Rig::new().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let admin = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, admin_address) = (listener.local_addr().unwrap(), admin.local_addr().unwrap());
    let (ready, told) = oneshot::channel();
    let overrides = Overrides {
        listener: Some(listener),
        admin: Admin::Listener(admin),
        ready: Some(ready),
        ..Overrides::default()
    };
    let stopper = overrides.stopper.clone();
    let running = tokio::spawn(run::<Small>(rig.settings(), overrides));
    told.await.unwrap();

    assert_eq!(get(admin_address, "/readyz").await.0, 200);
    let channel =
        tonic::transport::Endpoint::from_shared(format!("http://{address}")).unwrap().connect().await.unwrap();
    for service in ["", "otklik.outbox.v1.OutboxService"] {
        let request = tonic_health::pb::HealthCheckRequest { service: service.to_owned() };
        let status = HealthClient::new(channel.clone()).check(request).await.unwrap().into_inner().status;
        assert_eq!(status, ServingStatus::Serving as i32, "{service}");
    }
    let refused = OutboxServiceClient::new(channel).list_calls(ListCallsRequest::default()).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated, "the layers are around it");
    rig::STEPPED.notified().await;
    let (_, metrics) = get(admin_address, "/metrics").await;
    for name in [
        "otklik_loop_lag_seconds{loop=\"count\"}",
        "otklik_loop_lag_seconds{loop=\"clock\"}",
        "otklik_clock_offset_seconds",
        "rpc_server_calls",
    ] {
        assert!(metrics.contains(name), "{name} in\n{metrics}");
    }

    stopper.cancel();
    tokio::time::timeout(Duration::from_secs(10), running).await.unwrap().unwrap().unwrap();
    assert!(tokio::net::TcpStream::connect(address).await.is_err(), "the listener is closed");
    assert!(tokio::net::TcpStream::connect(admin_address).await.is_err(), "the operators' port is closed");
}

#[tokio::test]
async fn prepared_does_nothing_until_it_is_stepped_by_hand() {
    let rig = Rig::new().await;
    let hand = ManualClock::at(start_time());
    let overrides = Overrides { admin: Admin::Off, time: Time::Given(Arc::new(hand.clone())), ..Overrides::default() };
    let stopper = overrides.stopper.clone();
    let mut prepared = prepare::<Small>(rig.settings(), overrides).await.unwrap();

    let loops = prepared.take_loops();

    let names: Vec<_> = loops.iter().map(|it| it.name).collect();
    assert_eq!(names, ["relay", "relay", "purge", "outbox-gauges", "count"], "a given clock is not corrected");
    assert_eq!(prepared.ctx.clock.now(), hand.now());
    assert_eq!(loops[4].step.step().await.unwrap(), Stepped::Idle);
    stopper.cancel();
    prepared.run().await.unwrap();
}

#[tokio::test]
async fn a_machine_a_minute_fast_is_right_before_the_service_is_built() {
    let rig = Rig::new().await;
    let database = ManualClock::at(start_time());
    let machine = OffsetClock::new(Arc::new(database.clone()), SignedDuration::from_secs(60));
    let time = Time::Corrected { local: Arc::new(machine), reference: Some(Arc::new(Hand(database.clone()))) };
    let overrides = Overrides { admin: Admin::Off, time, ..Overrides::default() };

    let prepared = prepare::<Small>(rig.settings(), overrides).await.unwrap();

    assert_eq!(prepared.ctx.clock.now(), database.now());
    assert_eq!(prepared.loops.last().unwrap().name, "clock");
}

#[tokio::test]
async fn a_start_tells_everything_that_its_configuration_lacks() {
    let rig = Rig::new().await;
    let error = rig.refusal(Layers::default()).await;
    for key in ["4 faults", "`database.url_file`", "`auth.jwks_file`", "`token.file`", "`keys.file`"] {
        assert!(error.contains(key), "{error}");
    }
    let error = rig.refusal(rig.layers().preset("token.file", "/nowhere/token")).await;
    assert!(error.contains("`token.file` (OTKLIK_SMALL__TOKEN__FILE) /nowhere/token"), "{error}");
}

#[tokio::test]
async fn a_schema_that_was_not_migrated_stops_the_start() {
    let rig = Rig::empty().await;
    let error = rig.refusal(rig.layers()).await;
    assert!(error.contains("the schema") && error.contains("migrate"), "{error}");
}

#[tokio::test]
async fn a_key_ring_is_made_once_and_only_for_an_empty_database() {
    let rig = Rig::new().await;
    let file = rig.ring_file();
    let prepared = rig.prepare().await.unwrap();
    let made = [prepared.ctx.ring.active_id(), prepared.ctx.ring.index_id()];
    assert_eq!(rig.prepare().await.unwrap().ctx.ring.active_id(), made[0], "the next start loads it");

    std::fs::remove_file(&file).unwrap();
    let error = rig.refusal(rig.layers()).await;
    assert!(error.contains("the key ring"), "{error}");
    assert!(!file.exists(), "no second ring was made");

    Ring::generate().save_new(&file).unwrap();
    let error = rig.refusal(rig.layers()).await;
    // Whichever of the two has the lower id is missed first.
    assert!(made.iter().any(|id| error.contains(&id.to_string())), "a stranger's ring: {error}");
}

#[tokio::test]
async fn an_access_table_that_misses_an_rpc_stops_the_start() {
    let rig = Rig::new().await;
    let error = prepare::<rig::Gappy>(rig.settings_of::<rig::Gappy>(), rig::quiet()).await.unwrap_err();
    let error = format!("{error:#}");
    assert!(error.contains("/otklik.outbox.v1.OutboxService/DropCall has no rule"), "{error}");
}

#[tokio::test]
async fn a_database_that_stays_away_ends_the_wait_and_is_told_in_readyz_meanwhile() {
    let rig = Rig::new().await;
    // A port that nobody listens on: bound and released again.
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let layers = rig.layers().preset("database.url", format!("postgres://otklik_small:x@127.0.0.1:{port}/nothing"));
    let error = rig.refusal(layers.clone().preset("lifecycle.database_wait", "0s")).await;
    assert!(error.contains("the database"), "{error}");
    assert!(!error.contains(":x@"), "no URL in errors: {error}");

    let admin = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = admin.local_addr().unwrap();
    let overrides = Overrides { admin: Admin::Listener(admin), ..Overrides::default() };
    let stopper = overrides.stopper.clone();
    let starting = tokio::spawn(run::<Small>(layers.load::<Small>().unwrap(), overrides));
    assert_eq!(get(address, "/readyz").await, (503, "starting\n".to_owned()));
    assert_eq!(get(address, "/livez").await.0, 200);
    stopper.cancel();
    let error = starting.await.unwrap().unwrap_err();
    assert!(format!("{error:#}").contains("stopped while waiting"), "{error:#}");
}

/// Loses the first answer, then answers; tells of every attempt.
struct LossyMate(UnboundedSender<(String, u32)>);

#[async_trait]
impl Deliver for LossyMate {
    async fn deliver(&self, method: &str, _: Bytes, attempt: &Attempt) -> Result<Bytes, Status> {
        self.0.send((method.to_owned(), attempt.number)).unwrap();
        if attempt.number == 1 { Err(Status::unavailable("lost")) } else { Ok(Bytes::new()) }
    }
}

#[tokio::test]
async fn a_committed_call_takes_the_way_that_the_test_put_around_the_peer() {
    let rig = Rig::new().await;
    let (tell, mut told) = unbounded_channel();
    let around: AroundDeliver = Arc::new(move |name, _client| {
        assert_eq!(name, "mate");
        Arc::new(LossyMate(tell.clone()))
    });
    let hand = ManualClock::at(start_time());
    let time = Time::Given(Arc::new(hand.clone()));
    let overrides = Overrides { around_deliver: Some(around), time, ..rig::quiet() };
    let mut prepared = prepare::<Small>(rig.settings(), overrides).await.unwrap();
    let relay = prepared.take_loops().remove(0);
    assert_eq!(relay.step.step().await.unwrap(), Stepped::Idle);

    let ctx = &prepared.ctx;
    let call = || vec![Call::new("mate", "key", RequeueCallRequest::default())];
    store::transaction!(ctx.db, "enqueue", |tx| -> Result<(), store::Error> {
        ctx.outbox.enqueue(tx, ctx.clock.now(), call()).await
    })
    .unwrap();

    relay.wake.notified().await;
    assert_eq!(relay.step.step().await.unwrap(), Stepped::Finished(1));
    hand.advance(SignedDuration::from_mins(5));
    assert_eq!(relay.step.step().await.unwrap(), Stepped::Finished(1), "the lost one is sent again");
    assert_eq!(relay.step.step().await.unwrap(), Stepped::Idle);
    let method = "/otklik.outbox.v1.OutboxService/RequeueCall".to_owned();
    assert_eq!(told.try_recv().unwrap(), (method.clone(), 1));
    assert_eq!(told.try_recv().unwrap(), (method, 2));
    assert!(told.try_recv().is_err());
}

#[tokio::test]
async fn a_panicking_loop_ends_the_whole_service() {
    let rig = Rig::new().await;
    let settings = rig.layers().preset("small.explode", true).load::<Small>().unwrap();
    let error = run::<Small>(settings, rig::quiet()).await.unwrap_err();
    assert!(format!("{error:#}").contains("the loop `count` panicked"), "{error:#}");
}

#[tokio::test]
async fn two_services_run_in_one_process_and_stop_apart() {
    let (one, other) = (Rig::new().await, Rig::new().await);
    let mut running = Vec::new();
    for rig in [&one, &other] {
        let (ready, told) = oneshot::channel();
        let overrides = Overrides { ready: Some(ready), ..rig::quiet() };
        let stopper = overrides.stopper.clone();
        let task = tokio::spawn(run::<Small>(rig.settings(), overrides));
        told.await.unwrap();
        running.push((stopper, task));
    }
    let (stopper, task) = running.remove(0);
    stopper.cancel();
    task.await.unwrap().unwrap();
    assert!(!running[0].1.is_finished());
    let (stopper, task) = running.remove(0);
    stopper.cancel();
    task.await.unwrap().unwrap();
}
