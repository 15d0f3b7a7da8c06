//! Readiness by the system's thread pool.
//!
//! A completion port would be faster, and is what `mio` has. But nobody can wait for one beside its own thread, as the event
//! loop's driver has to; the ends of a named pipe that `mio` reads ahead of lose where a message ends; and its sockets have to
//! be its own. Here, each descriptor that is watched has an event, for which the thread pool waits; what it finds is put into the
//! reactor's queue, and sets the reactor's own event.

use std::io;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::event::Event;
use super::{AsRawFd, BorrowedFd, RawFd};
use crate::reactor::Readiness;
use crate::sys::Deadline;

/// Where reports are put.
#[derive(Debug)]
pub(crate) struct Port {
    reports: Mutex<Reports>,
    /// Set while there are reports, or the waker was used.
    event: Event,
}

#[derive(Debug, Default)]
struct Reports {
    queue: Vec<Readiness>,
    woken: bool,
}

impl Port {
    fn put(&self, change: impl FnOnce(&mut Reports)) {
        let mut reports = self.reports.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut reports);
        self.event.set();
    }

    fn take(&self) -> Reports {
        let mut reports = self.reports.lock().unwrap_or_else(PoisonError::into_inner);
        self.event.reset();
        std::mem::take(&mut *reports)
    }
}

/// A reactor that is told of a descriptor's readiness.
#[derive(Debug)]
struct Watcher {
    port: Weak<Port>,
    token: usize,
    writable: bool,
}

/// The watchers of a descriptor's readiness.
#[derive(Debug, Default)]
pub(super) struct Watchers(Mutex<Vec<Watcher>>);

impl Watchers {
    fn change<T>(&self, change: impl FnOnce(&mut Vec<Watcher>) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn add(&self, port: &Arc<Port>, token: usize, writable: bool) {
        self.remove(port);
        self.change(|watchers| {
            watchers.push(Watcher {
                port: Arc::downgrade(port),
                token,
                writable,
            });
        });
    }

    pub(super) fn remove(&self, port: &Arc<Port>) {
        self.change(|watchers| {
            watchers.retain(|watcher| {
                watcher.port.strong_count() > 0 && !std::ptr::eq(watcher.port.as_ptr(), Arc::as_ptr(port))
            });
        });
    }

    pub(super) fn is_empty(&self) -> bool {
        self.change(|watchers| watchers.is_empty())
    }

    /// Whether somebody waits for room to write.
    pub(super) fn want_writable(&self) -> bool {
        self.change(|watchers| watchers.iter().any(|watcher| watcher.writable))
    }

    pub(super) fn tell(&self, readable: bool, writable: bool, ended: bool) {
        self.change(|watchers| {
            for watcher in watchers.iter() {
                let writable = writable && watcher.writable;
                if !(readable || writable) {
                    continue;
                }
                if let Some(port) = watcher.port.upgrade() {
                    port.put(|reports| {
                        reports.queue.push(Readiness {
                            token: watcher.token,
                            readable,
                            writable,
                            ended,
                        });
                    });
                }
            }
        });
    }
}

/// The descriptors that are watched.
#[derive(Debug)]
pub(crate) struct Registry(Arc<Port>);

impl Registry {
    pub(crate) fn watch(&self, fd: BorrowedFd<'_>, token: usize, writable: bool) -> io::Result<()> {
        fd.watch(&self.0, token, writable)
    }

    pub(crate) fn rearm(&self, fd: BorrowedFd<'_>, token: usize, writable: bool) -> io::Result<()> {
        fd.watch(&self.0, token, writable)
    }

    pub(crate) fn forget(&self, fd: BorrowedFd<'_>) -> io::Result<()> {
        fd.watchers().remove(&self.0);
        Ok(())
    }
}

/// Ends a reactor's wait from another thread.
#[derive(Debug)]
pub(crate) struct Waker(Arc<Port>);

impl Waker {
    /// Ends the wait that is under way, or the next one.
    ///
    /// # Errors
    ///
    /// None; on other systems, what the system reports.
    pub(crate) fn wake(&self) -> io::Result<()> {
        self.0.put(|reports| reports.woken = true);
        Ok(())
    }
}

/// Waits for reports without taking them.
#[derive(Debug)]
pub(crate) struct Signal(Arc<Port>);

impl Signal {
    pub(crate) fn wait(&self) -> io::Result<()> {
        self.0.event.wait(Deadline::Never).map(drop)
    }
}

/// Waits for many descriptors.
#[derive(Debug)]
pub(crate) struct Selector(Arc<Port>);

impl Selector {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self(Arc::new(Port {
            reports: Mutex::default(),
            event: Event::new()?,
        })))
    }

    #[allow(clippy::unnecessary_wraps, reason = "fails on other systems")]
    pub(crate) fn registry(&self) -> io::Result<Registry> {
        Ok(Registry(Arc::clone(&self.0)))
    }

    #[allow(clippy::unnecessary_wraps, reason = "fails on other systems")]
    pub(crate) fn waker(&self) -> io::Result<Waker> {
        Ok(Waker(Arc::clone(&self.0)))
    }

    #[allow(clippy::unnecessary_wraps, reason = "fails on other systems")]
    pub(crate) fn signal(&self) -> io::Result<Signal> {
        Ok(Signal(Arc::clone(&self.0)))
    }

    /// Waits by `deadline` for reports, and gives each to `report`; whether the waker ended the wait.
    pub(crate) fn poll(&mut self, deadline: Deadline, report: impl FnMut(Readiness)) -> io::Result<bool> {
        self.0.event.wait(deadline)?;
        let Reports { queue, woken } = self.0.take();
        queue.into_iter().for_each(report);
        Ok(woken)
    }
}

impl AsRawFd for Selector {
    fn as_raw_fd(&self) -> RawFd {
        self.0.event.handle() as RawFd
    }
}
