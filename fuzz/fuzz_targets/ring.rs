//! One connection over shared memory, whatever its peer does and in whatever order: with one that keeps the rules, each accepted message
//! arrives once and in order, and each fault after the messages before it; one that scribbles over the memory causes an error at
//! worst. No call waits.
//!
//! A run adds its finds to `corpus/ring`. `cargo test` replays the inputs that are committed there, so keep it small: `cargo +nightly fuzz
//! cmin ring -- -set_cover_merge=1`.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/carom/tests/reference/mod.rs"]
mod reference;
#[path = "../../crates/carom/tests/ring_peer/mod.rs"]
#[allow(clippy::unwrap_used, reason = "a peer that can't do its part has failed")]
mod ring_peer;
#[path = "../../crates/carom/tests/ring_schedule/mod.rs"]
mod ring_schedule;
#[path = "../../crates/carom/tests/schedule/mod.rs"]
mod schedule;

fuzz_target!(|bytes: &[u8]| ring_schedule::RingSchedule::read(bytes).play());
