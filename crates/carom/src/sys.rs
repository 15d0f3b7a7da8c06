//! The system calls of a connection. Nothing here changes a descriptor's blocking mode: it belongs to the open file,
//! which another process may share. Sockets are asked not to wait call by call; other files are polled first.

use std::mem::ManuallyDrop;
use std::time::{Duration, Instant};

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub use unix::*;
#[cfg(windows)]
pub use windows::*;

/// How long a call may wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deadline {
    /// Not at all.
    Now,
    /// Until this moment.
    At(Instant),
    /// For ever.
    Never,
}

impl Deadline {
    /// The moment `timeout` from now; `None` is never.
    #[must_use]
    pub fn after(timeout: Option<Duration>) -> Self {
        match timeout {
            Some(Duration::ZERO) => Self::Now,
            // A moment past the clock's range never comes.
            Some(timeout) => Instant::now().checked_add(timeout).map_or(Self::Never, Self::At),
            None => Self::Never,
        }
    }

    /// The earlier of the two.
    #[must_use]
    pub fn min(self, other: Self) -> Self {
        match (self, other) {
            (Self::Now, _) | (_, Self::Now) => Self::Now,
            (Self::Never, deadline) | (deadline, Self::Never) => deadline,
            (Self::At(one), Self::At(other)) => Self::At(one.min(other)),
        }
    }

    /// What is left of the time; `None` is for ever.
    #[must_use]
    pub fn remaining(self) -> Option<Duration> {
        match self {
            Self::Now => Some(Duration::ZERO),
            Self::At(moment) => Some(moment.saturating_duration_since(Instant::now())),
            Self::Never => None,
        }
    }
}

/// What kind of file a descriptor is, which decides the calls that move its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// A stream socket.
    Socket,
    /// A FIFO, as `pipe(2)` makes it; on Windows, an end of a named pipe.
    File,
}

/// What a descriptor can be used for.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    /// Which calls move its bytes.
    pub transport: Transport,
    /// Whether descriptors can be sent through it: it is a Unix socket.
    pub carries_descriptors: bool,
    /// Whether it was opened for reading.
    pub readable: bool,
    /// Whether it was opened for writing.
    pub writable: bool,
}

/// What may be made of a descriptor that a peer has sent.
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

/// Who is at the other end of a local connection: the process that created the socket, or connected it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Credentials {
    /// Process id; 0 where the peer is in a pid namespace that can't be seen from here.
    pub pid: i32,
    /// User id.
    pub uid: u32,
    /// Group id.
    pub gid: u32,
}
