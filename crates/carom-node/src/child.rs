//! Child processes.

use std::time::Duration;

use carom::child::{self, Exit};
use napi::bindgen_prelude::Result;
use napi_derive::napi;

use crate::deadline::deadline;
use crate::numbers;
use crate::status;

/// How a process has ended: one of the two is there.
#[derive(Debug)]
#[napi(object)]
pub struct Exited {
    /// The code that it exited with.
    pub code: Option<u32>,
    /// The number of the signal that ended it.
    pub signal: Option<i32>,
}

/// How the child `pid` has ended, or does within `timeout` milliseconds; `null` where it still runs then. The child is not
/// reaped. Fails with `ECHILD` where somebody has.
#[napi(catch_unwind)]
pub fn exit_of(pid: u32, timeout: f64) -> Result<Option<Exited>> {
    let exit = child::exit_of(pid, deadline(timeout)).map_err(|error| status::thrown("waitid", &error))?;
    Ok(exit.map(|exit| match exit {
        Exit::Code(code) => Exited {
            code: Some(code),
            signal: None,
        },
        Exit::Signal(signal) => Exited {
            code: None,
            signal: Some(signal),
        },
    }))
}

/// Ends this process when the other end of the descriptor `fd`, which it takes, is closed: by `SIGTERM`, and by `SIGKILL`
/// where it still runs after `grace` milliseconds.
#[napi(catch_unwind)]
pub fn end_with(fd: i32, grace: f64) -> Result<()> {
    let fd = numbers::adopt(fd).map_err(|error| status::thrown("fcntl", &error))?;
    let grace = Duration::try_from_secs_f64(grace / 1000.0).unwrap_or_default();
    child::end_with(fd, grace).map_err(|error| status::thrown("pthread_create", &error))
}
