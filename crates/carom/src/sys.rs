//! The system calls of a connection. Nothing here changes a descriptor's blocking mode: it belongs to the open file,
//! which another process may share. Sockets are asked not to wait call by call; other files are polled first.
//!
//! The definitions that all systems share are here. `unix` and `windows` each have:
//!
//! - `RawFd`, `OwnedFd`, `BorrowedFd`, `AsFd`, `AsRawFd`: descriptors, by number and by ownership;
//! - `adopt`, `duplicate`, `kind`: descriptors that come from elsewhere;
//! - `pair`: two connected ends;
//! - `poll_readable`, `poll_writable`, `receive`, `send`: bytes, by a [`Deadline`];
//! - `receive_with_fds`, `receive_without_fds`, `send_with_fds`, `FDS_MAX`, `BESIDE`: descriptors beside bytes;
//! - `pass_rights`, `arrival`, `is_nonblocking`, `close_aside`, `close_socket`, `descriptors_max`: descriptors that a peer sends;
//! - `peer_credentials`, `peer_has_gone`, `error_name`;
//! - `pages`: memory in long runs, past the allocator;
//! - `sealed`: memory that a peer can map, and nobody can take away;
//! - `child`: the end of a child process, and a process that ends with its parent;
//! - `local`, `tcp`: sockets (or named pipes) that listen, and that connect;
//! - `selector`: a `Selector` that watches descriptors, and a `Waker` for it.
//!
//! An item that can't exist on a system is there all the same, and returns a clear error.

mod arrived;
mod deadline;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) mod sealed;
mod sealed_error;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

pub use arrived::{Arrival, Arrived, Beside, PeerFd, PeerFds};
pub use deadline::Deadline;
pub(crate) use sealed_error::SealedError;
#[cfg(unix)]
pub use unix::*;
#[cfg(windows)]
pub use windows::*;

/// The kind of file that a descriptor is, which decides the calls that move its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// A stream socket.
    Socket,
    /// A FIFO, as `pipe(2)` makes it; on Windows, an end of a named pipe.
    File,
}

/// The uses that a descriptor has.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    /// The calls that move its bytes.
    pub transport: Transport,
    /// Whether descriptors can be sent through it: it is a Unix socket.
    pub carries_descriptors: bool,
    /// Whether it was opened for reading.
    pub readable: bool,
    /// Whether it was opened for writing.
    pub writable: bool,
}

/// The process at the other end of a local connection: the process that created the socket, or connected it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Credentials {
    /// Process id; 0 where the peer is in a pid namespace that can't be seen from here.
    pub pid: i32,
    /// User id.
    pub uid: u32,
    /// Group id.
    pub gid: u32,
}
