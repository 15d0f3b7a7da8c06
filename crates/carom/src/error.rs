use std::io;

use crate::address::AddressError;
use crate::frame::FrameError;
use crate::handshake::HandshakeError;
use crate::ring::{RingError, RingFault};
use crate::system_error::SystemError;

/// Why an operation on a connection failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The peer has closed its end, and everything that it sent has been received.
    #[error("end of stream: the peer has closed the connection")]
    Eof,
    /// The peer broke the framing, or closed its end inside a message.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// A receive on the sending end of a one-way pipe, or after a message that was too long.
    #[error("this end of the connection does not receive")]
    NotReadable,
    /// A send on the receiving end of a one-way pipe.
    #[error("this end of the connection does not send")]
    NotWritable,
    /// The caller's buffer can't hold the message. The whole message is here, so nothing is lost.
    #[error("the buffer holds {capacity} bytes, the message has {}", message.len())]
    BufferTooShort {
        /// The buffer's size in bytes.
        capacity: usize,
        /// The message.
        message: Vec<u8>,
    },
    /// A value could not be encoded; nothing was sent.
    #[error("the value can't be encoded: {0}")]
    Encode(#[from] rmp_serde::encode::Error),
    /// A message could not be decoded; the next one is unharmed.
    #[error("the message can't be decoded: {0}")]
    Decode(#[from] rmp_serde::decode::Error),
    /// An address that can't be used.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// Binding, connecting, accepting or looking a name up failed.
    #[error(transparent)]
    System(#[from] SystemError),
    /// The peer did not prove that it knows the authkey, or did not accept our proof.
    #[error(transparent)]
    Handshake(#[from] HandshakeError),
    /// There is no shared memory for this connection, or the peer has broken its rules.
    #[error(transparent)]
    Ring(#[from] RingError),
    /// The time was up before a peer connected, or a listener was reached.
    #[error("timed out")]
    TimedOut,
    /// A system call failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

#[cfg(unix)]
impl From<rustix::io::Errno> for Error {
    fn from(errno: rustix::io::Errno) -> Self {
        Self::Io(errno.into())
    }
}

impl From<RingFault> for Error {
    fn from(fault: RingFault) -> Self {
        Self::Ring(fault.into())
    }
}
