//! Readiness by `mio`.

use std::io;

use mio::unix::SourceFd;
use mio::{Events, Interest, Token};

use super::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd, duplicate, poll_readable};
use crate::reactor::Readiness;
use crate::sys::Deadline;

pub(crate) use mio::Waker;

/// The token of the waker; callers' tokens are smaller.
const WAKER: Token = Token(usize::MAX);

/// How many reports one look takes from the kernel.
const BATCH: usize = 1024;

/// The descriptors that are watched.
#[derive(Debug)]
pub(crate) struct Registry(mio::Registry);

impl Registry {
    pub(crate) fn watch(&self, fd: BorrowedFd<'_>, token: usize, writable: bool) -> io::Result<()> {
        self.0
            .register(&mut SourceFd(&fd.as_raw_fd()), Token(token), interest(writable))
    }

    pub(crate) fn rearm(&self, fd: BorrowedFd<'_>, token: usize, writable: bool) -> io::Result<()> {
        self.0
            .reregister(&mut SourceFd(&fd.as_raw_fd()), Token(token), interest(writable))
    }

    pub(crate) fn forget(&self, fd: BorrowedFd<'_>) -> io::Result<()> {
        self.0.deregister(&mut SourceFd(&fd.as_raw_fd()))
    }
}

fn interest(writable: bool) -> Interest {
    if writable {
        Interest::READABLE.add(Interest::WRITABLE)
    } else {
        Interest::READABLE
    }
}

/// Waits for reports without taking them.
#[derive(Debug)]
pub(crate) struct Signal(OwnedFd);

impl Signal {
    pub(crate) fn wait(&self) -> io::Result<()> {
        poll_readable(self.0.as_fd(), false, Deadline::Never).map(drop)
    }
}

/// Waits for many descriptors.
#[derive(Debug)]
pub(crate) struct Selector {
    poll: mio::Poll,
    events: Events,
}

impl Selector {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self {
            poll: mio::Poll::new()?,
            events: Events::with_capacity(BATCH),
        })
    }

    pub(crate) fn registry(&self) -> io::Result<Registry> {
        self.poll.registry().try_clone().map(Registry)
    }

    pub(crate) fn waker(&self) -> io::Result<Waker> {
        Waker::new(self.poll.registry(), WAKER)
    }

    pub(crate) fn signal(&self) -> io::Result<Signal> {
        duplicate(self.as_raw_fd()).map(Signal)
    }

    /// Waits by `deadline` for reports, and gives each to `report`; whether the waker ended the wait.
    pub(crate) fn poll(&mut self, deadline: Deadline, mut report: impl FnMut(Readiness)) -> io::Result<bool> {
        loop {
            match self.poll.poll(&mut self.events, deadline.remaining()) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
                Ok(()) if self.events.is_empty() && deadline.remaining().is_none_or(|left| !left.is_zero()) => {}
                Ok(()) => break,
            }
        }
        let mut woken = false;
        for event in &self.events {
            if event.token() == WAKER {
                woken = true;
                continue;
            }
            report(Readiness {
                token: event.token().0,
                readable: event.is_readable() || event.is_read_closed() || event.is_error(),
                writable: event.is_writable() || event.is_write_closed() || event.is_error(),
                ended: event.is_read_closed() || event.is_error(),
            });
        }
        Ok(woken)
    }
}

impl AsRawFd for Selector {
    fn as_raw_fd(&self) -> RawFd {
        self.poll.as_raw_fd()
    }
}
