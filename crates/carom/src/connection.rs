//! Whole messages, in memory of their own.

use crate::sys::{AsFd, BorrowedFd, OwnedFd};
use std::io;
use std::time::Duration;

use crate::channel::Channel;
use crate::ring::RingRole;
use crate::spin::Spin;
use crate::sys::{self, Credentials, Deadline};
use crate::{Error, Result};

mod end;
mod halves;
mod inbox;
mod outbox;

pub(crate) use end::End;
pub use halves::{Receiver, Sender};
pub(crate) use inbox::{Filled, Inbox};
pub(crate) use outbox::Outbox;
#[cfg(all(unix, feature = "tokio"))]
pub(crate) use outbox::{BATCH, untaken};

/// One end of a connection between two processes.
///
/// Dropping it closes the descriptor; what was accepted but not yet taken by the kernel is then lost, which concerns
/// [`try_send_bytes`](Self::try_send_bytes) and [`feed_bytes`](Self::feed_bytes) only: call [`flush`](Self::flush) before.
#[derive(Debug)]
pub struct Connection(pub(crate) End);

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
            connection.0.channel.start_ring(Deadline::Never)?;
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
        self.0.channel.set_limit(bytes);
        self
    }

    fn over(mut channel: Channel) -> Result<Self> {
        // This one has no use for descriptors.
        channel.refuse_descriptors()?;
        Ok(Self(End::new(channel)))
    }

    #[cfg(all(unix, feature = "tokio"))]
    pub(crate) fn into_end(self) -> End {
        self.0
    }

    pub(crate) fn only_receiving(mut self) -> Self {
        self.0.writable = false;
        self
    }

    pub(crate) fn only_sending(mut self) -> Self {
        self.0.readable = false;
        self
    }

    /// Whether this end receives. It no longer does after a message that was too long; it may still send.
    #[must_use]
    pub fn readable(&self) -> bool {
        self.0.readable
    }

    /// Whether this end sends.
    #[must_use]
    pub fn writable(&self) -> bool {
        self.0.writable
    }

    /// Sends one message, waiting until the kernel has taken all of it.
    ///
    /// # Errors
    ///
    /// [`Error::NotWritable`]; [`Error::Io`] with `EPIPE` where the peer is gone.
    pub fn send_bytes(&mut self, message: &[u8]) -> Result<()> {
        self.0.send(message)
    }

    /// Sends one message without waiting. `false`: there was no room, and nothing of it was sent. `true`: it was accepted;
    /// what the kernel did not take leaves with a later call of this method or of [`flush`](Self::flush).
    ///
    /// # Errors
    ///
    /// The same as for [`send_bytes`](Self::send_bytes).
    pub fn try_send_bytes(&mut self, message: &[u8]) -> Result<bool> {
        self.0.try_send(message)
    }

    /// Accepts one message without a system call: it leaves with the next send or flush, together with all that was accepted before, so
    /// that many short messages cost one call. Nothing limits what is accepted: a program that feeds more than it flushes grows.
    ///
    /// ```
    /// let (mut a, mut b) = carom::pipe()?;
    /// for message in [b"one", b"two"] {
    ///     a.feed_bytes(message)?;
    /// }
    /// a.flush()?;
    /// assert_eq!((b.recv_bytes()?, b.recv_bytes()?), (b"one".to_vec(), b"two".to_vec()));
    /// # Ok::<(), carom::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::NotWritable`].
    pub fn feed_bytes(&mut self, message: &[u8]) -> Result<()> {
        self.0.feed(message)
    }

    /// Whether bytes were accepted that the kernel has not taken. An event loop then asks its selector for room to write
    /// ([`Registry::rearm`](crate::reactor::Registry::rearm)), and calls [`try_flush`](Self::try_flush) when there is some.
    #[must_use]
    pub fn wants_write(&self) -> bool {
        self.0.wants_write()
    }

    /// Waits until the kernel has taken all that was accepted.
    ///
    /// # Errors
    ///
    /// The same as for [`send_bytes`](Self::send_bytes).
    pub fn flush(&mut self) -> Result<()> {
        self.0.flush()
    }

    /// Gives the kernel what it takes of what was accepted, without waiting; whether that was all.
    ///
    /// # Errors
    ///
    /// The same as for [`send_bytes`](Self::send_bytes).
    pub fn try_flush(&mut self) -> Result<bool> {
        self.0.push(Deadline::Now)
    }

    /// Receives one message, waiting for it.
    ///
    /// # Errors
    ///
    /// [`Error::Eof`] when the peer has closed and nothing is left, [`Error::Frame`] for what it did wrong,
    /// [`Error::NotReadable`], [`Error::Io`].
    pub fn recv_bytes(&mut self) -> Result<Vec<u8>> {
        self.0.recv()
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
    /// The same as for [`recv_bytes`](Self::recv_bytes).
    pub fn try_recv_bytes(&mut self) -> Result<Option<Vec<u8>>> {
        self.0.try_recv()
    }

    /// Whether a receive would not wait, or will not within `timeout`: a whole message is here, the peer has closed, or it
    /// did something wrong. `None` waits for ever, zero just looks.
    ///
    /// # Errors
    ///
    /// [`Error::NotReadable`].
    pub fn poll(&mut self, timeout: Option<Duration>) -> Result<bool> {
        self.0.poll(timeout)
    }

    /// The process at the other end of a local connection.
    ///
    /// # Errors
    ///
    /// If the peer is not local, or the system does not provide its identity.
    pub fn peer_credentials(&self) -> io::Result<Credentials> {
        sys::peer_credentials(self.as_fd())
    }

    /// Gives the descriptor up.
    ///
    /// # Errors
    ///
    /// The connection itself, where received or unsent bytes are held back and would be lost, or shared memory is in use.
    pub fn into_fd(self) -> std::result::Result<OwnedFd, Box<Self>> {
        if self.0.holds_anything() || self.0.channel.has_ring() {
            return Err(Box::new(self));
        }
        Ok(self.0.channel.into_fd())
    }

    #[cfg(unix)]
    pub(crate) fn into_fd_at_once(self) -> OwnedFd {
        self.0.channel.into_fd()
    }

    /// Takes descriptors from now on that the peer sends with its messages, where the transport carries them: over a Unix socket. Without
    /// this they are refused, or closed when they come.
    ///
    /// Each descriptor that a peer sends is the peer's choice: any kind of file, in any state. Those of a message that is received by
    /// [`recv_bytes`](Self::recv_bytes) are closed.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] for what the system reports.
    #[cfg(unix)]
    pub fn accept_descriptors(mut self) -> Result<Self> {
        self.0.channel.accept_descriptors()?;
        // So that a descriptor is held for one message at most, whatever the peer sends.
        self.0.channel.disable_read_ahead();
        Ok(self)
    }

    /// As [`send_bytes`](Self::send_bytes), with descriptors of the same open files as `fds`, 253 at most, for a peer that
    /// [takes them](Self::accept_descriptors).
    ///
    /// ```
    /// use std::fs::File;
    /// use std::io::Read;
    /// use std::os::fd::AsFd;
    ///
    /// let (mut a, b) = carom::pipe()?;
    /// let mut b = b.accept_descriptors()?;
    /// let (mut reader, writer) = std::io::pipe()?;
    /// a.send_bytes_with_fds(b"write here", &[writer.as_fd()])?;
    /// drop(writer);
    ///
    /// let (message, fds) = b.recv_bytes_with_fds()?;
    /// assert_eq!((message.as_slice(), fds.len()), (b"write here".as_slice(), 1));
    /// for fd in fds {
    ///     std::io::Write::write_all(&mut File::from(fd), b"hello")?;
    /// }
    /// let mut text = String::new();
    /// reader.read_to_string(&mut text)?;
    /// assert_eq!(text, "hello");
    /// # Ok::<(), carom::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`send_bytes`](Self::send_bytes); [`Error::Io`] with `EOPNOTSUPP` for a connection that is no Unix socket, `EINVAL` for too
    /// many, `ETOOMANYREFS` where too many of this user's are on their way.
    #[cfg(unix)]
    pub fn send_bytes_with_fds(&mut self, message: &[u8], fds: &[BorrowedFd<'_>]) -> Result<()> {
        self.0.send_with_fds(message, fds)
    }

    /// As [`recv_bytes`](Self::recv_bytes), with the descriptors that were sent with this very message: close-on-exec, none unless they are
    /// [taken](Self::accept_descriptors), and fewer than were sent where this process may not have more open.
    ///
    /// # Errors
    ///
    /// The same as for [`recv_bytes`](Self::recv_bytes).
    #[cfg(unix)]
    pub fn recv_bytes_with_fds(&mut self) -> Result<(Vec<u8>, Vec<OwnedFd>)> {
        self.0.recv_with_fds().map(|(message, fds)| (message, fds.take()))
    }

    /// The two halves, for two threads: one sends while the other receives. The connection is closed when both have been dropped.
    ///
    /// ```
    /// use std::thread;
    ///
    /// let (ours, theirs) = carom::pipe()?;
    /// let echo = thread::spawn(move || {
    ///     let (mut sender, mut receiver) = theirs.split().expect("a socket");
    ///     while let Ok(message) = receiver.recv_bytes() {
    ///         sender.send_bytes(&message)?;
    ///     }
    ///     sender.close()
    /// });
    /// let (mut sender, mut receiver) = ours.split().expect("a socket");
    /// // More than the kernel's buffers hold: one thread sends while the other receives.
    /// let sending = thread::spawn(move || {
    ///     sender.send_bytes(&[7; 1 << 20])?;
    ///     sender.close()
    /// });
    /// assert_eq!(receiver.recv_bytes()?, [7; 1 << 20]);
    /// assert!(matches!(receiver.recv_bytes(), Err(carom::Error::Eof)));
    /// sending.join().expect("no panic")?;
    /// echo.join().expect("no panic")?;
    /// # Ok::<(), carom::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The connection itself, where it goes through shared memory: both directions of a ring share what one end knows of the other.
    pub fn split(self) -> std::result::Result<(Sender, Receiver), Box<Self>> {
        if self.0.channel.uses_ring() {
            return Err(Box::new(self));
        }
        Ok(halves::split(self.0))
    }

    /// Says that this end is about to sleep until its descriptor is readable. Returns true where it must not.
    pub(crate) fn arm_to_receive(&mut self) -> bool {
        self.0.channel.arm_to_receive()
    }
}

impl AsFd for Connection {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
