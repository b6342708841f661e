//! Random histories of one outbox. A failure found here is kept as a list of operations in `FOUND`.

use crate::rig::{Fault, Rig, Routes, call};
use outbox::Settings;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::collections::HashMap;
use std::sync::Arc;
use tonic::Code;
use uuid::Uuid;

/// One thing that happens.
#[derive(Debug, Clone)]
enum Op {
    /// A transaction writes calls of these keys.
    Send(Vec<u8>),
    /// One relay does one step, and this befalls its first attempts.
    Step(Vec<Mishap>),
    /// A relay claims what is due and dies before anything is recorded; the receiver may have applied it.
    Die { applied: bool },
    /// Time passes.
    Wait(i64),
    /// The sweep comes by.
    Purge,
}

#[derive(Debug, Clone, Copy)]
enum Mishap {
    None,
    RequestLost,
    AnswerLost,
    Busy,
    Refused,
}

/// Histories that once broke an invariant.
const FOUND: &[fn() -> Vec<Op>] = &[];

fn op() -> impl Strategy<Value = Op> {
    let mishap = prop_oneof![
        3 => Just(Mishap::None),
        1 => Just(Mishap::RequestLost),
        1 => Just(Mishap::AnswerLost),
        1 => Just(Mishap::Busy),
        1 => Just(Mishap::Refused),
    ];
    prop_oneof![
        4 => prop::collection::vec(0..3u8, 1..5).prop_map(Op::Send),
        6 => prop::collection::vec(mishap, 0..4).prop_map(Op::Step),
        1 => any::<bool>().prop_map(|applied| Op::Die { applied }),
        3 => (1..40i64).prop_map(Op::Wait),
        1 => Just(Op::Purge),
    ]
}

/// Invariants: every call is told one outcome; it was applied at most once, and exactly once if that outcome is Done; calls of one key are
/// settled in the order they were written; nothing is left waiting once faults cease.
async fn check(history: Vec<Op>) {
    let rig = Rig::new().await;
    let (routes, receiver) = (Arc::new(Routes::default()), rig.receiver());
    let settings = Settings { concurrency: 5, ..Settings::default() };
    let (relay, _) = rig.relay_of(routes, vec![("peer", receiver.clone())], &settings);
    let mut written: HashMap<u8, Vec<Uuid>> = HashMap::new();
    let mut texts = HashMap::new();
    for op in history {
        match op {
            Op::Send(keys) => {
                let mut calls = Vec::new();
                for key in keys {
                    let text = format!("{key}/{}", texts.len());
                    let (one, id) = call(&format!("k{key}"), &text);
                    written.entry(key).or_default().push(id);
                    texts.insert(id, text);
                    calls.push(one);
                }
                rig.send(calls).await;
            }
            Op::Step(mishaps) => {
                receiver.next(mishaps.into_iter().map(|mishap| match mishap {
                    Mishap::None => Fault::Works,
                    Mishap::RequestLost => Fault::RequestLost,
                    Mishap::AnswerLost => Fault::AnswerLost,
                    Mishap::Busy => Fault::Later(Code::Aborted, std::time::Duration::from_secs(3)),
                    Mishap::Refused => Fault::Refused(Code::FailedPrecondition, "APPEAL_CLOSED"),
                }));
                relay.step().await.unwrap();
                receiver.script.lock().unwrap().clear();
            }
            Op::Die { applied } => {
                let before = (receiver.attempts(), receiver.applied().len());
                if !applied {
                    receiver.close_gate();
                }
                let due = "SELECT count(*) FROM outbox WHERE head AND state = 'waiting' AND next_attempt_time <= $1";
                let due: i64 = sqlx::query_scalar(due)
                    .bind(jiff_sqlx::ToSqlx::to_sqlx(rig.db.now()))
                    .fetch_one(rig.db.pool())
                    .await
                    .unwrap();
                let step = relay.step();
                tokio::pin!(step);
                while due > 0 && receiver.attempts() == before.0 || applied && receiver.applied().len() == before.1 {
                    // It may get through before it is killed, or be spared by the breaker; then nobody died.
                    tokio::select! { _ = &mut step => break, () = tokio::task::yield_now() => {} }
                }
                if !applied {
                    receiver.gate.add_permits(100);
                }
            }
            Op::Wait(seconds) => rig.advance(seconds),
            Op::Purge => drop(relay.purge().await.unwrap()),
        }
    }
    // Faults cease: leases run out, pauses end, everything is delivered.
    let waiting = "SELECT count(*) FROM outbox WHERE state = 'waiting'";
    for _ in 0..200 {
        if rig.count(waiting).await == 0 {
            break;
        }
        rig.advance(31);
        while relay.step().await.unwrap() > 0 {}
    }
    assert_eq!(rig.count("SELECT count(*) FROM outbox WHERE state NOT IN ('done', 'refused')").await, 0);
    let told: Vec<(Uuid, String, String)> = sqlx::query_as("SELECT call_id, key, outcome FROM told ORDER BY position")
        .fetch_all(rig.db.pool())
        .await
        .unwrap();
    for (key, ids) in &written {
        let name = format!("k{key}");
        let settled: Vec<_> = told.iter().filter(|(_, key, _)| *key == name).map(|(id, ..)| *id).collect();
        assert_eq!(&settled, ids, "order of {name}");
    }
    let applied = receiver.applied();
    for (id, _, outcome) in &told {
        let times = applied.iter().filter(|text| **text == texts[id]).count();
        assert!(
            if outcome == "Done" { times == 1 } else { times <= 1 },
            "{} was applied {times} times: {outcome}",
            texts[id]
        );
    }
}

#[test]
fn any_history_delivers_every_call_once_and_in_order() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for found in FOUND {
        runtime.block_on(check(found()));
    }
    let config = Config { cases: 20, max_shrink_iters: 200, failure_persistence: None, ..Config::default() };
    TestRunner::new(config)
        .run(&prop::collection::vec(op(), 1..30), |history| {
            runtime.block_on(check(history));
            Ok(())
        })
        .unwrap();
}
