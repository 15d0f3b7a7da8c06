//! A descriptor and its decoder, in memory that the caller lends.
//!
//! A [`Channel`] owns no buffers: bytes are read into a slab that the caller lends for one call, and the frames are found
//! in it in place. So a language binding can read into memory of its own runtime, and ten thousand idle channels hold
//! none. [`Connection`](crate::Connection) is this with memory, for Rust programs.

use crate::sys::{AsFd, BorrowedFd, OwnedFd, PeerFd, PeerFds};
use std::io::{self, IoSlice};
use std::time::{Duration, Instant};

use crate::Result;
use crate::arrivals::{Arrivals, Place, owner};
use crate::frame::{Decoder, FrameError, Runs, Tail};
use crate::spin::Spin;
use crate::sys::{self, Beside, Deadline, Kind, Transport};

mod link;
mod ring;
mod running;
mod signals;
mod start;

use link::Link;

/// The outcome of a [`Channel::receive`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Received {
    /// Bytes. The whole frames among them are in the slab, as the runs say (there may be none), and `tail` says what
    /// follows them.
    Bytes {
        /// The bytes that follow the last whole frame.
        tail: Tail,
        /// Whether the kernel had no more when this was read. If not, the next call may have something to say at once: more
        /// bytes, the end, or what the peer did wrong behind these frames.
        drained: bool,
    },
    /// Nothing came in time.
    Nothing,
    /// The peer has closed, between two messages.
    End,
}

/// A framed byte transport over one descriptor, which it owns, or shares with a half that only sends.
#[derive(Debug)]
pub struct Channel<F = PeerFd> {
    fd: F,
    kind: Kind,
    decoder: Decoder,
    spin: Spin,
    /// Where the channel takes descriptors: those that have arrived with messages.
    descriptors: Option<Arrivals>,
    /// The outcome of the last read.
    brought: PeerFds,
    /// The last read may have stopped before what the kernel has.
    cut: bool,
    read_ahead: bool,
    /// The shared memory that takes the socket's place.
    link: Option<Box<Link>>,
    /// Whether descriptors are taken. While an offer of shared memory is expected, the kernel takes them all the same.
    passes_descriptors: bool,
}

impl Channel {
    /// A channel over `fd`, a stream socket or a FIFO; payloads of more than `limit` bytes are refused.
    ///
    /// # Errors
    ///
    /// [`Error::Io`](crate::Error::Io) where the descriptor is of another kind.
    pub fn new(fd: OwnedFd, limit: u64, spin: Spin) -> Result<Self> {
        let kind = sys::kind(fd.as_fd())?;
        Ok(Self::of_kind(fd, kind, limit, spin))
    }

    /// As [`new`](Self::new), for a descriptor whose [kind](sys::kind) is known.
    #[must_use]
    pub fn of_kind(fd: OwnedFd, kind: Kind, limit: u64, spin: Spin) -> Self {
        Self::over(fd.into(), kind, limit, spin)
    }

    /// Gives the descriptor up.
    #[must_use]
    pub fn into_fd(self) -> OwnedFd {
        self.fd.into_inner()
    }
}

impl<F: AsFd> Channel<F> {
    /// A channel over a descriptor of the given kind, owned or borrowed.
    pub(crate) fn over(fd: F, kind: Kind, limit: u64, spin: Spin) -> Self {
        Self {
            fd,
            kind,
            decoder: Decoder::new(limit),
            spin,
            descriptors: None,
            brought: PeerFds::default(),
            cut: false,
            read_ahead: true,
            link: None,
            passes_descriptors: true,
        }
    }

    /// The same channel over the same descriptor, which `convert` gives another owner.
    pub(crate) fn with_fd<G, E>(
        self,
        convert: impl FnOnce(F) -> std::result::Result<G, E>,
    ) -> std::result::Result<Channel<G>, E> {
        Ok(Channel {
            fd: convert(self.fd)?,
            kind: self.kind,
            decoder: self.decoder,
            spin: self.spin,
            descriptors: self.descriptors,
            brought: self.brought,
            cut: self.cut,
            read_ahead: self.read_ahead,
            link: self.link,
            passes_descriptors: self.passes_descriptors,
        })
    }

    /// The descriptor, as it is owned.
    pub(crate) fn fd(&self) -> &F {
        &self.fd
    }

    /// Refuses payloads of more than `limit` bytes from now on.
    pub(crate) fn set_limit(&mut self, limit: u64) {
        self.decoder.set_limit(limit);
    }

    /// Takes no more from the kernel, from now on, than the message that is being received: first its header, then its
    /// payload. For an end from which several processes receive in turn, each of which would keep what it had read ahead.
    pub fn disable_read_ahead(&mut self) {
        // A read of a named pipe of Windows takes one message at most, and has no header to read first.
        self.read_ahead = cfg!(windows) && self.kind.transport == Transport::File;
    }

    /// Takes descriptors from now on that the peer sends with its messages, where the transport carries them. Unless this is
    /// called, they are closed.
    ///
    /// # Errors
    ///
    /// The kernel's error.
    pub fn accept_descriptors(&mut self) -> io::Result<()> {
        self.pass_descriptors()?;
        if self.kind.carries_descriptors {
            self.descriptors.get_or_insert_default();
        }
        Ok(())
    }

    /// Has the kernel take descriptors, for a caller that receives them outside the framing, by
    /// [`receive_with_fds`](sys::receive_with_fds). Those that come with messages are closed.
    ///
    /// # Errors
    ///
    /// The kernel's error.
    pub fn pass_descriptors(&mut self) -> io::Result<()> {
        self.passes_descriptors = true;
        if self.kind.carries_descriptors {
            sys::pass_rights(self.fd.as_fd(), true)?;
        }
        Ok(())
    }

    /// Refuses descriptors from now on, at their sender where the kernel can.
    ///
    /// # Errors
    ///
    /// The kernel's error.
    pub fn refuse_descriptors(&mut self) -> io::Result<()> {
        self.passes_descriptors = false;
        if self.kind.carries_descriptors && !self.expects_offer() {
            sys::pass_rights(self.fd.as_fd(), false)?;
        }
        Ok(())
    }

    /// Whether there are descriptors to be taken.
    #[must_use]
    pub fn has_descriptors(&self) -> bool {
        self.descriptors.as_ref().is_some_and(|arrivals| !arrivals.is_empty())
    }

    /// The descriptors that came with `message`, counted from 0 in the order of the stream: those that were sent beside its first
    /// byte, and no others. Fewer than were sent where this process may not have more open. What came with the messages before,
    /// and was not taken, is closed.
    ///
    /// The descriptors of two messages are kept, 506 at most, so they have to be taken before more is received.
    pub fn take_descriptors(&mut self, message: u64) -> PeerFds {
        self.descriptors
            .as_mut()
            .and_then(|arrivals| arrivals.take(message))
            .unwrap_or_default()
    }

    /// The uses that the descriptor has.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// How long a blocking call looks for data before it sleeps.
    #[must_use]
    pub fn spin(&self) -> &Spin {
        &self.spin
    }

    /// The decoder's state: is a message incomplete, how much of a payload is still to come?
    #[must_use]
    pub fn decoder(&self) -> &Decoder {
        &self.decoder
    }

    /// Reads into `slab`, once, and finds the whole frames there. May not be called while a payload in memory of its own
    /// is incomplete: see [`receive_payload`](Self::receive_payload).
    ///
    /// # Errors
    ///
    /// [`Error::Frame`](crate::Error::Frame) for what the peer did wrong, [`Error::Io`](crate::Error::Io) for what the kernel reports.
    ///
    /// # Panics
    ///
    /// Where `slab` is smaller than [`SLAB_MIN`](crate::frame::SLAB_MIN).
    pub fn receive(&mut self, slab: &mut [u8], runs: &mut Runs, deadline: Deadline) -> Result<Received> {
        debug_assert_eq!(self.decoder.payload_remaining(), 0, "the payload comes first");
        if let Some(fault) = self.decoder.fault() {
            return Err(fault.into());
        }
        let start = self.decoder.begin(slab);
        let before = Place::of(&self.decoder);
        let end = if self.read_ahead {
            slab.len()
        } else {
            start + self.decoder.frame_remaining()
        };
        match self.read(&mut slab[start..end], deadline)? {
            None => Ok(Received::Nothing),
            Some(0) => {
                self.decoder.end()?;
                Ok(Received::End)
            }
            Some(bytes) => {
                let filled = start + bytes;
                let found = self.decoder.find(&slab[..filled], runs);
                if !self.brought.is_empty() {
                    self.keep_descriptors(before);
                }
                let tail = found?;
                self.acknowledge();
                Ok(Received::Bytes {
                    tail,
                    drained: filled < end && self.decoder.fault().is_none() && !self.cut,
                })
            }
        }
    }

    /// Reads more of the incomplete payload to the front of `memory`, once: how many bytes, or `None` where nothing came
    /// in time. Never reads past the payload's end.
    ///
    /// # Errors
    ///
    /// [`FrameError::Truncated`] where the peer has closed, [`Error::Io`](crate::Error::Io) for what the kernel reports.
    pub fn receive_payload(&mut self, memory: &mut [u8], deadline: Deadline) -> Result<Option<usize>> {
        let remaining = usize::try_from(self.decoder.payload_remaining()).unwrap_or(usize::MAX);
        let length = memory.len().min(remaining);
        if length == 0 {
            return Ok(Some(0));
        }
        let mut filled = 0;
        loop {
            let deadline = if filled == 0 { deadline } else { Deadline::Now };
            match self.read(&mut memory[filled..length], deadline)? {
                Some(0) if filled == 0 => return Err(FrameError::Truncated.into()),
                Some(bytes) => {
                    // A descriptor that came in the middle of a message belongs to none.
                    if !self.brought.is_empty() {
                        self.brought = PeerFds::default();
                    }
                    self.decoder.payload_filled(bytes);
                    filled += bytes;
                    self.acknowledge();
                    if filled == length || bytes == 0 || !self.cut {
                        return Ok(Some(filled));
                    }
                }
                None if filled == 0 => return Ok(None),
                None => return Ok(Some(filled)),
            }
        }
    }

    /// Hands `head`, then `body`, to the kernel, which may take a part where `deadline` is not
    /// [`Never`](Deadline::Never): returns how many bytes it took.
    ///
    /// # Errors
    ///
    /// The kernel's error; `EPIPE` where the peer is gone.
    pub fn send(&mut self, head: &[u8], body: &[u8], deadline: Deadline) -> Result<usize> {
        if self.link.is_some() {
            return self.send_through_ring(head, body, deadline);
        }
        let mut slices = [IoSlice::new(head), IoSlice::new(body)];
        let slices = if body.is_empty() {
            &mut slices[..1]
        } else {
            &mut slices[..]
        };
        Ok(sys::send(self.fd.as_fd(), self.kind.transport, slices, deadline)?)
    }

    /// Hands `bytes`, which begin a message, to the kernel with `fds` beside the first byte: the receiver gets descriptors of the same
    /// open files with that message. Returns how many bytes it took, 0 where there was no room by `deadline`; with the first byte, all
    /// of `fds` are on their way, and may be closed here.
    ///
    /// # Errors
    ///
    /// The same as for [`sys::send_with_fds`].
    pub fn send_with_fds(&mut self, bytes: &[u8], fds: &[BorrowedFd<'_>], deadline: Deadline) -> Result<usize> {
        if self.link.is_some() {
            return self.send_with_fds_through_ring(bytes, fds, deadline);
        }
        Ok(sys::send_with_fds(
            self.fd.as_fd(),
            &[IoSlice::new(bytes)],
            fds,
            deadline,
        )?)
    }

    /// Whether bytes, the end or an error can be received by `deadline`.
    ///
    /// # Errors
    ///
    /// The error of `poll(2)`.
    pub fn poll(&mut self, deadline: Deadline) -> Result<bool> {
        if self.link.is_some() {
            return self.poll_ring(deadline);
        }
        Ok(sys::poll_readable(self.fd.as_fd(), false, deadline)?)
    }

    /// Reads once, looking for data for a while before it sleeps.
    fn read(&mut self, buffer: &mut [u8], deadline: Deadline) -> Result<Option<usize>> {
        if self.link.is_some() {
            return self.read_ring(buffer, deadline);
        }
        Ok(self.read_socket(buffer, deadline)?)
    }

    fn read_socket(&mut self, buffer: &mut [u8], deadline: Deadline) -> io::Result<Option<usize>> {
        let spins = self.spin.learns() || !self.spin.budget().is_zero();
        if deadline == Deadline::Now || !spins || self.kind.transport == Transport::File {
            return self.read_once(buffer, deadline);
        }
        // Data that is here already says nothing on whether spinning pays.
        if let received @ Some(_) = self.read_once(buffer, Deadline::Now)? {
            return Ok(received);
        }
        let budget = self.spin.budget().min(deadline.remaining().unwrap_or(Duration::MAX));
        let begin = Instant::now();
        while begin.elapsed() < budget {
            if let received @ Some(_) = self.read_once(buffer, Deadline::Now)? {
                self.spin.found();
                return Ok(received);
            }
            std::hint::spin_loop();
        }
        let received = self.read_once(buffer, deadline)?;
        self.spin.slept(begin.elapsed());
        Ok(received)
    }

    /// Has TCP acknowledge at once what has come of a message whose rest is to come. Python writes a header and then the body of a
    /// long message, and Nagle's algorithm keeps the body back until the header is acknowledged, which a system that hopes to
    /// do so beside an answer delays: measured, a round trip of 20 KB takes 44 ms instead of 0.3.
    fn acknowledge(&self) {
        let over_tcp = self.kind.transport == Transport::Socket && !self.kind.carries_descriptors;
        if over_tcp && self.decoder.inside_message() {
            sys::tcp::acknowledge(self.fd.as_fd());
        }
    }

    /// Keeps the descriptors that the last read brought for the message that they came with, where there is one.
    fn keep_descriptors(&mut self, before: Place) {
        let message = match self.decoder.fault() {
            Some(_) => None,
            None => owner(before, Place::of(&self.decoder), self.beside()),
        };
        let brought = std::mem::take(&mut self.brought);
        if let (Some(arrivals), Some(message)) = (&mut self.descriptors, message) {
            arrivals.keep(message, brought);
        }
    }

    /// The byte of a read that its descriptors belong to.
    fn beside(&self) -> Beside {
        if self.link.is_some() {
            Beside::First
        } else {
            sys::BESIDE
        }
    }

    /// Reads once, with the descriptors that come along.
    fn read_once(&mut self, buffer: &mut [u8], deadline: Deadline) -> io::Result<Option<usize>> {
        let fd = self.fd.as_fd();
        if !self.kind.carries_descriptors {
            return sys::receive(fd, self.kind.transport, buffer, deadline);
        }
        let Some(arrived) = sys::receive_with_fds(fd, buffer, deadline)? else {
            return Ok(None);
        };
        self.cut = arrived.cut;
        if !arrived.fds.is_empty() {
            self.brought = arrived.fds;
        }
        Ok(Some(arrived.bytes))
    }
}

impl<F: AsFd> AsFd for Channel<F> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}
