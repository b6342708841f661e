//! ListAppeals: newest first, every one exactly once, whatever is filed meanwhile.

use proto::ticket::v1 as wire;
use rpc::{Caller, Refusal, reasons};

use crate::rig::{Rig, citizen, fault, form, lost_access, operator};
use crate::work::resolve;

async fn page(rig: &Rig, caller: &Caller, request: wire::ListAppealsRequest) -> Result<(Vec<String>, String), Refusal> {
    let page = ticket::queries::list_appeals::run(rig.app.clone(), caller.clone(), request).await?;
    Ok((page.appeals.into_iter().map(|appeal| appeal.name).collect(), page.next_page_token))
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_give_every_appeal_once_newest_first_even_of_one_instant() {
    let rig = Rig::staffed().await;
    let own = citizen();
    let mut filed = Vec::new();
    for number in 0..7 {
        // Two of each instant: the order among them is by id and must not lose or repeat any.
        if number % 2 == 0 {
            rig.minutes(1);
        }
        filed.push(rig.file(&own, form()).await);
        rig.file(&citizen(), form()).await;
    }
    filed.sort_by_key(|appeal| std::cmp::Reverse((appeal.create_time.as_ref().unwrap().seconds, appeal.uid.clone())));
    let names: Vec<String> = filed.into_iter().map(|appeal| appeal.name).collect();

    let mut listed = Vec::new();
    let mut request = wire::ListAppealsRequest { page_size: 3, ..Default::default() };
    loop {
        let (page, next) = page(&rig, &own, request.clone()).await.unwrap();
        listed.extend(page);
        rig.file(&own, form()).await;
        if next.is_empty() {
            break;
        }
        request.page_token = next;
    }
    assert_eq!(listed[..names.len()], names);
    assert_eq!(listed.len(), names.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_narrow_together_and_a_token_belongs_to_its_filter() {
    let rig = Rig::staffed().await;
    let own = citizen();
    let plain = rig.file(&own, form()).await.name;
    let assigned = rig.assigned(&own, lost_access()).await.name;
    let staff = operator("operator-1");
    let all = wire::ListAppealsRequest::default();
    let list = |request| page(&rig, &staff, request);

    assert_eq!(list(all.clone()).await.unwrap().0.len(), 2);
    let of = |assignee: &str| wire::ListAppealsRequest { assignee: assignee.into(), ..Default::default() };
    assert_eq!(list(of("staff/operator-1")).await.unwrap().0, std::slice::from_ref(&assigned));
    assert!(list(of("staff/operator-2")).await.unwrap().0.is_empty());
    let registered = wire::ListAppealsRequest { states: vec![wire::appeal::State::Registered.into()], ..all.clone() };
    assert_eq!(list(registered.clone()).await.unwrap().0, std::slice::from_ref(&plain));
    let critical = wire::ListAppealsRequest { priority: wire::Priority::Critical.into(), ..all.clone() };
    assert_eq!(list(critical.clone()).await.unwrap().0, [assigned]);
    let both =
        wire::ListAppealsRequest { citizen: own.subject.clone(), category: "application_error".into(), ..registered };
    assert_eq!(list(both).await.unwrap().0, [plain]);

    let (_, next) = list(wire::ListAppealsRequest { page_size: 1, ..all }).await.unwrap();
    let other = wire::ListAppealsRequest { page_token: next, ..critical };
    assert_eq!(fault(list(other).await), reasons::PAGE_TOKEN_INVALID);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_states_and_of_what_is_due_give_every_appeal_once_newest_first() {
    use wire::appeal::State;
    let rig = Rig::staffed().await;
    let mut names = Vec::new();
    for number in 0..7 {
        rig.minutes(1);
        let own = citizen();
        let filed = if number % 3 == 0 { rig.assigned(&own, form()).await } else { rig.file(&own, form()).await };
        names.insert(0, filed.name);
    }
    let over = rig.file(&citizen(), form()).await;
    let staff = operator("operator-1");
    rig.assign(&over.name, "operator-1").await.unwrap();
    resolve(&rig, &over.name, "", "").await.unwrap();

    // One of the states twice: it is still one.
    let states = [State::Registered, State::Assigned, State::Registered].map(i32::from).to_vec();
    let by_states = wire::ListAppealsRequest { states, page_size: 3, ..Default::default() };
    let late = Some(proto::to_wire("2099-01-01T00:00:00Z".parse().unwrap()));
    let by_due = wire::ListAppealsRequest { due_before_time: late, page_size: 3, ..Default::default() };
    for mut request in [by_states.clone(), by_due.clone()] {
        let mut listed = Vec::new();
        loop {
            let (page, next) = page(&rig, &staff, request.clone()).await.unwrap();
            listed.extend(page);
            if next.is_empty() {
                break;
            }
            request.page_token = next;
        }
        assert_eq!(listed, names);
    }
    let both = wire::ListAppealsRequest { states: vec![State::Assigned.into()], page_size: 0, ..by_due.clone() };
    assert_eq!(page(&rig, &staff, both).await.unwrap().0.len(), 3);
    let early = wire::ListAppealsRequest { due_before_time: over.create_time, ..by_due };
    assert!(page(&rig, &staff, early).await.unwrap().0.is_empty());
    let other = wire::ListAppealsRequest { category: "payment".into(), ..by_states };
    assert!(page(&rig, &staff, other).await.unwrap().0.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_citizens_list_is_their_own_whatever_they_ask() {
    let rig = Rig::new().await;
    let (own, other) = (citizen(), citizen());
    rig.file(&other, form()).await;
    let mine = rig.file(&own, form()).await.name;
    for named in ["", other.subject.as_str()] {
        let request = wire::ListAppealsRequest { citizen: named.into(), ..Default::default() };
        assert_eq!(page(&rig, &own, request).await.unwrap().0, std::slice::from_ref(&mine));
    }
}
