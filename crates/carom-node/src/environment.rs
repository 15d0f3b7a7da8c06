//! The state of one JavaScript environment (the main thread, or a worker): its descriptors, the reactor that watches them, and
//! the way to tell JavaScript.

mod search;

use std::cell::{Cell, RefCell};
use std::io;
use std::time::{Duration, Instant};

use carom::reactor::{Reactor, Readiness, Registry, Signal, Waker};
use carom::sys::Deadline;
use napi::Result;

use crate::dispatch::Dispatch;
use crate::numbers;
use crate::processor_time::processor_time;
use crate::rings::{self, Rings};
use crate::slots::Slots;
use crate::spin::Spin;
use crate::status;

#[cfg(unix)]
pub(crate) use search::OtherHandles;

/// How long one turn of the event loop goes on with what rings have, before its timers and other handles are served.
const TURN_MAX: Duration = Duration::from_millis(1);

pub(crate) struct Environment {
    pub(crate) slots: RefCell<Slots>,
    /// None when the environment has ended: not every runtime releases then what JavaScript held.
    selector: RefCell<Option<Selector>>,
    dispatch: Dispatch,
    rings: Rings,
    /// Makes the reactor's descriptor readable.
    waker: RefCell<Option<Waker>>,
    spin: RefCell<Spin>,
    /// Whether the driver calls `search`.
    may_search: Cell<bool>,
    /// Memory for the reports of one look.
    batch: Cell<Vec<Readiness>>,
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
            spin: RefCell::default(),
            may_search: Cell::default(),
            batch: Cell::default(),
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
        let begin = Instant::now();
        self.rings.serve(true);
        let mut batch = self.batch.take();
        // A failing look leaves the batch empty; the event loop asks again.
        let _ = self.collect(Deadline::Now, &mut batch);
        self.run(batch);
        while !self.searches() && !self.may_sleep(begin) {}
    }

    /// Gives `batch` to JavaScript, and lets its ticks and microtasks run.
    fn run(&self, mut batch: Vec<Readiness>) {
        if !batch.is_empty() {
            self.spin.borrow_mut().found(Instant::now(), processor_time);
            let wishes = self.wishes(&batch);
            self.dispatch.run(&mut batch);
            self.spin.borrow_mut().served(&wishes, Instant::now(), processor_time);
        }
        self.batch.set(batch);
    }

    /// Whether the event loop may go on to its timers, and sleep: no ring has anything, and each peer rings when it has. Otherwise
    /// what there is has been given to JavaScript. Where the turn has lasted long enough, that comes in the next one.
    fn may_sleep(&self, begin: Instant) -> bool {
        if self.ended.get() {
            return true;
        }
        let mut batch = self.batch.take();
        self.rings.sleep(&mut self.slots.borrow_mut(), &mut batch);
        if batch.is_empty() || (begin.elapsed() >= TURN_MAX && self.next_turn(&mut batch)) {
            self.rings.serve(false);
            self.batch.set(batch);
            return true;
        }
        self.run(batch);
        false
    }

    /// Has `batch` given to JavaScript in the next turn of the event loop, where it can be woken for that.
    fn next_turn(&self, batch: &mut Vec<Readiness>) -> bool {
        let woken = self.wake().is_ok();
        if woken {
            self.rings.put_off(batch);
        }
        woken
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
