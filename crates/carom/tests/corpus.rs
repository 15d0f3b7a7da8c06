//! Replays the inputs that fuzzing has found worth keeping, so that no fuzzer is needed to run it.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics has failed")]

use std::fs;
use std::path::Path;

mod naming;
mod reference;
mod schedule;
mod script;
mod socket_schedule;
mod stranger;

use naming::Naming;
use script::Script;
use socket_schedule::SocketSchedule;
use stranger::Stranger;

/// Calls `check` with each input of the corpus of `target`.
fn replay(target: &str, check: impl Fn(&[u8])) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fuzz/corpus")
        .join(target);
    let mut replayed = 0;
    for entry in fs::read_dir(&corpus).unwrap_or_else(|error| panic!("{}: {error}", corpus.display())) {
        let path = entry.unwrap().path();
        let bytes = fs::read(&path).unwrap();
        println!("{}", path.display());
        check(&bytes);
        replayed += 1;
    }
    assert!(replayed > 0, "{} holds no input", corpus.display());
}

#[test]
fn the_decoder_agrees_with_the_simple_reading_on_the_whole_corpus() {
    replay("frame", |bytes| Script::read(bytes).check());
}

#[test]
fn no_peer_of_the_whole_corpus_is_let_in_without_the_key() {
    replay("handshake", |bytes| Stranger::read(bytes).check());
}

#[test]
fn every_name_of_the_whole_corpus_is_refused_or_given_back_by_the_kernel() {
    replay("address", |bytes| Naming::read(bytes).check());
}

#[test]
fn no_schedule_of_the_whole_corpus_breaks_a_promise() {
    replay("connection", |bytes| SocketSchedule::read(bytes).play());
}
