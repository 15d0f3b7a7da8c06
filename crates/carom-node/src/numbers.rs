//! Descriptors as JavaScript has them: by number.

#[cfg(unix)]
#[path = "numbers/unix.rs"]
mod system;
#[cfg(windows)]
#[path = "numbers/windows.rs"]
mod system;

use std::io;

use napi::bindgen_prelude::Result;
use napi_derive::napi;

use crate::status::{self, Failure, FailureKind};

pub(crate) use system::{adopt, borrowing, close, duplicate, forget, give, keep, of, unknown};

/// A number that can't be adopted, as an exception.
pub(crate) fn refused(number: i32, error: &io::Error) -> napi::Error {
    match error.kind() {
        io::ErrorKind::ResourceBusy => status::told(
            FailureKind::Busy,
            format!(
                "descriptor {number} is a Connection's or Listener's of this process already: detach() gives it up"
            ),
        ),
        _ => thrown_of(number, "fcntl", error),
    }
}

/// A failed system call on a descriptor of the caller's as a JavaScript exception, which names the descriptor.
pub(crate) fn thrown_of(fd: i32, syscall: &str, error: &io::Error) -> napi::Error {
    let not_open = error.raw_os_error() == unknown().raw_os_error();
    status::exception(Failure {
        kind: FailureKind::System,
        message: not_open.then(|| format!("descriptor {fd} is not open (EBADF)")),
        errno: status::number(error),
        syscall: Some(syscall.to_owned()),
        address: None,
        reason: None,
    })
}

/// Closes the descriptor `fd`, which nobody has adopted.
#[napi(catch_unwind)]
pub fn close_descriptor(fd: i32) -> Result<()> {
    system::close(fd).map_err(|error| match error.kind() {
        io::ErrorKind::ResourceBusy => refused(fd, &error),
        _ => status::thrown("close", &error),
    })
}

/// A number for the descriptor `fd` that a child can inherit as `stdio`. Where it is another one, it is the caller's, which closes
/// it as a file's.
#[napi(catch_unwind)]
pub fn inheritable(fd: i32) -> Result<i32> {
    system::inheritable(fd).map_err(|error| status::thrown("dup", &error))
}
