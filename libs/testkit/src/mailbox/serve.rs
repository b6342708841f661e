//! Lines in, answers out; what they mean is `mailin`'s.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mailin::response::{self, Response};
use mailin::{Action, AuthMechanism, Handler, SessionBuilder};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpSocket};
use tokio::task::{JoinHandle, JoinSet};

use super::{Mail, Protection, Reply, Shared};

trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

/// Waiting clients at most.
const BACKLOG: u32 = 1024;

/// Bound to the address, which may be bound more than once: who stops to listen keeps the port by a second socket.
pub(super) fn socket(address: SocketAddr) -> TcpSocket {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_reuseaddr(true).expect("a new socket");
    socket.set_reuseport(true).expect("a new socket");
    socket.bind(address).expect("a port on loopback");
    socket
}

/// Listens until it is aborted; connections end with it.
pub(super) fn open(socket: TcpSocket, shared: &Arc<Shared>) -> JoinHandle<()> {
    let listener = socket.listen(BACKLOG).expect("a bound socket");
    tokio::spawn(listen(listener, Arc::clone(shared)))
}

async fn listen(socket: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    while let Ok((tcp, _)) = socket.accept().await {
        let _ = tcp.set_nodelay(true);
        let shared = shared.clone();
        shared.note(|state| state.connections += 1);
        connections.spawn(async move {
            // A client that hangs up in the middle is a case under test, not a failure of the relay.
            let _ = serve(Box::new(tcp), shared).await;
        });
        while connections.try_join_next().is_some() {}
    }
}

/// mailin's session owns its handler; the connection's task looks at the same state after each line.
#[derive(Clone)]
struct Desk(Arc<Mutex<Talk>>);

struct Talk {
    shared: Arc<Shared>,
    mail: Mail,
    account: Option<String>,
    encrypted: bool,
    reply: Reply,
    hang_up: bool,
    instead: Option<Response>,
    silent: bool,
    falls_silent: bool,
}

impl Desk {
    fn talk(&self) -> MutexGuard<'_, Talk> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Talk {
    fn enter(&mut self, user: &str, password: &str) -> Response {
        let known = self.shared.state().account.clone();
        if known.is_some_and(|(name, secret)| name == user && secret == password) {
            self.account = Some(user.to_owned());
            response::AUTH_OK
        } else {
            response::INVALID_CREDENTIALS
        }
    }
}

impl Handler for Desk {
    fn mail(&mut self, _ip: IpAddr, _domain: &str, from: &str) -> Response {
        let mut talk = self.talk();
        if talk.shared.state().account.is_some() && talk.account.is_none() {
            return response::AUTHENTICATION_REQUIRED;
        }
        let reply = {
            let mut state = talk.shared.state();
            state.script.pop_front().unwrap_or(state.otherwise)
        };
        talk.reply = reply;
        if let Reply::Sender(code) = talk.reply {
            return Response::custom(code, format!("said of <{from}>"));
        }
        talk.mail =
            Mail { from: from.to_owned(), account: talk.account.clone(), encrypted: talk.encrypted, ..Mail::default() };
        response::OK
    }

    fn rcpt(&mut self, to: &str) -> Response {
        let mut talk = self.talk();
        match talk.reply {
            Reply::Recipient(code) => return Response::custom(code, format!("said of <{to}>")),
            Reply::DropAtRecipient => talk.hang_up = true,
            _ => talk.mail.to.push(to.to_owned()),
        }
        response::OK
    }

    fn data_start(&mut self, _domain: &str, _from: &str, _is8bit: bool, _to: &[String]) -> Response {
        match self.talk().reply {
            Reply::Data(code) => Response::custom(code, "said before the text".to_owned()),
            _ => response::OK,
        }
    }

    fn data(&mut self, line: &[u8]) -> std::io::Result<()> {
        self.talk().mail.raw.extend_from_slice(line);
        Ok(())
    }

    fn data_end(&mut self) -> Response {
        let mut talk = self.talk();
        if let Reply::Text(code) = talk.reply {
            // Said by the connection's task: after an error here mailin would go on reading text.
            talk.instead = Some(Response::custom(code, "said at the end".to_owned()));
            return response::OK;
        }
        talk.hang_up = talk.reply == Reply::TakeThenDrop;
        let mut mail = std::mem::take(&mut talk.mail);
        talk.silent = talk.reply == Reply::TakeInSilence;
        talk.falls_silent = talk.reply == Reply::TakeThenFallSilent;
        mail.answered = !talk.hang_up && !talk.silent;
        talk.shared.note(|state| state.mails.push(mail));
        response::OK
    }

    fn auth_plain(&mut self, _authorization_id: &str, user: &str, password: &str) -> Response {
        self.talk().enter(user, password)
    }

    fn auth_login(&mut self, user: &str, password: &str) -> Response {
        self.talk().enter(user, password)
    }
}

async fn serve(mut wire: Box<dyn Wire>, shared: Arc<Shared>) -> std::io::Result<()> {
    let tls = shared.tls.clone();
    let mut builder = SessionBuilder::new("mailbox.test");
    let mut encrypted = false;
    if let Some((acceptor, protection)) = &tls {
        builder.enable_auth(AuthMechanism::Plain);
        match protection {
            Protection::Starttls => {
                builder.enable_start_tls();
            }
            Protection::Tls => {
                wire = Box::new(acceptor.accept(wire).await?);
                encrypted = true;
                // The session itself does not know that it is encrypted.
                builder.insecure_enable_plaintext_auth();
            }
        }
    }
    let talk = Talk {
        shared,
        mail: Mail::default(),
        account: None,
        encrypted,
        reply: Reply::Take,
        hang_up: false,
        instead: None,
        silent: false,
        falls_silent: false,
    };
    let desk = Desk(Arc::new(Mutex::new(talk)));
    let mut session = builder.build(IpAddr::V4(Ipv4Addr::LOCALHOST), desk.clone());
    let mut wire = BufReader::new(wire);
    wire.write_all(&session.greeting().buffer()?).await?;
    loop {
        let mut line = Vec::new();
        if wire.read_until(b'\n', &mut line).await? == 0 {
            return Ok(());
        }
        let response = session.process(&line);
        let response = desk.talk().instead.take().unwrap_or(response);
        if desk.talk().hang_up {
            return Ok(());
        }
        if response.action == Action::NoReply || desk.talk().silent {
            continue;
        }
        wire.write_all(&response.buffer()?).await?;
        if desk.talk().falls_silent {
            desk.talk().silent = true;
        }
        match (response.action, &tls) {
            (Action::Close, _) => return Ok(()),
            (Action::UpgradeTls, Some((acceptor, _))) => {
                let stream: Box<dyn Wire> = Box::new(acceptor.accept(wire.into_inner()).await?);
                wire = BufReader::new(stream);
                session.tls_active();
                desk.talk().encrypted = true;
            }
            _ => {}
        }
    }
}
