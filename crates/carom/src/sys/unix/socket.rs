//! Sockets that nobody else has yet: until a descriptor is handed out, its blocking mode is ours to choose.

use std::io;

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrAny, SocketFlags, SocketType, sockopt};

use super::{AsFd, BorrowedFd, OwnedFd};

/// A stream socket, close-on-exec, in non-blocking mode.
pub(crate) fn create(family: AddressFamily) -> io::Result<OwnedFd> {
    create_of(family, SocketType::STREAM)
}

/// A Unix stream socket, close-on-exec, in non-blocking mode. `descriptors`: it takes those that a peer sends, from the start;
/// a listener's connections do as it does.
pub(crate) fn create_local(descriptors: bool) -> io::Result<OwnedFd> {
    let fd = create(AddressFamily::UNIX)?;
    super::pass_rights(fd.as_fd(), descriptors)?;
    Ok(fd)
}

/// A socket of type `kind`, close-on-exec, in non-blocking mode.
pub(crate) fn create_of(family: AddressFamily, kind: SocketType) -> io::Result<OwnedFd> {
    #[cfg(not(target_vendor = "apple"))]
    let fd = rustix::net::socket_with(family, kind, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK, None)?;
    #[cfg(target_vendor = "apple")]
    let fd = {
        let fd = rustix::net::socket_with(family, kind, SocketFlags::empty(), None)?;
        rustix::io::fcntl_setfd(&fd, rustix::io::FdFlags::CLOEXEC)?;
        sockopt::set_socket_nosigpipe(&fd, true)?;
        set_blocking(fd.as_fd(), false)?;
        fd
    };
    Ok(fd)
}

pub(crate) fn set_blocking(fd: BorrowedFd<'_>, blocking: bool) -> io::Result<()> {
    Ok(rustix::io::ioctl_fionbio(fd, !blocking)?)
}

/// Has a TCP socket send small messages without delay: the answer to one would wait for it.
pub(crate) fn set_no_delay(fd: BorrowedFd<'_>, family: AddressFamily) -> io::Result<()> {
    if matches!(family, AddressFamily::INET | AddressFamily::INET6) {
        sockopt::set_tcp_nodelay(fd, true)?;
    }
    Ok(())
}

/// Accepts one connection, whose socket is close-on-exec and blocking; `None` where no more is waiting.
pub(crate) fn accept(fd: BorrowedFd<'_>) -> io::Result<Option<(OwnedFd, Option<SocketAddrAny>)>> {
    loop {
        // On Linux, an accepted socket doesn't inherit the listener's blocking mode (accept(2)).
        #[cfg(not(target_vendor = "apple"))]
        let accepted = rustix::net::acceptfrom_with(fd, SocketFlags::CLOEXEC);
        #[cfg(target_vendor = "apple")]
        let accepted = rustix::net::acceptfrom(fd);
        match accepted {
            Ok((socket, peer)) => match prepare(socket.as_fd(), peer.as_ref()) {
                // Some systems refuse to set options on the socket of a peer that is gone again.
                Err(error) if Errno::from_io_error(&error) == Some(Errno::INVAL) => {}
                result => return result.map(|()| Some((socket, peer))),
            },
            Err(Errno::AGAIN) => return Ok(None),
            Err(error) if passes(error) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

fn prepare(socket: BorrowedFd<'_>, peer: Option<&SocketAddrAny>) -> io::Result<()> {
    #[cfg(target_vendor = "apple")]
    {
        set_blocking(socket, true)?;
        rustix::io::fcntl_setfd(socket, rustix::io::FdFlags::CLOEXEC)?;
        sockopt::set_socket_nosigpipe(socket, true)?;
    }
    set_no_delay(
        socket,
        peer.map_or(AddressFamily::UNSPEC, SocketAddrAny::address_family),
    )
}

/// Errors that concern one connection, which is gone, and not the listener. TCP passes on what the network had reported
/// on it (accept(2)).
fn passes(error: Errno) -> bool {
    #[cfg(target_os = "linux")]
    if error == Errno::NONET {
        return true;
    }
    matches!(
        error,
        Errno::INTR
            | Errno::CONNABORTED
            | Errno::PROTO
            | Errno::NOPROTOOPT
            | Errno::NETDOWN
            | Errno::NETUNREACH
            | Errno::HOSTDOWN
            | Errno::HOSTUNREACH
            | Errno::OPNOTSUPP
    )
}
