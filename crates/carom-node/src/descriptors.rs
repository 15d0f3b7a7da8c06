//! Descriptors that are sent through connections.

use carom::sys::{self, Arrival, AsFd, OwnedFd};
use napi::bindgen_prelude::{Result, Uint8Array};
use napi_derive::napi;

use crate::deadline::deadline;
use crate::numbers;
use crate::reactor::Reactor;
use crate::status;

/// The most descriptors that go with one message: the kernel's limit, 0 where messages take none.
#[napi]
pub const DESCRIPTORS_MAX: u32 = sys::FDS_MAX as u32;

/// A descriptor that a peer has sent.
#[derive(Debug)]
#[napi(object)]
pub struct ArrivedDescriptor {
    /// The descriptor.
    pub fd: i32,
    /// Whether it can be a connection: it is a stream socket.
    pub is_stream: bool,
    /// Whether it can be a listener: it listens, and is in non-blocking mode.
    pub is_listener: bool,
}

/// Closes descriptors that a peer has sent, and that nobody wants, without waiting for it.
#[napi(catch_unwind)]
#[allow(clippy::needless_pass_by_value, reason = "what generated code takes")]
pub fn close_arrived(fds: Vec<i32>) {
    let adopted = fds.into_iter().filter_map(|fd| numbers::adopt(fd).ok());
    sys::close_aside(adopted.inspect(|fd| numbers::forget(fd.as_fd())));
}

/// Whether the open file of the descriptor `fd` is in non-blocking mode.
#[napi(catch_unwind)]
pub fn is_nonblocking(fd: i32) -> Result<bool> {
    numbers::borrowing(&[fd], |fds| Ok(fds.iter().all(|fd| sys::is_nonblocking(*fd))))
        .map_err(|error| status::thrown("fcntl", &error))
}

/// Another descriptor of the same open file, close-on-exec, which is the caller's.
#[napi(catch_unwind)]
pub fn duplicate(fd: i32) -> Result<i32> {
    numbers::duplicate(fd)
        .and_then(numbers::give)
        .map_err(|error| numbers::thrown_of(fd, "fcntl", &error))
}

#[napi]
impl Reactor {
    /// The descriptors that came with message `message` of the connection, counted from 0, which are the caller's. There must be
    /// `count`: if not, they are closed, and there are none. Those of earlier messages are closed.
    #[napi(catch_unwind)]
    pub fn take_descriptors(&self, id: u32, message: f64, count: u32) -> Result<Vec<ArrivedDescriptor>> {
        let taken = self
            .environment
            .slots
            .borrow_mut()
            .channel(id)?
            .take_descriptors(message as u64);
        if taken.len() != count as usize {
            return Ok(Vec::new());
        }
        let give = |fd: OwnedFd| {
            let arrival = sys::arrival(fd.as_fd());
            Ok(ArrivedDescriptor {
                is_stream: arrival == Arrival::Stream,
                is_listener: arrival == Arrival::Listener,
                fd: numbers::give(fd).map_err(|error| status::thrown("recvmsg", &error))?,
            })
        };
        taken.take().into_iter().map(give).collect()
    }

    /// Hands `bytes` to the kernel with `fds`, which stay the caller's, waiting up to `timeout` milliseconds for room, for ever
    /// where it is negative. Returns how many bytes it took, or a status; with the first byte, all descriptors are on their way.
    #[napi(catch_unwind)]
    #[allow(clippy::needless_pass_by_value, reason = "what generated code takes")]
    pub fn send_descriptors(&self, id: u32, bytes: Uint8Array, fds: Vec<i32>, timeout: f64) -> Result<f64> {
        let mut slots = self.environment.slots.borrow_mut();
        let channel = slots.channel(id)?;
        let sent = numbers::borrowing(&fds, |fds| Ok(channel.send_with_fds(&bytes, fds, deadline(timeout))));
        self.environment.repark(&mut slots, id);
        Ok(match sent {
            Ok(Ok(0)) => status::NOTHING,
            Ok(Ok(bytes)) => bytes as f64,
            Ok(Err(error)) => status::failure(&error, &mut 0.0),
            Err(error) => status::system(&error),
        })
    }

    /// Receives what Python's `send_handle` sends: one byte, outside the framing, and a descriptor, which is the caller's.
    /// Returns it, or a status: -1 nothing within `timeout`, -2 the end, -3 a byte without exactly one descriptor.
    #[napi(catch_unwind)]
    pub fn receive_handle(&self, id: u32, timeout: f64) -> Result<f64> {
        let slots = self.environment.slots.borrow();
        let fd = slots.fd(id)?;
        Ok(
            match sys::receive_with_fds(fd.as_fd(), &mut [0; 1], deadline(timeout)) {
                Ok(None) => status::NOTHING,
                Ok(Some(arrived)) if arrived.bytes == 0 => status::END,
                Ok(Some(arrived)) => match <[_; 1]>::try_from(arrived.fds.take()) {
                    Ok([fd]) => {
                        sys::arrival(fd.as_fd());
                        f64::from(numbers::give(fd).map_err(|error| status::thrown("recvmsg", &error))?)
                    }
                    Err(others) => {
                        sys::close_aside(others);
                        status::TRUNCATED
                    }
                },
                Err(error) => status::system(&error),
            },
        )
    }
}
