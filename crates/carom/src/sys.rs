//! The system calls of a connection. Nothing here changes a descriptor's blocking mode: it belongs to the open file,
//! which another process may share. Sockets are asked not to wait call by call; other files are polled first.

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
    /// A FIFO, as `pipe(2)` makes it, or any other file that can be polled; on Windows, an end of a named pipe.
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
