//! The messages that are left, and the errors, when a peer has closed, or died.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::io::{ErrorKind, Write};
use std::thread;

#[cfg(unix)]
use carom::Connection;
use carom::frame::FrameError;
use carom::{Error, one_way_pipe, pipe};

mod peer;

#[cfg(unix)]
use peer::sockets;
use peer::{frame, payload, socket};

fn kind(error: &Error) -> ErrorKind {
    match error {
        Error::Io(error) => error.kind(),
        other => panic!("{other}"),
    }
}

#[test]
fn messages_sent_before_the_end_are_received_and_the_end_stays() {
    let (mut a, mut b) = pipe().unwrap();
    // A named pipe holds less than the second.
    let sender = thread::spawn(move || {
        a.send_bytes(b"one")?;
        a.send_bytes(&payload(100_000))
    });
    assert_eq!(b.recv_bytes().unwrap(), b"one");
    assert_eq!(b.recv_bytes().unwrap().len(), 100_000);
    sender.join().unwrap().unwrap();
    for _ in 0..3 {
        assert!(matches!(b.recv_bytes(), Err(Error::Eof)));
        assert!(matches!(b.try_recv_bytes(), Err(Error::Eof)));
    }
}

// The kernels of Linux tell of a reset; others end the stream.
#[test]
#[cfg(target_os = "linux")]
fn a_peer_that_closes_with_our_data_unread_is_read_out_then_resets_once_then_ends() {
    for polled in [false, true] {
        let (mut a, mut b) = pipe().unwrap();
        a.send_bytes(b"never read").unwrap();
        b.send_bytes(b"sent before").unwrap();
        b.send_bytes(&payload(70_000)).unwrap();
        drop(b);
        assert_eq!(a.recv_bytes().unwrap(), b"sent before");
        assert_eq!(a.recv_bytes().unwrap().len(), 70_000);
        if polled {
            assert!(
                a.poll(None).unwrap() && a.poll(None).unwrap(),
                "a look doesn't use the reset up"
            );
        }
        assert_eq!(kind(&a.recv_bytes().unwrap_err()), ErrorKind::ConnectionReset);
        assert!(matches!(a.recv_bytes(), Err(Error::Eof)));
        assert!(matches!(a.recv_bytes(), Err(Error::Eof)));
    }
}

#[test]
fn a_send_to_a_closed_peer_fails_every_time() {
    let (mut a, b) = pipe().unwrap();
    drop(b);
    for _ in 0..3 {
        assert_eq!(kind(&a.send_bytes(b"").unwrap_err()), ErrorKind::BrokenPipe);
        assert_eq!(kind(&a.try_send_bytes(b"x").unwrap_err()), ErrorKind::BrokenPipe);
    }
    let (receiver, mut sender) = one_way_pipe().unwrap();
    drop(receiver);
    assert_eq!(kind(&sender.send_bytes(b"x").unwrap_err()), ErrorKind::BrokenPipe);
}

#[test]
fn messages_of_a_closed_peer_can_be_received_after_a_send_failed() {
    let (mut a, mut b) = pipe().unwrap();
    b.send_bytes(b"last words").unwrap();
    drop(b);
    assert_eq!(kind(&a.send_bytes(b"x").unwrap_err()), ErrorKind::BrokenPipe);
    assert_eq!(a.recv_bytes().unwrap(), b"last words");
    assert!(matches!(a.recv_bytes(), Err(Error::Eof)));
}

#[test]
fn a_peer_that_closes_wakes_a_waiting_receive() {
    let (mut a, b) = pipe().unwrap();
    let receiver = thread::spawn(move || a.recv_bytes());
    drop(b);
    assert!(matches!(receiver.join().unwrap(), Err(Error::Eof)));
}

#[test]
fn a_peer_that_closes_in_a_long_message_truncates_it() {
    let (mut connection, mut peer) = socket();
    peer.write_all(&frame(&payload(50_000))[..30_000]).unwrap();
    assert_eq!(connection.try_recv_bytes().unwrap(), None);
    drop(peer);
    assert!(connection.poll(None).unwrap());
    assert!(matches!(
        connection.recv_bytes(),
        Err(Error::Frame(FrameError::Truncated))
    ));
}

#[test]
#[cfg(unix)]
fn a_peer_that_only_stops_sending_still_receives() {
    let (ours, theirs) = sockets();
    let (mut a, mut b) = (
        Connection::new(ours.try_clone().unwrap().into()).unwrap(),
        Connection::new(theirs.into()).unwrap(),
    );
    ours.shutdown(std::net::Shutdown::Write).unwrap();
    assert!(matches!(b.recv_bytes(), Err(Error::Eof)));
    b.send_bytes(b"heard").unwrap();
    assert_eq!(a.recv_bytes().unwrap(), b"heard");
}
