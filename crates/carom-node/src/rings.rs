//! The rings of which JavaScript expects a report: it has read them until they were empty.
//!
//! A peer rings only for an end that has said that it sleeps. While the event loop is being served, this thread looks at the rings'
//! memory itself, and says that it sleeps when it is about to: two ends that are awake make no system call.

use std::cell::{Cell, RefCell};

use carom::reactor::Readiness;

use crate::slots::{Expected, Slots};

#[derive(Default)]
pub(crate) struct Rings {
    /// Whether the event loop is being served: `sleep` is called before it goes on.
    serving: Cell<bool>,
    /// The numbers of those that are looked at.
    looked_at: RefCell<Vec<u32>>,
    /// Reports that are still to be given to JavaScript.
    due: RefCell<Vec<Readiness>>,
}

impl Rings {
    /// Says whether the event loop is being served.
    pub(crate) fn serve(&self, serving: bool) {
        self.serving.set(serving);
    }

    /// Where `id` is a ring, which JavaScript has found empty: it will be reported. Returns whether there is something already: then
    /// it isn't.
    pub(crate) fn park(&self, slots: &mut Slots, id: u32) -> bool {
        let Some((ring, expected)) = slots.ring(id) else {
            return false;
        };
        if self.serving.get() {
            if *expected != Expected::ByLooking {
                *expected = Expected::ByLooking;
                self.looked_at.borrow_mut().push(id);
            }
            return false;
        }
        if ring.arm_to_receive() {
            return true;
        }
        *expected = Expected::ByDoorbell;
        // Room for a send that found none: its doorbell may have been taken.
        if ring.ring_ready() {
            self.owe(id);
        }
        false
    }

    /// To be called after a call on `id` that may have taken a doorbell for which JavaScript waits.
    pub(crate) fn repark(&self, slots: &mut Slots, id: u32) {
        let lost = slots
            .ring(id)
            .is_some_and(|(ring, expected)| *expected == Expected::ByDoorbell && !ring.is_armed());
        if lost && self.park(slots, id) {
            self.owe(id);
        }
    }

    /// Whether there are reports that wait for the event loop to ask for them.
    pub(crate) fn owes(&self) -> bool {
        !self.due.borrow().is_empty()
    }

    /// Has `batch` given to JavaScript in the next turn.
    pub(crate) fn put_off(&self, batch: &mut Vec<Readiness>) {
        self.due.borrow_mut().append(batch);
    }

    fn owe(&self, id: u32) {
        self.due.borrow_mut().push(report(id));
    }

    /// Whether there are any that this thread looks at.
    pub(crate) fn are_looked_at(&self) -> bool {
        !self.looked_at.borrow().is_empty()
    }

    /// Appends the reports that were put off, and those of the rings that have something, as far as their memory says.
    pub(crate) fn look(&self, slots: &mut Slots, batch: &mut Vec<Readiness>) {
        batch.append(&mut self.due.borrow_mut());
        self.looked_at.borrow_mut().retain(|&id| {
            let Some((ring, expected)) = slots.ring(id).filter(|(_, expected)| **expected == Expected::ByLooking)
            else {
                return false;
            };
            let ready = ring.ring_ready();
            if ready {
                *expected = Expected::No;
                batch.push(report(id));
            }
            !ready
        });
    }

    /// As `look`, where this thread is about to sleep: the peers of the other rings will ring.
    pub(crate) fn sleep(&self, slots: &mut Slots, batch: &mut Vec<Readiness>) {
        batch.append(&mut self.due.borrow_mut());
        for id in self.looked_at.borrow_mut().drain(..) {
            let Some((ring, expected)) = slots.ring(id).filter(|(_, expected)| **expected == Expected::ByLooking)
            else {
                continue;
            };
            if ring.arm() {
                *expected = Expected::No;
                batch.push(report(id));
            } else {
                *expected = Expected::ByDoorbell;
            }
        }
    }
}

/// Takes the doorbells out of the sockets in `batch` that have a ring beside them: what they report is that it has something.
pub(crate) fn hear(slots: &mut Slots, batch: &mut [Readiness]) {
    for readiness in batch {
        let id = readiness.token as u32;
        if let Some((ring, expected)) = slots.ring(id) {
            // A failure is there for the next receive.
            let _ = ring.hear();
            *expected = Expected::No;
            *readiness = report(id);
        }
    }
}

/// The end is found by reading, behind all that there is.
fn report(id: u32) -> Readiness {
    Readiness::both(id as usize)
}
