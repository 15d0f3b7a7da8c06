//! The halves of a connection, for two threads.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use super::{End, Outbox};
use crate::Result;
use crate::channel::Channel;
use crate::spin::Spin;
use crate::sys::{AsFd, BorrowedFd, PeerFd};

/// Both halves have the descriptor. What has been received stays with the receiver, what was accepted with the sender.
pub(super) fn split(end: End) -> (Sender, Receiver) {
    let (kind, readable, writable) = (end.channel.kind(), end.readable, end.writable);
    let shared = end.channel.with_fd(|fd| Ok::<_, Infallible>(Arc::new(fd)));
    let channel = match shared {
        Ok(channel) => channel,
        Err(never) => match never {},
    };
    let sending = Channel::over(Arc::clone(channel.fd()), kind, u64::MAX, Spin::fixed(Duration::ZERO));
    let sender = End {
        readable: false,
        writable,
        outbox: end.outbox,
        ..End::new(sending)
    };
    let receiver = End {
        channel,
        readable,
        writable: false,
        inbox: end.inbox,
        fault: end.fault,
        outbox: Outbox::default(),
    };
    (Sender(sender), Receiver(receiver))
}

/// The half of a [`Connection`](crate::Connection) that sends.
///
/// Dropping it loses what was accepted by [`try_send_bytes`](Self::try_send_bytes) or [`feed_bytes`](Self::feed_bytes) and not yet taken by the kernel. The peer sees the end of
/// the stream when this half was [closed](Self::close), or both halves have been dropped.
#[derive(Debug)]
pub struct Sender(End<Arc<PeerFd>>);

impl Sender {
    /// Whether this end sends.
    #[must_use]
    pub fn writable(&self) -> bool {
        self.0.writable
    }

    /// As [`Connection::send_bytes`](crate::Connection::send_bytes).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn send_bytes(&mut self, message: &[u8]) -> Result<()> {
        self.0.send(message)
    }

    /// As [`Connection::try_send_bytes`](crate::Connection::try_send_bytes).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn try_send_bytes(&mut self, message: &[u8]) -> Result<bool> {
        self.0.try_send(message)
    }

    /// As [`Connection::feed_bytes`](crate::Connection::feed_bytes).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn feed_bytes(&mut self, message: &[u8]) -> Result<()> {
        self.0.feed(message)
    }

    /// As [`Connection::wants_write`](crate::Connection::wants_write).
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

    /// Flushes, and ends the stream to the peer, who receives [`Error::Eof`](crate::Error::Eof) behind the last message. The other half goes
    /// on receiving.
    ///
    /// This concerns every process that has this end of the connection.
    ///
    /// # Errors
    ///
    /// The same as for [`send_bytes`](Self::send_bytes).
    #[cfg(unix)]
    pub fn close(mut self) -> Result<()> {
        self.0.flush()?;
        Ok(crate::sys::end_stream(self.0.as_fd(), self.0.channel.kind().transport)?)
    }
}

impl AsFd for Sender {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// The half of a [`Connection`](crate::Connection) that receives.
#[derive(Debug)]
pub struct Receiver(End<Arc<PeerFd>>);

impl Receiver {
    /// Whether this end receives. It no longer does after a message that was too long.
    #[must_use]
    pub fn readable(&self) -> bool {
        self.0.readable
    }

    /// As [`Connection::recv_bytes`](crate::Connection::recv_bytes).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn recv_bytes(&mut self) -> Result<Vec<u8>> {
        self.0.recv()
    }

    /// As [`Connection::try_recv_bytes`](crate::Connection::try_recv_bytes).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn try_recv_bytes(&mut self) -> Result<Option<Vec<u8>>> {
        self.0.try_recv()
    }

    /// As [`Connection::poll`](crate::Connection::poll).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn poll(&mut self, timeout: Option<Duration>) -> Result<bool> {
        self.0.poll(timeout)
    }
}

impl AsFd for Receiver {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
