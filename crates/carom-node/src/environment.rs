//! The state of one JavaScript environment (the main thread, or a worker): its descriptors, the reactor that watches them, and
//! the way to tell JavaScript.

use std::cell::{Cell, RefCell};
use std::io;
use std::time::{Duration, Instant};

use carom::reactor::{Reactor, Readiness, Registry, Signal, Waker};
use carom::sys::Deadline;
use napi::Result;

use crate::dispatch::Dispatch;
use crate::numbers;
use crate::slots::Slots;
use crate::status;

/// The longest that one turn of the event loop is kept from its timers by spinning.
const SPIN_TOTAL: Duration = Duration::from_millis(1);

pub(crate) struct Environment {
    pub(crate) slots: RefCell<Slots>,
    /// None when the environment has ended: not every runtime releases then what JavaScript held.
    selector: RefCell<Option<Selector>>,
    dispatch: Dispatch,
    spin: Cell<Duration>,
    ended: Cell<bool>,
}

struct Selector {
    reactor: Reactor,
    registry: Registry,
}

impl Environment {
    pub(crate) fn new(dispatch: Dispatch) -> Result<Self> {
        let reactor = Reactor::new().map_err(|error| status::thrown("epoll_create", &error))?;
        let registry = reactor.registry().map_err(|error| status::thrown("dup", &error))?;
        Ok(Self {
            slots: RefCell::default(),
            selector: RefCell::new(Some(Selector { reactor, registry })),
            dispatch,
            spin: Cell::default(),
            ended: Cell::default(),
        })
    }

    /// A handle that makes the reactor's descriptor readable.
    pub(crate) fn waker(&self) -> io::Result<Waker> {
        self.selector
            .borrow()
            .as_ref()
            .ok_or_else(numbers::unknown)?
            .reactor
            .waker()
    }

    /// Says what is watched.
    pub(crate) fn watching(&self, say: impl FnOnce(&Registry) -> io::Result<()>) -> io::Result<()> {
        say(&self.selector.borrow().as_ref().ok_or_else(numbers::unknown)?.registry)
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

    /// JavaScript has let go of the environment: as `end`, and what it lent is given back.
    pub(crate) fn abandon(&self) {
        if !self.ended.get() {
            self.end();
            self.dispatch.release();
        }
    }

    /// The environment ends: its descriptors are closed, the reactor's too, and JavaScript is called no more. To be called
    /// when nobody watches the reactor any longer.
    pub(crate) fn end(&self) {
        self.ended.set(true);
        self.slots.borrow_mut().clear();
        self.selector.take();
    }

    fn collect(&self, deadline: Deadline, batch: &mut Vec<Readiness>) -> io::Result<()> {
        let mut selector = self.selector.borrow_mut();
        let reactor = &mut selector.as_mut().ok_or_else(numbers::unknown)?.reactor;
        reactor.poll(deadline, |readiness| batch.push(readiness)).map(drop)
    }

    /// Tells that there are reports to take.
    pub(crate) fn signal(&self) -> io::Result<Signal> {
        self.selector
            .borrow()
            .as_ref()
            .ok_or_else(numbers::unknown)?
            .reactor
            .signal()
    }

    /// The reactor's descriptor: readable while there are reports to take.
    #[cfg(unix)]
    pub(crate) fn fd(&self) -> io::Result<std::os::fd::RawFd> {
        use std::os::fd::AsRawFd;

        Ok(self
            .selector
            .borrow()
            .as_ref()
            .ok_or_else(numbers::unknown)?
            .reactor
            .as_raw_fd())
    }
}
