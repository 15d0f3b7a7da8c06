//! TCP's own calls.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrAny, sockopt};

use super::{BorrowedFd, OwnedFd, poll_writable, socket};
use crate::sys::Deadline;

fn family(address: &SocketAddr) -> AddressFamily {
    if address.is_ipv4() {
        AddressFamily::INET
    } else {
        AddressFamily::INET6
    }
}

/// That nobody listens.
pub(crate) fn refused() -> io::Error {
    Errno::CONNREFUSED.into()
}

/// That there is no address.
pub(crate) fn no_address() -> io::Error {
    Errno::ADDRNOTAVAIL.into()
}

/// Begins to connect to `address`; whether that has been done already.
pub(crate) fn connect(address: &SocketAddr) -> io::Result<(OwnedFd, bool)> {
    let fd = socket::create(family(address))?;
    match rustix::net::connect(&fd, address) {
        Ok(()) => Ok((fd, true)),
        // An interrupted attempt goes on in the background (connect(2)).
        Err(Errno::INPROGRESS | Errno::INTR) => Ok((fd, false)),
        Err(error) => Err(error.into()),
    }
}

/// The state of an attempt: connected, or still under way.
pub(crate) fn is_connected(fd: BorrowedFd<'_>) -> io::Result<bool> {
    if !poll_writable(fd, Deadline::Now)? {
        return Ok(false);
    }
    sockopt::socket_error(fd)??;
    Ok(true)
}

/// Makes a connected socket one that is blocking, and sends small messages without delay.
pub(crate) fn finish(fd: BorrowedFd<'_>) -> io::Result<()> {
    socket::set_no_delay(fd, AddressFamily::INET)?;
    socket::set_blocking(fd, true)
}

/// Has the system ask the peer of `fd`, which is of TCP, whether it is still there, when nothing has come for `after`: zero is the
/// system's own time. Where there is another, ten unanswered questions, a second apart, end the connection, as in libuv.
pub(crate) fn keep_alive(fd: BorrowedFd<'_>, after: Option<Duration>) -> io::Result<()> {
    let Some(after) = after else { return Ok(()) };
    sockopt::set_socket_keepalive(fd, true)?;
    if !after.is_zero() {
        sockopt::set_tcp_keepidle(fd, after.max(Duration::from_secs(1)))?;
        sockopt::set_tcp_keepintvl(fd, Duration::from_secs(1))?;
        sockopt::set_tcp_keepcnt(fd, 10)?;
    }
    Ok(())
}

/// Acknowledges what has been received at once, where the system can be told to: once, for it goes back to delaying (tcp(7)).
pub(crate) fn acknowledge(fd: BorrowedFd<'_>) {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    // Of another kind of socket there is nothing to acknowledge.
    let _ = sockopt::set_tcp_quickack(fd, true);
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let _ = fd;
}

/// Whether a socket is its own peer.
pub(crate) fn met_itself(fd: BorrowedFd<'_>) -> io::Result<bool> {
    let ends = |address: SocketAddrAny| SocketAddr::try_from(address).ok();
    let peer = rustix::net::getpeername(fd)?.and_then(ends);
    Ok(peer.is_some() && peer == ends(rustix::net::getsockname(fd)?))
}

/// A socket that is bound to `address` and does not listen yet.
pub(crate) fn bind(address: &SocketAddr) -> io::Result<OwnedFd> {
    let fd = socket::create(family(address))?;
    // A port can be listened on again while connections of a former listener time out (tcp(7)).
    sockopt::set_socket_reuseaddr(&fd, true)?;
    rustix::net::bind(&fd, address)?;
    Ok(fd)
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::super::AsFd;
    use super::*;

    #[test]
    fn a_client_that_met_itself_is_told_from_one_that_has_not() -> io::Result<()> {
        let fd = socket::create(AddressFamily::INET)?;
        rustix::net::bind(&fd, &SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
        let begun = rustix::net::connect(&fd, &SocketAddr::try_from(rustix::net::getsockname(&fd)?)?);
        assert!(matches!(begun, Ok(()) | Err(Errno::INPROGRESS)), "{begun:?}");
        while !is_connected(fd.as_fd())? {}
        assert!(met_itself(fd.as_fd())?);
        let (a, _b) = super::super::pair(false)?;
        assert!(!met_itself(a.as_fd())?);
        Ok(())
    }
}
