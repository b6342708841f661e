use std::sync::Mutex;

use futures::FutureExt as _;
use futures::future::{join_all, poll_immediate};
use tokio::sync::Notify;

use super::*;

/// A group commit whose groups wait until they are let through, and the groups as they came.
struct Rig {
    group: GroupCommit<u32, u32>,
    gate: Arc<Semaphore>,
    came: Arc<Mutex<Vec<Vec<u32>>>>,
    arrived: Arc<Notify>,
}

impl Rig {
    fn new(places: usize, most: usize) -> Self {
        let (gate, came, arrived) =
            (Arc::new(Semaphore::new(0)), Arc::<Mutex<Vec<Vec<u32>>>>::default(), Arc::default());
        let seen = (Arc::clone(&gate), Arc::clone(&came), Arc::<Notify>::clone(&arrived));
        let group = GroupCommit::new(places, most, move |items: Vec<u32>| {
            let (gate, came, arrived) = seen.clone();
            async move {
                came.lock().unwrap().push(items.clone());
                arrived.notify_one();
                gate.acquire().await.unwrap().forget();
                assert!(!items.contains(&13), "a bug in the statement's code");
                (!items.contains(&4)).then(|| items.iter().map(|item| item * 10).collect())
            }
        });
        Rig { group, gate, came, arrived }
    }

    fn came(&self) -> Vec<Vec<u32>> {
        self.came.lock().unwrap().clone()
    }

    /// Joins and sees the group of `item` begin, alone.
    async fn begun(&self, item: u32) -> impl Future<Output = Option<u32>> + use<> {
        let group = self.group.clone();
        let mut joined = Box::pin(async move { group.join(item).await });
        assert_eq!(poll_immediate(&mut joined).await, None);
        self.arrived.notified().await;
        joined
    }
}

#[tokio::test]
async fn a_lone_item_goes_at_once_and_those_that_come_meanwhile_go_together() {
    let rig = Rig::new(1, 3);
    let first = rig.begun(1).await;
    assert_eq!(rig.came(), [[1]]);
    let mut others = Box::pin(join_all([2, 3, 5, 6].map(|item| rig.group.join(item))));
    assert!(others.as_mut().now_or_never().is_none());
    assert_eq!(rig.came(), [[1]], "the one place is taken");
    rig.gate.add_permits(3);
    assert_eq!(first.await, Some(10));
    assert_eq!(others.await, [20, 30, 50, 60].map(Some), "each its own answer");
    assert_eq!(rig.came(), [vec![1], vec![2, 3, 5], vec![6]]);
}

#[tokio::test]
async fn a_group_that_fails_leaves_its_callers_to_themselves_and_nobody_else() {
    let rig = Rig::new(1, 8);
    let first = rig.begun(1).await;
    let mut others = Box::pin(join_all([2, 4].map(|item| rig.group.join(item))));
    assert!(others.as_mut().now_or_never().is_none());
    rig.gate.add_permits(3);
    assert_eq!(first.await, Some(10));
    assert_eq!(others.await, [None, None]);
    assert_eq!(rig.group.join(7).await, Some(70));
}

#[tokio::test]
async fn a_panic_gives_its_place_back_to_those_who_wait() {
    let rig = Rig::new(1, 8);
    let first = rig.begun(13).await;
    let mut second = Box::pin(rig.group.join(2));
    assert_eq!(poll_immediate(&mut second).await, None);
    rig.gate.add_permits(2);
    assert_eq!(first.await, None);
    assert_eq!(second.await, Some(20));
}

#[tokio::test]
async fn a_caller_that_hangs_up_takes_nothing_from_those_beside_it() {
    let rig = Rig::new(1, 8);
    let first = rig.begun(1).await;
    let mut gone = Box::pin(rig.group.join(2));
    let mut stays = Box::pin(rig.group.join(3));
    assert_eq!((poll_immediate(&mut gone).await, poll_immediate(&mut stays).await), (None, None));
    drop((first, gone));
    rig.gate.add_permits(2);
    assert_eq!(stays.await, Some(30));
    assert_eq!(rig.came(), [vec![1], vec![2, 3]]);
}

#[tokio::test]
async fn with_two_places_two_groups_are_under_way() {
    let rig = Rig::new(2, 8);
    let one = rig.begun(1).await;
    let two = rig.begun(2).await;
    let mut three = Box::pin(rig.group.join(3));
    assert_eq!(poll_immediate(&mut three).await, None);
    assert_eq!(rig.came(), [[1], [2]]);
    rig.gate.add_permits(3);
    assert_eq!((one.await, two.await, three.await), (Some(10), Some(20), Some(30)));
}
