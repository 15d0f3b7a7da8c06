//! How long a blocking call looks for data before it sleeps.
//!
//! Waking a sleeping processor costs tens of microseconds each way, an order of magnitude more than the system calls of
//! a message. Where the peer answers fast, looking again and again for some microseconds is faster; everywhere else it
//! burns a processor for nothing. [`Spin::adaptive`] finds out which it is.

use std::sync::OnceLock;
use std::time::Duration;

/// How long an adaptive spin looks for data.
const ADAPTIVE: Duration = Duration::from_micros(50);

/// A sleep that was shorter than this would have been worth spinning for: it is about one wake-up on each side.
const WORTH: Duration = Duration::from_micros(120);

/// The longest run of short sleeps that is asked for before spinning is tried again.
const CAUTION_MAX: u32 = 64;

/// Whether the peer can run while this thread spins. Asked once: to answer, Linux's control groups are read from their
/// files, which takes longer than all else that a new connection needs.
fn several_processors() -> bool {
    static SEVERAL: OnceLock<bool> = OnceLock::new();
    *SEVERAL.get_or_init(|| std::thread::available_parallelism().is_ok_and(|processors| processors.get() > 1))
}

/// Decides how long to spin before each sleep.
#[derive(Debug, Clone)]
pub struct Spin(Mode);

#[derive(Debug, Clone)]
enum Mode {
    Fixed(Duration),
    Adaptive {
        on: bool,
        /// Short sleeps in a row, while off.
        short_sleeps: u32,
        /// How many of them it takes to go on. Doubles with each spin in vain.
        caution: u32,
    },
}

impl Spin {
    /// Always spins for `duration`; zero never spins.
    #[must_use]
    pub fn fixed(duration: Duration) -> Self {
        Self(Mode::Fixed(duration))
    }

    /// Spins only while it has lately paid off, and never where there is a single processor.
    #[must_use]
    pub fn adaptive() -> Self {
        if several_processors() {
            Self(Mode::Adaptive {
                on: false,
                short_sleeps: 0,
                caution: 2,
            })
        } else {
            Self::fixed(Duration::ZERO)
        }
    }

    /// How long to look for data before the next sleep.
    #[must_use]
    pub fn budget(&self) -> Duration {
        match self.0 {
            Mode::Fixed(duration) => duration,
            Mode::Adaptive { on, .. } => {
                if on {
                    ADAPTIVE
                } else {
                    Duration::ZERO
                }
            }
        }
    }

    /// Whether [`slept`](Self::slept) learns from how long a sleep took, so that it is worth measuring.
    #[must_use]
    pub fn learns(&self) -> bool {
        matches!(self.0, Mode::Adaptive { .. })
    }

    /// Data came while spinning.
    pub fn found(&mut self) {
        if let Mode::Adaptive { caution, .. } = &mut self.0 {
            *caution = 2;
        }
    }

    /// Data came after a sleep of `duration`, which followed a spin in vain if there was one.
    pub fn slept(&mut self, duration: Duration) {
        let Mode::Adaptive {
            on,
            short_sleeps,
            caution,
        } = &mut self.0
        else {
            return;
        };
        if *on {
            *on = false;
            *short_sleeps = 0;
            *caution = (*caution * 2).min(CAUTION_MAX);
        } else if duration < WORTH {
            *short_sleeps += 1;
            *on = *short_sleeps >= *caution;
        } else {
            *short_sleeps = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn eager() -> Spin {
        Spin(Mode::Adaptive {
            on: false,
            short_sleeps: 0,
            caution: 2,
        })
    }

    #[test]
    fn spins_after_short_sleeps_only() {
        let mut spin = eager();
        spin.slept(Duration::from_micros(40));
        assert_eq!(spin.budget(), Duration::ZERO);
        spin.slept(Duration::from_millis(5));
        spin.slept(Duration::from_micros(40));
        assert_eq!(spin.budget(), Duration::ZERO, "a long sleep starts the count again");
        spin.slept(Duration::from_micros(40));
        assert_eq!(spin.budget(), ADAPTIVE);
    }

    #[test]
    fn grows_cautious_with_each_spin_in_vain() {
        let mut spin = eager();
        let mut spins = 0;
        for _ in 0..10_000 {
            spins += u32::from(spin.budget() > Duration::ZERO);
            spin.slept(Duration::from_micros(60));
        }
        assert!(spins < 10_000 / 50, "{spins} spins in vain among 10,000 waits");
    }

    #[test]
    fn a_spin_that_pays_off_goes_on() {
        let mut spin = eager();
        spin.slept(Duration::from_micros(40));
        spin.slept(Duration::from_micros(40));
        for _ in 0..1000 {
            assert_eq!(spin.budget(), ADAPTIVE);
            spin.found();
        }
    }
}
