//! Listening and accepting.

use std::time::Duration;

use carom::sys::AsFd;
use carom::{Listener, listener};
use napi::bindgen_prelude::Result;
use napi_derive::napi;

use crate::address::{JsAddress, from_js, peer_to_js, to_js};
use crate::deadline::deadline;
use crate::numbers;
use crate::reactor::Reactor;
use crate::slots::Slot;
use crate::status::{FailureKind, refused, thrown, told};

/// How to listen.
#[allow(missing_debug_implementations, reason = "JavaScript's, not Rust's")]
#[napi(object, object_to_js = false)]
pub struct ListenOptions {
    /// How many connections may wait to be accepted.
    pub backlog: i32,
    /// The permissions of a Unix socket's file.
    pub mode: u32,
    /// Whether a Unix socket's connections take descriptors that a peer sends from the first byte on.
    pub descriptors: bool,
    /// Whether to take the place of a socket file at which nobody listens any more.
    pub replace: bool,
    /// After how many idle milliseconds TCP asks whether the peer is still there; 0 is the system's time, `null` never.
    pub keep_alive: Option<f64>,
}

impl From<ListenOptions> for listener::Options {
    fn from(options: ListenOptions) -> Self {
        Self::new()
            .backlog(options.backlog)
            .mode(options.mode)
            .descriptors(options.descriptors)
            .replace(options.replace)
            .keep_alive(options.keep_alive.map(idle))
    }
}

/// An idle time in milliseconds.
pub(crate) fn idle(milliseconds: f64) -> Duration {
    Duration::try_from_secs_f64(milliseconds / 1000.0).unwrap_or_default()
}

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
    /// Its number, until `detach` gives its descriptor.
    pub id: u32,
    /// The peer that has connected; the empty string for a Unix peer without a name.
    pub address: JsAddress,
}

/// That no listener can be made of a descriptor.
fn not_a_listener(number: i32, error: &carom::Error) -> napi::Error {
    match error {
        carom::Error::Io(error) if error.raw_os_error() == numbers::unknown().raw_os_error() => {
            thrown("getsockopt", error)
        }
        _ => told(
            FailureKind::Argument,
            format!("descriptor {number} is no stream socket that listens: {error}"),
        ),
    }
}

#[napi]
impl Reactor {
    /// Listens at `address`; without one, at a Unix socket in a fresh directory that only this user may enter. `descriptors`: its
    /// connections take those that a peer sends from the first byte on.
    #[napi(catch_unwind)]
    pub fn listen(&self, address: Option<JsAddress>, options: ListenOptions) -> Result<Listening> {
        let bound = match address {
            Some(address) => Listener::bind(&from_js(address), options.into()),
            None => Listener::bind_private(options.into()),
        };
        let listener = bound.map_err(|error| refused(&error))?;
        numbers::keep(listener.as_fd());
        let address = to_js(listener.address());
        let id = self.environment.slots.borrow_mut().insert(Slot::Listener(listener));
        Ok(Listening { id, address })
    }

    /// Listens on the descriptor `fd`, a socket that listens already, and takes it; `shared`: it came from a peer, and is never
    /// waited on in a call. One that it refuses stays the caller's.
    #[napi(catch_unwind)]
    pub fn adopt_listener(&self, fd: i32, shared: bool) -> Result<Listening> {
        let fd = numbers::adopt(fd).map_err(|error| numbers::refused(fd, &error))?;
        let listens = Listener::address_of(fd.as_fd());
        if let Err(error) = listens {
            return Err(not_a_listener(numbers::give(fd).unwrap_or(-1), &error));
        }
        let listener = if shared {
            Listener::from_peer(fd)
        } else {
            Listener::from_fd(fd)
        };
        let listener = listener.map_err(|error| refused(&error))?;
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
        let mut slots = self.environment.slots.borrow_mut();
        let accepted = slots
            .listener(id)?
            .accept(deadline(timeout))
            .map_err(|error| refused(&error))?;
        let Some((fd, peer)) = accepted else { return Ok(None) };
        Ok(Some(Accepted {
            id: slots.insert(Slot::Held(fd)),
            address: peer_to_js(&peer),
        }))
    }
}
