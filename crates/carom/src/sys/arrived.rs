//! Descriptors that a peer has sent, as every system has them.

use std::mem::ManuallyDrop;

use super::{AsFd, BorrowedFd, OwnedFd, close_aside, close_socket};

/// The objects that may be made of a descriptor which a peer has sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// A connection: it is a stream socket, which is read and written without waiting whatever its sender does.
    Stream,
    /// A listener: a stream socket that listens, in non-blocking mode.
    Listener,
    /// Nothing but what the program knows to do with it.
    Other,
}

/// A descriptor whose closing doesn't wait, whatever its peer has sent it or asked of it.
#[derive(Debug)]
pub struct PeerFd(ManuallyDrop<OwnedFd>);

impl PeerFd {
    /// Gives the descriptor up.
    #[must_use]
    pub fn into_inner(self) -> OwnedFd {
        let mut this = ManuallyDrop::new(self);
        // SAFETY: taken once, since `this` is not dropped.
        unsafe { ManuallyDrop::take(&mut this.0) }
    }
}

impl From<OwnedFd> for PeerFd {
    fn from(fd: OwnedFd) -> Self {
        Self(ManuallyDrop::new(fd))
    }
}

impl AsFd for PeerFd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl Drop for PeerFd {
    fn drop(&mut self) {
        // SAFETY: taken once, here, since it was not given up.
        close_socket(unsafe { ManuallyDrop::take(&mut self.0) });
    }
}

/// Descriptors that a peer has sent. Those that nobody takes are closed without waiting for it: by [`close_aside`].
#[derive(Debug, Default)]
pub struct PeerFds(Vec<OwnedFd>);

impl PeerFds {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Gives them up.
    #[must_use]
    pub fn take(mut self) -> Vec<OwnedFd> {
        std::mem::take(&mut self.0)
    }
}

impl From<Vec<OwnedFd>> for PeerFds {
    fn from(fds: Vec<OwnedFd>) -> Self {
        Self(fds)
    }
}

impl Drop for PeerFds {
    fn drop(&mut self) {
        close_aside(self.0.drain(..));
    }
}

/// The outcome of [`receive_with_fds`](super::receive_with_fds).
#[derive(Debug)]
pub struct Arrived {
    /// How many bytes; 0 is the end of the stream.
    pub bytes: usize,
    /// The descriptors that came beside them, close-on-exec: those of one sending call. Fewer than were sent where this
    /// process may not have more open.
    pub fds: PeerFds,
    /// Whether the call may have stopped before the bytes that the kernel has: it does so at descriptors.
    pub cut: bool,
}

/// The byte of a read that the sending call of its descriptors began with, or one before it. Linux stops behind the bytes of
/// that call; Apple's kernel stops before them, so that they begin the next read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beside {
    /// The read's first byte was the first of the sending call.
    First,
    /// The read's last byte was of the sending call.
    Last,
}
