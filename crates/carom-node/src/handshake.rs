//! Proving to each other that both ends know a key.

use carom::AuthKey;
use carom::handshake::{Dialect, Digest, Handshake, Options, Peer, advance};
use carom::sys::{self, AsFd};
use napi::bindgen_prelude::Result;
use napi_derive::napi;

use crate::deadline::deadline;
use crate::numbers;
use crate::reactor::Reactor;
use crate::slots::Slot;
use crate::status::{self, refused};

/// How far a handshake is: it waits for the peer to send.
#[napi]
pub const HANDSHAKE_READS: u32 = 0;
/// How far a handshake is: it waits for room to send.
#[napi]
pub const HANDSHAKE_WRITES: u32 = 1;
/// How far a handshake is: both ends know the key. The peer is older than Python 3.12, or billiard.
#[napi]
pub const HANDSHAKE_DONE_LEGACY: u32 = 2;
/// How far a handshake is: both ends know the key.
#[napi]
pub const HANDSHAKE_DONE: u32 = 3;

#[napi]
impl Reactor {
    /// Adopts the descriptor `fd` for a handshake: as the end that has accepted, or has connected. `digests` are accepted;
    /// `redhat` selects that dialect; `descriptors`: once the peer has proved the key, the socket takes those that it sends. Returns a number; `detach` gives the descriptor back when it is done, `close` closes it.
    #[napi(catch_unwind)]
    #[allow(clippy::needless_pass_by_value, reason = "what a generated method takes")]
    pub fn handshake_begin(
        &self,
        fd: i32,
        listens: bool,
        key: &[u8],
        digests: Vec<String>,
        redhat: bool,
        descriptors: bool,
    ) -> Result<u32> {
        let key = AuthKey::new(key).map_err(|error| napi::Error::from_reason(error.to_string()))?;
        let accepted = digests.iter().filter_map(|name| Digest::from_name(name.as_bytes()));
        let options = Options::new()
            .dialect(if redhat { Dialect::RedHat } else { Dialect::Modern })
            .digests(accepted)
            .descriptors(descriptors);
        let handshake = if listens {
            Handshake::listener(&key, options)
        } else {
            Handshake::client(&key, options)
        };
        let handshake = handshake.map_err(|error| refused(&error))?;
        let fd = numbers::adopt(fd).map_err(|error| numbers::refused(fd, &error))?;
        // One that was connected without us may take descriptors.
        if let Err(error) = sys::pass_rights(fd.as_fd(), false) {
            let _ = numbers::give(fd);
            return Err(status::thrown("setsockopt", &error));
        }
        let slot = Slot::Handshake(fd.into(), Box::new(handshake));
        Ok(self.environment.slots.borrow_mut().insert(slot))
    }

    /// Goes on, waiting up to `timeout` milliseconds, for ever where it is negative. Returns one of the
    /// `HANDSHAKE_` constants.
    #[napi(catch_unwind)]
    pub fn handshake_advance(&self, id: u32, timeout: f64) -> Result<u32> {
        let mut slots = self.environment.slots.borrow_mut();
        let (fd, handshake) = slots.handshake(id)?;
        Ok(match advance(fd.as_fd(), handshake, deadline(timeout)) {
            Ok(Some(Peer::Legacy)) => HANDSHAKE_DONE_LEGACY,
            Ok(Some(Peer::Modern)) => HANDSHAKE_DONE,
            Ok(None) if handshake.outgoing().is_empty() => HANDSHAKE_READS,
            Ok(None) => HANDSHAKE_WRITES,
            Err(error) => return Err(refused(&error)),
        })
    }

    /// The time is up: what the peer owes, as an exception.
    #[napi(catch_unwind)]
    pub fn handshake_expire(&self, id: u32) -> Result<()> {
        let mut slots = self.environment.slots.borrow_mut();
        let (_, handshake) = slots.handshake(id)?;
        Err(refused(&handshake.expire().into()))
    }
}
