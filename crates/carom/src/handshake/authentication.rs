use crate::sys::{self, AsFd, OwnedFd, PeerFd};
use std::time::Duration;

use super::{AuthKey, Handshake, Options, run_blocking};
use crate::ring::RingRole;
use crate::spin::Spin;
use crate::sys::Deadline;
use crate::{Address, Connection, Error, Listener, Result};

/// The proof that a peer owes before it gets a [`Connection`].
///
/// ```
/// use std::thread;
///
/// use carom::sys::Deadline;
/// use carom::{AuthKey, Authentication, Listener, listener};
///
/// let authentication = Authentication::new(AuthKey::new(b"secret")?);
/// let listener = Listener::bind_private(listener::Options::default())?;
/// thread::scope(|scope| {
///     scope.spawn(|| {
///         let mut server = listener.accept_connection(Some(&authentication), Deadline::Never)?;
///         server.send_bytes(b"welcome")
///     });
///     let mut client = carom::connect(listener.address(), Some(&authentication), Deadline::Never)?;
///     assert_eq!(client.recv_bytes()?, b"welcome");
///     Ok::<(), carom::Error>(())
/// })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Authentication {
    /// The key that both ends know.
    pub key: AuthKey,
    /// The messages that are sent and accepted.
    pub options: Options,
    /// How long a handshake may take. Neither end can tell a peer without a key from a slow one, and Python waits for ever.
    pub timeout: Duration,
}

impl Authentication {
    /// Authentication with `key`, all dialects' digests but Red Hat's, and ten seconds' time.
    #[must_use]
    pub fn new(key: AuthKey) -> Self {
        Self {
            key,
            options: Options::default(),
            timeout: Duration::from_secs(10),
        }
    }

    fn deadline(&self) -> Deadline {
        Deadline::after(Some(self.timeout))
    }
}

impl Listener {
    /// Accepts a connection by `deadline`, and has the peer prove that it knows the key, where there is one.
    ///
    /// The handshake takes place here, one peer after the other. A program that must not be held up by a peer that stalls
    /// uses [`accept`](Self::accept), and [`run_blocking`] on a thread for each peer, or [`advance`](super::advance).
    ///
    /// # Errors
    ///
    /// As [`accept`](Self::accept); [`Error::TimedOut`] where nobody came in time; [`Error::Handshake`] where the peer did
    /// not prove that it knows the key. Its connection is closed then, and the listener is unharmed.
    pub fn accept_connection(&self, authentication: Option<&Authentication>, deadline: Deadline) -> Result<Connection> {
        Connection::new(self.accept_proved(authentication, false, deadline)?)
    }

    /// As [`accept_connection`](Self::accept_connection), for a peer that [connects over shared memory](connect_over_shared_memory): a
    /// ring of more than `largest` bytes each way is refused. No memory is mapped before the peer has proved that it knows the key, and
    /// before the connection's first use. Without a key, the listener has to be made with
    /// [`descriptors`](crate::listener::Options::descriptors), so that a peer can offer the memory as soon as it has connected.
    ///
    /// ```
    /// # #[cfg(target_os = "linux")] {
    /// use carom::ring::{ACCEPTED_MAX, RING_SIZE};
    /// use carom::sys::Deadline;
    /// use carom::{AuthKey, Authentication, Listener, listener};
    ///
    /// let authentication = Authentication::new(AuthKey::new(b"secret").unwrap());
    /// let listener = Listener::bind_private(listener::Options::default())?;
    /// std::thread::scope(|scope| {
    ///     scope.spawn(|| {
    ///         let mut server = listener.accept_over_shared_memory(Some(&authentication), ACCEPTED_MAX, Deadline::Never)?;
    ///         server.send_bytes(b"welcome")
    ///     });
    ///     let (address, key) = (listener.address(), Some(&authentication));
    ///     let mut client = carom::connect_over_shared_memory(address, key, RING_SIZE, Deadline::Never)?;
    ///     assert_eq!(client.recv_bytes()?, b"welcome");
    ///     Ok::<(), carom::Error>(())
    /// })?;
    /// # }
    /// # Ok::<(), carom::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`accept_connection`](Self::accept_connection); [`Error::Ring`] where this system has no such memory, or for a listener that
    /// is not local. What is wrong with the peer's offer shows at the first use.
    pub fn accept_over_shared_memory(
        &self,
        authentication: Option<&Authentication>,
        largest: usize,
        deadline: Deadline,
    ) -> Result<Connection> {
        let fd = self.accept_proved(authentication, true, deadline)?;
        Connection::over_shared_memory(fd, RingRole::Expecting(largest), u64::MAX, Spin::adaptive())
    }

    /// Accepts a socket whose peer has proved that it knows the key; `descriptors`: it takes descriptors from then on.
    fn accept_proved(
        &self,
        authentication: Option<&Authentication>,
        descriptors: bool,
        deadline: Deadline,
    ) -> Result<OwnedFd> {
        let (fd, _) = self.accept(deadline)?.ok_or(Error::TimedOut)?;
        let Some(authentication) = authentication else {
            return Ok(fd);
        };
        let options = Options {
            descriptors: descriptors || authentication.options.descriptors,
            ..authentication.options.clone()
        };
        let handshake = Handshake::listener(&authentication.key, options)?;
        prove(fd, handshake, authentication.deadline().min(deadline))
    }
}

/// Connects to `address` by `deadline`, and where there is a key, proves to know it and has the listener prove it.
///
/// # Errors
///
/// [`Error::Address`] and [`Error::System`] where the listener can't be reached; [`Error::TimedOut`] when the time is up
/// before it is reached; [`Error::Handshake`] where the proof failed, either way.
pub fn connect(address: &Address, authentication: Option<&Authentication>, deadline: Deadline) -> Result<Connection> {
    Connection::new(connect_proved(address, authentication, deadline)?)
}

/// As [`connect`], through shared memory, which the listener has to [expect](Listener::accept_over_shared_memory): this end makes it, of
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
    Connection::over_shared_memory(fd, RingRole::Offering(size), u64::MAX, Spin::adaptive())
}

fn connect_proved(address: &Address, authentication: Option<&Authentication>, deadline: Deadline) -> Result<OwnedFd> {
    let fd = crate::connect::socket(address, deadline)?;
    let Some(authentication) = authentication else {
        return Ok(fd);
    };
    let handshake = Handshake::client(&authentication.key, authentication.options.clone())?;
    prove(fd, handshake, authentication.deadline().min(deadline))
}

fn prove(fd: OwnedFd, mut handshake: Handshake, deadline: Deadline) -> Result<OwnedFd> {
    let fd = PeerFd::from(fd);
    sys::pass_rights(fd.as_fd(), false)?;
    run_blocking(fd.as_fd(), &mut handshake, deadline)?;
    Ok(fd.into_inner())
}
