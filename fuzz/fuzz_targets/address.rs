//! Any name for a listener: it is shown without bytes that garble a terminal, and either refused before the system is asked or
//! given back by the kernel as it was given.
//!
//! A run adds its finds to `corpus/address`. `cargo test` replays the inputs that are committed there, so keep it small:
//! `cargo +nightly fuzz cmin address -- -set_cover_merge=1`.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/carom/tests/naming/mod.rs"]
mod naming;

fuzz_target!(|bytes: &[u8]| naming::Naming::read(bytes).check());
