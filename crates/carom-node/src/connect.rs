//! Reaching a listener.

use std::net::SocketAddr;

use carom::address::numeric;
use carom::connect::{self, Connecting, Progress};
use carom::sys::AsFd;
use napi::bindgen_prelude::Result;
use napi_derive::napi;

use crate::address::{HostPort, JsAddress, from_js};
use crate::listener::idle;
use crate::numbers;
use crate::reactor::Reactor;
use crate::slots::Slot;
use crate::status::{self, FailureKind, refused, told};

/// How far a connection has come that is being made. With neither field, it goes on when its descriptor is writable.
#[derive(Debug, Default)]
#[napi(object)]
pub struct Advanced {
    /// The connected descriptor, which is the caller's.
    pub fd: Option<i32>,
    /// Milliseconds after which to try again: the listener has no room in its backlog.
    pub retry: Option<f64>,
}

/// The addresses of a host in numbers, in the order in which to try them. Waits for the system's resolver.
#[napi(catch_unwind)]
#[allow(clippy::needless_pass_by_value, reason = "what a generated function takes")]
pub fn resolve(host: String, port: u16) -> Result<Vec<HostPort>> {
    let resolved = connect::resolve(&host, port).map_err(|error| refused(&error))?;
    Ok(resolved.into_iter().map(HostPort::from).collect())
}

#[napi]
impl Reactor {
    /// Begins to connect to `address`, a TCP one by the numbers in `candidates`, in turn. Returns a number for
    /// `connectAdvance`, which is closed with `close`. `descriptors`: a Unix socket takes those that the listener sends, from the
    /// first byte on. After `keepAlive` idle milliseconds, TCP asks whether the peer is still there; 0 is the system's time,
    /// `null` never.
    #[napi(catch_unwind)]
    #[allow(clippy::needless_pass_by_value, reason = "what a generated method takes")]
    pub fn connect_begin(
        &self,
        address: JsAddress,
        candidates: Vec<HostPort>,
        descriptors: bool,
        keep_alive: Option<f64>,
    ) -> Result<u32> {
        let candidates = candidates.iter().map(resolved).collect::<Result<_>>()?;
        let connecting = Connecting::new(&from_js(address), candidates)
            .map_err(|error| refused(&error))?
            .descriptors(descriptors)
            .keep_alive(keep_alive.map(idle));
        let slot = Slot::Connecting(Box::new(connecting));
        Ok(self.environment.slots.borrow_mut().insert(slot))
    }

    /// Goes as far as it can without waiting.
    #[napi(catch_unwind)]
    pub fn connect_advance(&self, id: u32) -> Result<Advanced> {
        let mut slots = self.environment.slots.borrow_mut();
        let progress = slots.connecting(id)?.advance().map_err(|error| refused(&error))?;
        Ok(match progress {
            Progress::Connected(fd) => {
                if slots.is_watched(id) {
                    // Nothing is reported under this number any more.
                    let _ = self.environment.watching(|registry| registry.forget(fd.as_fd()));
                }
                Advanced {
                    fd: Some(numbers::give(fd).map_err(|error| status::thrown("connect", &error))?),
                    retry: None,
                }
            }
            Progress::Pending => Advanced::default(),
            Progress::Retry(after) => Advanced {
                fd: None,
                retry: Some(after.as_secs_f64() * 1000.0),
            },
        })
    }
}

/// A TCP address in numbers.
fn resolved(HostPort { host, port }: &HostPort) -> Result<SocketAddr> {
    numeric(host, *port)
        .ok()
        .flatten()
        .ok_or_else(|| told(FailureKind::Address, format!("{host} is no numeric address")))
}
