//! Accepting connections whose peers have proved, where they have to, that they know a key.

use crate::ring::RingRole;
use crate::spin::Spin;
use crate::sys::{Deadline, OwnedFd};
use crate::{Authentication, Connection, Error, Listener, Result};

impl Listener {
    /// Accepts a connection by `deadline`, and has the peer prove that it knows the key, where there is one.
    ///
    /// The handshake takes place here, one peer after the other. A program that must not be held up by a peer that stalls
    /// uses [`accept`](Self::accept), and a thread for each peer with the handshake there.
    ///
    /// # Errors
    ///
    /// As [`accept`](Self::accept); [`Error::TimedOut`] where nobody came in time; [`Error::Handshake`] where the peer did
    /// not prove that it knows the key. Its connection is closed then, and the listener is unharmed.
    pub fn accept_connection(&self, authentication: Option<&Authentication>, deadline: Deadline) -> Result<Connection> {
        let fd = self.accept_proved(authentication, false, deadline)?;
        Ok(Connection::new(fd)?.max_message_size(self.max_message_size()))
    }

    /// As [`accept_connection`](Self::accept_connection), for a peer that [connects over shared memory](crate::connect_over_shared_memory): a
    /// ring of more than `largest` bytes each way is refused. No memory is mapped before the peer has proved that it knows the key, and
    /// before the connection's first use. Without a key, the listener has to be made with
    /// [`descriptors`](crate::listener::Options::descriptors), so that a peer can offer the memory as soon as it has connected.
    ///
    /// ```
    /// # #[cfg(target_os = "linux")] {
    /// use carom::ring::{ACCEPTED_MAX, RING_SIZE};
    /// use carom::Deadline;
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
        Connection::with_ring(
            fd,
            RingRole::Expecting(largest),
            self.max_message_size(),
            Spin::adaptive(),
        )
    }

    /// Accepts a socket whose peer has proved that it knows the key; `descriptors`: it takes descriptors from then on.
    fn accept_proved(
        &self,
        authentication: Option<&Authentication>,
        descriptors: bool,
        deadline: Deadline,
    ) -> Result<OwnedFd> {
        let (fd, _) = self.accept(deadline)?.ok_or(Error::TimedOut)?;
        match authentication {
            Some(authentication) => authentication.prove_accepted(fd, descriptors, deadline),
            None => Ok(fd),
        }
    }
}

/// The connections of a listener, one after the other, without an end: see [`Listener::incoming`].
#[derive(Debug)]
pub struct Incoming<'a> {
    listener: &'a Listener,
    authentication: Option<&'a Authentication>,
}

impl Iterator for Incoming<'_> {
    type Item = Result<Connection>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(self.listener.accept_connection(self.authentication, Deadline::Never))
    }
}

impl std::iter::FusedIterator for Incoming<'_> {}

impl Listener {
    /// The connections that come, without an end, each of whose peers has proved that it knows the key, where there is one. A peer that
    /// failed to is an error between the others.
    ///
    /// ```
    /// use std::thread;
    ///
    /// use carom::{Deadline, Listener, listener};
    ///
    /// let listener = Listener::bind_private(listener::Options::new())?;
    /// thread::scope(|scope| {
    ///     scope.spawn(|| {
    ///         for connection in listener.incoming(None).take(2) {
    ///             connection?.send_bytes(b"next, please")?;
    ///         }
    ///         Ok::<(), carom::Error>(())
    ///     });
    ///     for _ in 0..2 {
    ///         let mut client = carom::connect(listener.address(), None, Deadline::Never)?;
    ///         assert_eq!(client.recv_bytes()?, b"next, please");
    ///     }
    ///     Ok::<(), carom::Error>(())
    /// })?;
    /// # Ok::<(), carom::Error>(())
    /// ```
    #[must_use]
    pub fn incoming<'a>(&'a self, authentication: Option<&'a Authentication>) -> Incoming<'a> {
        Incoming {
            listener: self,
            authentication,
        }
    }
}
