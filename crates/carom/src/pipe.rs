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
