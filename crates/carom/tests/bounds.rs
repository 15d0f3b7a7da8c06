//! What a program that moves connections between threads, and boxes errors, relies on. That this compiles is the test.

use std::error::Error as StdError;

use carom::reactor::{Reactor, Registry, Signal, Waker};
use carom::{
    Address, AuthKey, Authentication, Connection, DecodeError, EncodeError, Error, Listener, Receiver, Sender,
    SharedMemory, SystemError,
};

fn send<T: Send + 'static>() {}
fn sync<T: Sync>() {}
fn error<T: StdError + Send + Sync + 'static>() {}

#[test]
fn what_a_program_owns_moves_between_threads() {
    send::<Connection>();
    sync::<Connection>();
    send::<Sender>();
    sync::<Sender>();
    send::<Receiver>();
    sync::<Receiver>();
    send::<Listener>();
    sync::<Listener>();
    send::<Reactor>();
    send::<Registry>();
    sync::<Registry>();
    send::<Signal>();
    send::<Waker>();
    sync::<Waker>();
    send::<SharedMemory>();
    send::<Address>();
    sync::<Address>();
    send::<AuthKey>();
    sync::<AuthKey>();
    send::<Authentication>();
    sync::<Authentication>();
}

#[test]
fn errors_cross_threads_and_go_into_boxes() {
    error::<Error>();
    error::<SystemError>();
    error::<EncodeError>();
    error::<DecodeError>();
    error::<carom::address::AddressError>();
    error::<carom::address::ParseAddressError>();
    error::<carom::frame::FrameError>();
    error::<carom::handshake::HandshakeError>();
    error::<carom::ring::RingError>();
    error::<carom::shared_memory::SharedMemoryError>();
}
