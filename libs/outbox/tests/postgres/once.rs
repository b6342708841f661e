//! One request is applied once and answered the same for ever.

use crate::rig::Rig;
use outbox::{Once, OnceKey};
use proto::outbox::v1::{Call, DropCallRequest, RequeueCallRequest};
use rpc::Refusal;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use store::transaction;
use tokio::sync::Notify;
use uuid::Uuid;

fn request(id: Uuid, name: &str) -> RequeueCallRequest {
    RequeueCallRequest { name: name.into(), request_id: id.to_string() }
}

struct Inbox {
    rig: Rig,
    once: Once,
    effects: AtomicU32,
}

impl Inbox {
    async fn new() -> Inbox {
        let rig = Rig::new().await;
        let once = Once::new(rig.ring.clone(), Arc::new(rig.clock.clone()));
        Inbox { rig, once, effects: AtomicU32::new(0) }
    }

    /// Applies a request as a command does; `hold` keeps the transaction open and says when it got that far.
    async fn apply(&self, key: &OnceKey, hold: Option<(&Notify, &Notify)>, fail: bool) -> Result<Call, Refusal> {
        transaction!(self.rig.db, "apply", |tx| {
            if let Some(before) = self.once.replay_as(tx, key).await? {
                return Ok(before);
            }
            let answer =
                Call { name: format!("effect {}", self.effects.fetch_add(1, Ordering::SeqCst)), ..Default::default() };
            if let Some((reached, go_on)) = hold {
                reached.notify_one();
                go_on.notified().await;
            }
            if fail {
                return Err(Refusal::internal("no luck"));
            }
            self.once.record(tx, key, &answer).await?;
            Ok(answer)
        })
    }
}

#[tokio::test]
async fn the_same_request_gets_the_first_answer() {
    let inbox = Inbox::new().await;
    let key = inbox.once.key("citizens/1", &request(Uuid::new_v4(), "a")).unwrap();
    let first = inbox.apply(&key, None, false).await.unwrap();
    assert_eq!(inbox.apply(&key, None, false).await.unwrap().name, first.name);
    assert_eq!(inbox.effects.load(Ordering::SeqCst), 1);
    let stored: Vec<u8> =
        sqlx::query_scalar("SELECT response FROM request_id").fetch_one(inbox.rig.db.pool()).await.unwrap();
    assert!(!stored.windows(6).any(|six| six == b"effect"));
}

#[tokio::test]
async fn the_same_id_with_other_content_is_refused() {
    let inbox = Inbox::new().await;
    let id = Uuid::new_v4();
    inbox.apply(&inbox.once.key("citizens/1", &request(id, "a")).unwrap(), None, false).await.unwrap();
    let other = inbox.once.key("citizens/1", &request(id, "b")).unwrap();
    let refusal = inbox.apply(&other, None, false).await.unwrap_err();
    assert_eq!((refusal.code(), refusal.reason()), (tonic::Code::InvalidArgument, "REQUEST_ID_REUSED"));
    assert_eq!(inbox.effects.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn an_id_belongs_to_its_caller_and_method() {
    let inbox = Inbox::new().await;
    let id = Uuid::new_v4();
    let of_one = inbox.once.key("citizens/1", &request(id, "a")).unwrap();
    let of_other = inbox.once.key("citizens/2", &request(id, "a")).unwrap();
    let of_method = inbox.once.key("citizens/1", &DropCallRequest { name: "a".into(), request_id: id.to_string() });
    let mut answers = Vec::new();
    for key in [of_one, of_other, of_method.unwrap()] {
        answers.push(inbox.apply(&key, None, false).await.unwrap().name);
    }
    assert_eq!(answers, ["effect 0", "effect 1", "effect 2"]);
}

#[tokio::test]
async fn concurrent_duplicates_wait_for_the_first() {
    for (first_fails, effects) in [(false, 1), (true, 2)] {
        let inbox = Inbox::new().await;
        let key = inbox.once.key("citizens/1", &request(Uuid::new_v4(), "a")).unwrap();
        let (reached, go_on) = (Notify::new(), Notify::new());
        let first = inbox.apply(&key, Some((&reached, &go_on)), first_fails);
        tokio::pin!(first);
        tokio::select! { _ = &mut first => panic!("it is held"), () = reached.notified() => {} }
        let second = inbox.apply(&key, None, false);
        tokio::pin!(second);
        // The second blocks in Postgres on the first one's row; once Postgres says so, the first may end.
        let waiting =
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
        while inbox.rig.count(waiting).await == 0 {
            tokio::select! { _ = &mut second => panic!("it must wait"), () = tokio::task::yield_now() => {} }
        }
        go_on.notify_one();
        let (first, second) = tokio::join!(first, second);
        assert_eq!(first.is_err(), first_fails);
        assert_eq!(second.unwrap().name, format!("effect {}", effects - 1));
        assert_eq!(inbox.effects.load(Ordering::SeqCst), effects);
    }
}

#[tokio::test]
async fn a_request_id_must_be_a_uuid4() {
    let inbox = Inbox::new().await;
    for wrong in ["", "7", "018f4e1c-7d3a-7cc0-8f4e-1c7d3a7cc08f"] {
        let request = RequeueCallRequest { name: "a".into(), request_id: wrong.into() };
        let refusal = inbox.once.key("citizens/1", &request).unwrap_err();
        let violation = &refusal.violations()[0];
        assert_eq!((violation.field.as_str(), violation.reason), ("request_id", "REQUEST_ID_INVALID"), "{wrong}");
    }
}

#[tokio::test]
async fn an_answer_needs_its_request() {
    let inbox = Inbox::new().await;
    let key = inbox.once.key("citizens/1", &request(Uuid::new_v4(), "a")).unwrap();
    let result = transaction!(inbox.rig.db, "forgot", |tx| -> Result<(), Refusal> {
        inbox.once.record(tx, &key, &Call::default()).await
    });
    assert_eq!(result.unwrap_err().reason(), "INTERNAL");
}
