//! The octets from the centre, on their way to rusmppc.
//!
//! rusmppc ends the connection at the first PDU that it can't decode and leaves it unanswered. A centre sends such a `deliver_sm` again
//! after the next bind, and that link ends too: one damaged receipt would keep us off the network for as long as the centre keeps
//! it. So each PDU is tried here first, by the same codec.
//!
//! | PDU | what becomes of it |
//! |---|---|
//! | decodes to its last octet | passed on |
//! | an answer, or a request without a body by the protocol, that does not | its header is passed on: number and status are sound |
//! | any other request that does not | held back and told to the session, which refuses it by its number |
//! | a length that can't be | the end of the link: nothing says where the next PDU begins |

use std::io::{Error, ErrorKind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use rusmpp::CommandId;
use rusmpp::tokio_codec::CommandCodec;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::mpsc;
use tokio_util::bytes::{Buf, BufMut, BytesMut};
use tokio_util::codec::Decoder;

const HEADER: usize = 16;

/// The longest PDU that is read: one with the longest `message_payload`, and room for all the rest.
pub(super) const LONGEST: usize = 70_000;

/// A request that can't be read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unreadable {
    pub(super) command: CommandId,
    pub(super) sequence: u32,
}

/// A connection that gives out PDUs which decode, and nothing else.
#[derive(Debug)]
pub(super) struct Readable<S> {
    inner: S,
    arrived: BytesMut,
    tried: BytesMut,
    unreadable: mpsc::UnboundedSender<Unreadable>,
}

// === impl Readable ===

impl<S> Readable<S> {
    pub(super) fn new(inner: S) -> (Self, mpsc::UnboundedReceiver<Unreadable>) {
        let (unreadable, told) = mpsc::unbounded_channel();
        (Self { inner, arrived: BytesMut::new(), tried: BytesMut::new(), unreadable }, told)
    }

    /// Tries what has arrived whole.
    fn try_pdus(&mut self) -> Result<(), Error> {
        while let Some(length) = self.arrived.first_chunk().map(|length| u32::from_be_bytes(*length)) {
            let length = usize::try_from(length).unwrap_or(usize::MAX);
            if !(HEADER..=LONGEST).contains(&length) {
                return Err(Error::new(ErrorKind::InvalidData, "no PDU has this length"));
            }
            if self.arrived.len() < length {
                break;
            }
            let pdu = self.arrived.split_to(length);
            if decodes(&pdu) {
                self.tried.extend_from_slice(&pdu);
                continue;
            }
            let mut header = &pdu[4..HEADER];
            let command = CommandId::from(header.get_u32());
            let (status, sequence) = (header.get_u32(), header.get_u32());
            if command.is_response() || matches!(command, CommandId::Unbind | CommandId::EnquireLink) {
                for word in [HEADER as u32, command.into(), status, sequence] {
                    self.tried.put_u32(word);
                }
            } else {
                // The session that would answer may be gone already.
                let _ = self.unreadable.send(Unreadable { command, sequence });
            }
        }
        Ok(())
    }
}

/// Whether the codec makes something of it, and of all of it: an octet that it leaves would be the beginning of the next PDU. A `deliver_sm`
/// without a body decodes, to nothing.
fn decodes(pdu: &[u8]) -> bool {
    let mut rest = BytesMut::from(pdu);
    match CommandCodec::new().without_max_length().decode(&mut rest) {
        Ok(Some(command)) => rest.is_empty() && (command.pdu().is_some() || command.id() != CommandId::DeliverSm),
        _ => false,
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Readable<S> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        let this = self.get_mut();
        while this.tried.is_empty() {
            let mut chunk = [0; 4096];
            let mut chunk = ReadBuf::new(&mut chunk);
            ready!(Pin::new(&mut this.inner).poll_read(context, &mut chunk))?;
            if chunk.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
            this.arrived.extend_from_slice(chunk.filled());
            this.try_pdus()?;
        }
        let length = out.remaining().min(this.tried.len());
        out.put_slice(&this.tried.split_to(length));
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Readable<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, octets: &[u8]) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.get_mut().inner).poll_write(context, octets)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    const SUBMIT_SM_RESP: u32 = 0x8000_0004;
    const DELIVER_SM: u32 = 5;
    const ENQUIRE_LINK: u32 = 0x15;

    fn pdu(command: u32, status: u32, sequence: u32, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(HEADER + body.len()).expect("short");
        [length, command, status, sequence].into_iter().flat_map(u32::to_be_bytes).chain(body.iter().copied()).collect()
    }

    /// What comes through, octets in pieces of seven, and what is told.
    async fn through(octets: Vec<u8>) -> (std::io::Result<Vec<u8>>, Vec<(CommandId, u32)>) {
        let (mut centre, ours) = tokio::io::duplex(7);
        let (mut readable, mut told) = Readable::new(ours);
        let sending = tokio::spawn(async move {
            // It may be turned away in the middle.
            let _ = centre.write_all(&octets).await;
        });
        let mut came = Vec::new();
        let read = readable.read_to_end(&mut came).await.map(|_| came);
        drop(readable);
        sending.await.expect("no panic");
        let told = std::iter::from_fn(|| told.try_recv().ok()).map(|it| (it.command, it.sequence)).collect();
        (read, told)
    }

    #[tokio::test]
    async fn what_can_be_read_of_it_comes_through() {
        let good = [pdu(SUBMIT_SM_RESP, 0, 1, b"id\0"), pdu(ENQUIRE_LINK, 0, 2, b"")].concat();
        let (came, told) = through(good.clone()).await;
        assert_eq!((came.expect("readable"), told), (good.clone(), vec![]));

        let bad = [
            // No end of the id; a body where there is none; a request with neither head nor tail.
            pdu(SUBMIT_SM_RESP, 0x58, 3, b"id"),
            pdu(ENQUIRE_LINK, 0, 4, b"body"),
            pdu(DELIVER_SM, 0, 5, b"rubbish"),
            pdu(DELIVER_SM, 0, 6, b""),
        ];
        let heads = [pdu(SUBMIT_SM_RESP, 0x58, 3, b""), pdu(ENQUIRE_LINK, 0, 4, b"")].concat();
        let (came, told) = through([&bad.concat()[..], &good[..]].concat()).await;
        assert_eq!(came.expect("readable"), [heads, good].concat());
        assert_eq!(told, [(CommandId::DeliverSm, 5), (CommandId::DeliverSm, 6)]);
    }

    #[tokio::test]
    async fn a_length_that_cannot_be_ends_it() {
        for length in [0, 15, 70_001, u32::MAX] {
            let (came, told) = through([&length.to_be_bytes()[..], &[0; 12]].concat()).await;
            assert_eq!((came.expect_err("no way on").kind(), told), (ErrorKind::InvalidData, vec![]));
        }
    }
}
