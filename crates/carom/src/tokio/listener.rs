use std::io;

use ::tokio::io::Interest;
use ::tokio::io::unix::AsyncFd;

use super::Connection;
use super::connect::aside;
use super::handshake::prove_accepted;
use super::socket::Socket;
use super::watch::{Watched, watch};
use crate::listener::{Options, PeerAddress};
use crate::sys::{self, AsFd, BorrowedFd, Credentials, PeerFd};
use crate::{Address, Authentication, Result};

/// A socket that others connect to, on a tokio runtime.
///
/// Dropping it closes the socket, and removes the socket file that it made.
#[derive(Debug)]
pub struct Listener {
    listener: AsyncFd<Watched<crate::Listener>>,
}

impl Listener {
    /// Listens at `address`. A host's name is looked up on one of the runtime's blocking threads.
    ///
    /// # Errors
    ///
    /// The same as for [`carom::Listener::bind`](crate::Listener::bind).
    ///
    /// # Panics
    ///
    /// Outside of a runtime that drives I/O.
    pub async fn bind(address: &Address, options: Options) -> Result<Self> {
        let address = address.clone();
        aside(move || crate::Listener::bind(&address, options))
            .await?
            .try_into()
    }

    /// Listens on a Unix socket in a fresh directory that only this user may enter, which is removed with the socket.
    ///
    /// # Errors
    ///
    /// The same as for [`carom::Listener::bind_private`](crate::Listener::bind_private).
    ///
    /// # Panics
    ///
    /// Outside of a runtime that drives I/O.
    pub fn bind_private(options: Options) -> Result<Self> {
        crate::Listener::bind_private(options)?.try_into()
    }

    /// The address to connect to: the one given, with the numbers that the system chose.
    #[must_use]
    pub fn address(&self) -> &Address {
        self.listener.get_ref().address()
    }

    /// Takes the next peer that connects. It has proved nothing yet, and nothing has been read from it, so that one that stalls
    /// holds up nobody: [`Incoming::authenticate`] belongs in a task of its own.
    ///
    /// Cancel-safe: where the future is dropped, the connection waits for the next call. Several tasks may accept at once.
    ///
    /// # Errors
    ///
    /// [`Error::System`](crate::Error::System) for what `accept(2)` reports: `EMFILE` or `ENFILE` where no descriptor is
    /// left. The listener is unharmed, and the connection waits; a program that accepts again at once meets the same error.
    pub async fn accept(&self) -> Result<Incoming> {
        loop {
            let mut guard = self.listener.readable().await?;
            let listener = self.listener.get_ref();
            match listener.try_accept()? {
                Some((fd, peer)) => {
                    return Ok(Incoming {
                        fd: fd.into(),
                        peer,
                        max_message_size: listener.max_message_size(),
                    });
                }
                None => guard.clear_ready(),
            }
        }
    }

    /// Closes the socket and removes the file that it made. Accepted connections live on.
    ///
    /// # Errors
    ///
    /// The same as for [`carom::Listener::close`](crate::Listener::close).
    pub fn close(self) -> Result<()> {
        self.listener.into_inner().into_inner().close()
    }
}

/// Takes a listener that was made without a runtime: one that was inherited, for example.
impl TryFrom<crate::Listener> for Listener {
    type Error = crate::Error;

    fn try_from(listener: crate::Listener) -> Result<Self> {
        Ok(Self {
            listener: watch(listener, Interest::READABLE)?,
        })
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.listener.get_ref().as_fd()
    }
}

/// A peer that has connected, before it has proved anything. Dropping it closes the connection.
#[derive(Debug)]
pub struct Incoming {
    fd: PeerFd,
    peer: PeerAddress,
    max_message_size: u64,
}

impl Incoming {
    /// The address of the peer, where it has one.
    #[must_use]
    pub fn peer(&self) -> &PeerAddress {
        &self.peer
    }

    /// The process that has connected, where it is local.
    ///
    /// # Errors
    ///
    /// If the peer is not local, or the system does not provide its identity.
    pub fn peer_credentials(&self) -> io::Result<Credentials> {
        sys::peer_credentials(self.fd.as_fd())
    }

    /// Has the peer prove that it knows the key, and proves it to the peer, within the
    /// time that [`Authentication`] gives.
    ///
    /// If the future is dropped, the connection is closed.
    ///
    /// # Errors
    ///
    /// [`Error::Handshake`](crate::Error) where the peer did not prove that it knows the key;
    /// [`Error::Io`](crate::Error::Io).
    pub async fn authenticate(self, authentication: &Authentication) -> Result<Connection> {
        let (socket, max_message_size) = self.watch()?;
        prove_accepted(&socket, authentication).await?;
        Connection::over(socket, max_message_size)
    }

    /// Accepts the peer without authentication: any program that can connect may send.
    ///
    /// # Errors
    ///
    /// [`Error::Io`](crate::Error::Io) where the runtime can't watch the socket.
    pub fn without_authentication(self) -> Result<Connection> {
        let (socket, max_message_size) = self.watch()?;
        Connection::over(socket, max_message_size)
    }

    fn watch(self) -> io::Result<(Socket, u64)> {
        let kind = sys::kind(self.fd.as_fd())?;
        Ok((Socket::new(self.fd, kind)?, self.max_message_size))
    }
}
