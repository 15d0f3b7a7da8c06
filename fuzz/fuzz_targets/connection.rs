//! One connection over a real socket, whatever its peer does and in whatever order: each accepted message arrives once and
//! in order, each fault after the messages before it, and no call waits.
//!
//! A run adds its finds to `corpus/connection`. `cargo test` replays the inputs that are committed there, so keep it small:
//! `cargo +nightly fuzz cmin connection -- -set_cover_merge=1`.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/carom/tests/reference/mod.rs"]
mod reference;
#[path = "../../crates/carom/tests/schedule/mod.rs"]
mod schedule;
#[path = "../../crates/carom/tests/socket_schedule/mod.rs"]
mod socket_schedule;

fuzz_target!(|bytes: &[u8]| socket_schedule::SocketSchedule::read(bytes).play());
