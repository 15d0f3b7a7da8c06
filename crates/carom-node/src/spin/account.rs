//! Whether looking for more before sleeping has lately saved processor time, or cost some.

use std::time::Duration;

/// The processor time that a rest is taken to cost before one has been measured.
const REST: i64 = micros(20);

/// No rest is taken to cost more: what else the loop did meanwhile was measured with it.
const REST_MAX: i64 = micros(50);

/// The lengths of a spin that are chosen from. What comes within a few microseconds needs no long one.
const LENGTHS: [i64; 4] = [micros(8), micros(16), micros(32), micros(50)];

/// The most that a length is credited with: so much may be lost when the pattern changes.
const CREDIT_MAX: i64 = micros(60);

/// A rest that was shorter than this may have been worth a spin: two processors were woken, and had something to do.
const SHORT: Duration = Duration::from_micros(150);

/// How many short rests are asked for before a trial: at first, and at most. Where the peer waits for this very processor, or what
/// comes has no pattern, all trials fail: then they take less than a hundredth of what the rests do.
const CAUTION_MIN: u32 = 2;
const CAUTION_MAX: u32 = 1024;

/// By how much each trial that fails multiplies it.
const BACK_OFF: u32 = 4;

/// A long rest counts against a trial as so many short ones count for it: a load with pauses has its trials all the same.
const LONG_REST: u32 = 8;

/// After so many successes, chance is no longer an explanation.
const PATTERN: u32 = 8;

const fn micros(count: i64) -> i64 {
    count * 1000
}

fn nanos(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

/// The charge for a search in vain: more than its time, so that chance alone pays for none.
fn in_vain(spent: i64) -> i64 {
    spent + spent / 4
}

/// The processor time that each length of a spin would have saved, or cost.
///
/// A length is used while its balance is positive. Where none is, nothing is looked for until some rests have been so short that
/// a spin might have made them unnecessary; each trial that fails makes the next one much rarer, and a pattern that is found again
/// ends that caution.
#[derive(Debug)]
pub(crate) struct Account {
    /// In nanoseconds, one for each of the lengths.
    balances: [i64; LENGTHS.len()],
    /// The processor time that a rest costs, in nanoseconds: this end is put to sleep and woken, and its peer has to wake it.
    rest: i64,
    short_rests: u32,
    caution: u32,
    /// How often something was found since the trial.
    finds: u32,
}

impl Default for Account {
    fn default() -> Self {
        Self {
            balances: [0; LENGTHS.len()],
            rest: REST,
            short_rests: 0,
            caution: CAUTION_MIN,
            finds: 0,
        }
    }
}

impl Account {
    /// How long to look: zero where that doesn't pay.
    pub(crate) fn length(&self) -> Duration {
        let mut best = 0;
        for (i, balance) in self.balances.iter().enumerate() {
            if *balance > self.balances[best] {
                best = i;
            }
        }
        if self.balances[best] > 0 {
            Duration::from_nanos(LENGTHS[best].unsigned_abs())
        } else {
            Duration::ZERO
        }
    }

    /// Something came after a search of `spent`: there was no need to sleep.
    pub(crate) fn found(&mut self, spent: Duration) {
        let spent = nanos(spent);
        for (balance, length) in self.balances.iter_mut().zip(LENGTHS) {
            let saved = if spent <= length {
                self.rest - spent
            } else {
                -in_vain(length)
            };
            *balance = (*balance + saved).min(CREDIT_MAX);
        }
        self.finds = self.finds.saturating_add(1);
        if self.finds == PATTERN {
            self.caution = CAUTION_MIN;
        }
        self.may_end();
    }

    /// Nothing came in a search of `spent`, which was to take up to `length`.
    pub(crate) fn in_vain(&mut self, spent: Duration, length: Duration) {
        let (spent, most) = (nanos(spent), nanos(length));
        for (balance, length) in self.balances.iter_mut().zip(LENGTHS) {
            // It says nothing on longer ones.
            if length <= most {
                *balance -= in_vain(spent.min(length));
            }
        }
        self.may_end();
    }

    /// The search was interrupted since somebody else wants the processor: who spins keeps it from those that have work.
    pub(crate) fn displaced(&mut self) {
        self.balances = [0; LENGTHS.len()];
        self.may_end();
    }

    /// Ends the looking where no length pays any more.
    fn may_end(&mut self) {
        if self.length().is_zero() {
            self.balances = [0; LENGTHS.len()];
            self.short_rests = 0;
            self.finds = 0;
            self.caution = (self.caution * BACK_OFF).min(CAUTION_MAX);
        }
    }

    /// Whether a trial follows the next rest, if that is short.
    pub(crate) fn expects(&self) -> bool {
        self.short_rests + 1 >= self.caution
    }

    /// Something came after a rest of `duration`, before which nothing was looked for. `cost`: the processor time that it took here.
    pub(crate) fn rested(&mut self, duration: Duration, cost: Option<Duration>) {
        if duration >= SHORT {
            self.short_rests = self.short_rests.saturating_sub(LONG_REST);
            return;
        }
        if let Some(cost) = cost {
            self.measured(nanos(cost));
        }
        self.short_rests += 1;
        if self.short_rests >= self.caution {
            // A trial: the longest first, for the peer may still be asleep.
            self.balances = LENGTHS;
        }
    }

    /// A rest has taken `cost` here. To wake this end took the peer about as long. The cheaper rests count for more: the others
    /// have been measured with what else the loop did.
    fn measured(&mut self, cost: i64) {
        let both = cost.saturating_mul(2).min(REST_MAX);
        self.rest = if both < self.rest {
            i64::midpoint(both, self.rest)
        } else {
            self.rest + (both - self.rest) / 8
        };
    }
}
