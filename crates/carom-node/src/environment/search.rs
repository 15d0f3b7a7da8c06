//! Looks for more reports before the event loop sleeps.
#![cfg_attr(not(unix), allow(dead_code, reason = "the driver that searches is Unix's"))]

use std::time::{Duration, Instant};

use carom::reactor::Readiness;
use carom::sys::Deadline;

use super::Environment;
use crate::spin::Wishes;

/// A search that was interrupted for so long was interrupted by the system: one look takes a microsecond.
const DISPLACED: Duration = Duration::from_micros(30);

/// For how long reports are served from a search before the event loop has a turn, whatever is due there.
const SEARCHING_MAX: Duration = Duration::from_millis(10);

/// How often the rings are looked at between two looks at the kernel, which take as long as some dozens of those.
const LOOKS_AT_RINGS: u32 = 32;

/// The other handles of the event loop, which must not wait for a search.
pub(crate) trait OtherHandles {
    /// How long they can wait: until the next timer is due, or for ever.
    fn patience(&self) -> Duration;

    /// Whether something has happened that the event loop is to serve, be it a report of the reactor's.
    fn ready(&self) -> bool;
}

impl Environment {
    /// The wishes of the connections that `batch` reports. Their own code may close them.
    pub(super) fn wishes(&self, batch: &[Readiness]) -> Wishes {
        let slots = self.slots.borrow();
        let mut wishes = Wishes::default();
        if self.may_search.get() {
            for wish in batch.iter().filter_map(|readiness| slots.spin(readiness.token as u32)) {
                wishes.add(wish);
            }
        }
        wishes
    }

    /// Says that the driver calls `search` where `searches` asks for it.
    pub(crate) fn allow_search(&self) {
        self.may_search.set(true);
    }

    /// Whether the event loop is to call `search` before it sleeps.
    pub(crate) fn searches(&self) -> bool {
        self.spin.borrow().searches()
    }

    /// Looks for more reports, and serves them, until none have come in time, or another handle of the event loop is due. Called by
    /// the event loop before it sleeps.
    pub(crate) fn search(&self, others: &impl OtherHandles) {
        let begin = Instant::now();
        self.rings.serve(true);
        loop {
            self.search_once(begin, others);
            if self.may_sleep(begin) {
                return;
            }
        }
    }

    fn search_once(&self, begin: Instant, others: &impl OtherHandles) {
        let mut now = begin;
        while !self.ended() {
            let remaining = self.spin.borrow_mut().remaining(now);
            // Up to the very moment that a timer is due: the loop, which counts in milliseconds, would sleep past it.
            let duration = remaining.min(others.patience());
            // The event loop serves a connection that is ready at once, in turn with its other handles.
            if duration.is_zero() || others.ready() {
                return;
            }
            let Some(mut batch) = self.look(duration, others) else {
                return;
            };
            if now - begin > SEARCHING_MAX && self.next_turn(&mut batch) {
                self.batch.set(batch);
                return;
            }
            self.run(batch);
            now = Instant::now();
        }
    }

    /// Looks for reports for `duration`.
    fn look(&self, duration: Duration, others: &impl OtherHandles) -> Option<Vec<Readiness>> {
        let begin = Instant::now();
        let mut before = begin;
        let mut batch = self.batch.take();
        loop {
            self.look_at_rings(&mut batch);
            if batch.is_empty() {
                // A failing look finds nothing; the event loop asks again.
                let _ = self.collect(Deadline::Now, &mut batch);
            }
            let now = Instant::now();
            let mut spin = self.spin.borrow_mut();
            if now - before > DISPLACED {
                spin.displaced();
            }
            let spent = now - begin;
            if !batch.is_empty() {
                spin.looked(spent);
                return Some(batch);
            }
            if spent >= duration || !spin.searches() || others.ready() {
                spin.looked(spent);
                spin.remaining(now);
                self.batch.set(batch);
                return None;
            }
            before = now;
            // Yielding here would give the processor away for milliseconds where others compute, and timers would be late.
            std::hint::spin_loop();
        }
    }

    /// Looks at the memory of rings for a while.
    fn look_at_rings(&self, batch: &mut Vec<Readiness>) {
        let mut slots = self.slots.borrow_mut();
        for _ in 0..LOOKS_AT_RINGS {
            if !self.rings.are_looked_at() {
                return;
            }
            self.rings.look(&mut slots, batch);
            if !batch.is_empty() {
                return;
            }
            std::hint::spin_loop();
        }
    }
}
