//! The drivers make the reactor part of JavaScript's event loop. Two ways, one face: libuv watches the reactor's descriptor, or a
//! thread does and wakes JavaScript. Either then serves the reactor on JavaScript's thread.

mod handover;
mod thread;
#[cfg(unix)]
mod uv;

use std::rc::Rc;

use napi::sys;

use crate::environment::Environment;

/// Has the event loop serve an environment's reactor, until the environment ends.
pub(crate) trait Driver {
    /// Whether the event loop goes on while nothing else keeps it.
    fn keep_alive(&self, on: bool);

    /// Stops before the environment ends, and ends what it drives: JavaScript has let go of it.
    fn stop(&self);
}

/// Starts the driver called `name`. It stops when the environment ends, and ends `environment` then.
pub(crate) fn start(name: &str, env: sys::napi_env, environment: Rc<Environment>) -> napi::Result<Rc<dyn Driver>> {
    match name {
        #[cfg(unix)]
        "uv" => Ok(uv::UvDriver::start(env, environment)?),
        "thread" => Ok(thread::ThreadDriver::start(env, environment)?),
        _ => Err(napi::Error::from_reason(format!(
            "no driver is called {name:?}: \"uv\" or \"thread\""
        ))),
    }
}
