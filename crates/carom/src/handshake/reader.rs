use super::{Awaited, HandshakeError, MESSAGE_MAX};
use crate::frame::{FrameError, read_header};

/// The 4-byte form of a header. No message of a handshake needs the other one.
const HEADER: usize = 4;

/// Collects one message at a time, and never asks for a byte past its end.
#[derive(Debug, Default)]
pub(super) struct Reader {
    header: Vec<u8>,
    payload: Vec<u8>,
    /// The payload's length, once the header is whole.
    length: Option<usize>,
}

impl Reader {
    /// How many bytes are still to come of what is being read: the header, then the payload.
    pub(super) fn wants(&self) -> usize {
        match self.length {
            Some(length) => length - self.payload.len(),
            None => HEADER - self.header.len(),
        }
    }

    /// Takes what it wants from the front of `bytes`, and returns the rest of them; with the message, once it is whole.
    pub(super) fn take<'a>(
        &mut self,
        bytes: &'a [u8],
        awaited: Awaited,
    ) -> Result<(&'a [u8], Option<Vec<u8>>), HandshakeError> {
        let (taken, mut rest) = bytes.split_at(self.wants().min(bytes.len()));
        match self.length {
            None => self.header.extend_from_slice(taken),
            Some(_) => self.payload.extend_from_slice(taken),
        }
        if self.length.is_none() && self.header.len() == HEADER {
            self.length = Some(self.announced(awaited)?);
            let (taken, after) = rest.split_at(self.wants().min(rest.len()));
            self.payload.extend_from_slice(taken);
            rest = after;
        }
        if self.length == Some(self.payload.len()) {
            return Ok((rest, Some(std::mem::take(self).payload)));
        }
        Ok((rest, None))
    }

    fn announced(&self, awaited: Awaited) -> Result<usize, HandshakeError> {
        match read_header(&self.header) {
            Ok(Some(header)) if header.payload <= MESSAGE_MAX as u64 => Ok(header.payload as usize),
            Ok(Some(header)) => Err(HandshakeError::TooLong {
                announced: header.payload,
                awaited,
            }),
            // The 64-bit form begins here, which is only for messages that are too long.
            Ok(None) => Err(HandshakeError::MalformedLength { length: -1, awaited }),
            Err(FrameError::MalformedLength { length }) => Err(HandshakeError::MalformedLength { length, awaited }),
            Err(_) => Err(HandshakeError::MalformedLength { length: 0, awaited }),
        }
    }
}
