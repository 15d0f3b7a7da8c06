//! How long the event loop looks for more before it sleeps, by loads whose times are given: what looking costs and saves is
//! counted, not measured.
#![allow(
    clippy::unwrap_used,
    clippy::unchecked_time_subtraction,
    reason = "a test that panics has failed"
)]

use std::time::{Duration, Instant};

#[path = "../src/spin.rs"]
mod spin;

use spin::{Spin, Wish, Wishes};

const fn micros(count: u64) -> Duration {
    Duration::from_micros(count)
}

/// The processor time that a rest takes of one end.
const REST: Duration = micros(10);

/// An event loop whose time stands still but for what it waits for.
struct Loop {
    spin: Spin,
    now: Instant,
    /// The processor time of the thread, without what has been spent on looking.
    processor: Duration,
    rests: u32,
    /// The time that has been spent on looking, of which in vain.
    looked: Duration,
    in_vain: Duration,
    found: u32,
}

impl Loop {
    fn new() -> Self {
        Self {
            spin: Spin::default(),
            now: Instant::now(),
            processor: Duration::ZERO,
            rests: 0,
            looked: Duration::ZERO,
            in_vain: Duration::ZERO,
            found: 0,
        }
    }

    /// Serves connections that wish for `wish`, and waits for the next report, which comes after `gap`: later by `waking` where the
    /// loop has gone to sleep.
    fn turn(&mut self, wish: Wish, gap: Duration, waking: Duration) {
        let mut wishes = Wishes::default();
        wishes.add(wish);
        let processor = self.processor;
        self.spin.served(&wishes, self.now, || Some(processor));
        let budget = self.spin.remaining(self.now);
        let looks = budget.min(gap);
        self.now += looks;
        self.spin.looked(looks);
        self.looked += looks;
        if gap <= budget {
            self.found += 1;
        } else {
            self.in_vain += looks;
            assert_eq!(
                self.spin.remaining(self.now),
                Duration::ZERO,
                "it looked for longer than it was to"
            );
            self.now += gap - looks + waking;
            self.rests += 1;
            self.processor += REST;
        }
        let processor = self.processor;
        self.spin.found(self.now, || Some(processor));
    }

    fn turns(&mut self, count: u32, gaps: impl IntoIterator<Item = Duration>) {
        for gap in gaps.into_iter().take(count as usize) {
            self.turn(Wish::Adaptive, gap, micros(40));
        }
    }
}

/// Numbers from 0 to 1, the same in each run: the generator of Park and Miller.
fn random() -> impl Iterator<Item = f64> {
    let mut state = 1_u64;
    std::iter::from_fn(move || {
        state = state * 48_271 % 2_147_483_647;
        Some(state as f64 / 2_147_483_647.0)
    })
}

#[test]
fn answers_within_microseconds_are_looked_for_and_found() {
    let mut event_loop = Loop::new();
    event_loop.turns(1000, std::iter::repeat(micros(5)));
    assert!(event_loop.rests < 5, "{} rests", event_loop.rests);
}

#[test]
fn a_short_search_is_enough_for_what_comes_at_once() {
    let mut event_loop = Loop::new();
    event_loop.turns(100, std::iter::repeat(micros(5)));
    let before = event_loop.in_vain;
    event_loop.turns(1, [Duration::from_secs(1)]);
    assert!(
        event_loop.in_vain - before <= micros(8),
        "{:?}",
        event_loop.in_vain - before
    );
}

#[test]
fn zero_never_looks() {
    let mut event_loop = Loop::new();
    for _ in 0..1000 {
        event_loop.turn(Wish::Fixed(Duration::ZERO), micros(5), micros(40));
    }
    assert_eq!(event_loop.looked, Duration::ZERO);
    assert!(!event_loop.spin.searches());
}

#[test]
fn a_fixed_time_is_looked_for_whether_or_not_it_pays() {
    let mut event_loop = Loop::new();
    for _ in 0..100 {
        event_loop.turn(Wish::Fixed(micros(30)), micros(1000), micros(40));
    }
    assert_eq!(event_loop.in_vain, micros(30) * 100);
}

#[test]
fn what_was_not_a_connection_is_not_waited_for() {
    let mut spin = Spin::default();
    let now = Instant::now();
    for _ in 0..100 {
        spin.served(&Wishes::default(), now, || None);
        assert!(!spin.searches());
        spin.found(now, || None);
    }
}

#[test]
fn a_peer_that_is_slow_is_hardly_ever_waited_for() {
    for gap in [60, 100, 200, 1000, 100_000] {
        let mut event_loop = Loop::new();
        event_loop.turns(100_000, std::iter::repeat(micros(gap)));
        let share = event_loop.looked.as_secs_f64() / (REST * 2 * event_loop.rests).as_secs_f64();
        assert!(share < 0.05, "after {gap} µs: looking took {share} of what resting did");
    }
}

/// Serves a connection whose peer runs on this thread's processor: it answers only when the loop has gone to sleep.
fn turn_on_one_processor(event_loop: &mut Loop) {
    let processor = event_loop.processor;
    let mut wishes = Wishes::default();
    wishes.add(Wish::Adaptive);
    event_loop.spin.served(&wishes, event_loop.now, || Some(processor));
    let looks = event_loop.spin.remaining(event_loop.now);
    event_loop.turn(Wish::Adaptive, looks + micros(20), Duration::ZERO);
}

#[test]
fn a_peer_that_needs_this_very_processor_is_hardly_ever_waited_for() {
    let mut event_loop = Loop::new();
    for _ in 0..1000 {
        turn_on_one_processor(&mut event_loop);
    }
    assert!(event_loop.looked <= micros(300), "{:?} at first", event_loop.looked);
    for _ in 0..100_000 {
        turn_on_one_processor(&mut event_loop);
    }
    let share = event_loop.looked.as_secs_f64() / (REST * 2 * event_loop.rests).as_secs_f64();
    assert!(share < 0.005, "looking took {share} of what resting did");
    let found = event_loop.found;
    event_loop.turns(1100, std::iter::repeat(micros(5)));
    assert!(event_loop.found > found, "it has moved to another processor");
}

#[test]
fn a_load_with_pauses_is_tried_again_however_often_trials_have_failed() {
    let mut event_loop = Loop::new();
    for _ in 0..10_000 {
        turn_on_one_processor(&mut event_loop);
    }
    let found = event_loop.found;
    for _ in 0..10 {
        event_loop.turns(200, std::iter::repeat(micros(5)));
        event_loop.turns(1, [Duration::from_millis(15)]);
    }
    assert!(event_loop.found > found);
}

#[test]
fn a_pattern_ends_the_caution_whatever_its_length() {
    for gap in [5, 12] {
        let mut event_loop = Loop::new();
        for _ in 0..50 {
            event_loop.turns(50, std::iter::repeat(micros(gap)));
            event_loop.turns(1, [Duration::from_millis(15)]);
        }
        assert!(event_loop.found > 50 * 40, "after {gap} µs: {} found", event_loop.found);
    }
}

#[test]
fn a_pattern_that_ends_costs_little() {
    let mut event_loop = Loop::new();
    for _ in 0..100 {
        event_loop.turns(100, std::iter::repeat(micros(5)));
        let (vain, found) = (event_loop.in_vain, event_loop.found);
        event_loop.turns(100, std::iter::repeat(Duration::from_millis(1)));
        assert!(
            event_loop.in_vain - vain <= micros(200),
            "{:?}",
            event_loop.in_vain - vain
        );
        event_loop.turns(20, std::iter::repeat(micros(5)));
        assert!(event_loop.found > found, "the pattern is found again");
    }
}

#[test]
fn no_load_costs_more_processor_time_than_is_saved() {
    let mut chance = random();
    for fast in 0..=20 {
        for slow in [30, 60, 200, 400, 5000] {
            let mut event_loop = Loop::new();
            // So many of twenty come within ten microseconds, the others at any time up to the slowest.
            event_loop.turns(
                20_000,
                std::iter::from_fn(|| {
                    let quick = chance.next()? * 20.0 < f64::from(fast);
                    let most = if quick { 10.0 } else { f64::from(slow) };
                    Some(Duration::from_secs_f64(chance.next()? * most * 1e-6))
                }),
            );
            let saved = REST * 2 * event_loop.found;
            let rests = REST * 2 * event_loop.rests;
            assert!(
                event_loop.looked <= saved + rests / 20,
                "{fast} of 20 quick, the others up to {slow} µs: looking took {:?}, and saved {saved:?}; resting took {rests:?}",
                event_loop.looked
            );
        }
    }
}

#[test]
fn others_that_want_the_processor_end_it() {
    let mut event_loop = Loop::new();
    event_loop.turns(100, std::iter::repeat(micros(5)));
    let mut wishes = Wishes::default();
    wishes.add(Wish::Adaptive);
    event_loop.spin.served(&wishes, event_loop.now, || None);
    assert!(event_loop.spin.searches());
    event_loop.spin.displaced();
    assert!(!event_loop.spin.searches());
    event_loop.spin.found(event_loop.now, || None);
    event_loop.spin.served(&wishes, event_loop.now, || None);
    assert!(
        !event_loop.spin.searches(),
        "it goes on only when some rests have been short again"
    );
}

#[test]
fn a_search_goes_on_after_other_handles_were_served_but_not_for_longer() {
    let mut spin = Spin::default();
    let mut wishes = Wishes::default();
    wishes.add(Wish::Fixed(micros(50)));
    let now = Instant::now();
    spin.served(&wishes, now, || None);
    spin.looked(micros(20));
    assert_eq!(spin.remaining(now + micros(40)), micros(30));
    assert_eq!(spin.remaining(now + micros(50)), Duration::ZERO);
    assert!(!spin.searches());
}
