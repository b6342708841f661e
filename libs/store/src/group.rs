//! Group commit: what several callers want written goes into one statement.
//!
//! ```text
//!   join(item) --> waiting --+--> a place is free: all that wait, `most` at once --> apply, one commit --> each its own answer
//!                            |
//!                            +--> all places at work: whoever ends first takes what came meanwhile
//! ```
//!
//! Nobody waits for others to come: an item that finds a place free is on its way at once, alone. Only while every place is at work do
//! items gather, so groups are as large as the load makes them. A commit costs one flush of the log, however much it holds; that, and one
//! round trip for all, is what is shared.
//!
//! Failure handling: when `apply` fails or panics every caller of that group gets `None`, and does its work by itself; so one bad item
//! refuses nobody else, and what each is refused with is its own. A group is a task of its own: a caller that hangs up takes nothing
//! from those beside it.

use std::collections::VecDeque;
use std::fmt::{self, Debug, Formatter};
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::future::BoxFuture;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tracing::{Instrument as _, Span};

type Apply<In, Out> = Box<dyn Fn(Vec<In>) -> BoxFuture<'static, Option<Vec<Out>>> + Send + Sync>;

/// Callers whose items are written together. Cheap to clone.
pub struct GroupCommit<In, Out>(Arc<Inner<In, Out>>);

struct Inner<In, Out> {
    waiting: Mutex<VecDeque<(In, oneshot::Sender<Out>)>>,
    places: Arc<Semaphore>,
    most: usize,
    apply: Apply<In, Out>,
    /// Groups belong to nobody's call, so they are logged and traced where the service itself is.
    span: Span,
}

/// A group at work. Its end, a panic too, lets the next one begin.
struct Place<In: Send + 'static, Out: Send + 'static> {
    group: GroupCommit<In, Out>,
    permit: Option<OwnedSemaphorePermit>,
}

// === impl GroupCommit ===

impl<In: Send + 'static, Out: Send + 'static> GroupCommit<In, Out> {
    /// At most `places` groups at once, of at most `most` items each. `apply` writes them and answers each, in their order; `None` if it
    /// could not, and then nothing may have been written, or it is safe to write it again.
    pub fn new<F>(places: usize, most: usize, apply: impl Fn(Vec<In>) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Option<Vec<Out>>> + Send + 'static,
    {
        GroupCommit(Arc::new(Inner {
            waiting: Mutex::default(),
            places: Arc::new(Semaphore::new(places)),
            most,
            apply: Box::new(move |items| Box::pin(apply(items))),
            span: Span::current(),
        }))
    }

    /// Writes the item, together with those that wait at the time. `None` when its group failed.
    pub async fn join(&self, item: In) -> Option<Out> {
        let (answer, answered) = oneshot::channel();
        self.waiting().push_back((item, answer));
        self.begin();
        answered.await.ok()
    }

    /// Begins a group if somebody waits and a place is free. Called after each arrival and after each end. Both are looked at under one
    /// lock, so of an arrival and an end at the same moment the later one sees both.
    fn begin(&self) {
        let mut waiting = self.waiting();
        // At the end of the whole process there is nobody left to do it.
        let Ok(runtime) = Handle::try_current() else { return };
        if waiting.is_empty() {
            return;
        }
        let Ok(permit) = Arc::clone(&self.0.places).try_acquire_owned() else { return };
        let size = waiting.len().min(self.0.most);
        let (items, answers): (Vec<In>, Vec<oneshot::Sender<Out>>) = waiting.drain(..size).unzip();
        drop(waiting);
        let place = Place { group: self.clone(), permit: Some(permit) };
        let work = async move {
            let outcomes = (place.group.0.apply)(items).await;
            for (answer, outcome) in answers.into_iter().zip(outcomes.into_iter().flatten()) {
                // Nobody there any more: fine, it is written.
                let _ = answer.send(outcome);
            }
        };
        runtime.spawn(work.instrument(self.0.span.clone()));
    }

    fn waiting(&self) -> MutexGuard<'_, VecDeque<(In, oneshot::Sender<Out>)>> {
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<In, Out> Clone for GroupCommit<In, Out> {
    fn clone(&self) -> Self {
        GroupCommit(Arc::clone(&self.0))
    }
}

impl<In, Out> Debug for GroupCommit<In, Out> {
    /// Without the items, which may be personal.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("GroupCommit").field("most", &self.0.most).finish_non_exhaustive()
    }
}

// === impl Place ===

impl<In: Send + 'static, Out: Send + 'static> Drop for Place<In, Out> {
    fn drop(&mut self) {
        drop(self.permit.take());
        self.group.begin();
    }
}

#[cfg(test)]
mod tests;
