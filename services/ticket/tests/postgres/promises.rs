//! ListPromises and RetellPromise: what the SLA monitor compares, and how it is told again.

use std::collections::BTreeMap;

use proto::sla::v1 as sla;
use proto::ticket::v1::{self as wire, request_info_request::Need};
use rpc::{Caller, Refusal};
use ticket::{commands, queries};

use crate::rig::{Rig, citizen, form, new_id, reason, time};
use crate::work::{ask, resolve};

fn monitor() -> Caller {
    Caller::of_system("sla")
}

async fn page(rig: &Rig, page_size: i32, page_token: &str) -> wire::ListPromisesResponse {
    let request = wire::ListPromisesRequest { page_size, page_token: page_token.to_owned() };
    queries::list_promises::run(rig.app.clone(), monitor(), request).await.unwrap()
}

async fn retell(rig: &Rig, name: &str, request_id: &str) -> Result<wire::RetellPromiseResponse, Refusal> {
    let request = wire::RetellPromiseRequest { name: name.to_owned(), request_id: request_id.to_owned() };
    commands::retell_promise::run(rig.app.clone(), monitor(), request).await
}

/// The revision that the monitor was told last, by appeal.
async fn told(rig: &Rig) -> BTreeMap<String, i64> {
    let tracked: Vec<sla::TrackDeadlineRequest> = rig.sent().await;
    let updated: Vec<sla::UpdateDeadlineRequest> = rig.sent().await;
    let all = tracked.into_iter().filter_map(|it| it.deadline).chain(updated.into_iter().filter_map(|it| it.deadline));
    let mut told = BTreeMap::new();
    for deadline in all {
        let known = told.entry(deadline.appeal).or_insert(0);
        *known = deadline.revision.max(*known);
    }
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn open_appeals_are_listed_at_the_revision_that_the_monitor_was_told() {
    let rig = Rig::staffed().await;
    let mut open = Vec::new();
    for _ in 0..4 {
        open.push(rig.file(&citizen(), form()).await.name);
    }
    let asked = rig.assigned(&citizen(), form()).await;
    rig.clock.advance(jiff::SignedDuration::from_mins(7));
    let asked_at = rig.minutes(7);
    ask(&rig, &asked.name, Need::Information).await.unwrap();
    open.push(asked.name.clone());
    let over = rig.assigned(&citizen(), form()).await;
    resolve(&rig, &over.name, "", "").await.unwrap();

    for size in [1, 2, 5, 0] {
        let (mut all, mut token) = (Vec::new(), String::new());
        loop {
            let page = page(&rig, size, &token).await;
            assert!(size == 0 || page.promises.len() <= size as usize);
            all.extend(page.promises);
            token = page.next_page_token;
            if token.is_empty() {
                break;
            }
        }
        let mut names: Vec<_> = all.iter().map(|it| it.appeal.clone()).collect();
        names.sort();
        open.sort();
        assert_eq!(names, open, "pages of {size}");
        let told = told(&rig).await;
        assert!(all.iter().all(|it| told[&it.appeal] == it.revision), "{all:?} {told:?}");
        let of_asked = all.iter().find(|it| it.appeal == asked.name).unwrap();
        assert_eq!((of_asked.revision > 1, time(&of_asked.revise_time)), (true, asked_at));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_promise_is_told_again_once_for_a_request_id_and_changes_nothing() {
    let rig = Rig::staffed().await;
    let open = rig.file(&citizen(), form()).await;
    let over = rig.assigned(&citizen(), form()).await;
    resolve(&rig, &over.name, "", "").await.unwrap();
    let first: Vec<sla::TrackDeadlineRequest> = rig.sent().await;
    let first = first.into_iter().filter_map(|it| it.deadline).find(|it| it.appeal == open.name).unwrap();
    let (before, events) = (page(&rig, 0, "").await, rig.events(&open.name).await);

    let id = new_id();
    retell(&rig, &open.name, &id).await.unwrap();
    retell(&rig, &open.name, &id).await.unwrap();
    let again: Vec<sla::UpdateDeadlineRequest> = rig.sent().await;
    let again: Vec<_> = again.into_iter().filter_map(|it| it.deadline).filter(|it| it.appeal == open.name).collect();
    assert_eq!(again, [first], "once, and as it is");
    assert_eq!((page(&rig, 0, "").await, rig.events(&open.name).await), (before, events));

    // One that is over is told as over.
    let stops = async |rig: &Rig| rig.sent::<sla::StopDeadlineRequest>().await.len();
    let stopped = stops(&rig).await;
    retell(&rig, &over.name, &new_id()).await.unwrap();
    assert_eq!(stops(&rig).await, stopped + 1);

    let unknown = "appeals/01890a5d-ac96-774b-bcce-b302099a8057";
    assert_eq!(reason(retell(&rig, unknown, &new_id()).await), "APPEAL_NOT_FOUND");
    assert_eq!(retell(&rig, "appeals/1", "1").await.unwrap_err().violations().len(), 2);
}
