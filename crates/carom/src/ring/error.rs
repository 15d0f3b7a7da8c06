use std::io;

use crate::sys::SealedError;

/// A peer's fault in a ring, or in the beginning of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RingFault {
    /// Its first bytes are an ordinary message's, where an offer of shared memory was expected.
    #[error(
        "malformed message: the peer sent an ordinary message where this end expects an offer of shared memory; have both ends use shared memory, or neither"
    )]
    NoOffer,
    /// An offer of a form that this version doesn't know.
    #[error("malformed offer of shared memory: the peer's is of a form that this version does not know")]
    OfferForm,
    /// An offer that came without a descriptor, or with several.
    #[error("malformed offer of shared memory: it came with {descriptors} descriptors instead of one")]
    OfferDescriptors {
        /// How many came.
        descriptors: usize,
    },
    /// A file that can change its size, or is none in memory.
    #[error("the peer offered memory that is not sealed, which it could take away while it is read")]
    NotSealed,
    /// Memory that this end could not read and write: its descriptor was opened for less, or it is sealed against writing.
    #[error("the peer offered memory that this end may not write")]
    NotWritable,
    /// A size that no ring has.
    #[error("the peer offered memory of {size} bytes, which is the size of no ring")]
    Size {
        /// The file's size in bytes.
        size: u64,
    },
    /// More than this end accepts.
    #[error("the peer offered a ring of {size} bytes each way, the limit is {limit}")]
    TooLarge {
        /// The offered size of a ring in bytes.
        size: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// A position that can't be.
    #[error("malformed ring: the peer wrote a position into the shared memory that can't be")]
    Position,
    /// Bytes on the socket that are neither a doorbell nor a packet of descriptors.
    #[error("malformed ring: the peer sent something through the ring's socket that does not belong there")]
    Signal,
}

/// Why a connection has no ring, or its ring is no longer used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RingError {
    /// The peer did something wrong.
    #[error(transparent)]
    Peer(#[from] RingFault),
    /// The descriptor is of a kind that carries no descriptors, which only Unix sockets do.
    #[error("shared memory needs a local connection: a Unix socket")]
    NotLocal,
    /// Sealed memory does not exist here, or is forbidden.
    #[error("this system has no sealed shared memory (memfd_create, Linux); use a socket, the default transport")]
    Unsupported,
    /// The peer takes no descriptors, so that no memory can be offered to it.
    #[error("the peer takes no descriptors, and so no shared memory; have both ends use shared memory, or neither")]
    Refused,
    /// A system call failed.
    #[error("shared memory: {syscall}: {}", io::Error::from_raw_os_error(*.errno))]
    System {
        /// The call.
        syscall: &'static str,
        /// Its error number.
        errno: i32,
    },
}

impl RingError {
    pub(crate) fn kind(&self) -> io::ErrorKind {
        match self {
            Self::Peer(_) => io::ErrorKind::InvalidData,
            Self::NotLocal | Self::Unsupported => io::ErrorKind::Unsupported,
            Self::Refused => io::ErrorKind::PermissionDenied,
            Self::System { errno, .. } => io::Error::from_raw_os_error(*errno).kind(),
        }
    }
}

impl From<SealedError> for RingError {
    fn from(error: SealedError) -> Self {
        match error {
            SealedError::Missing => Self::Unsupported,
            SealedError::NotSealed => RingFault::NotSealed.into(),
            SealedError::NotWritable => RingFault::NotWritable.into(),
            SealedError::System { syscall, error } => match error.raw_os_error() {
                Some(errno) => Self::System { syscall, errno },
                None => Self::Unsupported,
            },
        }
    }
}
