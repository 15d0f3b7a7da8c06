use std::io;
use std::time::Duration;

use super::socket::Socket;
use super::{Receiver, Sender};
use crate::Result;
use crate::channel::Channel;
use crate::connection::{Inbox, Outbox};
use crate::spin::Spin;
use crate::sys::{self, AsFd, BorrowedFd, Credentials, OwnedFd, PeerFd};

/// One end of a connection between two processes, on a tokio runtime.
///
/// [`split`](Self::split) it to send and receive at once. Dropping it closes the descriptor; what was [fed](Self::feed_bytes) and
/// not flushed, or remains of a send that was dropped, is then lost: [`close`](Self::close) flushes first.
#[derive(Debug)]
pub struct Connection {
    sender: Sender,
    receiver: Receiver,
}

impl Connection {
    /// A connection over `fd`: a stream socket or a FIFO, from this library, from Python, from anywhere. Its blocking mode doesn't
    /// matter, and stays.
    ///
    /// # Errors
    ///
    /// [`Error::Io`](crate::Error::Io) where the descriptor is of another kind, or the runtime can't watch it.
    ///
    /// # Panics
    ///
    /// Outside of a runtime that drives I/O.
    pub fn new(fd: OwnedFd) -> Result<Self> {
        let kind = sys::kind(fd.as_fd())?;
        Self::over(Socket::new(PeerFd::from(fd), kind)?, u64::MAX)
    }

    pub(super) fn over(socket: Socket, max_message_size: u64) -> Result<Self> {
        let kind = sys::kind(socket.as_fd())?;
        let mut channel = Channel::over(socket.clone(), kind, max_message_size, Spin::fixed(Duration::ZERO));
        channel.refuse_descriptors()?;
        Ok(Self {
            sender: Sender::new(socket, kind.transport, kind.writable, Outbox::default()),
            receiver: Receiver::new(channel, kind.readable, Inbox::default(), None),
        })
    }

    /// Refuses messages of more than `bytes` from now on: receiving one is
    /// [`FrameError::TooLong`](crate::frame::FrameError::TooLong), before there is memory for it.
    #[must_use]
    pub fn max_message_size(mut self, bytes: u64) -> Self {
        self.receiver.set_max_message_size(bytes);
        self
    }

    /// The two halves, for two tasks.
    ///
    /// ```
    /// # ::tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
    /// let (ours, theirs) = carom::tokio::pipe()?;
    /// let echo = ::tokio::spawn(async move {
    ///     let (mut sender, mut receiver) = theirs.split();
    ///     while let Ok(message) = receiver.recv_bytes().await {
    ///         sender.send_bytes(&message).await?;
    ///     }
    ///     sender.close().await
    /// });
    /// let (mut sender, mut receiver) = ours.split();
    /// // More than the kernel's buffers hold: one task sends while the other receives.
    /// let message = vec![7; 1 << 20];
    /// let (sent, received) = ::tokio::join!(sender.send_bytes(&message), receiver.recv_bytes());
    /// sent?;
    /// assert_eq!(received?, message);
    /// sender.close().await?;
    /// echo.await.expect("the task has not panicked")?;
    /// # Ok::<(), carom::Error>(())
    /// # })?;
    /// # Ok::<(), carom::Error>(())
    /// ```
    #[must_use]
    pub fn split(self) -> (Sender, Receiver) {
        (self.sender, self.receiver)
    }

    /// Whether this end receives. It no longer does after a message that was too long; it may still send.
    #[must_use]
    pub fn readable(&self) -> bool {
        self.receiver.readable()
    }

    /// Whether this end sends.
    #[must_use]
    pub fn writable(&self) -> bool {
        self.sender.writable()
    }

    /// As [`Sender::wants_write`].
    #[must_use]
    pub fn wants_write(&self) -> bool {
        self.sender.wants_write()
    }

    /// Receives one message, waiting for it: [`Receiver::recv_bytes`].
    ///
    /// # Errors
    ///
    /// The same as for [`Receiver::recv_bytes`].
    pub async fn recv_bytes(&mut self) -> Result<Vec<u8>> {
        self.receiver.recv_bytes().await
    }

    /// Receives one value: [`Receiver::recv`].
    ///
    /// # Errors
    ///
    /// The same as for [`Receiver::recv`].
    #[cfg(feature = "serde")]
    pub async fn recv<T: serde::de::DeserializeOwned>(&mut self) -> Result<T> {
        self.receiver.recv().await
    }

    /// Sends one message, waiting until the kernel has taken it: [`Sender::send_bytes`].
    ///
    /// # Errors
    ///
    /// The same as for [`Sender::send_bytes`].
    pub async fn send_bytes(&mut self, message: &[u8]) -> Result<()> {
        self.sender.send_bytes(message).await
    }

    /// Sends one value: [`Sender::send`].
    ///
    /// # Errors
    ///
    /// The same as for [`Sender::send`].
    #[cfg(feature = "serde")]
    pub async fn send<T: serde::Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.sender.send(value).await
    }

    /// Accepts one message, to be flushed with others: [`Sender::feed_bytes`].
    ///
    /// # Errors
    ///
    /// The same as for [`Sender::feed_bytes`].
    pub async fn feed_bytes(&mut self, message: &[u8]) -> Result<()> {
        self.sender.feed_bytes(message).await
    }

    /// Accepts one value, to be flushed with others: [`Sender::feed`].
    ///
    /// # Errors
    ///
    /// The same as for [`Sender::feed`].
    #[cfg(feature = "serde")]
    pub async fn feed<T: serde::Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.sender.feed(value).await
    }

    /// Waits until the kernel has taken all that was accepted: [`Sender::flush`].
    ///
    /// # Errors
    ///
    /// The same as for [`Sender::flush`].
    pub async fn flush(&mut self) -> Result<()> {
        self.sender.flush().await
    }

    /// Flushes, and closes the connection.
    ///
    /// # Errors
    ///
    /// The same as for [`Sender::flush`]; the connection is closed nevertheless.
    pub async fn close(mut self) -> Result<()> {
        if self.writable() {
            self.flush().await?;
        }
        Ok(())
    }

    /// The process at the other end of a local connection.
    ///
    /// # Errors
    ///
    /// If the peer is not local, or the system does not provide its identity.
    pub fn peer_credentials(&self) -> io::Result<Credentials> {
        sys::peer_credentials(self.as_fd())
    }
}

/// Takes a connection that has been used without a runtime, with all that it has received and not yet sent. One over shared memory is
/// refused: nothing tells a runtime that a ring has something.
impl TryFrom<crate::Connection> for Connection {
    type Error = crate::Error;

    fn try_from(connection: crate::Connection) -> Result<Self> {
        let parts = connection.into_end();
        if parts.channel.uses_ring() {
            let refusal = "a connection over shared memory can't be used on tokio; connect without shared memory";
            return Err(io::Error::new(io::ErrorKind::Unsupported, refusal).into());
        }
        let kind = parts.channel.kind();
        let channel = parts.channel.with_fd(|fd| Socket::new(fd, kind))?;
        Ok(Self {
            sender: Sender::new(channel.fd().clone(), kind.transport, parts.writable, parts.outbox),
            receiver: Receiver::new(channel, parts.readable, parts.inbox, parts.fault),
        })
    }
}

impl AsFd for Connection {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.sender.as_fd()
    }
}

/// Two connected ends, each of which sends and receives: [`carom::pipe`](crate::pipe()) on a runtime.
///
/// # Errors
///
/// [`Error::Io`](crate::Error::Io) for what the system reports.
///
/// # Panics
///
/// Outside of a runtime that drives I/O.
pub fn pipe() -> Result<(Connection, Connection)> {
    let (a, b) = sys::pair(false)?;
    Ok((Connection::new(a)?, Connection::new(b)?))
}
