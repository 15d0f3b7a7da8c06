//! Replays what fuzzing has found worth keeping, so that no fuzzer is needed to run it.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::fs;
use std::path::Path;

mod reference;
mod script;

use script::Script;

#[test]
fn the_decoder_agrees_with_the_simple_reading_on_the_whole_corpus() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/frame");
    let mut replayed = 0;
    for entry in fs::read_dir(&corpus).unwrap_or_else(|error| panic!("{}: {error}", corpus.display())) {
        let path = entry.unwrap().path();
        let bytes = fs::read(&path).unwrap();
        println!("{}", path.display());
        Script::read(&bytes).check();
        replayed += 1;
    }
    assert!(replayed > 0, "{} holds no script", corpus.display());
}
