//! An SMS centre in the test's own process: a real TCP listener, SMPP by the `rusmpp` codec, and a script.
//!
//! ```text
//! let smsc = Smsc::start().await;
//! smsc.script([Act::Throttle, Act::Accept]);        // one act per submit_sm, in order; then the default (Accept)
//! smsc.receipts(Receipts::Automatic(MessageState::Delivered));
//! ...
//! let messages = smsc.messages();                     // texts put together from their parts
//! ```
//!
//! It waits for events, never for time: [`Smsc::until`] watches what was recorded, [`Gate`]s hold an answer until the test lets it
//! go. A wait that lasts 20 s panics with what was recorded so far.

mod decode;
mod record;
mod script;
mod serve;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusmpp::CommandStatus;
use rusmpp::values::MessageState;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot, watch};
use tokio_rustls::TlsAcceptor;

pub use decode::{decode_gsm7, put_together, put_together_of};
pub use record::{Message, Record, Submitted};
pub use script::{Act, Form, Gate, Receipts};

/// How long a test waits for something to be recorded before it is called broken.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A scripted SMS centre on 127.0.0.1, gone when dropped.
#[derive(Debug)]
pub struct Smsc {
    address: SocketAddr,
    shared: Arc<Shared>,
    listener: tokio::task::JoinHandle<()>,
}

#[derive(Debug)]
pub(crate) struct Shared {
    state: Mutex<State>,
    changed: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct State {
    record: Record,
    script: std::collections::VecDeque<Act>,
    default: Act,
    receipts: Receipts,
    /// Who may bind; anybody when empty.
    account: Option<(String, String)>,
    /// Write ends of the bound sessions, newest last.
    sessions: Vec<mpsc::UnboundedSender<serve::Order>>,
    next_id: u64,
    ignores_unbind: bool,
}

impl Smsc {
    /// Plain TCP, any account, every submit accepted, no receipts until asked for.
    pub async fn start() -> Self {
        Self::serve(None).await
    }

    /// The same behind TLS.
    pub async fn start_tls(acceptor: TlsAcceptor) -> Self {
        Self::serve(Some(acceptor)).await
    }

    async fn serve(tls: Option<TlsAcceptor>) -> Self {
        let socket = TcpListener::bind("127.0.0.1:0").await.expect("a free port on loopback");
        let address = socket.local_addr().expect("a bound socket has an address");
        let shared = Arc::new(Shared { state: Mutex::default(), changed: watch::Sender::new(0) });
        let listener = tokio::spawn(serve::listen(socket, tls, shared.clone()));
        Self { address, shared, listener }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Only this account may bind; others get `ESME_RINVPASWD`.
    pub fn account(&self, system_id: &str, password: &str) {
        self.shared.state().account = Some((system_id.to_owned(), password.to_owned()));
    }

    /// Appends acts, one for each coming `submit_sm`.
    pub fn script(&self, acts: impl IntoIterator<Item = Act>) {
        self.shared.state().script.extend(acts);
    }

    /// Puts an act before those that are scripted.
    pub fn script_first(&self, act: Act) {
        self.shared.state().script.push_front(act);
    }

    /// Takes a [`Act::Hold`] that nobody came to off the head of the script.
    pub fn unhold(&self) {
        let mut state = self.shared.state();
        if matches!(state.script.front(), Some(Act::Hold(_))) {
            state.script.pop_front();
        }
    }

    /// The act when the script has run out.
    pub fn otherwise(&self, act: Act) {
        self.shared.state().default = act;
    }

    /// Forgets the script and accepts.
    pub fn calm(&self) {
        let mut state = self.shared.state();
        state.script.clear();
        state.default = Act::default();
    }

    /// When receipts are sent by themselves.
    pub fn receipts(&self, receipts: Receipts) {
        self.shared.state().receipts = receipts;
    }

    /// Sends one receipt now to the newest session; the status with which it was answered, or `None` when the session went away first.
    pub async fn deliver(&self, message_id: &str, state: MessageState, form: Form) -> Option<CommandStatus> {
        let pdu = script::receipt(message_id, state, form);
        self.push(pdu).await
    }

    /// Sends a text from a handset to the newest session, as [`Smsc::deliver`] does.
    pub async fn incoming_text(&self, from: &str, text: &str) -> Option<CommandStatus> {
        self.push(script::incoming_text(from, text)).await
    }

    /// Sends a PDU of any kind and content to the newest session; the status with which it was answered, be it by `generic_nack`,
    /// or `None` when the session went away first.
    pub async fn octets(&self, command_id: u32, body: &[u8]) -> Option<CommandStatus> {
        let body = body.to_vec();
        self.order(|answered| serve::Order::Octets { command_id, body, answered }).await
    }

    async fn push(&self, pdu: rusmpp::pdus::DeliverSm) -> Option<CommandStatus> {
        self.order(|answered| serve::Order::Deliver { pdu: Box::new(pdu), answered: Some(answered) }).await
    }

    async fn order(&self, make: impl FnOnce(oneshot::Sender<CommandStatus>) -> serve::Order) -> Option<CommandStatus> {
        let session = self.shared.state().sessions.last().cloned()?;
        let (answered, answer) = oneshot::channel();
        session.send(make(answered)).ok()?;
        tokio::time::timeout(PATIENCE, answer).await.expect("deliver_sm was not answered").ok()
    }

    /// Closes every connection without a word.
    pub fn drop_connections(&self) {
        for session in self.shared.state().sessions.drain(..) {
            let _ = session.send(serve::Order::Drop);
        }
    }

    /// Unbinds every session politely.
    pub fn unbind(&self) {
        for session in &self.shared.state().sessions {
            let _ = session.send(serve::Order::Unbind);
        }
    }

    /// From now on a client's good-bye is not answered.
    pub fn ignore_unbind(&self) {
        self.shared.state().ignores_unbind = true;
    }

    /// What was seen so far.
    pub fn record(&self) -> Record {
        self.shared.state().record.clone()
    }

    /// Every `submit_sm` seen, refused ones included.
    pub fn submits(&self) -> Vec<Submitted> {
        self.record().submits
    }

    /// Hands over every `submit_sm` seen since the last time, and forgets them: for runs so long that all of them are too many.
    pub fn take_submits(&self) -> Vec<Submitted> {
        std::mem::take(&mut self.shared.state().record.submits)
    }

    /// Accepted messages, put together from their parts in order of their first part.
    pub fn messages(&self) -> Vec<Message> {
        put_together(&self.record().submits)
    }

    /// How many `submit_sm` were seen so far, refused ones included.
    pub fn submits_seen(&self) -> usize {
        self.shared.state().record.submits.len()
    }

    /// Waits until so many `submit_sm` were seen, for as long as that takes: the caller is there the moment the last of them came,
    /// mostly before its answer is out.
    pub async fn submits_reach(&self, count: usize) {
        let mut changed = self.shared.changed.subscribe();
        while self.submits_seen() < count {
            // The sender lives in `shared`, which we hold.
            changed.changed().await.expect("the SMS centre is alive");
        }
    }

    /// Waits until a `submit_sm` for this number (digits only) was seen, for as long as that takes.
    pub async fn submitted_to(&self, number: &str) {
        let mut changed = self.shared.changed.subscribe();
        let mut looked_at = 0;
        loop {
            {
                // What was looked at before is not looked at again: there may be a hundred thousand.
                let submits = &self.shared.state().record.submits;
                if submits[looked_at..].iter().any(|submitted| submitted.to == number) {
                    return;
                }
                looked_at = submits.len();
            }
            // The sender lives in `shared`, which we hold.
            changed.changed().await.expect("the SMS centre is alive");
        }
    }

    /// Waits until the record fulfils `condition`.
    ///
    /// # Panics
    /// After 20 s.
    pub async fn until(&self, condition: impl Fn(&Record) -> bool) -> Record {
        let mut changed = self.shared.changed.subscribe();
        let waited = tokio::time::timeout(PATIENCE, async {
            loop {
                let record = self.record();
                if condition(&record) {
                    return record;
                }
                // The sender lives in `shared`, which we hold.
                changed.changed().await.expect("the SMS centre is alive");
            }
        });
        match waited.await {
            Ok(record) => record,
            Err(_) => panic!("waited in vain for the SMS centre; seen so far: {:?}", self.record()),
        }
    }
}

impl Drop for Smsc {
    fn drop(&mut self) {
        self.listener.abort();
        self.drop_connections();
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state and wakes who waits for the record.
    fn note<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let result = change(&mut self.state());
        self.changed.send_modify(|version| *version += 1);
        result
    }
}

#[cfg(test)]
mod tests;
