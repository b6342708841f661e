use std::{
    collections::VecDeque,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use clock::ManualClock;
use jiff::SignedDuration;
use prometheus_client::{encoding::text::encode, registry::Registry};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, error::TryRecvError, unbounded_channel};
use tokio_util::sync::CancellationToken;

use super::{
    runner::{Pace, jittered},
    *,
};

/// Longer than any test: a loop that waits for it does not step by itself.
const NEVER: Duration = Duration::from_secs(3600);
const QUICK: Pace = Pace { limit: NEVER, first: Duration::from_millis(1), longest: Duration::from_millis(2) };

/// Does what its list says, then finds nothing to do; tells of every step.
struct Script {
    list: Mutex<VecDeque<Round>>,
    told: UnboundedSender<()>,
}

enum Round {
    Worked(usize),
    Fails,
    Panics,
}

#[async_trait]
impl Step for Script {
    async fn step(&self) -> anyhow::Result<Stepped> {
        let round = self.list.lock().unwrap().pop_front();
        self.told.send(()).unwrap();
        match round {
            None => Ok(Stepped::Idle),
            Some(Round::Worked(items)) => Ok(Stepped::Worked(items)),
            Some(Round::Fails) => anyhow::bail!("no such host"),
            Some(Round::Panics) => panic!("scripted"),
        }
    }
}

struct Rig {
    runner: Runner,
    steps: UnboundedReceiver<()>,
    wake: Arc<Notify>,
    stopper: CancellationToken,
    registry: Registry,
    clock: ManualClock,
}

fn rig(list: impl IntoIterator<Item = Round>, idle: Duration) -> Rig {
    let (told, steps) = unbounded_channel();
    let script = Script { list: Mutex::new(list.into_iter().collect()), told };
    start(Loop::new("scripted", idle, script), steps)
}

fn start(it: Loop, steps: UnboundedReceiver<()>) -> Rig {
    start_paced(it, steps, QUICK)
}

fn start_paced(it: Loop, steps: UnboundedReceiver<()>, pace: Pace) -> Rig {
    let (mut registry, stopper) = (Registry::default(), CancellationToken::new());
    let clock = ManualClock::at("2026-03-02T12:00:00Z".parse().unwrap());
    let metrics = LoopMetrics::new(&mut registry, Arc::new(clock.clone()));
    let wake = Arc::clone(&it.wake);
    let runner = Runner::paced(vec![it], &metrics, &stopper, pace);
    Rig { runner, steps, wake, stopper, registry, clock }
}

impl Rig {
    async fn steps(&mut self, count: usize) {
        for _ in 0..count {
            self.steps.recv().await.unwrap();
        }
    }

    fn metrics(&self) -> String {
        let mut text = String::new();
        encode(&mut text, &self.registry).unwrap();
        text
    }
}

/// Lets the loop get as far as it gets by itself: tests run on one thread, so a few turns suffice.
async fn settle() {
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn steps_at_once_while_there_is_work_then_waits_to_be_woken() {
    let mut rig = rig([Round::Worked(2), Round::Worked(1)], NEVER);
    rig.steps(3).await;
    settle().await;
    assert_eq!(rig.steps.try_recv(), Err(TryRecvError::Empty), "an idle loop waits");

    rig.wake.notify_one();
    rig.steps(1).await;

    let text = rig.metrics();
    assert!(text.contains("otklik_loop_items_total{loop=\"scripted\"} 3\n"), "{text}");
    assert!(text.contains("otklik_loop_steps_total{loop=\"scripted\",outcome=\"worked\"} 2\n"), "{text}");
}

#[tokio::test]
async fn a_wake_up_during_a_step_is_not_lost() {
    let mut rig = rig([Round::Worked(1)], NEVER);
    rig.wake.notify_one();
    rig.steps(3).await;
}

#[tokio::test]
async fn looks_by_itself_after_the_idle_interval() {
    let mut rig = rig([], Duration::from_millis(1));
    rig.steps(3).await;
}

#[tokio::test]
async fn a_failed_step_is_tried_again() {
    let mut rig = rig([Round::Fails, Round::Fails, Round::Worked(1)], NEVER);
    rig.steps(4).await;
    settle().await;
    let text = rig.metrics();
    assert!(text.contains("otklik_loop_steps_total{loop=\"scripted\",outcome=\"failed\"} 2\n"), "{text}");
}

#[tokio::test]
async fn the_lag_grows_until_there_is_nothing_left_to_do() {
    let mut rig = rig([], NEVER);
    rig.steps(1).await;
    settle().await;
    rig.clock.advance(SignedDuration::from_secs(90));
    let text = rig.metrics();
    assert!(text.contains("otklik_loop_lag_seconds{loop=\"scripted\"} 90.0\n"), "{text}");

    rig.wake.notify_one();
    rig.steps(1).await;
    settle().await;
    let text = rig.metrics();
    assert!(text.contains("otklik_loop_lag_seconds{loop=\"scripted\"} 0.0\n"), "{text}");
}

#[test]
fn a_busy_loop_that_keeps_up_has_no_lag_and_one_that_spares_its_peer_has() {
    let mut registry = Registry::default();
    let clock = ManualClock::at("2026-03-02T12:00:00Z".parse().unwrap());
    let metrics = LoopMetrics::new(&mut registry, Arc::new(clock.clone()));
    let (busy, sparing) = (metrics.started("busy"), metrics.started("sparing"));
    for _ in 0..10 {
        let looked = metrics.now();
        clock.advance(SignedDuration::from_secs(3));
        metrics.stepped(busy, Ok(Stepped::taken(7, 8)), looked, 3.0);
        metrics.stepped(sparing, Ok(Stepped::Spared), looked, 0.0);
    }
    let lags = |registry| {
        let mut text = String::new();
        encode(&mut text, registry).unwrap();
        ["busy", "sparing"].map(|name| {
            let line = format!("otklik_loop_lag_seconds{{loop=\"{name}\"}} ");
            text.lines().find_map(|it| it.strip_prefix(&line)).unwrap().to_owned()
        })
    };
    assert_eq!(lags(&registry), ["3.0", "30.0"], "the step in hand, and since the start");

    // As many as it takes: there may be others.
    metrics.stepped(busy, Ok(Stepped::taken(8, 8)), metrics.now(), 0.0);
    metrics.stepped(sparing, Ok(Stepped::Idle), metrics.now(), 0.0);
    assert_eq!(lags(&registry), ["3.0", "0.0"]);
}

#[tokio::test]
async fn a_panic_ends_everything_and_names_the_loop() {
    let mut rig = rig([Round::Panics], NEVER);
    let error = rig.runner.watch().await.unwrap_err();
    assert_eq!(error.to_string(), "the loop `scripted` panicked");
}

/// A step that takes until it is released.
struct Long {
    told: UnboundedSender<()>,
    release: Arc<Notify>,
    finished: Arc<AtomicBool>,
}

#[async_trait]
impl Step for Long {
    async fn step(&self) -> anyhow::Result<Stepped> {
        self.told.send(()).unwrap();
        self.release.notified().await;
        self.finished.store(true, Ordering::SeqCst);
        Ok(Stepped::Worked(1))
    }
}

fn long() -> (Rig, Arc<Notify>, Arc<AtomicBool>) {
    let (told, steps) = unbounded_channel();
    let (release, finished) = (Arc::new(Notify::new()), Arc::new(AtomicBool::new(false)));
    let step = Long { told, release: Arc::clone(&release), finished: Arc::clone(&finished) };
    (start(Loop::new("long", NEVER, step), steps), release, finished)
}

#[tokio::test]
async fn a_stop_lets_the_step_in_hand_finish_and_begins_no_other() {
    let (mut rig, release, finished) = long();
    rig.steps(1).await;
    rig.stopper.cancel();
    rig.runner.watch().await.unwrap();
    let drained = tokio::spawn(rig.runner.drain(NEVER));
    settle().await;
    assert!(!drained.is_finished(), "the drain waits for the step");

    release.notify_one();
    drained.await.unwrap().unwrap();
    assert!(finished.load(Ordering::SeqCst));
    assert_eq!(rig.steps.try_recv(), Err(TryRecvError::Disconnected), "no second step was begun");
}

#[tokio::test]
async fn a_step_that_outlasts_the_grace_period_is_cut_off_and_named() {
    let (mut rig, _release, finished) = long();
    rig.steps(1).await;
    let error = rig.runner.drain(Duration::from_millis(5)).await.unwrap_err();
    assert!(error.to_string().ends_with(": long"), "{error}");
    assert!(!finished.load(Ordering::SeqCst));
}

#[tokio::test]
async fn a_step_that_never_ends_is_given_up_and_tried_again() {
    let (told, steps) = unbounded_channel();
    let hanging = Long { told, release: Arc::default(), finished: Arc::default() };
    let pace = Pace { limit: Duration::from_millis(1), ..QUICK };
    let mut rig = start_paced(Loop::new("long", NEVER, hanging), steps, pace);
    rig.steps(3).await;
    let text = rig.metrics();
    assert!(text.contains("otklik_loop_steps_total{loop=\"long\",outcome=\"failed\"} 2\n"), "{text}");
}

#[tokio::test]
async fn a_step_that_bounds_itself_is_not_given_up() {
    let pace = Pace { limit: Duration::from_millis(1), ..QUICK };
    let start = |name, is_limited, release: &Arc<Notify>, finished: &Arc<AtomicBool>| {
        let (told, steps) = unbounded_channel();
        let step = Long { told, release: Arc::clone(release), finished: Arc::clone(finished) };
        let it = Loop::new(name, NEVER, step);
        start_paced(if is_limited { it } else { it.unlimited() }, steps, pace)
    };
    let (release, finished) = (Arc::new(Notify::new()), Arc::new(AtomicBool::new(false)));
    let mut sending = start("sending", false, &release, &finished);
    sending.steps(1).await;
    // Two limits pass, as another loop shows.
    start("limited", true, &Arc::default(), &Arc::default()).steps(3).await;
    release.notify_one();
    sending.steps(1).await;
    assert!(finished.load(Ordering::SeqCst), "the step that it was released from is the first one");
    let text = sending.metrics();
    assert!(!text.contains("outcome=\"failed\"} 1"), "{text}");
}

#[test]
fn backoff_doubles_up_to_its_limit_and_never_overflows() {
    let pace = Pace::new(NEVER);
    let seconds: Vec<_> = (0..7).map(|failures| pace.backoff(failures).as_secs()).collect();
    assert_eq!(seconds, [1, 2, 4, 8, 16, 30, 30]);
    assert_eq!(pace.backoff(u32::MAX), pace.longest);
}

#[test]
fn pauses_vary_by_a_fifth() {
    let pauses: Vec<_> = (0..1000).map(|_| jittered(Duration::from_secs(10))).collect();
    assert!(pauses.iter().all(|it| (Duration::from_secs(8)..=Duration::from_secs(12)).contains(it)));
    assert!(
        pauses.iter().any(|it| *it < Duration::from_secs(9)) && pauses.iter().any(|it| *it > Duration::from_secs(11))
    );
}
