use std::io;

use crate::address::AddressError;
use crate::codec_error::{DecodeError, EncodeError};
use crate::frame::FrameError;
#[cfg(feature = "auth")]
use crate::handshake::HandshakeError;
use crate::ring::{RingError, RingFault};
use crate::system_error::SystemError;

/// Why an operation on a connection failed.
///
/// As [`io::Error`], where a caller wants one, it has the [kind](Self::kind) that a socket's error would have, and keeps this one inside:
///
/// ```
/// use std::io;
///
/// fn first_message(mut connection: carom::Connection) -> io::Result<Vec<u8>> {
///     Ok(connection.recv_bytes()?)
/// }
///
/// let (a, b) = carom::pipe()?;
/// drop(a);
/// let error = first_message(b).unwrap_err();
/// assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
/// assert!(matches!(error.downcast(), Ok(carom::Error::Eof)));
/// # Ok::<(), carom::Error>(())
/// ```
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
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// A message could not be decoded. It is here, and the next one is unharmed.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// An address that can't be used.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// Binding, connecting, accepting or looking a name up failed.
    #[error(transparent)]
    System(#[from] SystemError),
    /// The peer did not prove that it knows the authkey, or did not accept our proof.
    #[cfg(feature = "auth")]
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

impl Error {
    /// The kind that this is among the system's errors.
    #[must_use]
    pub fn kind(&self) -> io::ErrorKind {
        use io::ErrorKind;
        match self {
            Self::Eof | Self::Frame(FrameError::Truncated) => ErrorKind::UnexpectedEof,
            Self::Frame(_) | Self::Decode(_) => ErrorKind::InvalidData,
            Self::NotReadable | Self::NotWritable => ErrorKind::Unsupported,
            Self::BufferTooShort { .. } | Self::Encode(_) | Self::Address(_) => ErrorKind::InvalidInput,
            Self::System(error) => error.kind(),
            #[cfg(feature = "auth")]
            Self::Handshake(error) => error.kind(),
            Self::Ring(error) => error.kind(),
            Self::TimedOut => ErrorKind::TimedOut,
            Self::Io(error) => error.kind(),
        }
    }
}

impl From<Error> for io::Error {
    /// The system's own error where there is one; any other as the inner error of its [kind](Error::kind).
    fn from(error: Error) -> Self {
        match error {
            Error::Io(error) => error,
            error => Self::new(error.kind(), error),
        }
    }
}

impl From<RingFault> for Error {
    fn from(fault: RingFault) -> Self {
        Self::Ring(fault.into())
    }
}
