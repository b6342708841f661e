//! The reconciler's way: page by page, through restarts, by several replicas, past a ticket service that is away.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bootstrap::{Step as _, Stepped};
use jiff::{SignedDuration, Timestamp};
use proto::sla::v1 as wire;
use proto::ticket::v1::{ListPromisesRequest, ListPromisesResponse, Promise};
use proto::to_wire;
use tonic::Status;
use uuid::Uuid;

use super::rig::{Rig, answered, hours, minutes};
use crate::config::ReconcilerConfig;
use crate::domain::{Phase, Place};
use crate::promises::Promises;
use crate::reconcile::Reconciler;
use crate::store::reconciliation;

/// The ticket service's list, with pages of the size that is asked for. Clones share it.
#[derive(Clone, Default)]
pub struct Ticket(Arc<Mutex<Listed>>);

#[derive(Default)]
struct Listed {
    promises: Vec<Promise>,
    down: Option<Status>,
    asked: Vec<String>,
}

impl Ticket {
    pub fn promises(&self, deadline: &wire::Deadline, revision: i64, revise_time: Timestamp) {
        let (appeal, revise_time) = (deadline.appeal.clone(), Some(to_wire(revise_time)));
        self.0.lock().unwrap().promises.push(Promise { appeal, revision, revise_time });
    }

    fn is(&self, down: Option<Status>) {
        self.0.lock().unwrap().down = down;
    }

    /// Tokens of the pages that were asked for.
    fn asked(&self) -> Vec<String> {
        self.0.lock().unwrap().asked.clone()
    }
}

#[async_trait]
impl Promises for Ticket {
    async fn page(&self, request: ListPromisesRequest) -> Result<ListPromisesResponse, Status> {
        let mut listed = self.0.lock().unwrap();
        if let Some(status) = &listed.down {
            return Err(status.clone());
        }
        listed.asked.push(request.page_token.clone());
        let from: usize = if request.page_token.is_empty() { 0 } else { request.page_token.parse().unwrap() };
        let to = (from + usize::try_from(request.page_size).unwrap()).min(listed.promises.len());
        let next_page_token = if to < listed.promises.len() { to.to_string() } else { String::new() };
        Ok(ListPromisesResponse { promises: listed.promises[from..to].to_vec(), next_page_token })
    }
}

pub fn reconciler(rig: &Rig, ticket: &Ticket, page: u32) -> Reconciler {
    let config = ReconcilerConfig {
        interval: Duration::from_secs(3_600),
        page,
        pause: Duration::from_secs(1),
        grace: Duration::from_secs(600),
    };
    Reconciler::new(&rig.app, Arc::new(ticket.clone()), &config)
}

pub async fn place(rig: &Rig) -> Place {
    reconciliation::get(rig.app.db.pool()).await.unwrap()
}

/// Steps until one more pass is whole and swept. The hand moves a second for each page.
pub async fn pass(rig: &Rig, reconciler: &Reconciler) -> BTreeMap<String, u64> {
    let before = place(rig).await;
    rig.hand.set(rig.now().max(before.next_time));
    for _ in 0..200 {
        reconciler.step().await.unwrap();
        let now = place(rig).await;
        if now.whole_pass > before.whole_pass && now.phase == Phase::Rest {
            return now.whole_counts;
        }
        rig.hand.advance(SignedDuration::from_secs(1));
    }
    panic!("the pass does not end: {:?}", place(rig).await);
}

/// Seven deadlines of which three are never looked at again, and five appeals of which two are not watched.
async fn seven(rig: &Rig, ticket: &Ticket) {
    for n in 0..7 {
        let deadline = rig.track(&answered()).await;
        if n % 3 == 0 {
            let id = deadline.name.strip_prefix("deadlines/").unwrap();
            let changed =
                rig.meddle(format!("UPDATE deadline SET next_fire_time = NULL WHERE deadline_id = '{id}'")).await;
            assert_eq!(changed, 1);
        }
        if n < 3 {
            ticket.promises(&deadline, 1, rig.now());
        }
    }
    ticket.promises(&answered(), 1, rig.now());
    ticket.promises(&answered(), 4, rig.now());
    rig.hand.advance(minutes(11));
}

fn expected() -> BTreeMap<String, u64> {
    BTreeMap::from([("appeal_untracked".to_owned(), 2), ("fire_time_differs".to_owned(), 3)])
}

#[tokio::test]
async fn a_pass_goes_on_after_a_restart_at_every_page() {
    for page in [1, 2, 3, 7, 100] {
        let (rig, ticket) = (Rig::new().await, Ticket::default());
        seven(&rig, &ticket).await;
        let mut steps = 0;
        while place(&rig).await.whole_pass == 0 {
            // A new one each time: nothing is kept in memory.
            let before = place(&rig).await;
            reconciler(&rig, &ticket, page).step().await.unwrap();
            let after = place(&rig).await;
            assert!(after.phase != before.phase || after.position > before.position, "{before:?} {after:?}");
            rig.hand.advance(SignedDuration::from_secs(1));
            steps += 1;
        }
        assert_eq!(place(&rig).await.whole_counts, expected(), "pages of {page}");
        assert_eq!(steps, 7 / page + 1 + 5_u32.div_ceil(page), "pages of {page}");
        assert_eq!(ticket.asked().len(), 5_u32.div_ceil(page) as usize);
    }
}

#[tokio::test]
async fn two_replicas_make_one_pass_together() {
    let (rig, ticket) = (Rig::new().await, Ticket::default());
    seven(&rig, &ticket).await;
    let other = rig.replica(Arc::new(rig.hand.clone())).await;
    let (one, two) = (reconciler(&rig, &ticket, 1), reconciler(&other, &ticket, 1));
    let mut pages = 0;
    while place(&rig).await.whole_pass == 0 {
        let (first, second) = futures::join!(one.step(), two.step());
        // The last page of a phase is followed by the next phase at once, which the other one may begin.
        pages += usize::from(first.unwrap() != Stepped::Idle) + usize::from(second.unwrap() != Stepped::Idle);
        rig.hand.advance(SignedDuration::from_secs(1));
        assert!(pages < 100);
    }
    assert_eq!(place(&rig).await.whole_counts, expected());
    assert_eq!(ticket.asked(), ["", "1", "2", "3", "4"], "each page once");
    // Both tell what one of them found, once they look again.
    rig.hand.advance(SignedDuration::from_secs(20));
    while place(&rig).await.phase != Phase::Rest {
        one.step().await.unwrap();
        rig.hand.advance(SignedDuration::from_secs(1));
    }
    rig.hand.advance(SignedDuration::from_secs(20));
    for (rig, reconciler) in [(&rig, &one), (&other, &two)] {
        reconciler.step().await.unwrap();
        let metrics = rig.metrics();
        assert!(metrics.contains("otklik_sla_drift{kind=\"fire_time_differs\"} 3"), "{metrics}");
        assert!(metrics.contains("otklik_sla_drift{kind=\"appeal_untracked\"} 2"), "{metrics}");
        assert!(metrics.contains("otklik_sla_drift{kind=\"rung_missing\"} 0"), "{metrics}");
    }
}

#[tokio::test]
async fn the_next_pass_begins_an_hour_after_the_last_one_began() {
    let (rig, ticket) = (Rig::new().await, Ticket::default());
    seven(&rig, &ticket).await;
    let reconciler = reconciler(&rig, &ticket, 2);
    pass(&rig, &reconciler).await;
    let first = place(&rig).await;
    let begun = first.begin_time.unwrap();
    assert_eq!(first.next_time, begun + hours(1));
    rig.hand.set(begun + hours(1) - SignedDuration::from_secs(1));
    assert_eq!(reconciler.step().await.unwrap(), Stepped::Idle);
    assert_eq!((place(&rig).await.pass, place(&rig).await.phase), (1, Phase::Rest));
    let metrics = rig.metrics();
    let told = format!("otklik_sla_reconciled_timestamp_seconds {}.0", first.whole_time.unwrap().as_second());
    assert!(metrics.contains(&told), "{told}: {metrics}");
    rig.hand.set(begun + hours(1));
    reconciler.step().await.unwrap();
    assert_eq!((place(&rig).await.pass, place(&rig).await.phase), (2, Phase::Deadlines));
}

#[tokio::test]
async fn one_that_died_holding_a_page_is_followed_after_its_lease_and_records_nothing_then() {
    let (rig, ticket) = (Rig::new().await, Ticket::default());
    seven(&rig, &ticket).await;
    let token = Uuid::new_v4();
    let until = rig.now() + minutes(1);
    reconciliation::claim(rig.app.db.pool(), token, rig.now(), until).await.unwrap().unwrap();
    let reconciler = reconciler(&rig, &ticket, 3);
    assert_eq!(reconciler.step().await.unwrap(), Stepped::Idle);
    assert_eq!(place(&rig).await.pass, 0);
    rig.hand.set(until);
    reconciler.step().await.unwrap();
    assert_eq!(place(&rig).await.pass, 1);
    let held = ::store::transaction!(rig.app.db, "test", |tx| -> Result<bool, ::store::Error> {
        reconciliation::hold(tx, token).await
    });
    assert!(!held.unwrap(), "the dead one's token is worth nothing");
    assert_eq!(pass(&rig, &reconciler).await, expected());
}

#[tokio::test]
async fn while_the_ticket_service_is_away_the_pass_waits_and_is_not_whole() {
    for (status, again) in [(Status::unavailable("away"), "3"), (Status::invalid_argument("the token"), "")] {
        let (rig, ticket) = (Rig::new().await, Ticket::default());
        seven(&rig, &ticket).await;
        let reconciler = reconciler(&rig, &ticket, 3);
        while ticket.asked().is_empty() {
            reconciler.step().await.unwrap();
            rig.hand.advance(SignedDuration::from_secs(1));
        }
        ticket.is(Some(status));
        for _ in 0..3 {
            assert_eq!(reconciler.step().await.unwrap(), Stepped::Spared);
            assert_eq!(reconciler.step().await.unwrap(), Stepped::Idle, "not before a minute is over");
            rig.hand.advance(minutes(1));
        }
        assert_eq!((place(&rig).await.whole_pass, place(&rig).await.whole_time), (0, None));
        ticket.is(None);
        assert_eq!(pass(&rig, &reconciler).await, expected());
        assert_eq!(ticket.asked()[..2], ["", again]);
    }
}
