use std::future::poll_fn;
use std::io::IoSlice;
use std::task::{Context, Poll, ready};

use super::socket::Socket;
use crate::connection::{BATCH, Outbox, untaken};
use crate::frame::Header;
use crate::sys::{self, AsFd, BorrowedFd, Deadline, Transport};
use crate::{Error, Result};

/// The half of a [`Connection`](super::Connection) that sends.
///
/// Dropping it loses what was [fed](Self::feed_bytes) and not flushed, and the rest of a message whose send was dropped. The
/// connection is closed when the other half is dropped too.
#[derive(Debug)]
pub struct Sender {
    socket: Socket,
    transport: Transport,
    writable: bool,
    outbox: Outbox,
}

impl Sender {
    pub(super) fn new(socket: Socket, transport: Transport, writable: bool, outbox: Outbox) -> Self {
        Self {
            socket,
            transport,
            writable,
            outbox,
        }
    }

    /// Whether this end sends.
    #[must_use]
    pub fn writable(&self) -> bool {
        self.writable
    }

    /// Whether there are bytes that were accepted, and that the kernel has not taken: of messages that were fed, or of one whose send
    /// was dropped.
    #[must_use]
    pub fn wants_write(&self) -> bool {
        !self.outbox.is_empty()
    }

    /// Sends one message, waiting until the kernel has taken all of it, and all that was accepted before.
    ///
    /// If the future is dropped, the message is not sent if the kernel has taken none of it; otherwise it is accepted: the rest of it
    /// is kept, and leaves with the next send or flush.
    ///
    /// # Errors
    ///
    /// [`Error::NotWritable`]; [`Error::Io`] with `EPIPE` where the peer is gone.
    pub async fn send_bytes(&mut self, message: &[u8]) -> Result<()> {
        self.flush().await?;
        let mut sending = Sending::new(self, message);
        poll_fn(|cx| sending.poll(cx)).await
    }

    /// Accepts one message, which leaves with the next send or flush, or when there are 64 KiB: many short messages cost one system call.
    /// Waits only for messages that were accepted before. A message that is long itself is sent at once.
    ///
    /// If the future is dropped, the message is not sent; of a long one, as [`send_bytes`](Self::send_bytes) says.
    ///
    /// ```
    /// # ::tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
    /// let (mut a, mut b) = carom::tokio::pipe()?;
    /// for message in [b"one", b"two"] {
    ///     a.feed_bytes(message).await?;
    /// }
    /// a.flush().await?;
    /// assert_eq!((b.recv_bytes().await?, b.recv_bytes().await?), (b"one".to_vec(), b"two".to_vec()));
    /// # Ok::<(), carom::Error>(())
    /// # })?;
    /// # Ok::<(), carom::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The same as for [`send_bytes`](Self::send_bytes).
    pub async fn feed_bytes(&mut self, message: &[u8]) -> Result<()> {
        if self.outbox.len() + message.len() > BATCH {
            self.flush().await?;
        }
        if message.len() > BATCH {
            return self.send_bytes(message).await;
        }
        if !self.writable {
            return Err(Error::NotWritable);
        }
        self.outbox.push(message);
        Ok(())
    }

    /// Waits until the kernel has taken all that was accepted.
    ///
    /// Cancel-safe: where the future is dropped, the rest leaves with the next send or flush.
    ///
    /// # Errors
    ///
    /// The same as for [`send_bytes`](Self::send_bytes).
    pub async fn flush(&mut self) -> Result<()> {
        poll_fn(|cx| self.poll_flush(cx)).await
    }

    /// As [`flush`](Self::flush), for sinks and futures written by hand. The task of the last call is woken.
    ///
    /// # Errors
    ///
    /// The same as for [`send_bytes`](Self::send_bytes).
    pub fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        if !self.writable {
            return Poll::Ready(Err(Error::NotWritable));
        }
        while self.wants_write() {
            let taken = ready!(self.poll_write(cx, self.outbox.rest(), &[]))?;
            self.outbox.took(taken);
        }
        Poll::Ready(Ok(()))
    }

    /// Flushes, and ends the stream to the peer, who receives [`Error::Eof`] behind the last message. The other half goes on receiving.
    ///
    /// This concerns every process that has this end of the connection.
    ///
    /// # Errors
    ///
    /// The same as for [`send_bytes`](Self::send_bytes).
    pub async fn close(mut self) -> Result<()> {
        self.flush().await?;
        Ok(sys::end_stream(self.socket.as_fd(), self.transport)?)
    }

    /// Sends one value.
    ///
    /// If the future is dropped, see [`send_bytes`](Self::send_bytes).
    ///
    /// # Errors
    ///
    /// [`Error::Encode`] before anything is sent; otherwise as [`send_bytes`](Self::send_bytes).
    #[cfg(feature = "serde")]
    pub async fn send<T: serde::Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        let message = crate::message::encode(value)?;
        self.send_bytes(&message).await
    }

    /// Accepts one value, as [`feed_bytes`](Self::feed_bytes) does.
    ///
    /// # Errors
    ///
    /// The same as for [`send`](Self::send).
    #[cfg(feature = "serde")]
    pub async fn feed<T: serde::Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        let message = crate::message::encode(value)?;
        self.feed_bytes(&message).await
    }

    /// Hands bytes to the kernel as soon as there is room: how many it took, one at least.
    fn poll_write(&self, cx: &mut Context<'_>, head: &[u8], body: &[u8]) -> Poll<std::io::Result<usize>> {
        self.socket.poll_write(cx, |fd| {
            let slices = &mut [IoSlice::new(head), IoSlice::new(body)];
            sys::send(fd, self.transport, slices, Deadline::Now)
        })
    }
}

impl AsFd for Sender {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// A message on its way. Dropped half way, it leaves its rest with the sender.
struct Sending<'a> {
    sender: &'a mut Sender,
    header: Header,
    message: &'a [u8],
    sent: usize,
}

impl<'a> Sending<'a> {
    fn new(sender: &'a mut Sender, message: &'a [u8]) -> Self {
        Self {
            sender,
            header: Header::new(message.len() as u64),
            message,
            sent: 0,
        }
    }

    /// The parts of the header and of the message that the kernel has not taken.
    fn rest(&self) -> (&[u8], &[u8]) {
        untaken(self.header.as_bytes(), self.message, self.sent)
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        loop {
            let (head, body) = self.rest();
            if head.is_empty() && body.is_empty() {
                return Poll::Ready(Ok(()));
            }
            self.sent += ready!(self.sender.poll_write(cx, head, body))?;
            // Until this is dropped: were it leaked, the next message would begin in the middle of this one.
            self.sender.writable = false;
        }
    }
}

impl Drop for Sending<'_> {
    fn drop(&mut self) {
        if self.sent == 0 {
            return;
        }
        let Self {
            sender,
            header,
            message,
            sent,
        } = self;
        sender.writable = true;
        sender.outbox.push_rest(header.as_bytes(), message, *sent);
    }
}
