//! A mail relay in the test's own process: a real TCP listener, the SMTP state machine of `mailin`, and a script.
//!
//! It takes mail for anybody, remembers it parsed, and can refuse, defer or hang up where the script says so. With
//! [`Mailbox::start_tls`] it offers STARTTLS (or TLS at once) with a certificate of [`crate::authority`] and asks for AUTH.

mod serve;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mail_parser::{MessageParser, MimeHeaders};
use tokio::net::TcpSocket;
use tokio::sync::{Mutex as Turns, watch};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use crate::smsc::PATIENCE;

/// What to do with one mail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reply {
    /// Take it.
    #[default]
    Take,
    /// Answer MAIL with this code.
    Sender(u16),
    /// Answer RCPT with this code.
    Recipient(u16),
    /// Answer DATA with this code.
    Data(u16),
    /// Answer the end of the text with this code.
    Text(u16),
    /// Hang up after RCPT.
    DropAtRecipient,
    /// Take the text, then hang up without an answer.
    TakeThenDrop,
    /// Take the text, never answer, keep the connection.
    TakeInSilence,
    /// Take it, and answer nothing that comes after it.
    TakeThenFallSilent,
}

/// How the relay protects its connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protection {
    /// Plain greeting, STARTTLS offered.
    Starttls,
    /// TLS from the first byte.
    Tls,
}

/// One mail as it arrived.
#[derive(Clone, Debug, Default)]
pub struct Mail {
    /// Envelope sender.
    pub from: String,
    /// Envelope recipients.
    pub to: Vec<String>,
    /// As it came over the wire.
    pub raw: Vec<u8>,
    /// The account that AUTH named.
    pub account: Option<String>,
    /// The connection was encrypted.
    pub encrypted: bool,
    /// The sender was told that it was taken.
    pub answered: bool,
}

impl Mail {
    fn parsed(&self) -> mail_parser::Message<'_> {
        MessageParser::default().parse(&self.raw).expect("a mail that a parser can read")
    }

    /// Decoded subject.
    pub fn subject(&self) -> String {
        self.parsed().subject().unwrap_or_default().to_owned()
    }

    /// Decoded sender's name.
    pub fn from_name(&self) -> String {
        self.parsed().from().and_then(|from| from.first()?.name().map(str::to_owned)).unwrap_or_default()
    }

    /// Decoded plain alternative.
    pub fn text(&self) -> Option<String> {
        self.body("plain")
    }

    /// Decoded HTML alternative.
    pub fn html(&self) -> Option<String> {
        self.body("html")
    }

    fn body(&self, subtype: &str) -> Option<String> {
        let parsed = self.parsed();
        let part = parsed.parts.iter().find(|part| part.is_content_type("text", subtype))?;
        part.text_contents().map(|text| text.replace("\r\n", "\n"))
    }

    /// A header's value as written, trimmed.
    pub fn header(&self, name: &str) -> Option<String> {
        self.parsed().header_raw(name).map(|value| value.trim().to_owned())
    }
}

/// A scripted relay on 127.0.0.1, gone when dropped.
#[derive(Debug)]
pub struct Mailbox {
    address: SocketAddr,
    shared: Arc<Shared>,
    door: Turns<Door>,
}

/// Who listens, and while nobody does the port, kept: connections are refused.
#[derive(Debug)]
struct Door {
    listener: JoinHandle<()>,
    kept: Option<TcpSocket>,
}

struct Shared {
    state: Mutex<State>,
    changed: watch::Sender<u64>,
    tls: Option<(TlsAcceptor, Protection)>,
}

#[derive(Debug, Default)]
struct State {
    mails: Vec<Mail>,
    script: std::collections::VecDeque<Reply>,
    otherwise: Reply,
    account: Option<(String, String)>,
    connections: usize,
}

impl Mailbox {
    /// Plain TCP, no AUTH, takes everything.
    pub async fn start() -> Self {
        Self::serve(None, None).await
    }

    /// Encrypted, and only for this account.
    pub async fn start_tls(acceptor: TlsAcceptor, protection: Protection, user: &str, password: &str) -> Self {
        Self::serve(Some((acceptor, protection)), Some((user.to_owned(), password.to_owned()))).await
    }

    async fn serve(tls: Option<(TlsAcceptor, Protection)>, account: Option<(String, String)>) -> Self {
        let socket = serve::socket(([127, 0, 0, 1], 0).into());
        let address = socket.local_addr().expect("a bound socket has an address");
        let state = Mutex::new(State { account, ..State::default() });
        let shared = Arc::new(Shared { state, changed: watch::Sender::new(0), tls });
        let door = Turns::new(Door { listener: serve::open(socket, &shared), kept: None });
        Self { address, shared, door }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The reply when the script has run out.
    pub fn otherwise(&self, reply: Reply) {
        self.shared.state().otherwise = reply;
    }

    /// Ends every connection and refuses new ones, until it is calm again.
    pub async fn leave(&self) {
        let mut door = self.door.lock().await;
        if door.kept.is_none() {
            // The port stays ours: it is taken a second time before it is let go.
            door.kept = Some(serve::socket(self.address));
            door.listener.abort();
            let _ = (&mut door.listener).await;
        }
    }

    /// Appends replies, one for each coming mail; then everything is taken, or what [`Mailbox::otherwise`] says.
    pub fn script(&self, replies: impl IntoIterator<Item = Reply>) {
        self.shared.state().script.extend(replies);
    }

    /// What arrived so far, taken without an answer included.
    pub fn mails(&self) -> Vec<Mail> {
        self.shared.state().mails.clone()
    }

    /// Hands over what arrived since the last time, and forgets it: for runs so long that all of it is too much.
    pub fn take_mails(&self) -> Vec<Mail> {
        std::mem::take(&mut self.shared.state().mails)
    }

    /// Forgets the script and takes everything, from everybody.
    pub async fn calm(&self) {
        {
            let mut state = self.shared.state();
            state.script.clear();
            state.otherwise = Reply::default();
        }
        let mut door = self.door.lock().await;
        if let Some(kept) = door.kept.take() {
            door.listener = serve::open(kept, &self.shared);
        }
    }

    /// Connections so far.
    pub fn connections(&self) -> usize {
        self.shared.state().connections
    }

    /// Waits for `count` mails.
    ///
    /// # Panics
    /// After 20 s.
    pub async fn arrived(&self, count: usize) -> Vec<Mail> {
        let mut changed = self.shared.changed.subscribe();
        let waited = tokio::time::timeout(PATIENCE, changed.wait_for(|_| self.mails().len() >= count)).await;
        match waited {
            Ok(_) => self.mails(),
            Err(_) => panic!("waited in vain for {count} mails; {} came", self.mails().len()),
        }
    }
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        self.door.get_mut().listener.abort();
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("state", &self.state).finish_non_exhaustive()
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let result = change(&mut self.state());
        self.changed.send_modify(|version| *version += 1);
        result
    }
}
