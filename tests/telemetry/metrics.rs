//! What a scraper gets: every metric explained and measured in a unit, under the names that dashboards know; and from a latency to the trace of
//! a call that took so long.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use async_trait::async_trait;
use bootstrap::{Reference, Time};
use clock::{Clock as _, ManualClock};
use jiff::{SignedDuration, Timestamp};
use proto::from_wire;
use proto::identity::v1::{Citizen, CreateCitizenRequest};
use rusmpp::CommandStatus;
use testkit::smsc::Act;
use tests::{Part, Suite, SuiteOptions, forms};

use crate::collector::{self, Outside};
use crate::scrape;

/// Name, type, unit and services of every metric. A name that goes, or changes, breaks dashboards and alarms without a word: change them
/// together.
const LISTED: &str = include_str!("metrics.txt");
/// What wakes somebody.
const ALARMS: &str = include_str!("../../k8s/alerts/rules.yaml");

/// The database's time as the hand shows it.
struct Hand(ManualClock);

#[async_trait]
impl Reference for Hand {
    async fn time(&self) -> anyhow::Result<Timestamp> {
        Ok(self.0.now())
    }
}

/// Name, type and unit of what a service tells; `-` where there is no unit.
fn told(part: Part, text: &str) -> Vec<(String, String)> {
    let of = |what: &str| -> Vec<(String, String)> {
        let lines = text.lines().filter_map(|line| line.strip_prefix(&format!("# {what} ")));
        lines.filter_map(|line| line.split_once(' ')).map(|(name, it)| (name.to_owned(), it.to_owned())).collect()
    };
    let (help, units) = (BTreeMap::from_iter(of("HELP")), BTreeMap::from_iter(of("UNIT")));
    let types = of("TYPE");
    let mut found = Vec::new();
    for (name, kind) in &types {
        assert_eq!(types.iter().filter(|it| it.0 == *name).count(), 1, "{part}: {name} is there twice");
        let help = help.get(name).unwrap_or_else(|| panic!("{part}: {name} has no help"));
        assert!(help.len() > 15, "{part}: {name}: {help}");
        // Counts and flags have none in OpenMetrics; whatever else is measured says in what, in its name, too.
        let unit = units.get(name).map_or("-", String::as_str);
        assert!(unit == "-" || name.ends_with(&format!("_{unit}")), "{part}: {name} in {unit}");
        let is_measured = ["seconds", "bytes", "ratio"].iter().any(|unit| name.ends_with(unit)) || kind == "histogram";
        assert!(unit != "-" || !is_measured, "{part}: {name} has no unit");
        found.push((name.clone(), format!("{kind} {unit}")));
    }
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        assert!(types.iter().any(|(name, _)| line.starts_with(name.as_str())), "{part}: nobody explains {line}");
    }
    assert!(text.ends_with("# EOF\n"));
    found
}

/// A suite in which everything has happened that makes a metric appear.
async fn lived() -> Suite {
    let suite = Suite::with(SuiteOptions { without: Part::ALL.to_vec(), ..SuiteOptions::default() }).await;
    for part in Part::ALL {
        let reference: Arc<dyn Reference> = Arc::new(Hand(suite.hand.clone()));
        suite.start_part_with(part, Time::Corrected { local: suite.clock(), reference: Some(reference) }).await;
    }
    let citizen =
        Citizen {
            full_name: "Иванова Мария".to_owned(), phone: "+79161234567".to_owned(), ..Citizen::default()
        };
    let create = CreateCitizenRequest { citizen: Some(citizen), request_id: forms::request_id() };
    suite.identity("portal").create_citizen(create).await.unwrap();
    let filed = suite.ticket("portal").file_appeal(forms::appeal(suite.now())).await.unwrap().into_inner();
    let due = filed.due_time.as_ref().and_then(from_wire).unwrap();
    suite.live_until(due + SignedDuration::from_secs(61), SignedDuration::from_mins(30)).await;
    suite
}

#[tokio::test]
async fn every_metric_is_explained_measured_and_listed() {
    let suite = lived().await;
    let mut all = BTreeMap::<_, Vec<&str>>::new();
    for part in Part::ALL {
        for it in told(part, &scrape::metrics(&suite, part).await) {
            all.entry(it).or_default().push(part.name());
        }
    }
    let mut text = String::new();
    for ((name, kind), services) in all {
        writeln!(text, "{name} {kind} {}", services.join(",")).unwrap();
    }
    assert!(text == LISTED, "tests/telemetry/metrics.txt is to be:\n{text}");
}

/// What is not just counted as it happens, with the values that an operator waits for.
#[tokio::test]
async fn the_gauges_tell_of_what_waits_what_is_late_and_which_keys_there_are() {
    let suite = Suite::start().await;
    let value = async |part: Part, series: &str| -> f64 {
        for gauges in ["outbox-gauges", "dispatch-gauges", "monitor-lag"] {
            let replicas = suite.replicas().await;
            let it = replicas.iter().find(|it| it.part == part).unwrap();
            if it.loops.iter().any(|it| it.name == gauges) {
                it.step(gauges).await;
            }
        }
        let text = scrape::metrics(&suite, part).await;
        let line = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("{part} has no {series}")).parse().unwrap()
    };
    // The sample staff are told of at the start.
    suite.settle().await;
    let filed = suite.ticket("portal").file_appeal(forms::appeal(suite.now())).await.unwrap().into_inner();
    suite.hand.advance(SignedDuration::from_secs(7));
    assert_eq!(value(Part::Ticket, "otklik_outbox_waiting{destination=\"notification\"}").await, 2.0);
    assert_eq!(value(Part::Ticket, "otklik_outbox_oldest_waiting_seconds{destination=\"sla\"}").await, 7.0);
    assert_eq!(value(Part::Ticket, "otklik_outbox_dead{destination=\"sla\"}").await, 0.0);

    while suite.relay_once(Part::Ticket).await > 0 {}
    suite.hand.advance(SignedDuration::from_secs(3));
    assert_eq!(value(Part::Ticket, "otklik_outbox_oldest_waiting_seconds{destination=\"notification\"}").await, 0.0);
    assert_eq!(value(Part::Notification, "otklik_delivery_waiting{lane=\"normal\"}").await, 2.0);
    assert_eq!(value(Part::Notification, "otklik_delivery_oldest_waiting_seconds{lane=\"normal\"}").await, 3.0);
    // With the centre down it is not due most of the time, and waits all the same.
    suite.smsc.otherwise(Act::Refuse(CommandStatus::EsmeRsyserr));
    while suite.dispatch_once().await > 0 {}
    suite.hand.advance(SignedDuration::from_hours(1));
    while suite.dispatch_once().await > 0 {}
    assert_eq!(value(Part::Notification, "otklik_delivery_oldest_waiting_seconds{lane=\"normal\"}").await, 3603.0);
    suite.smsc.otherwise(Act::Accept);
    suite.hand.advance(SignedDuration::from_hours(1));
    suite.settle().await;
    assert_eq!(value(Part::Notification, "otklik_delivery_waiting{lane=\"normal\"}").await, 0.0);
    assert_eq!(value(Part::Notification, "otklik_delivery_oldest_waiting_seconds{lane=\"normal\"}").await, 0.0);

    // The canary falls due within the minute and then a warning: nobody fires either.
    assert_eq!(value(Part::Sla, "otklik_sla_lag_seconds").await, 0.0);
    suite.hand.set(filed.due_time.as_ref().and_then(from_wire).unwrap());
    assert!(value(Part::Sla, "otklik_sla_lag_seconds").await > 0.0);

    for part in Part::ALL {
        let text = scrape::metrics(&suite, part).await;
        let keys: Vec<_> = text.lines().filter(|line| line.starts_with("otklik_sealed_key{")).collect();
        let of = |role: &str| keys.iter().filter(|it| it.contains(&format!("role=\"{role}\""))).count();
        assert_eq!((of("seals"), of("indexes"), keys.len()), (1, 1, 2), "{part}: {keys:?}");
        let id = suite.active_key();
        assert!(
            keys.iter().any(|it| it.contains(&id) && it.contains("seals") && it.contains("in_use=\"true\"")),
            "{keys:?}"
        );
        // The lag of each loop that runs by itself; those that a test steps have no runner to tell of them.
        assert!(text.contains("otklik_loop_lag_seconds{loop=\"health\"} "), "{part}");
    }
}

#[tokio::test]
async fn a_latency_leads_to_a_trace_that_the_collector_has() {
    collector::listen();
    let suite = Suite::start().await;
    let (outside, other) = (Outside::new(), Outside::new());
    for (from, is_recorded) in [(&outside, true), (&other, false)] {
        suite.ticket("portal").file_appeal(from.request(forms::appeal(suite.now()), is_recorded)).await.unwrap();
    }
    suite.settle().await;

    let (ticket, notification) =
        (scrape::metrics(&suite, Part::Ticket).await, scrape::metrics(&suite, Part::Notification).await);
    let latencies = [
        (&ticket, "rpc_server_call_seconds", "TicketService/FileAppeal"),
        (&ticket, "rpc_client_call_seconds", "NotificationService/SendNotification"),
        (&ticket, "otklik_outbox_settle_seconds", "destination=\"sla\""),
        (&notification, "otklik_provider_seconds", "channel=\"sms\""),
    ];
    for (text, metric, label) in latencies {
        let ids = scrape::traces(text, metric, label);
        assert!(!ids.is_empty() && ids.iter().all(|id| *id == outside.trace_id), "{metric} {label}: {ids:?}");
    }
    assert!(!ticket.contains(&other.trace_id) && !notification.contains(&other.trace_id), "a trace nobody has");
    let spans =
        collector::until(2, |it| outside.has(it) && (it.name.ends_with("FileAppeal") || it.name == "send")).await;
    assert!(spans.iter().any(|it| outside.has(it)));
}

/// An alarm on a metric that nobody tells never rises.
#[test]
fn alarms_ask_for_what_is_told() {
    let listed: Vec<Vec<&str>> = LISTED.lines().map(|line| line.split_whitespace().collect()).collect();
    let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let words =
        ALARMS.lines().filter(|line| !line.trim_start().starts_with('#')).flat_map(|line| line.split(|c| !is_name(c)));
    let asked: Vec<&str> = words.filter(|word| word.starts_with("otklik_") || word.starts_with("rpc_")).collect();
    assert!(asked.len() > 15, "{asked:?}");
    for name in asked {
        let is_told = listed.iter().any(|it| match it[1] {
            "counter" => name.strip_suffix("_total") == Some(it[0]),
            "gauge" => name == it[0],
            _ => ["_bucket", "_sum", "_count"].iter().any(|part| name.strip_suffix(part) == Some(it[0])),
        });
        assert!(is_told, "nobody tells {name}");
    }
}
