//! Readiness of many descriptors at once: on Unix by `mio`, on Windows by the system's thread pool.
//!
//! Readiness is reported when it *changes* (edge-triggered). Two rules follow:
//!
//! - After a report, go on until the connection says that there is nothing more: until
//!   [`try_recv_bytes`](crate::Connection::try_recv_bytes) returns `None`, or [`try_flush`](crate::Connection::try_flush) returns `false`.
//!   A program that stops before, so that others have their turn, is not told again by itself: it calls [`Registry::rearm`], which reports
//!   what is there already.
//! - Room to write is reported to those that ask for it. Where a connection begins to want to write
//!   ([`wants_write`](crate::Connection::wants_write)), call [`Registry::rearm`] with `true`, and where it has been flushed, with `false`. Not
//!   after each report: requests that are left unread meanwhile would be reported again at once, for ever.
//!
//! Reports are hints: one may be spurious, none is missed. The example `server` keeps to these rules:
//!
//! ```
//! use carom::Connection;
//! use carom::reactor::Registry;
//! # #[cfg(unix)]
//! use std::os::fd::AsFd;
//!
//! struct Client {
//!     connection: Connection,
//!     watches_room: bool,
//! }
//!
//! # #[cfg(unix)]
//! impl Client {
//!     /// To be called after each report on this client.
//!     fn go_on(&mut self, registry: &Registry, token: usize) -> carom::Result<()> {
//!         // No request is received before the last answer has left: a client that does not read it stops itself, and nobody else.
//!         while self.connection.try_flush()? {
//!             let Some(request) = self.connection.try_recv_bytes()? else { break };
//!             self.connection.feed_bytes(&request)?;
//!         }
//!         let wants_room = self.connection.wants_write();
//!         if wants_room != self.watches_room {
//!             self.watches_room = wants_room;
//!             registry.rearm(self.connection.as_fd(), token, wants_room)?;
//!         }
//!         Ok(())
//!     }
//! }
//! ```

use std::io;

use crate::sys::selector::{self, Selector};
use crate::sys::{AsRawFd, BorrowedFd, Deadline, RawFd};

/// The readiness of a descriptor, as reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Readiness {
    /// The token that the descriptor was registered under.
    pub token: usize,
    /// There may be something to read, or the end.
    pub readable: bool,
    /// There may be room to write, or nobody to read it any more.
    pub writable: bool,
    /// Nothing more will arrive: a watcher that has read all that was there finds the end, or an error, without another report.
    pub ended: bool,
}

impl Readiness {
    /// Everything but the end may have come.
    #[doc(hidden)]
    #[must_use]
    pub fn both(token: usize) -> Self {
        Self {
            token,
            readable: true,
            writable: true,
            ended: false,
        }
    }
}

/// The descriptors that are watched. Independent of the [`Reactor`] that waits, so that it can be used from another thread.
#[derive(Debug)]
pub struct Registry(selector::Registry);

impl Registry {
    /// Watches `fd` under `token` for something to read and, where `writable`, for room to write as well. What is ready already is reported,
    /// and from then on each change.
    ///
    /// # Errors
    ///
    /// The selector's error: `EPERM` for a file that is always ready, `EEXIST`, `ENOSPC`, `ENOMEM`.
    pub fn watch(&self, fd: BorrowedFd<'_>, token: usize, writable: bool) -> io::Result<()> {
        self.0.watch(fd, token, writable)
    }

    /// Asks anew, for something to read and, where `writable`, for room to write: what is ready now is reported, even if it was before.
    ///
    /// # Errors
    ///
    /// The selector's error: `ENOENT` for a descriptor that isn't watched.
    pub fn rearm(&self, fd: BorrowedFd<'_>, token: usize, writable: bool) -> io::Result<()> {
        self.0.rearm(fd, token, writable)
    }

    /// Stops watching `fd`. To be called before the descriptor is closed: other descriptors of the same open file, in this
    /// process or another, would keep it watched.
    ///
    /// # Errors
    ///
    /// The selector's error: `ENOENT` for a descriptor that isn't watched.
    pub fn forget(&self, fd: BorrowedFd<'_>) -> io::Result<()> {
        self.0.forget(fd)
    }
}

/// Waits for many descriptors.
///
/// ```
/// use carom::reactor::Reactor;
/// use carom::Deadline;
///
/// let (mut a, b) = carom::pipe()?;
/// let mut reactor = Reactor::new()?;
/// reactor.registry()?.watch(carom::sys::AsFd::as_fd(&b), 7, false)?;
/// a.send_bytes(b"ping")?;
/// let mut tokens = Vec::new();
/// reactor.poll(Deadline::Never, |readiness| tokens.push(readiness.token))?;
/// assert_eq!(tokens, [7]);
/// # Ok::<(), carom::Error>(())
/// ```
#[derive(Debug)]
pub struct Reactor(Selector);

impl Reactor {
    /// A reactor that watches nothing yet.
    ///
    /// # Errors
    ///
    /// The selector's error: `EMFILE`, `ENFILE`, `ENOMEM`.
    pub fn new() -> io::Result<Self> {
        Selector::new().map(Self)
    }

    /// A handle to say what is watched.
    ///
    /// # Errors
    ///
    /// `EMFILE` and the like: the handle has a descriptor of its own.
    pub fn registry(&self) -> io::Result<Registry> {
        self.0.registry().map(Registry)
    }

    /// A handle that ends a wait from another thread. There is one per reactor; share it.
    ///
    /// # Errors
    ///
    /// `EMFILE` and the like.
    ///
    /// # Panics
    ///
    /// In a debug build, where it is called a second time.
    pub fn waker(&self) -> io::Result<Waker> {
        self.0.waker().map(Waker)
    }

    /// A handle to wait for reports without taking them, on another thread.
    ///
    /// # Errors
    ///
    /// `EMFILE` and the like: the handle may have a descriptor of its own.
    pub fn signal(&self) -> io::Result<Signal> {
        self.0.signal().map(Signal)
    }

    /// Waits by `deadline` for reports, and gives each to `report`. Returns whether the waker ended the wait. Interruptions
    /// by signals don't show.
    ///
    /// # Errors
    ///
    /// The selector's error.
    pub fn poll(&mut self, deadline: Deadline, report: impl FnMut(Readiness)) -> io::Result<bool> {
        self.0.poll(deadline, report)
    }
}

/// Ends a reactor's wait, from any thread.
#[derive(Debug)]
pub struct Waker(selector::Waker);

impl Waker {
    /// Ends the wait of this moment or, where there is none, the next one.
    ///
    /// # Errors
    ///
    /// The system's error.
    pub fn wake(&self) -> io::Result<()> {
        self.0.wake()
    }
}

/// Waits for a reactor's reports on another thread, which doesn't take them.
#[derive(Debug)]
pub struct Signal(selector::Signal);

impl Signal {
    /// Waits until there are reports to take, or the waker was used.
    ///
    /// # Errors
    ///
    /// The system's error.
    pub fn wait(&self) -> io::Result<()> {
        self.0.wait()
    }
}

impl AsRawFd for Reactor {
    /// The selector's own descriptor: readable while there are reports to take, so that it can be watched by another
    /// event loop.
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}
