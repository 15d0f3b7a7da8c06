//! Peers of a tokio connection that break off, lie, flood, and stall.
#![cfg(all(unix, feature = "auth", feature = "serde", feature = "tokio"))]
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::io::{self, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixStream;

use carom::Error;
use carom::frame::FrameError;
use carom::tokio::Connection;
use proptest::prelude::*;
use rustix::net::sockopt;

mod peer;

use peer::{frame, long_frame, payload};

fn connected() -> (Connection, UnixStream) {
    let (ours, theirs) = UnixStream::pair().unwrap();
    (Connection::new(ours.into()).unwrap(), theirs)
}

fn fault(result: Result<Vec<u8>, Error>) -> FrameError {
    match result {
        Err(Error::Frame(fault)) => fault,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_stream_that_ends_inside_a_frame_is_an_error_behind_the_whole_ones() {
    for cut in [
        &b"\0"[..],
        b"\0\0\0",
        b"\0\0\0\x05",
        b"\0\0\0\x05hell",
        b"\xff\xff\xff\xff\0\0",
        &frame(&payload(100_000))[..90_000],
    ] {
        let (mut connection, mut peer) = connected();
        let writing = tokio::task::spawn_blocking({
            let bytes = [&frame(b"whole")[..], cut].concat();
            move || peer.write_all(&bytes).unwrap()
        });
        assert_eq!(connection.recv_bytes().await.unwrap(), b"whole");
        writing.await.unwrap();
        for _ in 0..2 {
            assert_eq!(fault(connection.recv_bytes().await), FrameError::Truncated);
        }
    }
}

#[tokio::test]
async fn a_malformed_length_is_an_error_that_stays() {
    let (mut connection, mut peer) = connected();
    peer.write_all(&[&frame(b"whole")[..], b"\x80\0\0\0"].concat()).unwrap();
    assert_eq!(connection.recv_bytes().await.unwrap(), b"whole");
    for _ in 0..2 {
        assert_eq!(
            fault(connection.recv_bytes().await),
            FrameError::MalformedLength { length: i32::MIN }
        );
    }
    connection.send_bytes(b"sending goes on").await.unwrap();
}

#[tokio::test]
async fn a_huge_announcement_takes_no_memory_before_its_bytes_come() {
    let (mut connection, mut peer) = connected();
    // More than any machine has.
    peer.write_all(b"\xff\xff\xff\xff\x0f\xff\xff\xff\xff\xff\xff\xff")
        .unwrap();
    peer.write_all(&payload(50_000)).unwrap();
    drop(peer);
    assert_eq!(fault(connection.recv_bytes().await), FrameError::Truncated);

    let (connection, mut peer) = connected();
    let mut connection = connection.max_message_size(1000);
    peer.write_all(b"\xff\xff\xff\xff\x0f\xff\xff\xff\xff\xff\xff\xff")
        .unwrap();
    assert!(matches!(
        fault(connection.recv_bytes().await),
        FrameError::TooLong { limit: 1000, .. }
    ));
}

#[tokio::test]
async fn a_reset_in_the_middle_ends_both_directions() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut peer = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (ours, _) = listener.accept().unwrap();
    let mut connection = Connection::new(ours.into()).unwrap();
    peer.write_all(&frame(&payload(100_000))[..50_000]).unwrap();
    // Its close then sends a reset.
    sockopt::set_socket_linger(&peer, Some(std::time::Duration::ZERO)).unwrap();
    drop(peer);
    let met = connection.recv_bytes().await.unwrap_err();
    assert!(
        matches!(&met, Error::Io(error) if error.kind() == io::ErrorKind::ConnectionReset)
            || matches!(met, Error::Frame(FrameError::Truncated)),
        "{met}"
    );
    let message = payload(1 << 20);
    let gone = loop {
        if let Err(error) = connection.send_bytes(&message).await {
            break error;
        }
    };
    assert!(matches!(gone, Error::Io(_)), "{gone}");
}

#[tokio::test]
async fn a_sender_that_waits_learns_that_its_peer_has_gone() {
    let (mut connection, peer) = connected();
    let sending = tokio::spawn(async move { connection.send_bytes(&payload(4 << 20)).await });
    tokio::task::yield_now().await;
    drop(peer);
    let gone = sending.await.unwrap().unwrap_err();
    assert!(
        matches!(&gone, Error::Io(error) if matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset)),
        "{gone}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn frames_arrive_however_the_stream_is_cut(
        sizes in prop::collection::vec(prop_oneof![0..40_usize, 8_100..8_300_usize, 65_400..65_700_usize, 100_000..300_000_usize], 0..12),
        long in any::<bool>(),
        pieces in prop::collection::vec(prop_oneof![1..10_usize, 1_000..100_000_usize], 1..6),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (mut connection, mut peer) = connected();
            let stream: Vec<u8> = sizes.iter().flat_map(|size| if long { long_frame(&payload(*size)) } else { frame(&payload(*size)) }).collect();
            // Small pieces of a long stream would be a million system calls.
            let pieces: Vec<_> = pieces.iter().map(|piece| (*piece).max(stream.len() / 2000)).collect();
            let writing = tokio::task::spawn_blocking(move || peer::write_in_pieces(&mut peer, &stream, &pieces).unwrap());
            for size in sizes {
                assert!(connection.recv_bytes().await.unwrap() == payload(size));
            }
            assert!(matches!(connection.recv_bytes().await, Err(Error::Eof)));
            writing.await.unwrap();
        });
    }
}
