//! The decoder against a reading of the wire that is too simple to be wrong: any stream, cut anywhere, in slabs of any
//! size, comes to the same messages and the same end.
//!
//! A run adds its finds to `corpus/frame`. `cargo test` replays the inputs that are committed there, so keep it small:
//! `cargo +nightly fuzz cmin frame -- -set_cover_merge=1`.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/carom/tests/reference/mod.rs"]
mod reference;
#[path = "../../crates/carom/tests/script/mod.rs"]
mod script;

fuzz_target!(|bytes: &[u8]| script::Script::read(bytes).check());
