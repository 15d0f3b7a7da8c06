//! What one JavaScript environment (the main thread, or a worker) has: its descriptors, the reactor that watches them, and
//! the way to tell JavaScript.

use std::cell::{Cell, RefCell};
use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::time::{Duration, Instant};

use carom::reactor::{Reactor, Readiness, Registry};
use carom::sys::Deadline;
use napi::Result;

use crate::dispatch::Dispatch;
use crate::slots::Slots;
use crate::status;

/// The longest that one turn of the event loop is kept from its timers by spinning.
const SPIN_TOTAL: Duration = Duration::from_millis(1);

pub(crate) struct Environment {
    pub(crate) slots: RefCell<Slots>,
    pub(crate) registry: Registry,
    reactor: RefCell<Reactor>,
    dispatch: Dispatch,
    spin: Cell<Duration>,
    ended: Cell<bool>,
}

impl Environment {
    pub(crate) fn new(dispatch: Dispatch) -> Result<Self> {
        let reactor = Reactor::new().map_err(|error| status::thrown("epoll_create", &error))?;
        let registry = reactor.registry().map_err(|error| status::thrown("dup", &error))?;
        Ok(Self {
            slots: RefCell::default(),
            registry,
            reactor: RefCell::new(reactor),
            dispatch,
            spin: Cell::default(),
            ended: Cell::default(),
        })
    }

    /// A handle that makes the reactor's descriptor readable.
    pub(crate) fn waker(&self) -> io::Result<mio::Waker> {
        self.reactor.borrow().waker()
    }

    /// How long the event loop looks for more reports when it has served some.
    pub(crate) fn spin(&self, duration: Duration) {
        self.spin.set(duration);
    }

    /// Whether the environment has ended: nothing may be called any more.
    pub(crate) fn ended(&self) -> bool {
        self.ended.get()
    }

    /// Waits by `deadline` for reports, in place of the event loop, and writes them where JavaScript reads them. Returns how
    /// many there are.
    pub(crate) fn wait(&self, deadline: Deadline) -> io::Result<Result<u32>> {
        let mut batch = Vec::new();
        self.collect(deadline, &mut batch)?;
        Ok(self.dispatch.report(&mut batch))
    }

    /// Gives the reports that are there to JavaScript. Called by the event loop.
    pub(crate) fn serve(&self) {
        let begin = Instant::now();
        let mut batch = Vec::new();
        let mut until = begin;
        loop {
            // A failing look leaves the batch empty; the event loop asks again.
            let _ = self.collect(Deadline::Now, &mut batch);
            if !batch.is_empty() {
                self.dispatch.run(&mut batch);
                let spin = self.spin.get();
                if spin.is_zero() {
                    return;
                }
                until = (Instant::now() + spin).min(begin + SPIN_TOTAL);
            }
            if self.ended.get() || Instant::now() >= until {
                return;
            }
        }
    }

    /// The environment ends: its descriptors are closed, and JavaScript is called no more.
    pub(crate) fn end(&self) {
        self.ended.set(true);
        self.slots.borrow_mut().clear();
    }

    fn collect(&self, deadline: Deadline, batch: &mut Vec<Readiness>) -> io::Result<()> {
        self.reactor
            .borrow_mut()
            .poll(deadline, |readiness| batch.push(readiness))
            .map(drop)
    }
}

impl AsRawFd for Environment {
    /// The reactor's descriptor: readable while there are reports to take.
    fn as_raw_fd(&self) -> RawFd {
        self.reactor.borrow().as_raw_fd()
    }
}
