//! Whatever a peer sends, a handshake neither panics nor lets in a peer that does not know the key. It never takes a byte that it
//! did not ask for, and cutting the stream elsewhere changes nothing.
//!
//! A run adds its finds to `corpus/handshake`. `cargo test` replays the inputs that are committed there, so keep it small:
//! `cargo +nightly fuzz cmin handshake -- -set_cover_merge=1`.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/carom/tests/stranger/mod.rs"]
mod stranger;

fuzz_target!(|bytes: &[u8]| stranger::Stranger::read(bytes).check());
