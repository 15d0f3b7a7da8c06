//! Whole messages: sending, receiving, polling, and the mistakes of peers.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics has failed")]

use std::io::{Read, Write};
use std::thread;
use std::time::{Duration, Instant};

use carom::frame::FrameError;
use carom::{Error, one_way_pipe, pipe};
use proptest::prelude::*;

mod peer;

use peer::{MIB, frame, length, long_frame, payload, read_frame, socket, socket_with_limit, write_in_pieces};

/// Writes frames, every other one in the 64-bit form, cut into `pieces`.
fn stream(messages: &[Vec<u8>]) -> Vec<u8> {
    let frames = messages.iter().enumerate();
    frames
        .flat_map(|(index, message)| {
            if index % 2 == 0 {
                frame(message)
            } else {
                long_frame(message)
            }
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn any_messages_cut_anywhere_arrive_equal_and_in_order(
        lengths in prop::collection::vec(length(), 1..6),
        pieces in prop::collection::vec(prop_oneof![1 => 1000..5000_usize, 3 => 1000..400_000_usize], 1..8),
    ) {
        let messages: Vec<_> = lengths.into_iter().map(payload).collect();
        let (mut connection, mut peer) = socket();
        let stream = stream(&messages);
        let writer = thread::spawn(move || write_in_pieces(&mut peer, &stream, &pieces));
        for message in &messages {
            prop_assert!(connection.recv_bytes()? == *message);
        }
        writer.join().unwrap()?;
        prop_assert!(matches!(connection.recv_bytes(), Err(Error::Eof)));
    }
}

#[test]
fn messages_of_all_sizes_leave_as_frames_that_anybody_can_read() {
    let messages = [0, 1, 16 * 1024, 16 * 1024 + 1, 300_000, 16 * MIB].map(payload);
    let (mut connection, mut peer) = socket();
    let reader = thread::spawn(move || [(); 6].map(|()| read_frame(&mut peer).unwrap()));
    for message in &messages {
        connection.send_bytes(message).unwrap();
    }
    assert!(reader.join().unwrap() == messages);
}

#[test]
fn bytes_that_arrive_one_by_one_are_a_message_with_the_last() {
    for bytes in [frame(b""), frame(b"abc"), long_frame(b""), long_frame(b"abc")] {
        let (mut connection, mut peer) = socket();
        let (last, first) = bytes.split_last().unwrap();
        for byte in first {
            peer.write_all(&[*byte]).unwrap();
            assert_eq!(connection.try_recv_bytes().unwrap(), None);
            assert!(
                !connection.poll(Some(Duration::ZERO)).unwrap(),
                "a part of a message is not ready"
            );
        }
        peer.write_all(&[*last]).unwrap();
        assert!(connection.poll(None).unwrap());
        assert!(connection.try_recv_bytes().unwrap().is_some());
    }
}

#[test]
fn nothing_is_received_at_rest() {
    let (mut connection, _peer) = socket();
    assert_eq!(connection.try_recv_bytes().unwrap(), None);
    let (mut receiver, _sender) = one_way_pipe().unwrap();
    assert_eq!(receiver.try_recv_bytes().unwrap(), None);
}

#[test]
fn a_send_that_may_not_wait_takes_messages_whole_or_not_at_all() {
    let (mut connection, mut peer) = socket();
    let message = payload(10_000);
    let mut accepted = 0;
    while connection.try_send_bytes(&message).unwrap() {
        accepted += 1;
    }
    assert!(accepted > 0);
    assert!(!connection.try_send_bytes(b"no room either").unwrap());
    let reader = thread::spawn(move || {
        let mut stream = Vec::new();
        peer.read_to_end(&mut stream).map(|_| stream)
    });
    connection.flush().unwrap();
    assert!(connection.try_flush().unwrap());
    drop(connection);
    assert!(reader.join().unwrap().unwrap() == frame(&message).repeat(accepted));
}

#[test]
fn a_message_that_is_larger_than_the_kernels_buffers_is_accepted_at_once() {
    let (mut connection, mut peer) = socket();
    let message = payload(4 * MIB);
    assert!(connection.try_send_bytes(&message).unwrap());
    assert!(!connection.try_flush().unwrap(), "nobody reads");
    let reader = thread::spawn(move || [read_frame(&mut peer).unwrap(), read_frame(&mut peer).unwrap()]);
    connection.send_bytes(b"behind it").unwrap();
    assert!(reader.join().unwrap() == [message, b"behind it".to_vec()]);
}

#[test]
fn a_poll_looks_and_takes_nothing() {
    let (mut a, mut b) = pipe().unwrap();
    assert!(!b.poll(Some(Duration::ZERO)).unwrap());
    for message in [&b""[..], b"x", &payload(100_000)] {
        thread::scope(|scope| {
            // A named pipe holds less than the longest.
            scope.spawn(|| a.send_bytes(message).unwrap());
            assert!(b.poll(None).unwrap());
            assert!(b.poll(Some(Duration::ZERO)).unwrap(), "still there");
            assert!(b.recv_bytes().unwrap() == message);
            assert!(!b.poll(Some(Duration::ZERO)).unwrap());
        });
    }
}

#[test]
fn messages_sent_at_once_stay_apart() {
    let (mut a, mut b) = pipe().unwrap();
    for message in [&b"one"[..], b"", b"three"] {
        a.send_bytes(message).unwrap();
    }
    for message in [&b"one"[..], b"", b"three"] {
        assert!(b.poll(None).unwrap());
        assert_eq!(b.recv_bytes().unwrap(), message);
    }
    assert_eq!(b.try_recv_bytes().unwrap(), None);
}

#[test]
fn a_poll_ends_when_its_time_is_up_and_not_before() {
    let (mut connection, _peer) = socket();
    let (mut receiver, _sender) = one_way_pipe().unwrap();
    for timeout in [
        Duration::from_nanos(1),
        Duration::from_micros(400),
        Duration::from_millis(20),
    ] {
        for connection in [&mut connection, &mut receiver] {
            let begin = Instant::now();
            assert!(!connection.poll(Some(timeout)).unwrap());
            assert!(begin.elapsed() >= timeout);
        }
    }
}

#[test]
fn a_timeout_beyond_all_clocks_waits_for_the_message() {
    let (mut a, mut b) = pipe().unwrap();
    let poller = thread::spawn(move || b.poll(Some(Duration::MAX)).and_then(|_| b.recv_bytes()));
    a.send_bytes(b"now").unwrap();
    assert_eq!(poller.join().unwrap().unwrap(), b"now");
}

#[test]
fn a_closed_peer_is_ready() {
    let (mut connection, peer) = socket();
    drop(peer);
    assert!(connection.poll(None).unwrap());
    assert!(connection.poll(Some(Duration::ZERO)).unwrap());
    assert!(matches!(connection.recv_bytes(), Err(Error::Eof)));
    assert!(connection.poll(None).unwrap(), "the end stays");
}

#[test]
fn a_message_is_received_into_memory_that_holds_it() {
    let (mut a, mut b) = pipe().unwrap();
    let mut buffer = *b"........";
    a.send_bytes(b"whole").unwrap();
    assert_eq!(b.recv_bytes_into(&mut buffer[2..]).unwrap(), 5);
    assert_eq!(&buffer, b"..whole.");
    a.send_bytes(b"12345678").unwrap();
    assert_eq!(b.recv_bytes_into(&mut buffer).unwrap(), 8, "it fits exactly");
    a.send_bytes(b"").unwrap();
    assert_eq!(b.recv_bytes_into(&mut []).unwrap(), 0);
}

#[test]
fn a_message_that_does_not_fit_is_handed_over_whole_and_the_next_one_is_unharmed() {
    let (mut a, mut b) = pipe().unwrap();
    let message = payload(70_000);
    let expected = message.clone();
    let sender = thread::spawn(move || {
        a.send_bytes(&message)?;
        a.send_bytes(b"next")
    });
    let mut buffer = [7; 40];
    match b.recv_bytes_into(&mut buffer) {
        Err(Error::BufferTooShort {
            capacity: 40,
            message: whole,
        }) => assert!(whole == expected),
        other => panic!("{other:?}"),
    }
    assert_eq!(buffer, [7; 40]);
    assert_eq!(b.recv_bytes().unwrap(), b"next");
    sender.join().unwrap().unwrap();
}

#[test]
fn a_message_above_the_limit_ends_receiving_but_not_sending() {
    let (mut connection, mut peer) = socket_with_limit(10);
    // The payload is still to come: it is not waited for.
    peer.write_all(&[&frame(b"0123456789")[..], &[0, 0, 0, 11]].concat())
        .unwrap();
    assert_eq!(connection.recv_bytes().unwrap(), b"0123456789", "as long as the limit");
    assert!(connection.poll(None).unwrap() && connection.readable());
    let error = connection.recv_bytes().unwrap_err();
    assert!(
        matches!(
            error,
            Error::Frame(FrameError::TooLong {
                announced: 11,
                limit: 10
            })
        ),
        "{error}"
    );
    assert!(!connection.readable() && connection.writable());
    assert!(matches!(connection.recv_bytes(), Err(Error::NotReadable)));
    assert!(matches!(connection.try_recv_bytes(), Err(Error::NotReadable)));
    assert!(matches!(connection.poll(None), Err(Error::NotReadable)));
    connection.send_bytes(b"goodbye").unwrap();
    assert_eq!(read_frame(&mut peer).unwrap(), b"goodbye");
}

#[test]
fn a_malformed_length_is_met_behind_the_messages_before_it_and_lasts() {
    for length in [i32::MIN, -2] {
        let (mut connection, mut peer) = socket();
        let stream = [
            frame(b"one"),
            frame(&payload(100_000)),
            frame(b""),
            length.to_be_bytes().to_vec(),
        ]
        .concat();
        let writer = thread::spawn(move || peer.write_all(&stream).map(|()| peer));
        assert_eq!(connection.recv_bytes().unwrap(), b"one");
        assert!(connection.recv_bytes().unwrap() == payload(100_000));
        assert_eq!(connection.recv_bytes().unwrap(), b"");
        let mut peer = writer.join().unwrap().unwrap();
        for _ in 0..2 {
            assert!(connection.poll(None).unwrap());
            let error = connection.recv_bytes().unwrap_err();
            assert!(matches!(error, Error::Frame(FrameError::MalformedLength { length: found }) if found == length));
            peer.write_all(&frame(b"out of step")).unwrap();
        }
    }
}

#[test]
fn an_end_inside_a_message_is_an_error_of_its_own() {
    let frames = [frame(b"one"), long_frame(b"two"), frame(&payload(9000))];
    let stream = frames.concat();
    let boundaries = [0, frames[0].len(), frames[0].len() + frames[1].len(), stream.len()];
    for end in (0..60).chain(8180..8230).chain([stream.len() - 1, stream.len()]) {
        let (mut connection, mut peer) = socket();
        peer.write_all(&stream[..end]).unwrap();
        drop(peer);
        for _ in boundaries.iter().filter(|boundary| (1..=end).contains(*boundary)) {
            connection.recv_bytes().unwrap();
        }
        for _ in 0..2 {
            let error = connection.recv_bytes().unwrap_err();
            if boundaries.contains(&end) {
                assert!(matches!(error, Error::Eof), "end at {end}: {error}");
            } else {
                assert!(
                    matches!(error, Error::Frame(FrameError::Truncated)),
                    "end at {end}: {error}"
                );
            }
        }
    }
}
