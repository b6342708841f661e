//! One task that listens, one per connection.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures::{SinkExt, StreamExt};
use rusmpp::command::CommandParts;
use rusmpp::pdus::{BindTransceiver, BindTransceiverResp, DeliverSm, SubmitSm, SubmitSmResp};
use rusmpp::tokio_codec::CommandCodec;
use rusmpp::types::COctetString;
use rusmpp::values::MessageState;
use rusmpp::{Command, CommandId, CommandStatus, Pdu};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio_rustls::TlsAcceptor;
use tokio_util::codec::Framed;

use super::script::{Act, Form, Receipts, receipt};
use super::{Shared, decode};

/// What a connection's task is asked to do.
#[derive(Debug)]
pub(super) enum Order {
    Deliver { pdu: Box<DeliverSm>, answered: Option<oneshot::Sender<CommandStatus>> },
    Octets { command_id: u32, body: Vec<u8>, answered: oneshot::Sender<CommandStatus> },
    Answer { sequence: u32, status: CommandStatus, message_id: Option<String> },
    AnswerWithoutBody { sequence: u32 },
    Unbind,
    Drop,
}

/// After how long a receipt comes again that could not be taken.
const AGAIN: Duration = Duration::from_secs(1);

trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

pub(super) async fn listen(socket: TcpListener, tls: Option<TlsAcceptor>, shared: Arc<Shared>) {
    while let Ok((tcp, _)) = socket.accept().await {
        // Without it an answer waits up to 40 ms for the one before to be acknowledged.
        let _ = tcp.set_nodelay(true);
        let (tls, shared) = (tls.clone(), shared.clone());
        tokio::spawn(async move {
            let wire: Box<dyn Wire> = match tls {
                None => Box::new(tcp),
                Some(tls) => match tls.accept(tcp).await {
                    Ok(stream) => Box::new(stream),
                    Err(_) => return,
                },
            };
            serve(wire, &shared).await;
            shared.note(|state| state.record.closed += 1);
        });
    }
}

async fn serve(wire: Box<dyn Wire>, shared: &Arc<Shared>) {
    let mut framed = Framed::new(wire, CommandCodec::new());
    let (orders, mut ordered) = mpsc::unbounded_channel();
    let mut waiting: HashMap<u32, oneshot::Sender<CommandStatus>> = HashMap::new();
    let mut sequence = 0;
    loop {
        let out = tokio::select! {
            order = ordered.recv() => match order {
                None | Some(Order::Drop) => return,
                Some(Order::Unbind) => {
                    sequence += 1;
                    Command::new(CommandStatus::EsmeRok, sequence, Pdu::Unbind)
                }
                Some(Order::Deliver { pdu, answered }) => {
                    sequence += 1;
                    if let Some(answered) = answered {
                        waiting.insert(sequence, answered);
                    }
                    Command::new(CommandStatus::EsmeRok, sequence, *pdu)
                }
                Some(Order::Octets { command_id, body, answered }) => {
                    sequence += 1;
                    waiting.insert(sequence, answered);
                    if framed.get_mut().write_all(&octets(command_id, sequence, &body)).await.is_err() {
                        return;
                    }
                    continue;
                }
                Some(Order::Answer { sequence, status, message_id }) => answer(sequence, status, message_id),
                Some(Order::AnswerWithoutBody { sequence }) => {
                    Command::from_parts(CommandParts::new(CommandId::SubmitSmResp, CommandStatus::EsmeRok, sequence, None))
                }
            },
            command = framed.next() => {
                let Some(Ok(command)) = command else { return };
                let number = command.sequence_number();
                match command.pdu() {
                    Some(Pdu::BindTransceiver(bind)) => bound(shared, &orders, number, bind),
                    Some(Pdu::EnquireLink) => {
                        shared.note(|state| state.record.enquire_links += 1);
                        Command::new(CommandStatus::EsmeRok, number, Pdu::EnquireLinkResp)
                    }
                    Some(Pdu::Unbind) => {
                        let ignored = shared.note(|state| {
                            state.record.unbinds += 1;
                            state.ignores_unbind
                        });
                        if ignored {
                            continue;
                        }
                        Command::new(CommandStatus::EsmeRok, number, Pdu::UnbindResp)
                    }
                    Some(Pdu::SubmitSm(submit)) => match submitted(shared, &orders, number, submit) {
                        Flow::Go => continue,
                        Flow::Close => return,
                    },
                    Some(Pdu::DeliverSmResp(_)) => {
                        shared.note(|state| state.record.answers += 1);
                        if let Some(answered) = waiting.remove(&number) {
                            let _ = answered.send(command.status());
                        }
                        continue;
                    }
                    Some(Pdu::GenericNack) => {
                        shared.note(|state| state.record.nacks += 1);
                        if let Some(answered) = waiting.remove(&number) {
                            let _ = answered.send(command.status());
                        }
                        continue;
                    }
                    // Answers to our enquiries and unbinds.
                    _ => continue,
                }
            }
        };
        if framed.send(&out).await.is_err() {
            return;
        }
    }
}

fn bound(shared: &Shared, orders: &mpsc::UnboundedSender<Order>, number: u32, bind: &BindTransceiver) -> Command {
    let status = shared.note(|state| {
        let given = (bind.system_id.as_str(), bind.password.as_str());
        match &state.account {
            Some((system_id, password)) if (system_id.as_str(), password.as_str()) != given => {
                state.record.refused_binds += 1;
                CommandStatus::EsmeRinvpaswd
            }
            _ => {
                state.record.binds += 1;
                state.sessions.push(orders.clone());
                CommandStatus::EsmeRok
            }
        }
    });
    let name = COctetString::from_string("testkit".to_owned()).expect("short");
    Command::new(status, number, BindTransceiverResp::builder().system_id(name).build())
}

enum Flow {
    Go,
    Close,
}

fn submitted(shared: &Arc<Shared>, orders: &mpsc::UnboundedSender<Order>, number: u32, submit: &SubmitSm) -> Flow {
    let (act, receipts, id) = shared.note(|state| {
        let act = state.script.pop_front().unwrap_or_else(|| state.default.clone());
        let refused = matches!(
            act,
            Act::Throttle | Act::QueueFull | Act::Refuse(_) | Act::ThrottleLater(_) | Act::DropBeforeAnswer
        );
        let taken = !refused;
        let id = taken.then(|| {
            state.next_id += 1;
            format!("sms-{}", state.next_id)
        });
        state.record.submits.push(decode::submitted(submit, id.clone()));
        (act, state.receipts, id)
    });
    let no = |status| {
        let _ = orders.send(Order::Answer { sequence: number, status, message_id: None });
        Flow::Go
    };
    match act {
        Act::Throttle => no(CommandStatus::EsmeRthrottled),
        Act::QueueFull => no(CommandStatus::EsmeRmsgqful),
        Act::Refuse(status) => no(status),
        Act::DropBeforeAnswer | Act::AcceptThenDrop => Flow::Close,
        Act::AcceptInSilence => Flow::Go,
        Act::AcceptWithoutBody => {
            let _ = orders.send(Order::AnswerWithoutBody { sequence: number });
            Flow::Go
        }
        Act::AcceptWithoutId => {
            let message_id = Some(String::new());
            let _ = orders.send(Order::Answer { sequence: number, status: CommandStatus::EsmeRok, message_id });
            Flow::Go
        }
        Act::ThrottleLater(gate) => {
            let orders = orders.clone();
            tokio::spawn(async move {
                gate.pass().await;
                let status = CommandStatus::EsmeRthrottled;
                let _ = orders.send(Order::Answer { sequence: number, status, message_id: None });
            });
            Flow::Go
        }
        Act::Accept => {
            accepted(orders, number, receipts, id.as_deref());
            Flow::Go
        }
        Act::Hold(gate) => {
            let orders = orders.clone();
            tokio::spawn(async move {
                gate.pass().await;
                accepted(&orders, number, receipts, id.as_deref());
            });
            Flow::Go
        }
    }
}

/// Answers and receipts, in the order that the script asks for. A connection that went away takes neither.
fn accepted(orders: &mpsc::UnboundedSender<Order>, number: u32, receipts: Receipts, id: Option<&str>) {
    let tell = |state: MessageState| {
        let pdu = Box::new(receipt(id.unwrap_or_default(), state, Form::Tlv));
        let _ = orders.send(Order::Deliver { pdu, answered: None });
    };
    let answer = || {
        let _ = orders.send(Order::Answer {
            sequence: number,
            status: CommandStatus::EsmeRok,
            message_id: id.map(str::to_owned),
        });
    };
    match receipts {
        Receipts::OnDemand => answer(),
        Receipts::Automatic(state) => {
            answer();
            insist(orders.clone(), id.unwrap_or_default().to_owned(), state);
        }
        Receipts::BeforeAnswer(state) => {
            tell(state);
            answer();
        }
        Receipts::Doubled(state) => {
            answer();
            tell(state);
            tell(state);
        }
    }
}

/// Sends a receipt until it is taken, as a centre does that is told to come again.
fn insist(orders: mpsc::UnboundedSender<Order>, id: String, state: MessageState) {
    let (answered, answer) = oneshot::channel();
    let pdu = Box::new(receipt(&id, state, Form::Tlv));
    if orders.send(Order::Deliver { pdu, answered: Some(answered) }).is_ok() {
        tokio::spawn(async move {
            if answer.await == Ok(CommandStatus::EsmeRxTAppn) {
                tokio::time::sleep(AGAIN).await;
                insist(orders, id, state);
            }
        });
    }
}

fn octets(command_id: u32, sequence: u32, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(16 + body.len()).expect("a PDU's length");
    let header = [length, command_id, 0, sequence];
    header.into_iter().flat_map(u32::to_be_bytes).chain(body.iter().copied()).collect()
}

fn answer(sequence: u32, status: CommandStatus, message_id: Option<String>) -> Command {
    let id = COctetString::from_string(message_id.unwrap_or_default()).expect("an id fits");
    Command::new(status, sequence, SubmitSmResp::builder().message_id(id).build())
}
