//! A descriptor that the runtime watches.

use std::io;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use ::tokio::io::Interest;
use ::tokio::io::unix::{AsyncFd, AsyncFdReadyGuard};

use super::watch::{Watched, watch};
use crate::sys::{AsFd, BorrowedFd, Kind, PeerFd};

/// The halves of a connection share it. It stays in the blocking mode that it is in: every call asks the kernel not to wait.
#[derive(Debug, Clone)]
pub(super) struct Socket(Arc<AsyncFd<Watched<PeerFd>>>);

/// Readiness, until it is cleared.
type Guard<'a> = AsyncFdReadyGuard<'a, Watched<PeerFd>>;

impl Socket {
    pub(super) fn new(fd: PeerFd, kind: Kind) -> io::Result<Self> {
        let interest = match (kind.readable, kind.writable) {
            (true, false) => Interest::READABLE,
            (false, true) => Interest::WRITABLE,
            _ => Interest::READABLE | Interest::WRITABLE,
        };
        Ok(Self(Arc::new(watch(fd, interest)?)))
    }

    /// Readiness to read, until the guard clears it. For one task at a time.
    pub(super) fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<io::Result<Guard<'_>>> {
        self.0.poll_read_ready(cx)
    }

    /// Makes `write` again and again until it takes something. For one task at a time.
    pub(super) fn poll_write(
        &self,
        cx: &mut Context<'_>,
        mut write: impl FnMut(BorrowedFd<'_>) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        loop {
            let mut guard = ready!(self.0.poll_write_ready(cx))?;
            match write(self.as_fd())? {
                // A socket that took a part may take more: only one that takes nothing has no room.
                0 => guard.clear_ready(),
                taken => return Poll::Ready(Ok(taken)),
            }
        }
    }

    #[cfg(feature = "auth")]
    pub(super) async fn readable(&self) -> io::Result<Guard<'_>> {
        self.0.readable().await
    }

    #[cfg(feature = "auth")]
    pub(super) async fn writable(&self) -> io::Result<Guard<'_>> {
        self.0.writable().await
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.get_ref().as_fd()
    }
}
