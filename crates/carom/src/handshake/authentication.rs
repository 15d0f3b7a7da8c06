use crate::sys::{self, AsFd, OwnedFd, PeerFd};
use std::time::Duration;

use super::{AuthKey, Handshake, Options, run_blocking};
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
        let (fd, _) = self.accept(deadline)?.ok_or(Error::TimedOut)?;
        let Some(authentication) = authentication else {
            return Connection::new(fd);
        };
        let handshake = Handshake::listener(&authentication.key, authentication.options.clone())?;
        finish(fd, handshake, authentication.deadline().min(deadline))
    }
}

/// Connects to `address` by `deadline`, and where there is a key, proves to know it and has the listener prove it.
///
/// # Errors
///
/// [`Error::Address`] and [`Error::System`] where the listener can't be reached; [`Error::TimedOut`] when the time is up
/// before it is reached; [`Error::Handshake`] where the proof failed, either way.
pub fn connect(address: &Address, authentication: Option<&Authentication>, deadline: Deadline) -> Result<Connection> {
    let fd = crate::connect::socket(address, deadline)?;
    let Some(authentication) = authentication else {
        return Connection::new(fd);
    };
    let handshake = Handshake::client(&authentication.key, authentication.options.clone())?;
    finish(fd, handshake, authentication.deadline().min(deadline))
}

fn finish(fd: OwnedFd, mut handshake: Handshake, deadline: Deadline) -> Result<Connection> {
    let fd = PeerFd::from(fd);
    sys::pass_rights(fd.as_fd(), false)?;
    run_blocking(fd.as_fd(), &mut handshake, deadline)?;
    Connection::new(fd.into_inner())
}
