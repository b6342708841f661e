//! What can be done to calls between services: the request is lost, the answer is lost, the relay dies with it, or all is well.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use outbox::{Attempt, Deliver};
use tokio::sync::Notify;
use tonic::Status;

/// One fault, used up by the next call to its destination and method.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Fault {
    RequestLost,
    AnswerLost,
}

#[derive(Debug, Default)]
struct State {
    /// (part of the method's path, fault), oldest first.
    planned: VecDeque<(String, Fault)>,
    /// Calls that reached their receiver, by method.
    delivered: Vec<String>,
    /// The relay that has the next call in hand dies: before the call was sent, or after it was applied.
    dying: Option<bool>,
    /// Calls go on without the relay that sent them.
    mortal: bool,
    /// Such calls that are still on their way.
    flying: usize,
}

/// The faults of one suite. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Faults(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    died: Notify,
    landed: Notify,
}

struct Around {
    faults: Faults,
    inner: Arc<dyn Deliver>,
}

// === impl Faults ===

impl Faults {
    /// The next call whose method contains `method` never arrives.
    pub fn lose_request(&self, method: &str) {
        self.plan(method, Fault::RequestLost);
    }

    /// The next call whose method contains `method` is applied, and its answer never comes back.
    pub fn lose_answer(&self, method: &str) {
        self.plan(method, Fault::AnswerLost);
    }

    /// How many calls of a method reached their receiver.
    pub fn delivered(&self, method: &str) -> usize {
        self.state(|it| it.delivered.iter().filter(|path| path.contains(method)).count())
    }

    /// Faults that were planned and not used: a test that ends with some has not tested what it says.
    pub fn unused(&self) -> usize {
        self.state(|it| it.planned.len())
    }

    /// The relay that has the next call in hand dies, before the call was sent or after it was `applied`. Whoever steps the relay waits for
    /// [`Self::died`] beside the step, and drops the step then.
    pub fn die(&self, applied: bool) {
        self.state(|it| (it.dying, it.mortal) = (Some(applied), true));
    }

    /// Waits until a relay stands at the point where it dies.
    pub async fn died(&self) {
        self.0.died.notified().await;
    }

    /// Nobody dies any more. What the dead one had sent has reached its receiver, and was applied or refused there: a call does not come back
    /// because its relay is gone, and a test that went on at once would not know when it lands.
    pub async fn live(&self) {
        self.state(|it| (it.dying, it.mortal) = (None, false));
        while self.state(|it| it.flying > 0) {
            self.0.landed.notified().await;
        }
    }

    /// Forgets what was planned and what was counted.
    pub fn forget(&self) {
        self.state(|it| *it = State { flying: it.flying, ..State::default() });
    }

    pub(crate) fn around(&self, inner: Arc<dyn Deliver>) -> Arc<dyn Deliver> {
        Arc::new(Around { faults: self.clone(), inner })
    }

    fn plan(&self, method: &str, fault: Fault) {
        self.state(|it| it.planned.push_back((method.to_owned(), fault)));
    }

    fn take(&self, method: &str) -> Option<Fault> {
        self.state(|it| {
            let found = it.planned.iter().position(|(part, _)| method.contains(part))?;
            it.planned.remove(found).map(|(_, fault)| fault)
        })
    }

    fn state<T>(&self, use_it: impl FnOnce(&mut State) -> T) -> T {
        use_it(&mut self.0.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

// === impl Around ===

impl Around {
    /// Sends it so that it arrives even if nobody waits for the answer any more.
    async fn fly(&self, method: &str, request: Bytes, attempt: &Attempt) -> Result<Bytes, Status> {
        let (inner, faults) = (Arc::clone(&self.inner), self.faults.clone());
        let (method, attempt) = (method.to_owned(), attempt.clone());
        faults.state(|it| it.flying += 1);
        let flight = tokio::spawn(async move {
            let answer = inner.deliver(&method, request, &attempt).await;
            faults.state(|it| it.flying -= 1);
            faults.0.landed.notify_one();
            answer
        });
        flight.await.unwrap_or_else(|_| Err(Status::unavailable("the call panicked")))
    }
}

#[async_trait]
impl Deliver for Around {
    async fn deliver(&self, method: &str, request: Bytes, attempt: &Attempt) -> Result<Bytes, Status> {
        if let Some(applied) = self.faults.state(|it| it.dying.take()) {
            if applied {
                drop(self.inner.deliver(method, request, attempt).await);
            }
            self.faults.0.died.notify_one();
            return std::future::pending().await;
        }
        let fault = self.faults.take(method);
        if fault == Some(Fault::RequestLost) {
            return Err(Status::unavailable("the request was lost"));
        }
        let answer = if self.faults.state(|it| it.mortal) {
            self.fly(method, request, attempt).await
        } else {
            self.inner.deliver(method, request, attempt).await
        };
        if answer.is_ok() {
            self.faults.state(|it| it.delivered.push(method.to_owned()));
        }
        if fault == Some(Fault::AnswerLost) {
            return Err(Status::unavailable("the answer was lost"));
        }
        answer
    }
}
