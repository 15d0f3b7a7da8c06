//! Conversions from and to the descriptors of the standard library.

use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::os::unix::net::{UnixListener, UnixStream};

use crate::sys::AsFd;
use crate::{Connection, Error, Listener, Result};

impl AsRawFd for Connection {
    fn as_raw_fd(&self) -> RawFd {
        self.as_fd().as_raw_fd()
    }
}

impl From<Connection> for OwnedFd {
    /// Gives the descriptor up, as a socket of the standard library does. What has been read ahead of the messages that were received, and
    /// what was accepted and not yet sent, is lost: [`Connection::into_fd`] gives the connection back instead, where there is any.
    fn from(connection: Connection) -> Self {
        connection.into_fd_at_once()
    }
}

impl TryFrom<OwnedFd> for Connection {
    type Error = Error;

    /// As [`Connection::new`].
    fn try_from(fd: OwnedFd) -> Result<Self> {
        Self::new(fd)
    }
}

impl TryFrom<UnixStream> for Connection {
    type Error = Error;

    /// As [`Connection::new`]. The blocking mode of the stream doesn't matter.
    fn try_from(stream: UnixStream) -> Result<Self> {
        Self::new(stream.into())
    }
}

impl TryFrom<TcpStream> for Connection {
    type Error = Error;

    /// As [`Connection::new`]. The blocking mode of the stream doesn't matter, and whether it waits to join small writes
    /// ([`TcpStream::set_nodelay`]) stays as it is.
    fn try_from(stream: TcpStream) -> Result<Self> {
        Self::new(stream.into())
    }
}

impl AsRawFd for Listener {
    fn as_raw_fd(&self) -> RawFd {
        self.as_fd().as_raw_fd()
    }
}

impl From<Listener> for OwnedFd {
    /// As [`Listener::into_fd`].
    fn from(listener: Listener) -> Self {
        listener.into_fd()
    }
}

impl TryFrom<OwnedFd> for Listener {
    type Error = Error;

    /// As [`Listener::from_fd`].
    fn try_from(fd: OwnedFd) -> Result<Self> {
        Self::from_fd(fd)
    }
}

impl TryFrom<UnixListener> for Listener {
    type Error = Error;

    /// As [`Listener::from_fd`]: the socket's file, if it has one, stays when the listener is dropped.
    fn try_from(listener: UnixListener) -> Result<Self> {
        Self::from_fd(listener.into())
    }
}

impl TryFrom<TcpListener> for Listener {
    type Error = Error;

    /// As [`Listener::from_fd`].
    fn try_from(listener: TcpListener) -> Result<Self> {
        Self::from_fd(listener.into())
    }
}
