use crate::ring::{RingRole, pair, ring_size};
use crate::{Connection, Result, sys};

/// Two connected ends, each of which sends and receives.
///
/// On Unix, both are close-on-exec sockets in blocking mode; on Windows, the ends of a named pipe in message mode, as
/// Python makes them. To hand one to another program, let the child inherit its descriptor,
/// and drop it here: the other end only sees the child's end of the stream when nobody else holds it.
///
/// # Errors
///
/// [`Error::Io`](crate::Error::Io) for what the system reports.
pub fn pipe() -> Result<(Connection, Connection)> {
    let (a, b) = sys::pair(false)?;
    Ok((Connection::new(a)?, Connection::new(b)?))
}

/// Two connected ends, of which the first only receives and the second only sends.
///
/// # Errors
///
/// [`Error::Io`](crate::Error::Io) for what the system calls report.
pub fn one_way_pipe() -> Result<(Connection, Connection)> {
    let (receiver, sender) = sys::pair(true)?;
    Ok((
        Connection::new(receiver)?.only_receiving(),
        Connection::new(sender)?.only_sending(),
    ))
}

/// As [`pipe`], through shared memory: messages cross without a system call while both ends are awake. `size` is how many bytes each
/// way there is room for; it is rounded up to a power of two.
///
/// The memory is made here, and each end finds it at its first use. Until then, an end can be handed to another program as its
/// descriptor ([`into_fd`](Connection::into_fd)), which adopts it with
/// [`over_shared_memory`](Connection::over_shared_memory).
///
/// ```
/// # #[cfg(target_os = "linux")] {
/// let (mut parent, mut child) = carom::pipe_over_shared_memory(carom::ring::RING_SIZE)?;
/// parent.send_bytes(b"ping")?;
/// assert_eq!(child.recv_bytes()?, b"ping");
/// # }
/// # Ok::<(), carom::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::Ring`](crate::Error::Ring) where this system has no such memory, or no room for it; [`Error::Io`](crate::Error::Io) for what
/// else the system calls report.
pub fn pipe_over_shared_memory(size: usize) -> Result<(Connection, Connection)> {
    let (a, b) = pair(size)?;
    let role = RingRole::Expecting(ring_size(size));
    Ok((
        Connection::over_shared_memory(a, role)?,
        Connection::over_shared_memory(b, role)?,
    ))
}
