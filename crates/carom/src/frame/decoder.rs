//! Finding frames in a byte stream.

use std::ops::Range;

use super::{Announcement, FrameError, LONG, SHORT, read_header};

/// Consecutive frames are grouped into runs of at most this many bytes, so that retaining one small message pins no more memory
/// than this. A frame that is longer is a run of its own.
pub const RUN_MAX: usize = 32 * 1024;

/// An incomplete frame of at most this many bytes is carried over to the next read. A longer one moves to memory of its
/// own at once: carrying it would copy it again at every read.
pub const CARRY_MAX: usize = 8 * 1024;

/// The smallest slab that a [`Decoder`] works in, in bytes: what is carried over must leave room to read.
pub const SLAB_MIN: usize = 2 * CARRY_MAX;

/// The slab that connections read into, in bytes: about what a Unix socket's default buffers hold of small messages.
pub const SLAB: usize = 64 * 1024;

/// Whole frames found in a slab, grouped into runs: `slab[..ends[0]]`, `slab[ends[0]..ends[1]]`, …
#[derive(Debug, Default)]
pub struct Runs {
    ends: Vec<usize>,
}

impl Runs {
    /// Where each run ends in the slab; a run begins where the one before it ends.
    #[must_use]
    pub fn ends(&self) -> &[usize] {
        &self.ends
    }

    /// The end of the last whole frame in the slab.
    #[must_use]
    pub fn end(&self) -> usize {
        self.ends.last().copied().unwrap_or(0)
    }

    /// The most runs that a slab of `slab` bytes can have. Any two consecutive ones have more than [`RUN_MAX`] bytes together: they
    /// would be one otherwise.
    #[must_use]
    pub const fn most_in(slab: usize) -> usize {
        2 * (slab / (RUN_MAX + 1)) + 1
    }

    fn push(&mut self, frame: Range<usize>, open: &mut usize) {
        match self.ends.last_mut() {
            Some(end) if frame.end - *open <= RUN_MAX => *end = frame.end,
            _ => {
                self.ends.push(frame.end);
                *open = frame.start;
            }
        }
    }
}

/// The bytes that follow the last whole frame in the slab.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tail {
    /// Nothing, or a part of a header or of a small frame, which the decoder has copied. `announced` is the payload's
    /// length where the header is complete.
    Carried {
        /// The length of the incomplete message, in bytes.
        announced: Option<u64>,
    },
    /// The first part of a payload that needs memory of its own. The caller takes these bytes of the slab, and reads the
    /// remaining ones behind them; [`Decoder::payload_filled`] tells the decoder.
    Own {
        /// The payload's whole length in bytes. The peer's claim: memory should grow with what arrives.
        announced: u64,
        /// Where the payload's first bytes are in the slab.
        arrived: Range<usize>,
    },
}

#[derive(Debug, Clone, Copy)]
enum State {
    Frames,
    Payload { remaining: u64 },
    Failed(FrameError),
}

/// Finds frames in a byte stream that may be cut anywhere, in the memory that the bytes were read into.
///
/// The caller lends a slab for each read: [`begin`](Self::begin) puts what was carried over at its front, the caller reads
/// behind that, and [`find`](Self::find) says where the whole frames are. Between reads, the decoder holds at most
/// [`CARRY_MAX`] bytes.
///
/// ```
/// use carom::frame::{Decoder, Runs, SLAB_MIN};
///
/// let (mut decoder, mut runs, mut slab) = (Decoder::new(u64::MAX), Runs::default(), vec![0; SLAB_MIN]);
/// for piece in [&b"\0\0\0\x02h"[..], b"i\0\0", b"\0\0"] {
///     let start = decoder.begin(&mut slab);
///     slab[start..start + piece.len()].copy_from_slice(piece);
///     decoder.find(&slab[..start + piece.len()], &mut runs)?;
/// }
/// assert_eq!(&slab[..runs.end()], b"\0\0\0\0"); // the empty message; "hi" was found in the second round
/// # Ok::<(), carom::frame::FrameError>(())
/// ```
#[derive(Debug)]
pub struct Decoder {
    limit: u64,
    state: State,
    carry: Vec<u8>,
    messages: u64,
}

impl Decoder {
    /// A decoder that refuses payloads of more than `limit` bytes.
    #[must_use]
    pub fn new(limit: u64) -> Self {
        Self {
            limit,
            state: State::Frames,
            carry: Vec::new(),
            messages: 0,
        }
    }

    /// Refuses payloads of more than `limit` bytes from now on.
    pub(crate) fn set_limit(&mut self, limit: u64) {
        self.limit = limit;
    }

    /// Copies what was carried over to the front of `slab`; the bytes that are read next belong behind it. Returns how
    /// many bytes that is.
    ///
    /// # Panics
    ///
    /// Where `slab` is smaller than [`SLAB_MIN`].
    pub fn begin(&self, slab: &mut [u8]) -> usize {
        // Without room behind what is carried over, a read of nothing would look like the end of the stream.
        assert!(
            slab.len() >= SLAB_MIN,
            "a slab of {} bytes is too small, {SLAB_MIN} are needed",
            slab.len()
        );
        slab[..self.carry.len()].copy_from_slice(&self.carry);
        self.carry.len()
    }

    /// Finds the whole frames in `filled`, the part of the slab that holds bytes, and takes over what follows them.
    ///
    /// # Errors
    ///
    /// The peer's fault. Frames before the fault are found first: the error then comes from the next call.
    pub fn find(&mut self, filled: &[u8], runs: &mut Runs) -> Result<Tail, FrameError> {
        runs.ends.clear();
        if let State::Failed(error) = self.state {
            return Err(error);
        }
        let (mut at, mut open) = (0, 0);
        let incomplete = loop {
            let header = match self.admit(&filled[at..]) {
                Ok(Some(header)) => header,
                Ok(None) => break None,
                Err(error) => return self.fail(error, runs),
            };
            let start = at + header.header;
            if header.payload > (filled.len() - start) as u64 {
                break Some((start, header));
            }
            let end = start + header.payload as usize;
            runs.push(at..end, &mut open);
            self.messages += 1;
            at = end;
        };
        self.carry.clear();
        if let Some((start, header)) = incomplete
            && header.payload > (CARRY_MAX - header.header) as u64
        {
            self.carry = Vec::new();
            self.state = State::Payload {
                remaining: header.payload - (filled.len() - start) as u64,
            };
            return Ok(Tail::Own {
                announced: header.payload,
                arrived: start..filled.len(),
            });
        }
        if at < filled.len() {
            self.carry.extend_from_slice(&filled[at..]);
        } else if self.carry.capacity() > 0 {
            // A connection at rest holds no memory.
            self.carry = Vec::new();
        }
        Ok(Tail::Carried {
            announced: incomplete.map(|(_, header)| header.payload),
        })
    }

    /// How many bytes to read next so that none of the following message is among them: the rest of the header, or of the
    /// payload behind a header that was carried over. Not while a payload in memory of its own is incomplete.
    ///
    /// ```
    /// use carom::frame::{Decoder, Runs, SLAB_MIN};
    ///
    /// let (mut decoder, mut runs, mut slab) = (Decoder::new(u64::MAX), Runs::default(), vec![0; SLAB_MIN]);
    /// for (piece, remaining) in [(&b"\0\0\0"[..], 4), (&b"\x02"[..], 1), (&b"hi"[..], 2)] {
    ///     assert_eq!(decoder.frame_remaining(), remaining);
    ///     let start = decoder.begin(&mut slab);
    ///     slab[start..start + piece.len()].copy_from_slice(piece);
    ///     decoder.find(&slab[..start + piece.len()], &mut runs)?;
    /// }
    /// assert_eq!(&slab[..runs.end()], b"\0\0\0\x02hi");
    /// # Ok::<(), carom::frame::FrameError>(())
    /// ```
    #[must_use]
    pub fn frame_remaining(&self) -> usize {
        let carried = self.carry.len();
        match self.admit(&self.carry) {
            // A payload that is carried over is short.
            Ok(Some(header)) => header.header + header.payload as usize - carried,
            _ if carried < SHORT => SHORT - carried,
            _ => LONG - carried,
        }
    }

    /// How many bytes of a payload in memory of its own are still to come; 0 between frames.
    #[must_use]
    pub fn payload_remaining(&self) -> u64 {
        match self.state {
            State::Payload { remaining } => remaining,
            State::Frames | State::Failed(_) => 0,
        }
    }

    /// Counts `bytes` more of a payload in memory of its own as received.
    pub fn payload_filled(&mut self, bytes: usize) {
        if let State::Payload { remaining } = self.state {
            self.state = match remaining.saturating_sub(bytes as u64) {
                0 => {
                    self.messages += 1;
                    State::Frames
                }
                remaining => State::Payload { remaining },
            };
        }
    }

    /// Whether bytes of an incomplete message have been received.
    #[must_use]
    pub fn inside_message(&self) -> bool {
        !self.carry.is_empty() || self.payload_remaining() > 0
    }

    /// How many whole messages have been received.
    #[must_use]
    pub fn messages(&self) -> u64 {
        self.messages
    }

    /// The peer's fault, once there is one: everything before that was found.
    #[must_use]
    pub fn fault(&self) -> Option<FrameError> {
        match self.state {
            State::Failed(error) => Some(error),
            State::Frames | State::Payload { .. } => None,
        }
    }

    /// The meaning of the end of the stream now.
    ///
    /// # Errors
    ///
    /// [`FrameError::Truncated`] inside a message; an earlier fault again.
    pub fn end(&self) -> Result<(), FrameError> {
        match self.fault() {
            Some(error) => Err(error),
            None if self.inside_message() => Err(FrameError::Truncated),
            None => Ok(()),
        }
    }

    fn admit(&self, bytes: &[u8]) -> Result<Option<Announcement>, FrameError> {
        match read_header(bytes)? {
            Some(header) if header.payload > self.limit => Err(FrameError::TooLong {
                announced: header.payload,
                limit: self.limit,
            }),
            header => Ok(header),
        }
    }

    fn fail(&mut self, error: FrameError, runs: &Runs) -> Result<Tail, FrameError> {
        self.state = State::Failed(error);
        self.carry = Vec::new();
        if runs.ends.is_empty() {
            Err(error)
        } else {
            Ok(Tail::Carried { announced: None })
        }
    }
}
