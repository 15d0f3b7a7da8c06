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
use crate::rings::{self, Rings};
use crate::slots::Slots;
use crate::status;

/// The longest that one turn of the event loop is kept from its timers by spinning.
const SPIN_TOTAL: Duration = Duration::from_millis(1);

pub(crate) struct Environment {
    pub(crate) slots: RefCell<Slots>,
    /// None when the environment has ended: not every runtime releases then what JavaScript held.
    selector: RefCell<Option<Selector>>,
    dispatch: Dispatch,
    rings: Rings,
    /// Makes the reactor's descriptor readable.
    waker: RefCell<Option<Waker>>,
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
        let waker = reactor.waker().map_err(|error| status::thrown("eventfd", &error))?;
        Ok(Self {
            slots: RefCell::default(),
            selector: RefCell::new(Some(Selector { reactor, registry })),
            dispatch,
            rings: Rings::default(),
            waker: RefCell::new(Some(waker)),
            spin: Cell::default(),
            ended: Cell::default(),
        })
    }

    /// Makes the reactor's descriptor readable.
    pub(crate) fn wake(&self) -> io::Result<()> {
        self.waker.borrow().as_ref().ok_or_else(numbers::unknown)?.wake()
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
        let reported = self.dispatch.report(&mut batch);
        self.rings.put_off(&mut batch);
        Ok(reported)
    }

    /// Gives the reports that are there to JavaScript. Called by the event loop.
    pub(crate) fn serve(&self) {
        self.rings.serve(true);
        self.serve_until_idle();
        self.rings.serve(false);
    }

    fn serve_until_idle(&self) {
        let begin = Instant::now();
        let mut batch = Vec::new();
        let mut until = None;
        loop {
            // A failing look leaves the batch empty; the event loop asks again.
            let _ = self.collect(Deadline::Now, &mut batch);
            if !batch.is_empty() {
                self.dispatch.run(&mut batch);
                let spin = self.spin.get();
                until = (!spin.is_zero()).then(|| (Instant::now() + spin).min(begin + SPIN_TOTAL));
            }
            if self.ended.get() {
                return;
            }
            if until.is_none_or(|until| Instant::now() >= until) && self.may_sleep(&mut batch, begin) {
                return;
            }
        }
    }

    /// Whether the event loop may go on to its timers, and sleep: no ring has anything, and each peer rings when it has. Where the
    /// turn has lasted long enough, what there is comes in the next one.
    fn may_sleep(&self, batch: &mut Vec<Readiness>, begin: Instant) -> bool {
        self.rings.sleep(&mut self.slots.borrow_mut(), batch);
        if batch.is_empty() {
            return true;
        }
        let over = begin.elapsed() >= SPIN_TOTAL && self.wake().is_ok();
        if over {
            self.rings.put_off(batch);
        }
        over
    }

    /// See [`Rings::park`].
    pub(crate) fn park(&self, slots: &mut Slots, id: u32) -> bool {
        let changed = self.rings.park(slots, id);
        self.wake_for_rings();
        changed
    }

    /// See [`Rings::repark`].
    pub(crate) fn repark(&self, slots: &mut Slots, id: u32) {
        self.rings.repark(slots, id);
        self.wake_for_rings();
    }

    fn wake_for_rings(&self) {
        if self.rings.owes() {
            // One that fails is short of memory; the reports are given with the next ones.
            let _ = self.wake();
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
        self.waker.take();
        self.selector.take();
    }

    /// Appends the reports that are there by `deadline` to `batch`.
    fn collect(&self, deadline: Deadline, batch: &mut Vec<Readiness>) -> io::Result<()> {
        let mut slots = self.slots.borrow_mut();
        if deadline == Deadline::Now {
            self.rings.look(&mut slots, batch);
        } else {
            self.rings.sleep(&mut slots, batch);
        }
        let deadline = if batch.is_empty() { deadline } else { Deadline::Now };
        let known = batch.len();
        let mut selector = self.selector.borrow_mut();
        let reactor = &mut selector.as_mut().ok_or_else(numbers::unknown)?.reactor;
        reactor.poll(deadline, |readiness| batch.push(readiness))?;
        rings::hear(&mut slots, &mut batch[known..]);
        Ok(())
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
