//! Bugs that were fixed.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::io::{ErrorKind, Read};
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::{Duration, Instant};

use carom::channel::{Channel, Received};
use carom::frame::{Decoder, FrameError, Runs, SLAB_MIN};
use carom::spin::Spin;
use carom::sys::Deadline;
use carom::{Connection, Error};

mod peer;

use peer::{fifo, payload, socket, socket_with_limit};

/// Long enough that the kernel can't have taken all of it when the peer goes away.
const LONG: usize = 16 * 1024 * 1024;

fn assert_broken(result: carom::Result<()>) {
    let Err(Error::Io(error)) = result else {
        panic!("the peer went away half way, and yet: {result:?}");
    };
    assert!(
        matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset),
        "{error}"
    );
}

#[test]
fn a_send_fails_where_the_peer_goes_away_half_way() {
    let (mut connection, mut peer) = socket();
    let reader = thread::spawn(move || peer.read_exact(&mut [0; 1000]));
    assert_broken(connection.send_bytes(&payload(LONG)));
    assert_broken(connection.send_bytes(b"and so does the next"));
    reader.join().unwrap().unwrap();
}

#[test]
fn a_send_on_a_fifo_fails_where_the_peer_goes_away_half_way() {
    let (receiver, mut sender) = fifo();
    let mut reader = std::fs::File::from(receiver.into_fd().unwrap());
    let reader = thread::spawn(move || reader.read_exact(&mut [0; 1000]));
    assert_broken(sender.send_bytes(&payload(LONG)));
    reader.join().unwrap().unwrap();
}

#[test]
fn a_flush_fails_where_the_peer_goes_away_half_way() {
    let (mut connection, mut peer) = socket();
    assert!(connection.try_send_bytes(&payload(LONG)).unwrap());
    let reader = thread::spawn(move || peer.read_exact(&mut vec![0; 500_000]));
    assert_broken(connection.flush());
    reader.join().unwrap().unwrap();
}

#[test]
#[should_panic(expected = "too small")]
fn a_slab_without_room_is_no_end_of_the_stream() {
    let mut decoder = Decoder::new(u64::MAX);
    let mut slab = vec![0; SLAB_MIN];
    slab[2] = 9;
    decoder.find(&slab[..6], &mut Runs::default()).unwrap();
    decoder.begin(&mut slab[..6]);
}

#[test]
fn a_connection_no_longer_receives_after_a_message_that_was_too_long() {
    let (mut connection, peer) = socket_with_limit(3);
    let mut peer = Connection::new(peer.into()).unwrap();
    peer.send_bytes(b"four").unwrap();
    assert!(matches!(
        connection.recv_bytes(),
        Err(Error::Frame(FrameError::TooLong { announced: 4, limit: 3 }))
    ));
    assert!(matches!(connection.recv_bytes(), Err(Error::NotReadable)));
}

#[test]
fn a_spin_ends_at_the_deadline() {
    let (ours, _peer) = UnixStream::pair().unwrap();
    let mut channel = Channel::new(ours.into(), u64::MAX, Spin::fixed(Duration::from_secs(24 * 3600))).unwrap();
    let deadline = Deadline::At(Instant::now() + Duration::from_millis(5));
    let received = channel
        .receive(&mut vec![0; SLAB_MIN], &mut Runs::default(), deadline)
        .unwrap();
    assert_eq!(received, Received::Nothing);
}

#[test]
#[cfg(any(target_os = "linux", target_os = "android"))]
fn the_peer_of_a_tcp_socket_is_not_known() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let error = carom::sys::peer_credentials(client.as_fd()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotConnected);
}
