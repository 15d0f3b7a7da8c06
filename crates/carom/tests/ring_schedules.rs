//! Connections over shared memory in any order of events: random ones, and those that fuzzing has found worth keeping.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics has failed")]

use std::fs;
use std::path::Path;

use proptest::prelude::*;

mod reference;
mod ring_peer;
mod ring_schedule;
mod schedule;

use ring_schedule::RingSchedule;

#[test]
fn no_schedule_of_the_whole_corpus_breaks_a_promise() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/ring");
    let mut replayed = 0;
    for entry in fs::read_dir(&corpus).unwrap() {
        let path = entry.unwrap().path();
        println!("{}", path.display());
        RingSchedule::read(&fs::read(&path).unwrap()).play();
        replayed += 1;
    }
    assert!(replayed > 0, "{} holds no input", corpus.display());
}

proptest! {
    #[test]
    fn no_random_schedule_breaks_a_promise(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        RingSchedule::read(&bytes).play();
    }

    #[test]
    fn no_schedule_of_an_honest_peer_breaks_a_promise(
        limit: u8,
        steps in prop::collection::vec((0..15_u8, any::<u8>(), any::<u8>()), 0..120),
    ) {
        let mut bytes = vec![limit];
        for (operation, high, low) in steps {
            bytes.push(operation);
            match operation {
                // Bytes as they are: a small length, mostly.
                8 => bytes.extend([0, 0, high % 3, low]),
                0 | 1 | 6 | 7 | 9..=12 => bytes.extend([high % 40, low]),
                _ => {}
            }
        }
        RingSchedule::read(&bytes).play();
    }
}
