//! One connection over a real socket, whatever its peer does and in whatever order: each accepted message arrives once and
//! in order, each fault after what came before it, and nobody waits.
//!
//! A run adds what it finds to `corpus/connection`. What is committed there is replayed by `cargo test`, so keep it small:
//! `cargo +nightly fuzz cmin connection -- -set_cover_merge=1`.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/carom/tests/reference/mod.rs"]
mod reference;
#[path = "../../crates/carom/tests/schedule/mod.rs"]
mod schedule;

fuzz_target!(|bytes: &[u8]| schedule::Schedule::read(bytes).play());
