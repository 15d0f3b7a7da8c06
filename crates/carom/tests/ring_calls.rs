//! The system calls of a ring: none while both ends are awake, and one for each time that an end sleeps.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::os::unix::net::UnixStream;
use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use carom::Connection;
use carom::ring::{RING_MIN, RING_SIZE, RingRole, pair};
use carom::spin::Spin;

#[allow(dead_code, reason = "here, no call is asked about")]
mod fault;
mod peer;
mod ring_peer;
#[allow(dead_code, reason = "the fault module needs it")]
mod scratch;

use fault::forbid_on_this_thread;
use peer::{frame, payload};
use ring_peer::RingPeer;

/// An end that looks for data for as long as the test takes.
fn awake(fd: impl Into<carom::sys::OwnedFd>, role: RingRole) -> Connection {
    Connection::with_ring(fd.into(), role, u64::MAX, Spin::fixed(Duration::from_secs(600))).unwrap()
}

#[test]
fn two_ends_that_are_awake_make_no_system_call() {
    let (a, b) = pair(RING_SIZE).unwrap();
    let role = RingRole::Expecting(RING_SIZE);
    let (mut a, mut b) = (awake(a, role), awake(b, role));
    a.send_bytes(b"begin").unwrap();
    assert_eq!(b.recv_bytes().unwrap(), b"begin");
    b.send_bytes(b"begun").unwrap();
    assert_eq!(a.recv_bytes().unwrap(), b"begun");
    let barrier = Barrier::new(2);
    let messages = || (0..300).map(|round| payload(round * 41 % 40_000));
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut b = b;
            forbid_on_this_thread();
            barrier.wait();
            for message in messages() {
                assert!(b.recv_bytes().unwrap() == message);
                b.send_bytes(&message).unwrap();
            }
        });
        scope.spawn(|| {
            forbid_on_this_thread();
            barrier.wait();
            for message in messages() {
                a.send_bytes(&message).unwrap();
                assert!(a.recv_bytes().unwrap() == message);
            }
        });
    });
}

#[test]
fn a_sleeper_is_rung_for_once_and_nobody_else_is() {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let mut connection = awake(ours, RingRole::Expecting(RING_MIN));
    let mut peer = RingPeer::offer(theirs, RING_MIN);
    for _ in 0..3 {
        connection.send_bytes(b"to one that is awake").unwrap();
        assert_eq!(peer.hear(), 0);
        peer.sleep();
        for _ in 0..5 {
            connection.send_bytes(b"to one that sleeps").unwrap();
        }
        assert_eq!(peer.hear(), 1);
        peer.read(usize::MAX);
    }
}

#[test]
fn a_sender_that_waits_for_room_is_rung_for_when_a_good_part_is_free() {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let mut connection = awake(ours, RingRole::Expecting(RING_MIN));
    let mut peer = RingPeer::offer(theirs, RING_MIN);
    let messages = RING_MIN / 64;
    for _ in 0..messages {
        assert_eq!(peer.write(&frame(&[7; 60])), 64);
    }
    assert_eq!(peer.write(b"x"), 0);
    assert_eq!(connection.recv_bytes().unwrap(), [7; 60]);
    assert_eq!(peer.hear(), 0, "nobody waits");
    peer.want_room();
    peer.write(&frame(&[7; 60]));
    for _ in 0..messages {
        assert_eq!(connection.recv_bytes().unwrap(), [7; 60]);
    }
    assert_eq!(peer.hear(), 1);
}
