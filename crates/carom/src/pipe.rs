use std::os::fd::AsFd;

use crate::{Connection, Result, sys};

/// Two connected ends, each of which sends and receives.
///
/// Both are close-on-exec sockets in blocking mode. To hand one to another program, let the child inherit its descriptor,
/// and drop it here: the other end only sees the child's end of the stream when nobody else holds it.
///
/// # Errors
///
/// [`Error::Io`](crate::Error::Io) for what `socketpair(2)` reports.
pub fn pipe() -> Result<(Connection, Connection)> {
    let (a, b) = sys::socket_pair()?;
    Ok((Connection::new(a)?, Connection::new(b)?))
}

/// Two connected ends, of which the first only receives and the second only sends.
///
/// # Errors
///
/// [`Error::Io`](crate::Error::Io) for what the system calls report.
pub fn one_way_pipe() -> Result<(Connection, Connection)> {
    let (receiver, sender) = sys::socket_pair()?;
    sys::shut_receiving(sender.as_fd())?;
    Ok((
        Connection::new(receiver)?.only_receiving(),
        Connection::new(sender)?.only_sending(),
    ))
}
