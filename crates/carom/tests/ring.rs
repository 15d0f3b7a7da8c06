//! Connections over shared memory.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::thread;
use std::time::Duration;

use carom::ring::RING_MIN;
use carom::{Connection, Error, pipe_over_shared_memory};

fn pipe() -> (Connection, Connection) {
    pipe_over_shared_memory(RING_MIN).unwrap()
}

#[test]
fn messages_of_all_lengths_arrive_in_order_both_ways() {
    let (mut a, mut b) = pipe();
    thread::scope(|scope| {
        scope.spawn(move || {
            while let Ok(message) = b.recv_bytes() {
                b.send_bytes(&message).unwrap();
            }
        });
        for length in (0..300).chain([4092, 4093, 4096, 65_535, 65_536, 1 << 20]) {
            let message: Vec<u8> = (0..length).map(|byte: usize| byte as u8).collect();
            a.send_bytes(&message).unwrap();
            assert_eq!(a.recv_bytes().unwrap(), message);
        }
        drop(a);
    });
}

#[test]
fn what_was_sent_arrives_after_the_sender_has_closed_and_then_the_end() {
    let (mut a, mut b) = pipe();
    a.send_bytes(b"last").unwrap();
    drop(a);
    assert!(b.poll(Some(Duration::ZERO)).unwrap());
    assert_eq!(b.recv_bytes().unwrap(), b"last");
    assert!(matches!(b.recv_bytes(), Err(Error::Eof)));
    assert!(matches!(b.recv_bytes(), Err(Error::Eof)));
}

#[test]
fn a_sender_learns_at_once_that_its_peer_has_closed() {
    let (mut a, mut b) = pipe();
    a.send_bytes(b"hello").unwrap();
    b.recv_bytes().unwrap();
    drop(b);
    let Err(Error::Io(error)) = a.send_bytes(b"nobody") else {
        panic!("accepted")
    };
    assert_eq!(error.raw_os_error(), Some(libc::EPIPE));
}

#[test]
fn waits_for_several_rings_at_once() {
    let (mut a, mut b) = pipe();
    let (_c, mut d) = pipe();
    assert_eq!(
        carom::wait(&mut [&mut b, &mut d], Some(Duration::ZERO)).unwrap(),
        [0_usize; 0]
    );
    thread::scope(|scope| {
        scope.spawn(|| a.send_bytes(b"ping").unwrap());
        assert_eq!(carom::wait(&mut [&mut d, &mut b], None).unwrap(), [1]);
    });
    assert_eq!(b.recv_bytes().unwrap(), b"ping");
}
