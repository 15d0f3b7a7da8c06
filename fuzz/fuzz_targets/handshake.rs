//! Whatever a peer sends, a handshake neither panics nor succeeds: the peer does not know the key. It never takes a byte
//! that it did not ask for, and cutting the stream elsewhere changes nothing.
#![no_main]

use carom::AuthKey;
use carom::handshake::{Handshake, Options, Status};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (bool, u8, &[u8])| {
    let (listens, piece, bytes) = input;
    let whole = outcome(listens, bytes, bytes.len());
    let pieces = outcome(listens, bytes, usize::from(piece));
    assert_eq!(whole, pieces);
    assert!(!matches!(whole.0, Status::Done(_)), "a peer without the key was let in");
});

/// What became of it, how many bytes it wants then, and how many it has to send.
fn outcome(listens: bool, bytes: &[u8], piece: usize) -> (Status, usize, usize) {
    let key = AuthKey::new(b"a key that no fuzzer finds").expect("the key isn't empty");
    let begin = if listens {
        Handshake::listener
    } else {
        Handshake::client
    };
    let mut handshake = begin(&key, Options::default()).expect("the system has random numbers");
    for piece in bytes.chunks(piece.max(1)) {
        let Ok(taken) = handshake.feed(piece) else { break };
        assert!(taken == piece.len() || handshake.wants() == 0);
    }
    (
        handshake.status().clone(),
        handshake.wants(),
        handshake.outgoing().len(),
    )
}
