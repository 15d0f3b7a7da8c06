use std::future::poll_fn;
use std::task::{Context, Poll, ready};

use ::tokio::task::coop::consume_budget;

use super::socket::Socket;
use crate::channel::Channel;
use crate::connection::{Filled, Inbox};
use crate::frame::FrameError;
use crate::sys::{AsFd, BorrowedFd, Deadline};
use crate::{Error, Result};

/// The half of a [`Connection`](super::Connection) that receives.
#[derive(Debug)]
pub struct Receiver {
    socket: Socket,
    channel: Channel<Socket>,
    inbox: Inbox,
    readable: bool,
    /// A fault that was met before the connection came to the runtime.
    fault: Option<Error>,
}

impl Receiver {
    pub(super) fn new(channel: Channel<Socket>, readable: bool, inbox: Inbox, fault: Option<Error>) -> Self {
        Self {
            socket: channel.fd().clone(),
            channel,
            inbox,
            readable,
            fault,
        }
    }

    pub(super) fn set_max_message_size(&mut self, limit: u64) {
        self.channel.set_limit(limit);
    }

    /// Whether this end receives. It no longer does after a message that was too long.
    #[must_use]
    pub fn readable(&self) -> bool {
        self.readable
    }

    /// Receives one message, waiting for it.
    ///
    /// Cancel-safe: where the future is dropped, nothing is lost.
    ///
    /// ```
    /// # ::tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
    /// let (mut a, mut b) = carom::tokio::pipe()?;
    /// a.send_bytes(b"ping").await?;
    /// assert_eq!(b.recv_bytes().await?, b"ping");
    /// # Ok::<(), carom::Error>(())
    /// # })?;
    /// # Ok::<(), carom::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Eof`] when the peer has closed and nothing is left, [`Error::Frame`] for what it did wrong,
    /// [`Error::NotReadable`], [`Error::Io`].
    pub async fn recv_bytes(&mut self) -> Result<Vec<u8>> {
        // A peer that keeps the inbox full must not keep the runtime from its other tasks.
        consume_budget().await;
        poll_fn(|cx| self.poll_recv_bytes(cx)).await
    }

    /// As [`recv_bytes`](Self::recv_bytes), for streams and futures written by hand. The task of the last call is woken.
    ///
    /// # Errors
    ///
    /// The same as for [`recv_bytes`](Self::recv_bytes).
    pub fn poll_recv_bytes(&mut self, cx: &mut Context<'_>) -> Poll<Result<Vec<u8>>> {
        if !self.readable {
            return Poll::Ready(Err(Error::NotReadable));
        }
        loop {
            if let Some(message) = self.inbox.take(self.channel.decoder()) {
                return Poll::Ready(Ok(message));
            }
            if let Some(fault) = self.fault.take() {
                return Poll::Ready(Err(fault));
            }
            let mut guard = ready!(self.socket.poll_readable(cx))?;
            match self.inbox.fill(&mut self.channel, Deadline::Now) {
                Ok(Filled::Nothing | Filled::Bytes { drained: true }) => guard.clear_ready(),
                Ok(Filled::Bytes { drained: false }) => {}
                Err(fault) => {
                    // Behind a message that was too long, nothing can be found.
                    self.readable = !matches!(fault, Error::Frame(FrameError::TooLong { .. }));
                    return Poll::Ready(Err(fault));
                }
            }
        }
    }

    /// Receives one value.
    ///
    /// Cancel-safe: where the future is dropped, nothing is lost.
    ///
    /// # Errors
    ///
    /// [`Error::Decode`] for a message of another shape, which is then consumed; otherwise as [`recv_bytes`](Self::recv_bytes).
    #[cfg(feature = "serde")]
    pub async fn recv<T: serde::de::DeserializeOwned>(&mut self) -> Result<T> {
        crate::message::decode(self.recv_bytes().await?)
    }
}

impl AsFd for Receiver {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
