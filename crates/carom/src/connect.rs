//! Reaching a listener.
//!
//! [`Connecting`] never waits: it says what to wait for, so that an event loop can drive it. [`socket`] and
//! [`connect`](crate::connect()) wait for it.
//!
//! A TCP connection takes a round trip, during which its socket is watched for writability. A host may have several
//! addresses, which are tried in turn. A Unix connection is made at once or not at all: where the listener's backlog is
//! full, Linux says `EAGAIN`, and there is nothing to watch. It is tried again, after times that double from one to sixteen
//! milliseconds, until the caller's time is up. Other systems refuse the connection in that case (`ECONNREFUSED`).

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::time::Duration;
use std::vec;

use crate::address::numeric;
use crate::ring::RingRole;
use crate::sys::local::Name;
use crate::sys::{self, AsFd, BorrowedFd, Deadline, OwnedFd, tcp};
use crate::system_error::{Operation, SystemError};
use crate::{Address, Authentication, Connection, Error, Result};

const RETRY_MIN: Duration = Duration::from_millis(1);
const RETRY_MAX: Duration = Duration::from_millis(16);

/// How far a [`Connecting`] has come.
#[derive(Debug)]
pub enum Progress {
    /// The connected socket: close-on-exec, blocking, without delay of small messages.
    Connected(OwnedFd),
    /// To go on when the descriptor has become writable. It may be another one than before.
    Pending,
    /// To go on after this time: the listener is there, and has no room in its backlog.
    Retry(Duration),
}

/// A connection that is being made.
///
/// ```
/// use carom::connect::{Connecting, Progress};
/// use carom::{Address, Listener, listener};
///
/// let listener = Listener::bind_private(listener::Options::default())?;
/// let mut connecting = Connecting::new(listener.address(), Vec::new())?;
/// let Progress::Connected(_socket) = connecting.advance()? else { unreachable!("there is room in the backlog") };
/// # Ok::<(), carom::Error>(())
/// ```
#[derive(Debug)]
pub struct Connecting {
    address: Address,
    candidates: Candidates,
    /// The socket of the attempt under way.
    attempt: Option<OwnedFd>,
    /// The first failure: the address that the host's name has in the first place is the one that people mean.
    failure: Option<io::Error>,
    retry: Duration,
    descriptors: bool,
    keep_alive: Option<Duration>,
}

#[derive(Debug)]
enum Candidates {
    Local(Name),
    Tcp(vec::IntoIter<SocketAddr>),
}

impl Connecting {
    /// Prepares a connection to `address`. `resolved` are a TCP address' numbers, from [`resolve`] or another resolver, in
    /// the order in which to try them; it is not used for a Unix socket.
    ///
    /// # Errors
    ///
    /// [`Error::Address`] for an address that can't be used.
    pub fn new(address: &Address, resolved: Vec<SocketAddr>) -> Result<Self> {
        let candidates = match address {
            Address::Tcp { .. } => Candidates::Tcp(resolved.into_iter()),
            _ => Candidates::Local(Name::new(address)?),
        };
        Ok(Self {
            address: address.clone(),
            candidates,
            attempt: None,
            failure: None,
            retry: RETRY_MIN,
            descriptors: false,
            keep_alive: None,
        })
    }

    /// Whether a Unix socket takes descriptors from the first byte on. A program whose peer has to prove first that it knows a key
    /// says no, which is the default, and [`handshake::Options::descriptors`](crate::handshake::Options::descriptors).
    #[must_use]
    pub fn descriptors(mut self, on: bool) -> Self {
        self.descriptors = on;
        self
    }

    /// Has TCP find out that the peer's machine is gone: it asks when nothing has come for this time, or for the system's
    /// (two hours, mostly) where it is zero. Other transports need no such thing.
    #[must_use]
    pub fn keep_alive(mut self, after: Option<Duration>) -> Self {
        self.keep_alive = after;
        self
    }

    /// Goes as far as it can without waiting. Not to be called again after it has connected or failed.
    ///
    /// # Errors
    ///
    /// [`Error::System`] for what the system reports: `ENOENT`, `ECONNREFUSED`, `EACCES`, …; of several addresses, the first
    /// one's failure.
    pub fn advance(&mut self) -> Result<Progress> {
        let progress = match &mut self.candidates {
            Candidates::Local(name) => name.connect(self.descriptors).map(|connected| {
                connected.map_or_else(
                    || {
                        let retry = self.retry;
                        self.retry = (retry * 2).min(RETRY_MAX);
                        Progress::Retry(retry)
                    },
                    Progress::Connected,
                )
            }),
            Candidates::Tcp(_) => self.advance_tcp(),
        };
        progress.map_err(|error| SystemError::new(Operation::Connect, &self.address, error).into())
    }

    /// The descriptor to watch while [`Progress::Pending`]. A selector that watches it forgets it when it is closed, which happens
    /// where the next address is tried.
    #[must_use]
    pub fn as_fd(&self) -> Option<BorrowedFd<'_>> {
        self.attempt.as_ref().map(AsFd::as_fd)
    }

    fn advance_tcp(&mut self) -> io::Result<Progress> {
        loop {
            let outcome = match self.attempt.take() {
                Some(fd) => tcp::is_connected(fd.as_fd()).map(|connected| (fd, connected)),
                None => match self.next() {
                    Some(candidate) => tcp::connect(&candidate),
                    None => return Err(self.failure.take().unwrap_or_else(tcp::no_address)),
                },
            };
            match outcome {
                Ok((fd, true)) => return finish(fd, self.keep_alive),
                Ok((fd, false)) => {
                    self.attempt = Some(fd);
                    return Ok(Progress::Pending);
                }
                Err(error) => {
                    self.failure.get_or_insert(error);
                }
            }
        }
    }

    fn next(&mut self) -> Option<SocketAddr> {
        match &mut self.candidates {
            Candidates::Tcp(resolved) => resolved.next(),
            Candidates::Local(_) => None,
        }
    }
}

/// Where nobody listens on a port that the system gives to clients, it may give it to the very client that connects there,
/// which has then met nobody.
fn finish(fd: OwnedFd, keep_alive: Option<Duration>) -> io::Result<Progress> {
    if tcp::met_itself(fd.as_fd())? {
        return Err(tcp::refused());
    }
    tcp::finish(fd.as_fd())?;
    tcp::keep_alive(fd.as_fd(), keep_alive)?;
    Ok(Progress::Connected(fd))
}

/// The addresses of a host, in the order in which to try them. Waits for the system's resolver, which has time limits of
/// its own.
///
/// `localhost` is this machine in both versions of the Internet Protocol, version 4 first, whatever the system's tables
/// say: Python's listeners and clients use no other.
///
/// # Errors
///
/// [`Error::System`] where the name is not known; it has no error number then.
pub fn resolve(host: &str, port: u16) -> Result<Vec<SocketAddr>> {
    if host.eq_ignore_ascii_case("localhost") {
        let both = [IpAddr::from(Ipv4Addr::LOCALHOST), IpAddr::from(Ipv6Addr::LOCALHOST)];
        return Ok(both.map(|host| SocketAddr::new(host, port)).to_vec());
    }
    let failed = |error| SystemError::new(Operation::Resolve, &Address::tcp(host, port), error);
    if let Some(address) = numeric(host, port).map_err(failed)? {
        return Ok(vec![address]);
    }
    let resolved = (host, port).to_socket_addrs().map_err(failed)?;
    Ok(resolved.collect())
}

/// Connects to `address` by `deadline`, and gives the connected socket: close-on-exec and blocking. A host's name is looked
/// up first, however long that takes.
///
/// # Errors
///
/// The same as for [`Connecting::advance`] and [`resolve`]; [`Error::TimedOut`] when the time is up.
pub fn socket(address: &Address, deadline: Deadline) -> Result<OwnedFd> {
    let resolved = match address {
        Address::Tcp { host, port } => resolve(host, *port)?,
        _ => Vec::new(),
    };
    let mut connecting = Connecting::new(address, resolved)?;
    loop {
        match connecting.advance()? {
            Progress::Connected(fd) => return Ok(fd),
            Progress::Pending => {
                let Some(fd) = connecting.as_fd() else { continue };
                if !sys::poll_writable(fd, deadline)? {
                    return Err(Error::TimedOut);
                }
            }
            Progress::Retry(_) if deadline.remaining().is_some_and(|left| left.is_zero()) => {
                return Err(Error::TimedOut);
            }
            Progress::Retry(after) => {
                std::thread::sleep(deadline.remaining().map_or(after, |left| left.min(after)));
            }
        }
    }
}

/// Connects to `address` by `deadline`, and where there is a key, proves to know it and has the listener prove it.
///
/// # Errors
///
/// [`Error::Address`] and [`Error::System`] where the listener can't be reached; [`Error::TimedOut`] when the time is up
/// before it is reached; [`Error::Handshake`](crate::Error) where the proof failed, either way.
pub fn connect(address: &Address, authentication: Option<&Authentication>, deadline: Deadline) -> Result<Connection> {
    Connection::new(connect_proved(address, authentication, deadline)?)
}

/// As [`connect`], through shared memory, which the listener has to [expect](crate::Listener::accept_over_shared_memory): this end makes it, of
/// `size` bytes each way, rounded up to a power of two, and offers it when both ends have proved that they know the key.
///
/// # Errors
///
/// As [`connect`]; [`Error::Ring`] where this system has no such memory, where there is no room for it, for an address that is not
/// local, and where the listener takes no descriptors.
pub fn connect_over_shared_memory(
    address: &Address,
    authentication: Option<&Authentication>,
    size: usize,
    deadline: Deadline,
) -> Result<Connection> {
    let fd = connect_proved(address, authentication, deadline)?;
    Connection::over_shared_memory(fd, RingRole::Offering(size))
}

fn connect_proved(address: &Address, authentication: Option<&Authentication>, deadline: Deadline) -> Result<OwnedFd> {
    let fd = socket(address, deadline)?;
    match authentication {
        Some(authentication) => authentication.prove_connected(fd, deadline),
        None => Ok(fd),
    }
}
