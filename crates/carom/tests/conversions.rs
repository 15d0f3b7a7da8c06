//! Connections and listeners as the standard library's descriptors and errors, and back.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::fs::File;
use std::io::{self, ErrorKind};
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;

use carom::{Connection, Error, Listener, pipe};

#[test]
fn a_stream_becomes_a_connection_whatever_its_blocking_mode() {
    let (a, b) = UnixStream::pair().unwrap();
    a.set_nonblocking(true).unwrap();
    let number = a.as_raw_fd();
    let mut a = Connection::try_from(a).unwrap();
    let mut b = Connection::try_from(OwnedFd::from(b)).unwrap();
    assert_eq!(a.as_raw_fd(), number);
    b.send_bytes(b"ping").unwrap();
    assert_eq!(a.recv_bytes().unwrap(), b"ping");
}

#[test]
fn a_connection_becomes_a_descriptor_and_a_connection_again() {
    let (a, mut b) = pipe().unwrap();
    let fd = OwnedFd::from(a);
    let mut a = Connection::try_from(fd).unwrap();
    a.send_bytes(b"still here").unwrap();
    assert_eq!(b.recv_bytes().unwrap(), b"still here");
}

#[test]
fn a_file_does_not_become_a_connection() {
    let file = OwnedFd::from(File::open("/dev/null").unwrap());
    assert!(matches!(Connection::try_from(file), Err(Error::Io(_))));
}

#[test]
fn a_listener_of_the_standard_library_accepts_connections() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let listener = Listener::try_from(listener).unwrap();
    let mut server = listener.accept_connection(None, carom::sys::Deadline::Never).unwrap();
    let mut client = Connection::try_from(stream).unwrap();
    client.send_bytes(b"hello").unwrap();
    assert_eq!(server.recv_bytes().unwrap(), b"hello");
    let number = listener.as_raw_fd();
    assert_eq!(OwnedFd::from(listener).as_raw_fd(), number);
}

#[test]
fn an_error_becomes_one_of_the_system_s_and_keeps_what_it_was() {
    let (a, mut b) = pipe().unwrap();
    drop(a);
    let error = io::Error::from(b.recv_bytes().unwrap_err());
    assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
    assert!(matches!(error.downcast::<Error>(), Ok(Error::Eof)));
    // The system's own error comes out as it went in.
    let error = io::Error::from(b.send_bytes(b"x").unwrap_err());
    assert_eq!(error.raw_os_error(), Some(libc::EPIPE));
}
