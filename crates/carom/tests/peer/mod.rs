//! The other end of a connection: bytes on a socket, or another process.
#![allow(dead_code, reason = "each test binary uses a part")]

use std::io::{self, Read, Write};
#[cfg(not(unix))]
use std::net::{TcpListener, TcpStream};
#[cfg(unix)]
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

use carom::Connection;
use carom::spin::Spin;
use carom::sys::OwnedFd;
use proptest::prelude::*;

#[cfg(unix)]
mod unix;

#[cfg(unix)]
#[allow(unused_imports, reason = "each test binary uses a part")]
pub(crate) use unix::{allow_descriptors, blocking, close_on_exec, duplicate, echo_process, fifo, own, start_with_3};

/// A plain socket: the kind that is nearest, of those that the system has.
#[cfg(unix)]
pub(crate) type Stream = UnixStream;
#[cfg(not(unix))]
pub(crate) type Stream = TcpStream;

/// Two plain sockets, connected to each other.
#[cfg(unix)]
pub(crate) fn sockets() -> (Stream, Stream) {
    UnixStream::pair().unwrap()
}

/// Two plain sockets, connected to each other.
#[cfg(not(unix))]
pub(crate) fn sockets() -> (Stream, Stream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let ours = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (theirs, _) = listener.accept().unwrap();
    (ours, theirs)
}

/// The descriptor that a connection is made of.
#[cfg(unix)]
pub(crate) fn descriptor(stream: impl Into<OwnedFd>) -> OwnedFd {
    stream.into()
}

/// The descriptor that a connection is made of.
#[cfg(not(unix))]
pub(crate) fn descriptor(stream: TcpStream) -> OwnedFd {
    stream.try_into().unwrap()
}

/// A connection, and its peer as a plain socket.
pub(crate) fn socket() -> (Connection, Stream) {
    let (ours, theirs) = sockets();
    (Connection::new(descriptor(ours)).unwrap(), theirs)
}

/// As [`socket`], with the longest message that is received.
pub(crate) fn socket_with_limit(limit: u64) -> (Connection, Stream) {
    let (ours, theirs) = sockets();
    (
        Connection::with_options(descriptor(ours), limit, Spin::fixed(Duration::ZERO)).unwrap(),
        theirs,
    )
}

pub(crate) const MIB: usize = 1024 * 1024;

/// Lengths of messages, most of them where another path is taken.
pub(crate) fn length() -> impl Strategy<Value = usize> {
    prop_oneof![
        4 => 0..100_usize,
        2 => 8 * 1024 - 14..8 * 1024 + 3_usize,
        2 => 64 * 1024 - 14..64 * 1024 + 3_usize,
        2 => 256 * 1024 - 14..256 * 1024 + 3_usize,
        1 => 0..3 * MIB,
        1 => Just(16 * MIB),
    ]
}

/// A payload of which no two stretches are alike.
pub(crate) fn payload(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at ^ (at >> 8) ^ (at >> 16)) as u8).collect()
}

/// A frame in the form that senders use for it.
pub(crate) fn frame(message: &[u8]) -> Vec<u8> {
    [&(message.len() as u32).to_be_bytes()[..], message].concat()
}

/// A frame in the 64-bit form.
pub(crate) fn long_frame(message: &[u8]) -> Vec<u8> {
    [
        &(-1_i32).to_be_bytes()[..],
        &(message.len() as u64).to_be_bytes(),
        message,
    ]
    .concat()
}

/// Reads one frame in the short form from a plain stream.
pub(crate) fn read_frame(stream: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut header = [0; 4];
    stream.read_exact(&mut header)?;
    let mut message = vec![0; u32::from_be_bytes(header) as usize];
    stream.read_exact(&mut message)?;
    Ok(message)
}

/// Writes `stream` in pieces of the lengths that `pieces` has in turn.
pub(crate) fn write_in_pieces(to: &mut impl Write, mut stream: &[u8], pieces: &[usize]) -> io::Result<()> {
    let mut pieces = pieces.iter().cycle();
    while !stream.is_empty() {
        let length = pieces.next().copied().unwrap_or(usize::MAX).clamp(1, stream.len());
        to.write_all(&stream[..length])?;
        stream = &stream[length..];
    }
    Ok(())
}

/// Where cargo has put an example: beside the tests. Cargo names no variable for it.
pub(crate) fn example(name: &str) -> PathBuf {
    let mut path = std::env::current_exe().unwrap();
    path.pop();
    path.pop();
    path.extend(["examples", name]);
    assert!(
        path.exists(),
        "{} is missing: `cargo build --examples` builds it",
        path.display()
    );
    path
}
