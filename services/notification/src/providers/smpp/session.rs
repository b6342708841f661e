//! The session task: one per SMS centre, alive as long as its provider.
//!
//! ```text
//!   Connecting --bind ok--> Bound --link lost, no answer to enquire_link, unbind--> Down --pause--> Connecting
//!       \--failed--------------------------------------------------------------------^    (doubles up to reconnect_max)
//!   any --stop--> unbind, close, Stopped                                               (within three seconds)
//! ```
//!
//! It answers `deliver_sm` after the receipt is stored (`Arrived::recorded`): with `ESME_RX_T_APPN` when the queue is full or the
//! dispatcher dropped it, so that the centre comes again. A text sent to us and a receipt without an id or state that we can use are
//! answered with OK, or the centre would repeat them for days. What does not even decode is refused by its number ([`wire`](super::wire)) with
//! `ESME_RX_P_APPN`, which says the same of a `deliver_sm`, or by a `generic_nack`, as are operations that we don't take.
//! Each of these is counted and logged by a fixed word.
//!
//! A link that ends before it has lived for half a minute was none: the pause goes on doubling, so a centre that lets us in only to send
//! rubbish or to hang up is not called twice a second for ever.

use std::sync::Arc;
use std::time::Duration;

use clock::SharedClock;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use futures::{FutureExt, Stream, StreamExt};
use jiff::{SignedDuration, Timestamp};
use rusmpp::pdus::{BindTransceiver, DeliverSm, DeliverSmResp};
use rusmpp::types::COctetString;
use rusmpp::{Command, CommandId, CommandStatus, Pdu};
use rusmppc::{Client, ConnectionBuilder, Event};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::watch;
use tokio_rustls::TlsConnector;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::super::{GOOD_BYE, Receipt, ReceiptSender, secret};
use super::config::SmppConfig;
use super::receipt::{Incoming, read};
use super::turns;
use super::wire::{self, Readable, Unreadable};

/// How long a link lives to have been one.
const A_LIFE: SignedDuration = SignedDuration::from_secs(30);

/// Where the session stands.
#[derive(Clone, Debug)]
pub(super) enum Link {
    Connecting,
    Bound(Client),
    Down { again_at: Timestamp },
    Stopped,
}

trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

/// A bound link.
struct Opened<E> {
    client: Client,
    events: E,
    unreadable: UnboundedReceiver<Unreadable>,
    /// It ends with the link, also where the centre takes nothing more from it.
    _connection: AbortOnDropHandle<()>,
}

pub(super) struct Session {
    pub(super) name: String,
    pub(super) config: SmppConfig,
    pub(super) tls: Option<Arc<rustls::ClientConfig>>,
    pub(super) clock: SharedClock,
    pub(super) receipts: ReceiptSender,
    pub(super) link: watch::Sender<Link>,
    pub(super) stopper: CancellationToken,
}

impl Session {
    pub(super) async fn run(self) {
        let shortest = Duration::from_millis(self.config.reconnect_min_milliseconds);
        let longest = Duration::from_millis(self.config.reconnect_max_milliseconds);
        let mut pause = shortest;
        while !self.stopper.is_cancelled() {
            self.link.send_replace(Link::Connecting);
            let opened = tokio::select! {
                opened = self.open() => opened,
                () = self.stopper.cancelled() => break,
            };
            match opened {
                Ok(Opened { client, events, unreadable, _connection }) => {
                    tracing::info!(provider = %self.name, "bound to the SMS centre");
                    let bound_at = self.clock.now();
                    self.link.send_replace(Link::Bound(client.clone()));
                    let why = tokio::select! {
                        why = self.serve(&client, events, unreadable) => why,
                        () = self.stopped_long_ago() => "no answer to the good-bye",
                    };
                    if self.clock.now().duration_since(bound_at) >= A_LIFE {
                        pause = shortest;
                    }
                    if self.stopper.is_cancelled() {
                        tracing::info!(provider = %self.name, why, "link to the SMS centre given up");
                        break;
                    }
                    tracing::warn!(provider = %self.name, why, "link to the SMS centre lost");
                }
                Err(why) => tracing::warn!(provider = %self.name, why, "no link to the SMS centre"),
            }
            let again_at =
                SignedDuration::try_from(pause).ok().and_then(|pause| self.clock.now().checked_add(pause).ok());
            self.link.send_replace(Link::Down { again_at: again_at.unwrap_or(Timestamp::MAX) });
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.stopper.cancelled() => {}
            }
            pause = pause.saturating_mul(2).min(longest);
        }
        self.link.send_replace(Link::Stopped);
    }

    /// TCP, TLS, bind. The error is a fixed word or the operating system's, never the centre's text.
    async fn open(&self) -> Result<Opened<impl Stream<Item = Event> + Unpin + use<>>, String> {
        let wire = tokio::time::timeout(self.config.connect_timeout(), self.connect())
            .await
            .map_err(|_| "connect timed out".to_owned())?
            .map_err(|error| format!("connect: {error}"))?;
        let (wire, unreadable) = Readable::new(wire);
        let (client, events, connection) = ConnectionBuilder::new()
            .max_command_length(wire::LONGEST)
            .enquire_link_interval(Duration::from_secs(self.config.enquire_link_seconds))
            .enquire_link_response_timeout(self.config.response_timeout())
            .response_timeout(self.config.response_timeout())
            // The crate speaks 5.0 and refuses to say 3.4 unless told so; what we use is the same in both.
            .disable_interface_version_check()
            .no_spawn()
            .connected(wire);
        let connection = tokio::spawn(turns::run(connection, turns::enough_for(self.config.window)));
        let _connection = AbortOnDropHandle::new(connection);
        let bind = self.bind()?;
        client.bind_transceiver(bind).await.map_err(|error| match error {
            rusmppc::error::Error::UnexpectedResponse { response } => format!("bind refused: {:?}", response.status()),
            rusmppc::error::Error::ResponseTimeout { .. } => "bind timed out".to_owned(),
            _ => "connection closed during bind".to_owned(),
        })?;
        Ok(Opened { client, events, unreadable, _connection })
    }

    async fn connect(&self) -> std::io::Result<Box<dyn Wire>> {
        let tcp = TcpStream::connect((self.config.host.as_str(), self.config.port)).await?;
        // PDUs are small and each waits for its answer.
        tcp.set_nodelay(true)?;
        match &self.tls {
            None => Ok(Box::new(tcp)),
            Some(tls) => {
                let name = ServerName::try_from(self.config.host.clone()).map_err(std::io::Error::other)?;
                Ok(Box::new(TlsConnector::from(tls.clone()).connect(name, tcp).await?))
            }
        }
    }

    fn bind(&self) -> Result<BindTransceiver, String> {
        let password = match &self.config.password_file {
            Some(path) => secret("password_file", path).map_err(|error| error.to_string())?.expose().to_owned(),
            None => String::new(),
        };
        let too_long = |key: &'static str| move |_| format!("{key} is too long or not ASCII");
        Ok(BindTransceiver::builder()
            .system_id(COctetString::from_string(self.config.system_id.clone()).map_err(too_long("system_id"))?)
            .password(COctetString::from_string(password).map_err(too_long("password"))?)
            .system_type(COctetString::from_string(self.config.system_type.clone()).map_err(too_long("system_type"))?)
            .interface_version(self.config.interface_version.on_the_wire())
            .build())
    }

    /// A centre that reads nothing more holds up every answer to it, the good-bye included.
    async fn stopped_long_ago(&self) {
        self.stopper.cancelled().await;
        tokio::time::sleep(GOOD_BYE).await;
    }

    /// Serves a bound link until it ends; says why it ended.
    async fn serve(
        &self,
        client: &Client,
        mut events: impl Stream<Item = Event> + Unpin,
        mut unreadable: UnboundedReceiver<Unreadable>,
    ) -> &'static str {
        let mut answers: FuturesUnordered<BoxFuture<'static, (u32, CommandStatus)>> = FuturesUnordered::new();
        loop {
            tokio::select! {
                () = self.stopper.cancelled() => {
                    // What was recorded is answered first; what was not, the centre will send again.
                    while let Some(Some((sequence, status))) = answers.next().now_or_never() {
                        let _ = client.status(status).deliver_sm_resp(sequence, DeliverSmResp::default()).await;
                    }
                    // Neither answer matters any more: the centre may have gone first.
                    let _ = client.unbind().await;
                    let _ = client.close().await;
                    client.closed().await;
                    return "stopped";
                }
                Some((sequence, status)) = answers.next(), if !answers.is_empty() => {
                    // A dead link shows itself as the end of the events.
                    let _ = client.status(status).deliver_sm_resp(sequence, DeliverSmResp::default()).await;
                }
                Some(Unreadable { command, sequence }) = unreadable.recv() => {
                    self.ignored("pdu_unreadable");
                    refuse(client, command, sequence).await;
                }
                event = events.next() => match event {
                    Some(Event::Incoming(command)) => match self.incoming(client, &command).await {
                        Next::Answer(answer) => answers.push(answer),
                        Next::Nothing => {}
                        Next::Unbound => return "the centre unbound",
                    },
                    Some(Event::Error(error)) => return word(&error),
                    None => return "connection closed",
                },
            }
        }
    }

    fn ignored(&self, what: &'static str) {
        tracing::warn!(provider = %self.name, what, "ignored");
        self.receipts.ignored(&self.name, what);
    }

    async fn incoming(&self, client: &Client, command: &Command) -> Next {
        match command.pdu() {
            Some(Pdu::DeliverSm(deliver)) => Next::Answer(self.deliver(command.sequence_number(), deliver)),
            Some(Pdu::Unbind) => {
                let _ = client.unbind_resp(command.sequence_number()).await;
                let _ = client.close().await;
                Next::Unbound
            }
            _ if command.id().is_operation() => {
                self.ignored("operation_not_taken");
                refuse(client, command.id(), command.sequence_number()).await;
                Next::Nothing
            }
            // An answer that came after its time-out: the caller was told Unknown, and its receipt will still come.
            _ => Next::Nothing,
        }
    }

    fn deliver(&self, sequence: u32, deliver: &DeliverSm) -> BoxFuture<'static, (u32, CommandStatus)> {
        let report = match read(deliver) {
            Incoming::Receipt(report) => report,
            Incoming::Text => {
                // Nothing is wrong with it.
                tracing::debug!(provider = %self.name, "incoming text ignored");
                self.receipts.ignored(&self.name, "text");
                return std::future::ready((sequence, CommandStatus::EsmeRok)).boxed();
            }
            Incoming::Unreadable => {
                self.ignored("receipt_unreadable");
                return std::future::ready((sequence, CommandStatus::EsmeRok)).boxed();
            }
        };
        let offered = self.receipts.offer(Receipt {
            provider: self.name.clone(),
            reference: report.reference,
            state: report.state,
            code: report.code,
            at: self.clock.now(),
        });
        async move {
            let recorded = match offered {
                Some(recorded) => recorded.await.is_ok(),
                None => false,
            };
            (sequence, if recorded { CommandStatus::EsmeRok } else { CommandStatus::EsmeRxTAppn })
        }
        .boxed()
    }
}

enum Next {
    Answer(BoxFuture<'static, (u32, CommandStatus)>),
    Nothing,
    Unbound,
}

/// Answers what we don't take, if the protocol has an answer to it.
async fn refuse(client: &Client, command: CommandId, sequence: u32) {
    // A dead link shows itself as the end of the events.
    let _ = match command {
        CommandId::DeliverSm => {
            client.status(CommandStatus::EsmeRxPAppn).deliver_sm_resp(sequence, DeliverSmResp::default()).await
        }
        CommandId::AlertNotification | CommandId::Outbind => Ok(()),
        _ => client.status(CommandStatus::EsmeRinvcmdid).generic_nack(sequence).await,
    };
}

fn word(error: &rusmppc::error::Error) -> &'static str {
    use rusmppc::error::Error;
    match error {
        Error::ConnectionClosedByPeer => "closed by the centre",
        Error::EnquireLinkTimeout { .. } => "no answer to enquire_link",
        Error::Decode(_) => "unreadable PDU",
        Error::Io(error) if error.kind() == std::io::ErrorKind::InvalidData => "unreadable octets",
        Error::Io(_) => "connection broke",
        _ => "connection failed",
    }
}
