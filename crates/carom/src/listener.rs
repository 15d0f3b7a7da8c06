//! A socket that others connect to.
//!
//! A listening socket is in non-blocking mode from the start, and stays so wherever it is inherited: several processes may
//! accept from one, and a connection that one of them has seen may be taken by another first.

use std::fmt;
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrAny, SocketType, sockopt};

use crate::connect::resolve;
use crate::socket_file::{PrivateDirectory, SocketFile, occupant};
use crate::sys::{self, Deadline};
use crate::system_error::{Operation, SystemError};
use crate::{Address, Result, socket};

/// How a listener is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// How many connections may wait to be accepted; the system may have a limit of its own.
    pub backlog: i32,
    /// The permissions of a Unix socket's file: who may connect must be able to write it. The owner only, unless changed.
    pub mode: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            backlog: 128,
            mode: 0o600,
        }
    }
}

/// Who has connected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PeerAddress {
    /// A peer with an address: every TCP peer, and a Unix one that has bound its socket.
    Named(Address),
    /// A Unix peer without an address, as most are.
    Unnamed,
}

impl PeerAddress {
    fn from_kernel(address: Option<SocketAddrAny>) -> Self {
        address
            .and_then(Address::from_kernel)
            .map_or(Self::Unnamed, Self::Named)
    }
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
    fd: OwnedFd,
    address: Address,
}

impl Listener {
    /// Listens at `address`.
    ///
    /// Of the addresses that a TCP host's name has, the first that can be bound is used. Nothing that is at a Unix socket's
    /// path already is removed.
    ///
    /// ```
    /// use carom::sys::Deadline;
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
        match address {
            Address::Unix(path) => Self::bind_path(path, address, None, options),
            Address::Abstract(_) => Self::bind_abstract(address, options),
            Address::Tcp { host, port } => Self::bind_tcp(address, &resolve(host, *port)?, options),
        }
    }

    /// Listens on a Unix socket in a fresh directory that only this user may enter, which is removed with the socket.
    ///
    /// # Errors
    ///
    /// As [`bind`](Self::bind), and what making the directory reports.
    pub fn bind_private(options: Options) -> Result<Self> {
        let directory = PrivateDirectory::create()?;
        let path = directory.socket();
        Self::bind_path(&path, &Address::Unix(path.clone()), Some(directory), options)
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
        if sockopt::socket_type(&fd)? != SocketType::STREAM {
            return Err(Errno::PROTOTYPE.into());
        }
        // Apple's systems don't tell; there, `accept` fails.
        #[cfg(not(target_vendor = "apple"))]
        if !sockopt::socket_acceptconn(&fd)? {
            return Err(Errno::INVAL.into());
        }
        let address = Address::from_kernel(rustix::net::getsockname(&fd)?).ok_or(Errno::AFNOSUPPORT)?;
        Ok(Self {
            file: None,
            fd,
            address,
        })
    }

    /// Where to connect to: the address given, with the numbers that the system chose.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Accepts a connection by `deadline`; `None` where nobody came. The socket is close-on-exec and blocking, and nothing
    /// has been read from it.
    ///
    /// # Errors
    ///
    /// [`Error::System`](crate::Error::System) for what `accept(2)` reports: `EMFILE` or `ENFILE` where no descriptor is
    /// left. The listener is unharmed, and the connection waits; who accepts again at once meets the same error.
    pub fn accept(&self, deadline: Deadline) -> Result<Option<(OwnedFd, PeerAddress)>> {
        let failed = |error| SystemError::new(Operation::Accept, &self.address, error);
        // A listener that was inherited may be blocking, so it is asked only when somebody is there.
        while sys::poll_readable(self.as_fd(), false, deadline)? {
            if let Some((fd, peer)) = socket::accept(self.as_fd()).map_err(failed)? {
                return Ok(Some((fd, PeerAddress::from_kernel(peer))));
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
    /// As [`accept`](Self::accept).
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
        self.fd
    }

    fn bind_path(
        path: &Path,
        address: &Address,
        directory: Option<PrivateDirectory>,
        options: Options,
    ) -> Result<Self> {
        let Some(name) = address.to_unix()? else {
            return Err(Errno::AFNOSUPPORT.into());
        };
        let fd = socket::create(AddressFamily::UNIX)?;
        // On Linux the file is made with the socket's own mode, less the umask: it is never open to more than `mode` says.
        #[cfg(target_os = "linux")]
        rustix::fs::fchmod(&fd, rustix::fs::Mode::from_bits_truncate(options.mode))?;
        rustix::net::bind(&fd, &name).map_err(|error| {
            let found = if error == Errno::ADDRINUSE {
                occupant(path, &name)
            } else {
                None
            };
            SystemError::new(Operation::Bind, address, error).because(found)
        })?;
        let file = SocketFile::made(path, directory)?;
        // Elsewhere, and where the umask took too much: nobody can connect before `listen`.
        file.set_mode(options.mode)?;
        listen(&fd, address, options)?;
        Ok(Self {
            file: Some(file),
            fd,
            address: address.clone(),
        })
    }

    fn bind_abstract(address: &Address, options: Options) -> Result<Self> {
        let Some(name) = address.to_unix()? else {
            return Err(Errno::AFNOSUPPORT.into());
        };
        let fd = socket::create(AddressFamily::UNIX)?;
        rustix::net::bind(&fd, &name).map_err(|error| SystemError::new(Operation::Bind, address, error))?;
        listen(&fd, address, options)?;
        Ok(Self {
            file: None,
            fd,
            address: address.clone(),
        })
    }

    fn bind_tcp(address: &Address, resolved: &[SocketAddr], options: Options) -> Result<Self> {
        let mut first = None;
        for candidate in resolved {
            match bind_one(candidate) {
                Ok(fd) => {
                    listen(&fd, address, options)?;
                    let address = Address::from_kernel(rustix::net::getsockname(&fd)?);
                    return Ok(Self {
                        file: None,
                        fd,
                        address: address.unwrap_or_else(|| (*candidate).into()),
                    });
                }
                Err(error) => first.get_or_insert(error),
            };
        }
        let error = first.unwrap_or_else(|| Errno::ADDRNOTAVAIL.into());
        Err(SystemError::new(Operation::Bind, address, error).into())
    }
}

impl AsFd for Listener {
    /// Readable while a connection waits to be accepted.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

fn bind_one(address: &SocketAddr) -> std::io::Result<OwnedFd> {
    let fd = socket::create(if address.is_ipv4() {
        AddressFamily::INET
    } else {
        AddressFamily::INET6
    })?;
    // A port can be listened on again while connections of a former listener time out (tcp(7)).
    sockopt::set_socket_reuseaddr(&fd, true)?;
    rustix::net::bind(&fd, address)?;
    Ok(fd)
}

fn listen(fd: &OwnedFd, address: &Address, options: Options) -> Result<()> {
    rustix::net::listen(fd, options.backlog).map_err(|error| SystemError::new(Operation::Listen, address, error).into())
}
