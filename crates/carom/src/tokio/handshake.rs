//! A handshake over a socket that the runtime watches.

use ::tokio::time::timeout;

use super::socket::Socket;
use crate::handshake::{Handshake, advance};
use crate::sys::{self, AsFd, Deadline};
use crate::{Authentication, Result};

/// Has both ends prove that they know the key, within the time that `authentication` gives.
pub(super) async fn prove(socket: &Socket, mut handshake: Handshake, authentication: &Authentication) -> Result<()> {
    sys::pass_rights(socket.as_fd(), false)?;
    match timeout(authentication.timeout, run(socket, &mut handshake)).await {
        Ok(outcome) => outcome,
        Err(_) => Err(handshake.expire().into()),
    }
}

async fn run(socket: &Socket, handshake: &mut Handshake) -> Result<()> {
    loop {
        let sends = !handshake.outgoing().is_empty();
        let mut guard = if sends {
            socket.writable().await?
        } else {
            socket.readable().await?
        };
        if advance(socket.as_fd(), handshake, Deadline::Now)?.is_some() {
            return Ok(());
        }
        // Where it has gone from the one to the other, it has stopped for the other.
        if sends != handshake.outgoing().is_empty() {
            guard.clear_ready();
        }
    }
}
