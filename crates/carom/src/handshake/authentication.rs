use std::time::Duration;

use super::{AuthKey, Dialect, Digest, Handshake, Options, run_blocking};
use crate::Result;
use crate::sys::{self, AsFd, Deadline, OwnedFd, PeerFd};

/// The proof that a peer owes before it gets a [`Connection`](crate::Connection).
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
    pub(crate) key: AuthKey,
    pub(crate) options: Options,
    pub(crate) timeout: Duration,
}

impl Authentication {
    /// Authentication with `key`, all digests of the modern dialect, and ten seconds' time.
    #[must_use]
    pub fn new(key: AuthKey) -> Self {
        Self {
            key,
            options: Options::default(),
            timeout: Duration::from_secs(10),
        }
    }

    /// How long a handshake may take; ten seconds, unless changed. Neither end can tell a peer without a key from a slow one, and
    /// Python waits for ever.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The form of the challenge that is sent; the modern one, unless changed.
    #[must_use]
    pub fn dialect(mut self, dialect: Dialect) -> Self {
        self.options = self.options.dialect(dialect);
        self
    }

    /// The digests that are accepted in the peer's answer, and that its challenge is answered with; all of them, unless changed. Without
    /// MD5, legacy peers are kept out.
    #[must_use]
    pub fn digests(mut self, accepted: impl IntoIterator<Item = Digest>) -> Self {
        self.options = self.options.digests(accepted);
        self
    }

    fn deadline(&self) -> Deadline {
        Deadline::after(Some(self.timeout))
    }

    /// Has the peer that has connected to a listener prove that it knows the key; `descriptors`: its socket takes descriptors from then on.
    pub(crate) fn prove_accepted(&self, fd: OwnedFd, descriptors: bool, deadline: Deadline) -> Result<OwnedFd> {
        let options = self.options.clone();
        let descriptors = descriptors || options.descriptors;
        let options = options.descriptors(descriptors);
        self.prove(fd, Handshake::listener(&self.key, options)?, deadline)
    }

    /// Has the listener that was reached prove that it knows the key.
    pub(crate) fn prove_connected(&self, fd: OwnedFd, deadline: Deadline) -> Result<OwnedFd> {
        self.prove(fd, Handshake::client(&self.key, self.options.clone())?, deadline)
    }

    fn prove(&self, fd: OwnedFd, mut handshake: Handshake, deadline: Deadline) -> Result<OwnedFd> {
        let fd = PeerFd::from(fd);
        sys::pass_rights(fd.as_fd(), false)?;
        run_blocking(fd.as_fd(), &mut handshake, self.deadline().min(deadline))?;
        Ok(fd.into_inner())
    }
}
