//! Peers in other processes. Apart from the other tests: between fork and exec, a child holds copies of all descriptors,
#![cfg(unix)]
//! so that a test that closes one here can't be sure that its peer sees that at once.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::io::ErrorKind;
use std::process::Command;
use std::{env, thread};

use carom::{Connection, Error, pipe};
use proptest::prelude::*;

mod peer;

use peer::{echo_process, frame, length, long_frame, payload, write_in_pieces};

fn kind(error: &Error) -> ErrorKind {
    match error {
        Error::Io(error) => error.kind(),
        other => panic!("{other}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn any_messages_come_back_from_another_process(
        lengths in prop::collection::vec(length(), 1..5),
        pieces in prop::collection::vec(1000..400_000_usize, 1..8),
    ) {
        let messages: Vec<_> = lengths.into_iter().map(payload).collect();
        let (ours, mut process) = echo_process();
        let mut write = ours.try_clone()?;
        let mut connection = Connection::new(ours.into())?;
        let stream: Vec<_> = messages.iter().flat_map(|message| [frame(message), long_frame(message)]).flatten().collect();
        let writer = thread::spawn(move || {
            write_in_pieces(&mut write, &stream, &pieces)?;
            write.shutdown(std::net::Shutdown::Write)
        });
        for message in messages.iter().flat_map(|message| [message; 2]) {
            prop_assert!(connection.recv_bytes()? == *message);
        }
        writer.join().unwrap()?;
        prop_assert!(matches!(connection.recv_bytes(), Err(Error::Eof)));
        prop_assert!(process.wait()?.success());
    }
}

/// Rust programs ignore the signal, which would hide that it comes: the test runs once more, in a process where it kills.
#[test]
fn a_send_to_a_closed_peer_raises_no_signal() {
    const ALONE: &str = "CAROM_TEST_ALONE";
    if env::var_os(ALONE).is_none() {
        let arguments = ["--exact", "a_send_to_a_closed_peer_raises_no_signal"];
        let output = Command::new(env::current_exe().unwrap())
            .args(arguments)
            .env(ALONE, "1")
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        return;
    }
    // SAFETY: nothing else runs in this process.
    assert_ne!(unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) }, libc::SIG_ERR);
    let (mut a, b) = pipe().unwrap();
    drop(b);
    assert_eq!(kind(&a.send_bytes(b"x").unwrap_err()), ErrorKind::BrokenPipe);
    assert_eq!(kind(&a.try_send_bytes(b"x").unwrap_err()), ErrorKind::BrokenPipe);
    let (mut a, b) = pipe().unwrap();
    assert!(a.try_send_bytes(&payload(4 << 20)).unwrap());
    drop(b);
    assert_eq!(kind(&a.flush().unwrap_err()), ErrorKind::BrokenPipe);
}

#[test]
fn a_process_that_is_killed_ends_the_stream() {
    let (ours, mut process) = echo_process();
    let mut connection = Connection::new(ours.into()).unwrap();
    connection.send_bytes(b"are you there").unwrap();
    assert_eq!(connection.recv_bytes().unwrap(), b"are you there");
    process.kill().unwrap();
    process.wait().unwrap();
    assert!(matches!(connection.recv_bytes(), Err(Error::Eof)));
    assert_eq!(kind(&connection.send_bytes(b"x").unwrap_err()), ErrorKind::BrokenPipe);
}
