//! Listening and accepting.

use carom::{Listener, listener};
use napi::bindgen_prelude::Result;
use napi_derive::napi;

use crate::address::{JsAddress, from_js, peer_to_js, to_js};
use crate::deadline::deadline;
use crate::numbers;
use crate::reactor::Reactor;
use crate::slots::Slot;
use crate::status::{refused, thrown};

/// A listener that was made.
#[allow(missing_debug_implementations, reason = "JavaScript's, not Rust's")]
#[napi(object)]
pub struct Listening {
    /// Its number.
    pub id: u32,
    /// Where to connect to.
    pub address: JsAddress,
}

/// A connection that was accepted.
#[allow(missing_debug_implementations, reason = "JavaScript's, not Rust's")]
#[napi(object)]
pub struct Accepted {
    /// Its descriptor, which is the caller's.
    pub fd: i32,
    /// Who has connected; the empty string for a Unix peer without a name.
    pub address: JsAddress,
}

#[napi]
impl Reactor {
    /// Listens at `address`; without one, at a Unix socket in a fresh directory that only this user may enter.
    #[napi(catch_unwind)]
    pub fn listen(&self, address: Option<JsAddress>, backlog: i32, mode: u32) -> Result<Listening> {
        let options = listener::Options { backlog, mode };
        let bound = match address {
            Some(address) => Listener::bind(&from_js(address), options),
            None => Listener::bind_private(options),
        };
        let listener = bound.map_err(|error| refused(&error))?;
        let address = to_js(listener.address());
        let id = self.environment.slots.borrow_mut().insert(Slot::Listener(listener));
        Ok(Listening { id, address })
    }

    /// Listens on the descriptor `fd`, a socket that listens already, and takes it.
    #[napi(catch_unwind)]
    pub fn adopt_listener(&self, fd: i32) -> Result<Listening> {
        let fd = numbers::adopt(fd).map_err(|error| thrown("fcntl", &error))?;
        let listener = Listener::from_fd(fd).map_err(|error| refused(&error))?;
        let address = to_js(listener.address());
        let id = self.environment.slots.borrow_mut().insert(Slot::Listener(listener));
        Ok(Listening { id, address })
    }

    /// The descriptor of a listener, which it keeps.
    #[napi(catch_unwind)]
    pub fn descriptor(&self, id: u32) -> Result<i32> {
        Ok(numbers::of(self.environment.slots.borrow().fd(id)?))
    }

    /// Accepts a connection, waiting up to `timeout` milliseconds, for ever where it is negative; `null` where nobody came.
    #[napi(catch_unwind)]
    pub fn accept(&self, id: u32, timeout: f64) -> Result<Option<Accepted>> {
        let slots = self.environment.slots.borrow();
        let accepted = slots
            .listener(id)?
            .accept(deadline(timeout))
            .map_err(|error| refused(&error))?;
        let Some((fd, peer)) = accepted else { return Ok(None) };
        Ok(Some(Accepted {
            fd: numbers::give(fd).map_err(|error| thrown("accept", &error))?,
            address: peer_to_js(&peer),
        }))
    }
}
