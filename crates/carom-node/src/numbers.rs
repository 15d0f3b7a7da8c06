//! Descriptors as JavaScript has them: by number.

#[cfg(unix)]
#[path = "numbers/unix.rs"]
mod system;
#[cfg(windows)]
#[path = "numbers/windows.rs"]
mod system;

use napi::bindgen_prelude::Result;
use napi_derive::napi;

use crate::status;

pub(crate) use system::{adopt, borrowing, close, duplicate, forget, give, of, unknown};

/// Closes the descriptor `fd`, which nobody has adopted.
#[napi(catch_unwind)]
pub fn close_descriptor(fd: i32) -> Result<()> {
    system::close(fd).map_err(|error| status::thrown("close", &error))
}

/// A number for the descriptor `fd` that a child can inherit as `stdio`. Where it is another one, it is the caller's, who closes
/// it as a file's.
#[napi(catch_unwind)]
pub fn inheritable(fd: i32) -> Result<i32> {
    system::inheritable(fd).map_err(|error| status::thrown("dup", &error))
}
