//! The thread driver's hand-over in every order that two threads can take its steps: `RUSTFLAGS='--cfg loom' cargo test -p
//! carom-node --test handover --release`. Loom fails a test that can block for ever.
#![cfg(loom)]
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use loom::sync::{Arc, Condvar, Mutex};
use loom::thread;

#[path = "../src/driver/handover.rs"]
mod handover;

use handover::Handover;

/// A model of the kernel and the runtime: a descriptor that is readable while there are reports, and the queue of a thread-safe
/// function. Both count, and wake the thread that waits for a count.
#[derive(Default)]
struct Counter {
    count: Mutex<usize>,
    changed: Condvar,
}

impl Counter {
    fn add(&self) {
        *self.count.lock().unwrap() += 1;
        self.changed.notify_all();
    }

    /// Waits until there are some, and leaves them there.
    fn until_some(&self) {
        let mut count = self.count.lock().unwrap();
        while *count == 0 {
            count = self.changed.wait(count).unwrap();
        }
    }

    fn take(&self) -> usize {
        std::mem::take(&mut *self.count.lock().unwrap())
    }
}

/// The state that the driver's threads share.
#[derive(Default)]
struct World {
    reports: Counter,
    calls: Counter,
    handover: Handover,
}

impl World {
    /// As the driver's thread does.
    fn watch(&self) {
        loop {
            self.reports.until_some();
            if !self.handover.tell(|| self.calls.add()) {
                return;
            }
        }
    }

    /// As `on_wake` does. Returns how many reports it has taken.
    fn serve(&self) -> usize {
        self.calls.until_some();
        assert_eq!(self.calls.take(), 1, "the queue has room for one call");
        let taken = self.reports.take();
        self.handover.served();
        taken
    }

    /// As `on_end` does, whose waker makes the reactor readable.
    fn end(&self, watcher: thread::JoinHandle<()>) {
        self.handover.end();
        self.reports.add();
        watcher.join().unwrap();
    }
}

fn start(world: &Arc<World>, life: fn(&World)) -> thread::JoinHandle<()> {
    let world = Arc::clone(world);
    thread::spawn(move || life(&world))
}

#[test]
fn every_report_is_served_whenever_it_comes() {
    loom::model(|| {
        let world = Arc::default();
        let watcher = start(&world, World::watch);
        let kernel = start(&world, |world| (0..2).for_each(|_| world.reports.add()));
        let mut served = 0;
        while served < 2 {
            served += world.serve();
        }
        kernel.join().unwrap();
        world.end(watcher);
    });
}

#[test]
fn the_thread_ends_whatever_it_does_when_the_environment_does() {
    loom::model(|| {
        let world = Arc::default();
        let watcher = start(&world, World::watch);
        let kernel = start(&world, |world| world.reports.add());
        world.end(watcher);
        kernel.join().unwrap();
    });
}

#[test]
fn a_report_during_the_last_call_keeps_no_thread_from_ending() {
    loom::model(|| {
        let world = Arc::default();
        let watcher = start(&world, World::watch);
        let kernel = start(&world, |world| (0..2).for_each(|_| world.reports.add()));
        world.serve();
        world.end(watcher);
        kernel.join().unwrap();
    });
}
