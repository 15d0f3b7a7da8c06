//! Bytes that have been read from a channel and not yet been received.

use std::cell::RefCell;

use crate::channel::{Channel, Received};
use crate::frame::{Decoder, Runs, SLAB, Tail, read_header};
use crate::sys::{AsFd, Deadline};
use crate::{Error, Result};

/// How much memory a long payload's buffer grows by at a time. The announced length is a claim by the peer; memory grows
/// with what arrives.
const GROWTH: usize = 256 * 1024;

thread_local! {
    /// One hot slab serves all connections of a thread: it is lent for one read.
    static LENT: RefCell<(Vec<u8>, Runs)> = RefCell::new((vec![0; SLAB], Runs::default()));
}

/// The outcome of one read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Filled {
    /// Nothing came in time.
    Nothing,
    /// Bytes came; `drained`: they were all that the kernel had.
    Bytes { drained: bool },
}

/// Messages in memory of their own, between the channel and their receiver.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    /// Whole frames that have been read and not yet received, from `received` on.
    frames: Vec<u8>,
    received: usize,
    /// The long message behind those frames: as much of it as has arrived.
    payload: Option<Vec<u8>>,
}

impl Inbox {
    /// Whether a whole message is here.
    pub(crate) fn has_message(&self, decoder: &Decoder) -> bool {
        self.received < self.frames.len() || (self.payload.is_some() && decoder.payload_remaining() == 0)
    }

    /// Takes the oldest whole message, if there is one.
    pub(crate) fn take(&mut self, decoder: &Decoder) -> Option<Vec<u8>> {
        if self.received < self.frames.len() {
            let rest = &self.frames[self.received..];
            // Only frames that the decoder has found whole are kept here.
            let header = read_header(rest).ok().flatten()?;
            let end = header.header + header.payload as usize;
            let message = rest.get(header.header..end)?.to_vec();
            self.received += end;
            if self.received == self.frames.len() {
                (self.frames, self.received) = (Vec::new(), 0);
            }
            return Some(message);
        }
        self.payload.take_if(|_| decoder.payload_remaining() == 0)
    }

    /// Reads once, where no whole message is here.
    ///
    /// # Errors
    ///
    /// [`Error::Eof`] where the peer has closed between two messages; otherwise as [`Channel::receive`] and
    /// [`Channel::receive_payload`].
    pub(crate) fn fill<F: AsFd>(&mut self, channel: &mut Channel<F>, deadline: Deadline) -> Result<Filled> {
        if let Some(payload) = &mut self.payload {
            return fill_payload(channel, payload, deadline);
        }
        LENT.with_borrow_mut(|(slab, runs)| match channel.receive(slab, runs, deadline)? {
            Received::Nothing => Ok(Filled::Nothing),
            Received::End => Err(Error::Eof),
            Received::Bytes { tail, drained } => {
                self.frames.extend_from_slice(&slab[..runs.end()]);
                if let Tail::Own { arrived, .. } = tail {
                    self.payload = Some(slab[arrived].to_vec());
                }
                Ok(Filled::Bytes { drained })
            }
        })
    }
}

fn fill_payload<F: AsFd>(channel: &mut Channel<F>, payload: &mut Vec<u8>, deadline: Deadline) -> Result<Filled> {
    let filled = payload.len();
    let remaining = usize::try_from(channel.decoder().payload_remaining()).unwrap_or(usize::MAX);
    if payload.capacity() - filled < remaining.min(GROWTH) {
        // Doubling, so that the copies of a growing payload add up to less than the payload.
        payload.reserve_exact(remaining.min(filled.max(GROWTH)));
    }
    payload.resize(filled + remaining.min(GROWTH), 0);
    let received = channel.receive_payload(&mut payload[filled..], deadline);
    payload.truncate(filled + received.as_ref().ok().copied().flatten().unwrap_or(0));
    // The read was for the payload alone: there may be more.
    Ok(received?.map_or(Filled::Nothing, |_| Filled::Bytes { drained: false }))
}
