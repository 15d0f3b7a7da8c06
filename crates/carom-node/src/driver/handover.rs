//! Whose turn it is: the watching thread's, or JavaScript's.
//!
//! The tests run this file under loom, which tries every order in which two threads can take its steps.

#[cfg(loom)]
use loom::sync::{Condvar, Mutex, MutexGuard};
use std::sync::PoisonError;
#[cfg(not(loom))]
use std::sync::{Condvar, Mutex, MutexGuard};

/// The state that the watching thread and JavaScript's thread share.
#[derive(Default)]
pub(crate) struct Handover {
    turn: Mutex<Turn>,
    changed: Condvar,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Turn {
    /// The thread watches the reactor.
    #[default]
    Watching,
    /// JavaScript has been told, and has not served the reactor yet.
    Told,
    /// The environment has ended.
    Ended,
}

impl Handover {
    /// On the watching thread, which has seen reports: tells JavaScript by `wake`, and waits until it has served them.
    /// Returns whether to watch on.
    pub(crate) fn tell(&self, wake: impl FnOnce()) -> bool {
        let mut turn = self.lock();
        if *turn == Turn::Watching {
            *turn = Turn::Told;
            wake();
        }
        while *turn == Turn::Told {
            turn = self.changed.wait(turn).unwrap_or_else(PoisonError::into_inner);
        }
        *turn != Turn::Ended
    }

    /// On JavaScript's thread: it has taken the reports.
    pub(crate) fn served(&self) {
        self.set(Turn::Watching);
    }

    /// On JavaScript's thread: the watching thread is to end. It may have to be woken from its watch after this.
    pub(crate) fn end(&self) {
        self.set(Turn::Ended);
    }

    fn set(&self, turn: Turn) {
        *self.lock() = turn;
        self.changed.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, Turn> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
