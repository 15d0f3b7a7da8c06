//! Reaching a listener.

use std::net::SocketAddr;

use ::tokio::io::Interest;
use ::tokio::task::{JoinError, spawn_blocking};
use ::tokio::time::sleep;

use super::Connection;
use super::handshake::prove_connected;
use super::socket::Socket;
use super::watch::watch;
use crate::connect::{Connecting, Progress, resolve};
use crate::sys::{self, AsFd, OwnedFd, PeerFd};
use crate::{Address, Authentication, Result};

/// Connects to `address`, and where there is a key, proves to know it and has the listener prove it, within
/// the time that [`Authentication`] gives. A limit for all of it is the caller's: `tokio::time::timeout`.
///
/// A host's name is looked up on one of the runtime's blocking threads.
///
/// # Errors
///
/// [`Error::Address`](crate::Error::Address) and [`Error::System`](crate::Error::System) where the listener can't be reached;
/// [`Error::Handshake`](crate::Error) where the proof failed, either way.
///
/// # Panics
///
/// Outside of a runtime that drives I/O and time.
pub async fn connect(address: &Address, authentication: Option<&Authentication>) -> Result<Connection> {
    let fd = reach(address).await?;
    let kind = sys::kind(fd.as_fd())?;
    let socket = Socket::new(PeerFd::from(fd), kind)?;
    if let Some(authentication) = authentication {
        prove_connected(&socket, authentication).await?;
    }
    Connection::over(socket, u64::MAX)
}

async fn reach(address: &Address) -> Result<OwnedFd> {
    let mut connecting = Connecting::new(address, addresses(address).await?)?;
    loop {
        match connecting.advance()? {
            Progress::Connected(fd) => return Ok(fd),
            Progress::Pending => {
                if let Some(fd) = connecting.as_fd() {
                    let _ = watch(fd, Interest::WRITABLE)?.writable().await?;
                }
            }
            Progress::Retry(after) => sleep(after).await,
        }
    }
}

async fn addresses(address: &Address) -> Result<Vec<SocketAddr>> {
    let Address::Tcp { host, port } = address else {
        return Ok(Vec::new());
    };
    let (host, port) = (host.clone(), *port);
    aside(move || resolve(&host, port)).await
}

/// Makes a call that may wait on one of the runtime's blocking threads.
pub(super) async fn aside<T: Send + 'static>(call: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    spawn_blocking(call).await.map_err(stopped)?
}

/// The runtime shuts down, or the call has panicked.
fn stopped(error: JoinError) -> crate::Error {
    crate::Error::Io(error.into())
}
