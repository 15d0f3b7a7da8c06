//! What makes the reactor part of JavaScript's event loop. Two ways, one face: libuv watches the reactor's descriptor, or a
//! thread waits on the reactor and wakes JavaScript.

mod thread;
mod uv;

use std::io;
use std::rc::Rc;
use std::time::Duration;

use carom::reactor::{Readiness, Registry};
use carom::sys::Deadline;
use napi::sys;

use crate::dispatch::Dispatch;

/// A reactor that JavaScript's event loop serves.
pub(crate) trait Driver {
    /// Which descriptors are watched.
    fn registry(&self) -> &Registry;
    /// Waits by `deadline` for reports, in place of the event loop, and takes them.
    fn collect(&self, deadline: Deadline, batch: &mut Vec<Readiness>) -> io::Result<()>;
    /// Whether the event loop goes on while nothing else keeps it.
    fn keep_alive(&self, on: bool);
    /// How long the event loop looks for reports before it sleeps. A driver may not be able to.
    fn spin(&self, duration: Duration);
}

/// Starts the driver called `name`. It stops when the environment ends, and calls `at_end` then.
pub(crate) fn start(
    name: &str,
    env: sys::napi_env,
    dispatch: Rc<Dispatch>,
    at_end: impl FnOnce() + 'static,
) -> napi::Result<Rc<dyn Driver>> {
    match name {
        "uv" => Ok(uv::UvDriver::start(env, dispatch, at_end)?),
        "thread" => Ok(thread::ThreadDriver::start(env, dispatch, at_end)?),
        _ => Err(napi::Error::from_reason(format!("no driver is called {name:?}: \"uv\" or \"thread\""))),
    }
}
