//! The wire: a length, then that many bytes. No I/O happens here.
//!
//! A frame is a header and a payload. The header is a **signed** 32-bit big-endian length. A payload of more than
//! [`MAX_SHORT`] bytes is announced by the length −1 followed by an **unsigned** 64-bit big-endian length. A length of 0
//! is a message. Any other negative length is malformed: `CPython` takes it for an empty message and goes on, which hides
//! that the two ends have lost step, so it is refused here. So is an end of the stream anywhere but between two frames.
//!
//! Senders may cut the stream anywhere; a [`Decoder`] finds the frames again in the memory that the bytes were read into.

mod decoder;

pub use decoder::{CARRY_MAX, Decoder, RUN_MAX, Runs, SLAB, SLAB_MIN, Tail};

/// The longest payload that the 4-byte header can announce, in bytes.
pub const MAX_SHORT: u64 = 0x7fff_ffff;

/// The length, in a frame's header, that announces an offer of shared memory. No message has it.
pub const OFFER_LENGTH: i32 = -2;

/// How many bytes a header has: in its short form, and in the 64-bit form.
const SHORT: usize = 4;
const LONG: usize = 12;

/// A peer's fault on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// A negative length other than −1.
    #[error("{}", malformed(*length))]
    MalformedLength {
        /// The length as received.
        length: i32,
    },
    /// A length above the limit that the receiver has set.
    #[error("message too long: the peer announced {announced} bytes, the limit is {limit}")]
    TooLong {
        /// The announced length in bytes.
        announced: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// The peer closed inside a header or inside a payload.
    #[error("the peer closed the connection inside a message")]
    Truncated,
}

/// The words for a negative length. One of them offers shared memory.
fn malformed(length: i32) -> String {
    if length == OFFER_LENGTH {
        "malformed message: the peer offers shared memory, which this end does not expect; have both ends use shared memory, or neither".to_owned()
    } else {
        format!("malformed message: the peer announced a length of {length} bytes")
    }
}

/// The bytes that announce a payload.
#[derive(Debug, Clone, Copy)]
pub struct Header {
    bytes: [u8; LONG],
    size: usize,
}

impl Header {
    /// The longest that a header can be, in bytes.
    pub(crate) const MAX: usize = LONG;

    /// The header of a payload of `length` bytes, in the short form wherever it fits.
    #[must_use]
    pub fn new(length: u64) -> Self {
        let mut bytes = [0; LONG];
        if length <= MAX_SHORT {
            bytes[..SHORT].copy_from_slice(&(length as u32).to_be_bytes());
            Self { bytes, size: SHORT }
        } else {
            bytes[..SHORT].copy_from_slice(&(-1_i32).to_be_bytes());
            bytes[SHORT..].copy_from_slice(&length.to_be_bytes());
            Self { bytes, size: LONG }
        }
    }

    /// The header as it goes on the wire.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.size]
    }
}

/// A header that has been read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Announcement {
    /// The header's own size in bytes: 4, or 12 in the 64-bit form.
    pub header: usize,
    /// The payload's length in bytes.
    pub payload: u64,
}

/// Reads the header at the start of `bytes`, or `None` while it is incomplete.
///
/// ```
/// use carom::frame::{Announcement, read_header};
///
/// assert_eq!(read_header(&[0, 0, 0, 4, b'p'])?, Some(Announcement { header: 4, payload: 4 }));
/// assert_eq!(read_header(&[0, 0])?, None);
/// assert!(read_header(&[0x80, 0, 0, 0]).is_err());
/// # Ok::<(), carom::frame::FrameError>(())
/// ```
///
/// # Errors
///
/// [`FrameError::MalformedLength`] for a negative length that doesn't announce the 64-bit form.
pub fn read_header(bytes: &[u8]) -> Result<Option<Announcement>, FrameError> {
    let Some((short, rest)) = bytes.split_first_chunk::<4>() else {
        return Ok(None);
    };
    match i32::from_be_bytes(*short) {
        -1 => Ok(rest.first_chunk::<8>().map(|long| Announcement {
            header: 12,
            payload: u64::from_be_bytes(*long),
        })),
        length => u64::try_from(length)
            .map(|payload| Some(Announcement { header: 4, payload }))
            .map_err(|_| FrameError::MalformedLength { length }),
    }
}
