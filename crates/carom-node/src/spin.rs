//! How long the event loop looks for more reports, when it has served connections, before it sleeps.
//!
//! Waking a sleeping processor takes tens of microseconds, several times what a message takes. So where an answer comes fast it
//! is faster, and takes less processor time, to look again and again; everywhere else that burns a processor for nothing.
//!
//! The tests run this file with times of their own.

// By its path, since the tests include this file by its own.
#[path = "spin/account.rs"]
mod account;

use std::time::{Duration, Instant};

use account::Account;

/// A connection's option `spin`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wish {
    /// To look for so long, whether or not it pays; zero is not at all.
    Fixed(Duration),
    /// To look while it has lately paid.
    Adaptive,
}

/// The wishes of the connections that were served together.
#[derive(Debug, Default)]
pub(crate) struct Wishes {
    fixed: Duration,
    adaptive: bool,
}

impl Wishes {
    pub(crate) fn add(&mut self, wish: Wish) {
        match wish {
            Wish::Fixed(duration) => self.fixed = self.fixed.max(duration),
            Wish::Adaptive => self.adaptive = true,
        }
    }
}

/// A search for more reports.
#[derive(Debug)]
struct Search {
    began: Instant,
    length: Duration,
    /// The time that has been spent on it: the loop may serve other handles meanwhile.
    spent: Duration,
    adaptive: bool,
}

/// The event loop's state between two times that it serves connections.
#[derive(Debug, Default)]
pub(crate) struct Spin {
    account: Account,
    search: Option<Search>,
    /// The rest since the loop served connections, where nothing is looked for.
    rest: Option<Rest>,
}

/// A rest, and the thread's processor time when it began, where its cost is to be measured.
#[derive(Debug)]
struct Rest {
    began: Instant,
    processor: Option<Duration>,
}

impl Spin {
    /// The loop has reports to serve. `processor` tells the thread's processor time, where the system does.
    pub(crate) fn found(&mut self, now: Instant, processor: impl FnOnce() -> Option<Duration>) {
        if let Some(search) = self
            .search
            .take_if(|search| now.duration_since(search.began) <= search.length)
        {
            // A message that is here at once would have come without a search too: it says nothing about searching.
            if search.adaptive && !search.spent.is_zero() {
                self.account.found(search.spent);
            }
        } else if self.search.is_some() {
            // Other handles interrupted it, and the loop has slept.
            self.end();
        } else if let Some(rest) = self.rest.take() {
            let cost = rest.processor.and_then(|before| processor()?.checked_sub(before));
            self.account.rested(now.duration_since(rest.began), cost);
        }
    }

    /// The loop has served connections with these wishes. `processor`: as for `found`.
    pub(crate) fn served(
        &mut self,
        Wishes { fixed, adaptive }: &Wishes,
        now: Instant,
        processor: impl FnOnce() -> Option<Duration>,
    ) {
        let learned = if *adaptive {
            self.account.length()
        } else {
            Duration::ZERO
        };
        let length = learned.max(*fixed);
        self.search = (!length.is_zero()).then_some(Search {
            began: now,
            length,
            spent: Duration::ZERO,
            // A length that somebody has asked for is used whether or not it pays.
            adaptive: fixed.is_zero(),
        });
        self.rest = (*adaptive && length.is_zero()).then(|| Rest {
            began: now,
            // To ask is a system call, which is spent only before a trial.
            processor: if self.account.expects() { processor() } else { None },
        });
    }

    /// Whether to look for more.
    pub(crate) fn searches(&self) -> bool {
        self.search.is_some()
    }

    /// How much longer to look.
    pub(crate) fn remaining(&mut self, now: Instant) -> Duration {
        let Some(search) = &self.search else {
            return Duration::ZERO;
        };
        let remaining = search.length.saturating_sub(search.spent);
        // Other handles have been served meanwhile, for longer than was to be looked.
        if remaining.is_zero() || now.duration_since(search.began) >= search.length {
            self.end();
            return Duration::ZERO;
        }
        remaining
    }

    /// It has been looked for `duration`.
    pub(crate) fn looked(&mut self, duration: Duration) {
        if let Some(search) = &mut self.search {
            search.spent += duration;
        }
    }

    /// The thread was not running for a while: others want the processor.
    pub(crate) fn displaced(&mut self) {
        if self.search.take().is_some_and(|search| search.adaptive) {
            self.account.displaced();
        }
    }

    /// Ends a search in vain.
    fn end(&mut self) {
        if let Some(search) = self.search.take()
            && search.adaptive
        {
            self.account.in_vain(search.spent, search.length);
        }
    }
}
