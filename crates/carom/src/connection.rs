//! Whole messages, in memory of their own.

use crate::sys::{AsFd, BorrowedFd, OwnedFd};
use std::io;
use std::time::Duration;

use crate::channel::Channel;
use crate::frame::{FrameError, Header};
use crate::ring::RingRole;
use crate::spin::Spin;
use crate::sys::{self, Credentials, Deadline};
use crate::{Error, Result};

mod inbox;

pub(crate) use inbox::{Filled, Inbox};

/// One end of a connection between two processes.
///
/// Dropping it closes the descriptor; what was accepted but not yet taken by the kernel is then lost, which concerns
/// [`try_send_bytes`](Self::try_send_bytes) only: call [`flush`](Self::flush) before.
#[derive(Debug)]
pub struct Connection {
    channel: Channel,
    readable: bool,
    writable: bool,
    inbox: Inbox,
    /// A fault that [`poll`](Self::poll) met behind those messages. The kernel reports a reset only once.
    fault: Option<Error>,
    /// Bytes that were accepted and not yet taken by the kernel.
    unsent: Vec<u8>,
}

/// What a connection is made of, for another kind of connection that goes on with it.
#[cfg(all(unix, feature = "tokio"))]
pub(crate) struct Parts {
    pub(crate) channel: Channel,
    pub(crate) readable: bool,
    pub(crate) writable: bool,
    pub(crate) inbox: Inbox,
    pub(crate) fault: Option<Error>,
    pub(crate) unsent: Vec<u8>,
}

impl Connection {
    /// A connection over `fd`: a stream socket or a FIFO, from this library, from Python, from anywhere.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] where the descriptor is of another kind.
    pub fn new(fd: OwnedFd) -> Result<Self> {
        Self::with_options(fd, u64::MAX, Spin::adaptive())
    }

    /// As [`new`](Self::new), with the longest message that is received, in bytes, and how long blocking calls spin.
    #[doc(hidden)]
    #[allow(clippy::missing_errors_doc, reason = "for this crate's own measurements and tests")]
    pub fn with_options(fd: OwnedFd, max_message_size: u64, spin: Spin) -> Result<Self> {
        Self::over(Channel::new(fd, max_message_size, spin)?)
    }

    /// As [`new`](Self::new), through shared memory, which has to be wanted at both ends: a Unix socket that has just been
    /// connected, or an end of a [`pipe_over_shared_memory`](crate::pipe_over_shared_memory).
    ///
    /// ```
    /// # #[cfg(target_os = "linux")] {
    /// use std::os::unix::net::UnixStream;
    ///
    /// use carom::Connection;
    /// use carom::ring::{ACCEPTED_MAX, RING_SIZE, RingRole};
    ///
    /// let (a, b) = UnixStream::pair()?;
    /// let mut a = Connection::over_shared_memory(a.into(), RingRole::Offering(RING_SIZE))?;
    /// let mut b = Connection::over_shared_memory(b.into(), RingRole::Expecting(ACCEPTED_MAX))?;
    /// b.send_bytes(b"ping")?;
    /// assert_eq!(a.recv_bytes()?, b"ping");
    /// # }
    /// # Ok::<(), carom::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new); [`Error::Ring`] where this system has no such memory, or no room for it, and for a descriptor that is no
    /// Unix socket.
    pub fn over_shared_memory(fd: OwnedFd, role: RingRole) -> Result<Self> {
        Self::with_ring(fd, role, u64::MAX, Spin::adaptive())
    }

    /// As [`over_shared_memory`](Self::over_shared_memory), with the longest message that is received and how long blocking calls spin.
    #[doc(hidden)]
    #[allow(clippy::missing_errors_doc, reason = "for this crate's own measurements and tests")]
    pub fn with_ring(fd: OwnedFd, role: RingRole, max_message_size: u64, spin: Spin) -> Result<Self> {
        let mut channel = Channel::new(fd, max_message_size, spin)?;
        channel.use_ring(role)?;
        let mut connection = Self::over(channel)?;
        if let RingRole::Offering(_) = role {
            connection.channel.start_ring(Deadline::Never)?;
        }
        Ok(connection)
    }

    /// Receives no message of more than `bytes` from now on. A longer one is refused when its header has come, before memory is
    /// taken for it, and this end receives no more.
    ///
    /// An end that was [accepted](crate::Listener::accept_connection) has its listener's limit,
    /// [64 MiB](crate::listener::MAX_MESSAGE_SIZE) unless that was changed; any other has none until one is set.
    ///
    /// ```
    /// let (mut a, b) = carom::pipe()?;
    /// let mut b = b.max_message_size(4);
    /// a.send_bytes(b"too long")?;
    /// let error = b.recv_bytes().unwrap_err();
    /// assert_eq!(error.to_string(), "message too long: the peer announced 8 bytes, the limit is 4");
    /// # Ok::<(), carom::Error>(())
    /// ```
    #[must_use]
    pub fn max_message_size(mut self, bytes: u64) -> Self {
        self.channel.set_limit(bytes);
        self
    }

    fn over(mut channel: Channel) -> Result<Self> {
        let kind = channel.kind();
        // This one has no use for descriptors.
        channel.refuse_descriptors()?;
        Ok(Self {
            channel,
            readable: kind.readable,
            writable: kind.writable,
            inbox: Inbox::default(),
            fault: None,
            unsent: Vec::new(),
        })
    }

    #[cfg(all(unix, feature = "tokio"))]
    pub(crate) fn into_parts(self) -> Parts {
        Parts {
            channel: self.channel,
            readable: self.readable,
            writable: self.writable,
            inbox: self.inbox,
            fault: self.fault,
            unsent: self.unsent,
        }
    }

    pub(crate) fn only_receiving(mut self) -> Self {
        self.writable = false;
        self
    }

    pub(crate) fn only_sending(mut self) -> Self {
        self.readable = false;
        self
    }

    /// Whether this end receives. It no longer does after a message that was too long; it may still send.
    #[must_use]
    pub fn readable(&self) -> bool {
        self.readable
    }

    /// Whether this end sends.
    #[must_use]
    pub fn writable(&self) -> bool {
        self.writable
    }

    /// Sends one message, waiting until the kernel has taken all of it.
    ///
    /// # Errors
    ///
    /// [`Error::NotWritable`]; [`Error::Io`] with `EPIPE` where the peer is gone.
    pub fn send_bytes(&mut self, message: &[u8]) -> Result<()> {
        self.flush()?;
        let header = Header::new(message.len() as u64);
        let taken = self.channel.send(header.as_bytes(), message, Deadline::Never)?;
        // Where the kernel failed half way, it took a part: the next call reports why.
        self.keep_unsent(header.as_bytes(), message, taken);
        self.flush()
    }

    /// Sends one message without waiting. `false`: there was no room, and nothing of it was sent. `true`: it was accepted;
    /// what the kernel did not take leaves with a later call of this method or of [`flush`](Self::flush).
    ///
    /// # Errors
    ///
    /// As [`send_bytes`](Self::send_bytes).
    pub fn try_send_bytes(&mut self, message: &[u8]) -> Result<bool> {
        if !self.try_flush()? {
            return Ok(false);
        }
        let header = Header::new(message.len() as u64);
        let taken = self.channel.send(header.as_bytes(), message, Deadline::Now)?;
        if taken == 0 {
            return Ok(false);
        }
        self.keep_unsent(header.as_bytes(), message, taken);
        Ok(true)
    }

    /// Keeps what the kernel did not take, so that the stream stays in step.
    fn keep_unsent(&mut self, header: &[u8], message: &[u8], taken: usize) {
        self.unsent.extend_from_slice(&header[taken.min(header.len())..]);
        self.unsent
            .extend_from_slice(&message[taken.saturating_sub(header.len())..]);
    }

    /// Waits until the kernel has taken all that was accepted.
    ///
    /// # Errors
    ///
    /// As [`send_bytes`](Self::send_bytes).
    pub fn flush(&mut self) -> Result<()> {
        self.push(Deadline::Never).map(drop)
    }

    /// Gives the kernel what it takes of what was accepted, without waiting; whether that was all.
    ///
    /// # Errors
    ///
    /// As [`send_bytes`](Self::send_bytes).
    pub fn try_flush(&mut self) -> Result<bool> {
        self.push(Deadline::Now)
    }

    fn push(&mut self, deadline: Deadline) -> Result<bool> {
        if !self.writable {
            return Err(Error::NotWritable);
        }
        while !self.unsent.is_empty() {
            let taken = self.channel.send(&self.unsent, &[], deadline)?;
            self.unsent.drain(..taken);
            if self.unsent.is_empty() {
                self.unsent = Vec::new();
            } else if deadline != Deadline::Never {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Receives one message, waiting for it.
    ///
    /// # Errors
    ///
    /// [`Error::Eof`] when the peer has closed and nothing is left, [`Error::Frame`] for what it did wrong,
    /// [`Error::NotReadable`], [`Error::Io`].
    pub fn recv_bytes(&mut self) -> Result<Vec<u8>> {
        loop {
            if let Some(message) = self.take() {
                return Ok(message);
            }
            self.fill(Deadline::Never).map_err(|fault| self.met(fault))?;
        }
    }

    /// Receives one message into `buffer` and returns its length.
    ///
    /// ```
    /// let (mut a, mut b) = carom::pipe()?;
    /// a.send_bytes(b"too long")?;
    /// let Err(carom::Error::BufferTooShort { message, .. }) = b.recv_bytes_into(&mut [0; 4]) else { unreachable!() };
    /// assert_eq!(message, b"too long");
    /// # Ok::<(), carom::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::BufferTooShort`], with the whole message, where it does not fit; otherwise as
    /// [`recv_bytes`](Self::recv_bytes).
    pub fn recv_bytes_into(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let message = self.recv_bytes()?;
        match buffer.get_mut(..message.len()) {
            Some(front) => {
                front.copy_from_slice(&message);
                Ok(message.len())
            }
            None => Err(Error::BufferTooShort {
                capacity: buffer.len(),
                message,
            }),
        }
    }

    /// Receives one message if a whole one is here; never waits. What has arrived of an incomplete one is kept.
    ///
    /// # Errors
    ///
    /// As [`recv_bytes`](Self::recv_bytes).
    pub fn try_recv_bytes(&mut self) -> Result<Option<Vec<u8>>> {
        if !self.has_message() {
            self.fill_now().map_err(|fault| self.met(fault))?;
        }
        Ok(self.take())
    }

    /// Whether a receive would not wait, or will not within `timeout`: a whole message is here, the peer has closed, or it
    /// did something wrong. `None` waits for ever, zero just looks.
    ///
    /// # Errors
    ///
    /// [`Error::NotReadable`].
    pub fn poll(&mut self, timeout: Option<Duration>) -> Result<bool> {
        if !self.readable {
            return Err(Error::NotReadable);
        }
        let deadline = Deadline::after(timeout);
        loop {
            if !self.has_message() && self.fault.is_none() {
                self.fault = self.fill_now().err();
            }
            if self.has_message() || self.fault.is_some() {
                return Ok(true);
            }
            if !self.channel.poll(deadline)? {
                return Ok(false);
            }
        }
    }

    /// The process at the other end of a local connection.
    ///
    /// # Errors
    ///
    /// Where the peer is not local, or the system does not tell.
    pub fn peer_credentials(&self) -> io::Result<Credentials> {
        sys::peer_credentials(self.as_fd())
    }

    /// Gives the descriptor up.
    ///
    /// # Errors
    ///
    /// The connection itself, where received or unsent bytes are held back and would be lost, or shared memory is in use.
    pub fn into_fd(self) -> std::result::Result<OwnedFd, Box<Self>> {
        let held = self.has_message() || self.channel.decoder().inside_message() || !self.unsent.is_empty();
        if held || self.channel.has_ring() {
            return Err(Box::new(self));
        }
        Ok(self.channel.into_fd())
    }

    #[cfg(unix)]
    pub(crate) fn into_fd_at_once(self) -> OwnedFd {
        self.channel.into_fd()
    }

    /// Says that this end is about to sleep until its descriptor is readable. Returns true where it must not.
    pub(crate) fn arm(&mut self) -> bool {
        self.channel.arm_to_receive()
    }

    fn has_message(&self) -> bool {
        self.inbox.has_message(self.channel.decoder())
    }

    fn take(&mut self) -> Option<Vec<u8>> {
        self.inbox.take(self.channel.decoder())
    }

    /// Behind a message that was too long, nothing can be found: this end no longer receives, as in Python.
    fn met(&mut self, fault: Error) -> Error {
        if matches!(fault, Error::Frame(FrameError::TooLong { .. })) {
            self.readable = false;
        }
        fault
    }

    /// Reads until a whole message is here or the kernel has nothing more.
    fn fill_now(&mut self) -> Result<()> {
        while self.fill(Deadline::Now)? && !self.has_message() {}
        Ok(())
    }

    /// Reads once; whether anything came by `deadline`.
    fn fill(&mut self, deadline: Deadline) -> Result<bool> {
        if !self.readable {
            return Err(Error::NotReadable);
        }
        if let Some(fault) = self.fault.take() {
            return Err(fault);
        }
        Ok(self.inbox.fill(&mut self.channel, deadline)? != Filled::Nothing)
    }
}

impl AsFd for Connection {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.channel.as_fd()
    }
}
