//! Listeners, those that must not be, and what arrives at them.

use std::os::fd::OwnedFd;

use carom::listener::{Options, PeerAddress};
use carom::sys::Deadline;
use carom::{Address, Connection, Error, Listener};

pub(crate) fn bind(address: &Address) -> Listener {
    Listener::bind(address, Options::default()).unwrap()
}

/// The error of an address that must not be bound.
pub(crate) fn refused(address: &Address) -> Error {
    Listener::bind(address, Options::default()).expect_err("the address is bound twice")
}

pub(crate) fn errno(error: &Error) -> Option<i32> {
    match error {
        Error::System(error) => error.errno(),
        other => panic!("{other}"),
    }
}

pub(crate) fn accepted(listener: &Listener) -> (OwnedFd, PeerAddress) {
    listener.accept(Deadline::Never).unwrap().unwrap()
}

/// A message goes each way between a new client and the listener.
pub(crate) fn converse(listener: &Listener) {
    let mut client = carom::connect(listener.address(), None, Deadline::Never).unwrap();
    let mut server = Connection::new(accepted(listener).0).unwrap();
    client.send_bytes(b"ping").unwrap();
    assert_eq!(server.recv_bytes().unwrap(), b"ping");
    server.send_bytes(b"pong").unwrap();
    assert_eq!(client.recv_bytes().unwrap(), b"pong");
}
