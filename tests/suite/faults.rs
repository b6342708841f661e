//! What can be done to calls between services: the request is lost, the answer is lost, or all is well.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use outbox::{Attempt, Deliver};
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
}

/// The faults of one suite. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Faults(Arc<Mutex<State>>);

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
        use_it(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[async_trait]
impl Deliver for Around {
    async fn deliver(&self, method: &str, request: Bytes, attempt: &Attempt) -> Result<Bytes, Status> {
        let fault = self.faults.take(method);
        if fault == Some(Fault::RequestLost) {
            return Err(Status::unavailable("the request was lost"));
        }
        let answer = self.inner.deliver(method, request, attempt).await;
        if answer.is_ok() {
            self.faults.state(|it| it.delivered.push(method.to_owned()));
        }
        if fault == Some(Fault::AnswerLost) {
            return Err(Status::unavailable("the answer was lost"));
        }
        answer
    }
}
