//! The kind of a descriptor that a peer has sent, and the objects that may be made of it.

use std::os::fd::BorrowedFd;

use rustix::fs::OFlags;
use rustix::net::{AddressFamily, SocketType, sockopt};

use super::closing::no_linger;
use crate::sys::Arrival;

/// The objects that may be made of `fd`, which a peer has sent. From then on it does not linger when it is closed.
///
/// A peer that keeps a copy shares the open file, and may change its mode at any time; sockets can be read and written
/// without waiting whatever their mode is, other files and a blocking listener can't.
#[allow(clippy::must_use_candidate, reason = "some callers only want it not to linger")]
pub fn arrival(fd: BorrowedFd<'_>) -> Arrival {
    no_linger(fd);
    let family = rustix::net::getsockname(fd).map(|name| name.address_family());
    if !matches!(
        family,
        Ok(AddressFamily::UNIX | AddressFamily::INET | AddressFamily::INET6)
    ) || sockopt::socket_type(fd) != Ok(SocketType::STREAM)
    {
        return Arrival::Other;
    }
    match listens(fd) {
        Ok(false) => Arrival::Stream,
        Ok(true) if is_nonblocking(fd) => Arrival::Listener,
        _ => Arrival::Other,
    }
}

/// Whether the open file is in non-blocking mode.
#[must_use]
pub fn is_nonblocking(fd: BorrowedFd<'_>) -> bool {
    rustix::fs::fcntl_getfl(fd).is_ok_and(|flags| flags.contains(OFlags::NONBLOCK))
}

#[cfg(not(target_vendor = "apple"))]
fn listens(fd: BorrowedFd<'_>) -> rustix::io::Result<bool> {
    sockopt::socket_acceptconn(fd)
}

/// rustix lacks `SO_ACCEPTCONN` here, which the system has.
#[cfg(target_vendor = "apple")]
fn listens(fd: BorrowedFd<'_>) -> rustix::io::Result<bool> {
    use std::os::fd::AsRawFd;

    let (mut value, mut length): (libc::c_int, _) = (0, size_of::<libc::c_int>() as libc::socklen_t);
    // SAFETY: both are lent for the call.
    let got = unsafe {
        libc::getsockopt(
            fd.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_ACCEPTCONN,
            (&raw mut value).cast(),
            &raw mut length,
        )
    };
    if got == 0 {
        Ok(value != 0)
    } else {
        Err(rustix::io::Errno::NOTSOCK)
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io;
    use std::net::{TcpListener, TcpStream, UdpSocket};
    use std::os::fd::AsFd;
    use std::os::unix::net::UnixStream;
    use std::time::Duration;

    use super::*;

    #[test]
    fn only_stream_sockets_and_listeners_that_never_wait_are_more_than_a_descriptor() -> io::Result<()> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        assert_eq!(arrival(listener.as_fd()), Arrival::Other);
        listener.set_nonblocking(true)?;
        assert_eq!(arrival(listener.as_fd()), Arrival::Listener);
        assert_eq!(
            arrival(TcpStream::connect(listener.local_addr()?)?.as_fd()),
            Arrival::Stream
        );
        assert_eq!(arrival(UnixStream::pair()?.0.as_fd()), Arrival::Stream);
        let (reader, writer) = io::pipe()?;
        assert_eq!(arrival(reader.as_fd()), Arrival::Other);
        assert_eq!(arrival(writer.as_fd()), Arrival::Other);
        assert_eq!(arrival(UdpSocket::bind("127.0.0.1:0")?.as_fd()), Arrival::Other);
        assert_eq!(arrival(File::open("/dev/null")?.as_fd()), Arrival::Other);
        assert_eq!(arrival(File::open("/")?.as_fd()), Arrival::Other);
        Ok(())
    }

    #[test]
    fn a_socket_that_arrives_no_longer_lingers() -> io::Result<()> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let stream = TcpStream::connect(listener.local_addr()?)?;
        sockopt::set_socket_linger(&stream, Some(Duration::from_secs(60)))?;
        assert_eq!(arrival(stream.as_fd()), Arrival::Stream);
        assert_eq!(sockopt::socket_linger(&stream)?, None);
        Ok(())
    }
}
