//! Descriptors that are sent through connections.

use std::io::IoSlice;

use carom::sys::{self, AsFd};
use napi::bindgen_prelude::{Result, Uint8Array};
use napi_derive::napi;

use crate::deadline::deadline;
use crate::numbers;
use crate::reactor::Reactor;
use crate::status;

/// Another descriptor of the same open file, close-on-exec, which is the caller's.
#[napi(catch_unwind)]
pub fn duplicate(fd: i32) -> Result<i32> {
    numbers::duplicate(fd)
        .and_then(numbers::give)
        .map_err(|error| status::thrown("fcntl", &error))
}

#[napi]
impl Reactor {
    /// The descriptors of the oldest message that had some, which are the caller's; `null` where there are none.
    #[napi(catch_unwind)]
    pub fn take_descriptors(&self, id: u32) -> Result<Option<Vec<i32>>> {
        let taken = self.environment.slots.borrow_mut().channel(id)?.take_descriptors();
        let numbered = |fds: Vec<_>| fds.into_iter().map(numbers::give).collect::<std::io::Result<_>>();
        taken
            .map(numbered)
            .transpose()
            .map_err(|error| status::thrown("recvmsg", &error))
    }

    /// Hands `bytes` to the kernel with `fds`, which stay the caller's, waiting up to `timeout` milliseconds for room, for ever
    /// where it is negative. Returns how many bytes it took, or a status; with the first byte, all descriptors are on their way.
    #[napi(catch_unwind)]
    #[allow(clippy::needless_pass_by_value, reason = "what generated code takes")]
    pub fn send_descriptors(&self, id: u32, bytes: Uint8Array, fds: Vec<i32>, timeout: f64) -> Result<f64> {
        let slots = self.environment.slots.borrow();
        let carrier = slots.fd(id)?;
        let sent = numbers::borrowing(&fds, |fds| {
            sys::send_with_fds(carrier, &[IoSlice::new(&bytes)], fds, deadline(timeout))
        });
        Ok(match sent {
            Ok(0) => status::NOTHING,
            Ok(bytes) => bytes as f64,
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
            match sys::receive_with_fds(fd.as_fd(), &mut [0; 1], true, deadline(timeout)) {
                Ok(None) => status::NOTHING,
                Ok(Some(arrived)) if arrived.bytes == 0 => status::END,
                Ok(Some(arrived)) => match <[_; 1]>::try_from(arrived.fds) {
                    Ok([fd]) => f64::from(numbers::give(fd).map_err(|error| status::thrown("recvmsg", &error))?),
                    Err(_) => status::TRUNCATED,
                },
                Err(error) => status::system(&error),
            },
        )
    }
}
