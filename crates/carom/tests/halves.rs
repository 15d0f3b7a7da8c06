//! The halves of a connection, in two threads.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::io::ErrorKind;
use std::thread;

use carom::{Connection, Error, FrameError, Receiver, Sender, pipe, wait};

mod peer;

use peer::payload;

fn halves(connection: Connection) -> (Sender, Receiver) {
    connection.split().unwrap()
}

#[test]
fn long_messages_cross_both_ways_at_once() {
    let (a, b) = pipe().unwrap();
    let messages = || [3_000_000, 0, 1, 70_000].map(payload);
    let both = [a, b].map(halves).map(|(mut sender, mut receiver)| {
        let sending = thread::spawn(move || {
            for message in messages() {
                sender.send_bytes(&message).unwrap();
            }
        });
        let receiving = thread::spawn(move || {
            for message in messages() {
                assert!(receiver.recv_bytes().unwrap() == message);
            }
        });
        [sending, receiving]
    });
    for thread in both.into_iter().flatten() {
        thread.join().unwrap();
    }
}

#[test]
fn what_was_received_and_accepted_before_stays_with_its_half() {
    let (mut a, mut b) = pipe().unwrap();
    let long = payload(4 << 20);
    assert!(a.try_send_bytes(&long).unwrap());
    b.send_bytes(b"one").unwrap();
    b.send_bytes(b"two").unwrap();
    assert!(a.poll(None).unwrap());
    let (mut sender, mut receiver) = halves(a);
    let reading = thread::spawn(move || b.recv_bytes().unwrap());
    sender.flush().unwrap();
    assert!(reading.join().unwrap() == long);
    assert_eq!(receiver.recv_bytes().unwrap(), b"one");
    assert_eq!(receiver.try_recv_bytes().unwrap().unwrap(), b"two");
}

#[test]
fn the_stream_ends_when_both_halves_are_dropped() {
    let (a, mut b) = pipe().unwrap();
    let (sender, mut receiver) = halves(a);
    drop(sender);
    assert!(!b.poll(Some(std::time::Duration::ZERO)).unwrap(), "one half is left");
    b.send_bytes(b"still").unwrap();
    assert_eq!(receiver.recv_bytes().unwrap(), b"still");
    drop(receiver);
    assert!(matches!(b.recv_bytes(), Err(Error::Eof)));
}

#[test]
#[cfg(unix)]
fn a_sender_that_is_closed_ends_the_stream_and_the_other_half_receives_on() {
    let (a, mut b) = pipe().unwrap();
    let (mut sender, mut receiver) = halves(a);
    sender.send_bytes(b"the last").unwrap();
    sender.close().unwrap();
    assert_eq!(b.recv_bytes().unwrap(), b"the last");
    assert!(matches!(b.recv_bytes(), Err(Error::Eof)));
    b.send_bytes(b"answer").unwrap();
    assert_eq!(receiver.recv_bytes().unwrap(), b"answer");
}

#[test]
fn a_peer_that_goes_ends_both_halves() {
    let (a, b) = pipe().unwrap();
    let (mut sender, mut receiver) = halves(a);
    let receiving = thread::spawn(move || receiver.recv_bytes());
    let sending = thread::spawn(move || sender.send_bytes(&payload(8 << 20)));
    drop(b);
    assert!(receiving.join().unwrap().is_err());
    assert_eq!(sending.join().unwrap().unwrap_err().kind(), ErrorKind::BrokenPipe);
}

#[test]
#[cfg(unix)]
fn a_header_over_the_limit_ends_the_receiving_half_only() {
    use std::io::Write;
    use std::os::unix::net::UnixStream;

    let (ours, mut theirs) = UnixStream::pair().unwrap();
    let connection = Connection::try_from(ours).unwrap().max_message_size(1000);
    let (mut sender, mut receiver) = halves(connection);
    // Two GiB, and nothing behind it.
    theirs.write_all(&0x7fff_ffff_u32.to_be_bytes()).unwrap();
    let error = receiver.recv_bytes().unwrap_err();
    assert!(
        matches!(error, Error::Frame(FrameError::TooLong { limit: 1000, .. })),
        "{error}"
    );
    assert!(!receiver.readable());
    assert!(matches!(receiver.recv_bytes(), Err(Error::NotReadable)));
    sender.send_bytes(b"goodbye").unwrap();
}

#[test]
fn a_receiver_is_waited_for_among_connections() {
    let (a, b) = pipe().unwrap();
    let (_quiet, mut c) = pipe().unwrap();
    let (mut sender, _) = halves(a);
    let (_, mut receiver) = halves(b);
    let waiting = thread::spawn(move || wait(&mut [&mut c, &mut receiver], None).unwrap());
    sender.send_bytes(b"x").unwrap();
    assert_eq!(waiting.join().unwrap(), [1]);
}

#[test]
#[cfg(target_os = "linux")]
fn a_connection_over_shared_memory_comes_back_whole() {
    let (a, mut b) = carom::pipe_over_shared_memory(4096).unwrap();
    let mut a = *a.split().unwrap_err();
    a.send_bytes(b"together").unwrap();
    assert_eq!(b.recv_bytes().unwrap(), b"together");
}

#[cfg(feature = "serde")]
#[test]
fn values_that_were_fed_leave_with_the_flush() {
    let (a, mut b) = pipe().unwrap();
    let (mut sender, _receiver) = halves(a);
    for number in 0..1000u32 {
        sender.feed(&("number", number)).unwrap();
    }
    assert!(sender.wants_write());
    assert!(!b.poll(Some(std::time::Duration::ZERO)).unwrap());
    sender.flush().unwrap();
    for number in 0..1000u32 {
        assert_eq!(b.recv::<(String, u32)>().unwrap(), ("number".to_owned(), number));
    }
}
