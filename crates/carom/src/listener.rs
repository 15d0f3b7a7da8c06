//! A socket that others connect to.
//!
//! A listening socket is in non-blocking mode from the start, and stays so wherever it is inherited: several processes may
//! accept from one, and a connection that one of them has seen may be taken by another first.

use std::{fmt, io};

use crate::connect::resolve;
use crate::sys::local::{self, SocketFile};
use crate::sys::{self, AsFd, BorrowedFd, Deadline, OwnedFd, PeerFd};
use crate::system_error::{Operation, SystemError};
use crate::{Address, Result};
use std::net::SocketAddr;

mod options;

pub use options::{MAX_MESSAGE_SIZE, Options};

/// The peer that has connected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PeerAddress {
    /// A peer with an address: every TCP peer, and a Unix one that has bound its socket.
    Named(Address),
    /// A Unix peer without an address, as most are.
    Unnamed,
}

impl fmt::Display for PeerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named(address) => address.fmt(f),
            Self::Unnamed => f.write_str("an unnamed peer"),
        }
    }
}

/// A socket that others connect to.
///
/// Dropping it closes the socket, and removes the socket file that it made: in the process that made it, and only if the
/// path still names that file.
#[derive(Debug)]
pub struct Listener {
    // Removed before the socket is closed, so that nobody finds a file behind which nobody listens.
    file: Option<SocketFile>,
    fd: PeerFd,
    address: Address,
    max_message_size: u64,
    /// It came from a peer, which may share the open file and change its mode.
    shared: bool,
}

impl Listener {
    /// Listens at `address`.
    ///
    /// Of the addresses that a TCP host's name has, the first that can be bound is used. Nothing that is at a Unix socket's
    /// path already is removed.
    ///
    /// ```
    /// use carom::Deadline;
    /// use carom::{Address, Listener, listener};
    ///
    /// let listener = Listener::bind(&Address::tcp("localhost", 0), listener::Options::default())?;
    /// let mut client = carom::connect(listener.address(), None, Deadline::Never)?;
    /// let mut server = listener.accept_connection(None, Deadline::Never)?;
    /// client.send_bytes(b"hello")?;
    /// assert_eq!(server.recv_bytes()?, b"hello");
    /// # Ok::<(), carom::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Address`](crate::Error::Address) for an address that can't be used, [`Error::System`](crate::Error::System)
    /// for what the system reports: `EADDRINUSE`, `EACCES`, `ENOENT` where a path's directory is missing, …
    pub fn bind(address: &Address, options: Options) -> Result<Self> {
        if let Address::Tcp { host, port } = address {
            return Self::bind_tcp(address, &resolve(host, *port)?, options);
        }
        let (fd, file) = local::bind(address, options)?;
        Self::listen(fd, file, address.clone(), options)
    }

    /// Listens on a Unix socket in a fresh directory that only this user may enter, which is removed with the socket.
    ///
    /// # Errors
    ///
    /// The same as for [`bind`](Self::bind), and what making the directory reports.
    pub fn bind_private(options: Options) -> Result<Self> {
        let (fd, file, address) = local::bind_private(options)?;
        Self::listen(fd, file, address, options)
    }

    /// Listens on `fd`, a socket that listens already: one that was inherited. No file is removed with it, and its blocking
    /// mode is left alone: where it is blocking, and another process takes the connection that was seen here,
    /// [`accept`](Self::accept) waits for the next one longer than it was asked to.
    ///
    /// # Errors
    ///
    /// [`Error::Io`](crate::Error::Io) for what the system calls report: `ENOTSOCK`; `EINVAL` for a socket that doesn't
    /// listen, `EPROTOTYPE` for one without streams.
    pub fn from_fd(fd: OwnedFd) -> Result<Self> {
        let address = Self::address_of(fd.as_fd())?;
        Ok(Self {
            file: None,
            fd: fd.into(),
            address,
            max_message_size: MAX_MESSAGE_SIZE,
            shared: false,
        })
    }

    /// Where the socket `fd` listens, if [`from_fd`](Self::from_fd) takes it.
    ///
    /// # Errors
    ///
    /// The same as for [`from_fd`](Self::from_fd).
    pub fn address_of(fd: BorrowedFd<'_>) -> Result<Address> {
        Ok(local::listening(fd)?)
    }

    /// As [`from_fd`](Self::from_fd), for a socket that a peer has sent, and may share: [`accept`](Self::accept) fails with `EINVAL`
    /// while it is in blocking mode.
    ///
    /// # Errors
    ///
    /// The same as for [`from_fd`](Self::from_fd).
    pub fn from_peer(fd: OwnedFd) -> Result<Self> {
        Ok(Self {
            shared: true,
            ..Self::from_fd(fd)?
        })
    }

    fn check_mode(&self) -> io::Result<()> {
        if self.shared && !sys::is_nonblocking(self.as_fd()) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "the listener came from a peer, and is no longer in non-blocking mode",
            ));
        }
        Ok(())
    }

    /// The address to connect to: the one given, with the numbers that the system chose.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// The longest message that its connections receive, in bytes.
    #[must_use]
    pub fn max_message_size(&self) -> u64 {
        self.max_message_size
    }

    /// Accepts a connection by `deadline`; `None` where nobody came. The socket is close-on-exec and blocking, and nothing
    /// has been read from it.
    ///
    /// # Errors
    ///
    /// [`Error::System`](crate::Error::System) for what `accept(2)` reports: `EMFILE` or `ENFILE` where no descriptor is
    /// left. The listener is unharmed, and the connection waits; a program that accepts again at once meets the same error.
    pub fn accept(&self, deadline: Deadline) -> Result<Option<(OwnedFd, PeerAddress)>> {
        let failed = |error| SystemError::new(Operation::Accept, &self.address, error);
        // A listener that was inherited may be blocking, so it is asked only when somebody is there.
        while sys::poll_readable(self.as_fd(), false, deadline)? {
            self.check_mode().map_err(failed)?;
            if let Some((fd, peer)) = local::accept(self.as_fd()).map_err(failed)? {
                return Ok(Some((fd, peer.map_or(PeerAddress::Unnamed, PeerAddress::Named))));
            }
            if deadline == Deadline::Now {
                break;
            }
        }
        Ok(None)
    }

    /// Accepts a connection if one is waiting.
    ///
    /// # Errors
    ///
    /// The same as for [`accept`](Self::accept).
    pub fn try_accept(&self) -> Result<Option<(OwnedFd, PeerAddress)>> {
        self.accept(Deadline::Now)
    }

    /// Closes the socket and removes the file that it made. Accepted connections live on.
    ///
    /// # Errors
    ///
    /// [`Error::Io`](crate::Error::Io) where the file is there and can't be removed; the socket is closed nevertheless.
    pub fn close(mut self) -> Result<()> {
        self.file.as_mut().map_or(Ok(()), |file| Ok(file.remove()?))
    }

    /// Gives the socket up, to be handed to another process. The file that it made stays.
    #[must_use]
    pub fn into_fd(self) -> OwnedFd {
        if let Some(file) = self.file {
            file.leave();
        }
        self.fd.into_inner()
    }

    fn listen(fd: OwnedFd, file: Option<SocketFile>, address: Address, options: Options) -> Result<Self> {
        local::listen(fd.as_fd(), options.backlog)
            .map_err(|error| SystemError::new(Operation::Listen, &address, error))?;
        Ok(Self {
            file,
            fd: fd.into(),
            address,
            max_message_size: options.max_message_size,
            shared: false,
        })
    }

    fn bind_tcp(address: &Address, resolved: &[SocketAddr], options: Options) -> Result<Self> {
        let mut first = None;
        for candidate in resolved {
            match sys::tcp::bind(candidate) {
                Ok(fd) => {
                    // Its connections inherit it (tcp(7)).
                    sys::tcp::keep_alive(fd.as_fd(), options.keep_alive)?;
                    let bound = local::address(fd.as_fd())?.unwrap_or_else(|| (*candidate).into());
                    return Self::listen(fd, None, bound, options);
                }
                Err(error) => first.get_or_insert(error),
            };
        }
        let error = first.unwrap_or_else(sys::tcp::no_address);
        Err(SystemError::new(Operation::Bind, address, error).into())
    }
}

impl AsFd for Listener {
    /// Readable while a connection waits to be accepted.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}
