//! A handshake over a socket that the runtime watches.

#[cfg(feature = "auth")]
use ::tokio::time::timeout;

use super::socket::Socket;
use crate::{Authentication, Result};
#[cfg(feature = "auth")]
use crate::{
    handshake::{Handshake, advance},
    sys::{self, AsFd, Deadline},
};

/// Authenticates a peer that connected to a listener: each end proves to the other that it knows the key.
#[cfg(feature = "auth")]
pub(super) async fn prove_accepted(socket: &Socket, authentication: &Authentication) -> Result<()> {
    let handshake = Handshake::listener(&authentication.key, authentication.options.clone())?;
    prove(socket, handshake, authentication).await
}

/// Authenticates with the listener: each end proves to the other that it knows the key.
#[cfg(feature = "auth")]
pub(super) async fn prove_connected(socket: &Socket, authentication: &Authentication) -> Result<()> {
    let handshake = Handshake::client(&authentication.key, authentication.options.clone())?;
    prove(socket, handshake, authentication).await
}

#[cfg(feature = "auth")]
async fn prove(socket: &Socket, mut handshake: Handshake, authentication: &Authentication) -> Result<()> {
    sys::pass_rights(socket.as_fd(), false)?;
    match timeout(authentication.timeout, run(socket, &mut handshake)).await {
        Ok(outcome) => outcome,
        Err(_) => Err(handshake.expire().into()),
    }
}

#[cfg(feature = "auth")]
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

/// Without the feature `auth`, there is nothing that could be asked for.
#[cfg(not(feature = "auth"))]
pub(super) async fn prove_accepted(_socket: &Socket, authentication: &Authentication) -> Result<()> {
    match *authentication {}
}

/// Without the feature `auth`, there is nothing that could be asked for.
#[cfg(not(feature = "auth"))]
pub(super) async fn prove_connected(_socket: &Socket, authentication: &Authentication) -> Result<()> {
    match *authentication {}
}
