//! The ticket and notification services as the relay meets them: they apply a request id once, and lose what they are told to lose.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use bytes::Bytes;
use clock::{Clock, ManualClock};
use jiff::{SignedDuration, Timestamp};
use outbox::{Attempt, Deliver};
use prost::Message;
use proto::notification::v1::{Notification, SendNotificationRequest};
use proto::ticket::v1::{
    Appeal, AppealContact, EscalateAppealRequest, PutPolicySetRequest, PutPolicySetResponse, RebaseAppealRequest,
    RebaseAppealResponse, RebasedClock, RecordDeadlineOutcomeRequest, RecordDeadlineOutcomeResponse,
    RetellPromiseRequest, RetellPromiseResponse,
};
use proto::{DurableCall, from_wire, to_wire};
use rpc::Refusal;
use tonic::Status;

/// What happens to the next call of any but RecordDeadlineOutcome.
#[derive(Clone, Copy, Debug)]
pub enum Act {
    /// It never arrives.
    LoseRequest,
    /// It is applied, and nobody hears of it.
    LoseAnswer,
    /// FAILED_PRECONDITION with this reason.
    Refuse(&'static str),
}

/// One scripted peer. Clones share it.
#[derive(Clone, Default)]
pub struct Peer(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    script: VecDeque<Act>,
    answered: HashMap<String, Bytes>,
    applied: Vec<(String, Bytes)>,
    /// By the hand of the test's clock, once it is told.
    clock: Option<ManualClock>,
}

impl Peer {
    pub fn script(&self, acts: impl IntoIterator<Item = Act>) {
        self.state().script.extend(acts);
    }

    /// Every request of that method that was applied, in order; a repeated request id counts once.
    pub fn applied<R: DurableCall>(&self) -> Vec<R> {
        let state = self.state();
        let of = state.applied.iter().filter(|(method, _)| method == R::METHOD);
        of.map(|(_, request)| R::decode(request.clone()).unwrap()).collect()
    }

    /// Tells the time, which the ticket service looks at.
    pub fn tell_time(&self, hand: &ManualClock) {
        self.state().clock = Some(hand.clone());
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }
}

/// As the ticket service answers: the appeal with its new expected time, which is 8 h from now when what was given has passed.
fn escalated(request: &EscalateAppealRequest, now: Option<Timestamp>) -> Appeal {
    let given = request.level_due_time.as_ref().and_then(from_wire);
    let has_passed = |now: &Timestamp| given.is_none_or(|given| given <= *now);
    let expected = now.filter(has_passed).map(|now| now + SignedDuration::from_hours(8)).or(given);
    Appeal {
        name: request.name.clone(),
        expected_time: expected.map(to_wire),
        language_code: "en".into(),
        recipient: "recipients/one".into(),
        contact: Some(AppealContact { phone: "+79161234567".into(), email: "one@example.org".into() }),
        ..Appeal::default()
    }
}

#[async_trait]
impl Deliver for Peer {
    async fn deliver(&self, method: &str, request: Bytes, _: &Attempt) -> Result<Bytes, Status> {
        let mut state = self.state();
        let now = state.clock.as_ref().map(Clock::now);
        let (id, answer) = match method {
            EscalateAppealRequest::METHOD => {
                let request = EscalateAppealRequest::decode(request.clone()).unwrap();
                (request.request_id.clone(), escalated(&request, now).encode_to_vec())
            }
            SendNotificationRequest::METHOD => {
                let request = SendNotificationRequest::decode(request.clone()).unwrap();
                (request.request_id, Notification::default().encode_to_vec())
            }
            RecordDeadlineOutcomeRequest::METHOD => {
                let request = RecordDeadlineOutcomeRequest::decode(request.clone()).unwrap();
                (request.request_id, RecordDeadlineOutcomeResponse {}.encode_to_vec())
            }
            PutPolicySetRequest::METHOD => {
                let request = PutPolicySetRequest::decode(request.clone()).unwrap();
                (request.request_id, PutPolicySetResponse {}.encode_to_vec())
            }
            RebaseAppealRequest::METHOD => {
                let request = RebaseAppealRequest::decode(request.clone()).unwrap();
                // One clock an hour later; of the others it says that they were over.
                let later = |hours| now.map(|now| to_wire(now + SignedDuration::from_hours(hours)));
                let clock = proto::sla::v1::ClockKind::Resolution.into();
                let moved = RebasedClock { clock, epoch: 2, old_due_time: later(1), due_time: later(2) };
                (request.request_id, RebaseAppealResponse { clocks: vec![moved] }.encode_to_vec())
            }
            RetellPromiseRequest::METHOD => {
                let request = RetellPromiseRequest::decode(request.clone()).unwrap();
                (request.request_id, RetellPromiseResponse {}.encode_to_vec())
            }
            other => panic!("nobody calls {other}"),
        };
        if let Some(answer) = state.answered.get(&id) {
            return Ok(answer.clone());
        }
        let act = if method == RecordDeadlineOutcomeRequest::METHOD { None } else { state.script.pop_front() };
        match act {
            Some(Act::LoseRequest) => return Err(Status::unavailable("the request is lost")),
            Some(Act::Refuse(reason)) => {
                return Err(Refusal::precondition(reason, "appeals/x", "no").into_status("peer.otklik"));
            }
            Some(Act::LoseAnswer) | None => {}
        }
        let answer = Bytes::from(answer);
        state.answered.insert(id, answer.clone());
        state.applied.push((method.to_owned(), request));
        match act {
            Some(Act::LoseAnswer) => Err(Status::unavailable("the answer is lost")),
            _ => Ok(answer),
        }
    }
}
