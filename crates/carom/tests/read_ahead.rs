//! A channel that reads no further than its message.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::io::Write;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use carom::channel::{Channel, Received};
use carom::frame::{Header, Runs, SLAB_MIN, Tail};
use carom::spin::Spin;
use carom::sys::Deadline;

/// A channel without reading ahead, and the peer's end.
fn channel() -> (UnixStream, Channel) {
    let (peer, own) = UnixStream::pair().unwrap();
    let mut channel = Channel::new(own.into(), u64::MAX, Spin::fixed(Duration::ZERO)).unwrap();
    channel.disable_read_ahead();
    (peer, channel)
}

/// The next message, and how many calls it took.
fn receive(channel: &mut Channel) -> (Vec<u8>, usize) {
    let (mut slab, mut runs) = (vec![0; SLAB_MIN], Runs::default());
    for calls in 1.. {
        let Received::Bytes { tail, .. } = channel.receive(&mut slab, &mut runs, Deadline::Never).unwrap() else {
            panic!("the stream has ended");
        };
        if runs.end() > 0 {
            assert_eq!(runs.ends().len(), 1);
            let header = if slab[0] == 0xff { 12 } else { 4 };
            return (slab[header..runs.end()].to_vec(), calls);
        }
        if let Tail::Own { announced, arrived } = tail {
            assert!(arrived.is_empty(), "a header is read by itself");
            let mut payload = vec![0; announced as usize];
            let mut filled = 0;
            while filled < payload.len() {
                filled += channel
                    .receive_payload(&mut payload[filled..], Deadline::Never)
                    .unwrap()
                    .unwrap();
            }
            return (payload, calls);
        }
    }
    unreachable!()
}

#[test]
fn one_message_is_taken_and_no_byte_of_the_next() {
    let sizes = [5, 0, 1, 8_188, 8_189, 100_000, 3];
    let (mut peer, mut channel) = channel();
    let writer = std::thread::spawn(move || {
        for size in sizes {
            peer.write_all(Header::new(size).as_bytes()).unwrap();
            peer.write_all(&vec![size as u8; size as usize]).unwrap();
        }
        peer
    });
    for size in sizes {
        let (message, _) = receive(&mut channel);
        assert_eq!(message, vec![size as u8; size as usize]);
        assert!(!channel.decoder().inside_message());
    }
    drop(writer.join().unwrap());
}

#[test]
fn messages_that_are_all_there_are_taken_by_two_channels_in_turn() {
    let (mut peer, mut one) = channel();
    let fd = rustix::io::dup(carom::sys::AsFd::as_fd(&one)).unwrap();
    let mut other = Channel::new(fd, u64::MAX, Spin::fixed(Duration::ZERO)).unwrap();
    other.disable_read_ahead();
    for n in 0..10_u8 {
        peer.write_all(&[0, 0, 0, 2, n, n]).unwrap();
    }
    for n in 0..10 {
        let (message, calls) = receive(if n % 2 == 0 { &mut one } else { &mut other });
        assert_eq!(message, [n, n]);
        assert_eq!(calls, 2, "the header, then the payload");
    }
}

#[test]
fn a_header_in_its_longer_form_that_comes_byte_by_byte_is_read_whole() {
    let (mut peer, mut channel) = channel();
    let writer = std::thread::spawn(move || {
        for byte in [&[0xff; 4][..], &[0, 0, 0, 0, 0, 0, 0, 3], b"abc", b"\0\0\0\x01x"].concat() {
            peer.write_all(&[byte]).unwrap();
        }
        peer
    });
    assert_eq!(receive(&mut channel).0, b"abc");
    assert_eq!(receive(&mut channel).0, b"x");
    drop(writer.join().unwrap());
}
