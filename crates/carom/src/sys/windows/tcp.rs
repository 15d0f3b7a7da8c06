//! TCP's own calls.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use socket2::{Domain, Protocol, TcpKeepalive, Type};
use windows_sys::Win32::Networking::WinSock::{WSAEADDRNOTAVAIL, WSAECONNREFUSED, WSAENOTSOCK, WSAEWOULDBLOCK};

use super::socket::Socket;
use super::{BorrowedFd, Object, OwnedFd, RawSocketObject};
use crate::sys::Deadline;

/// That nobody listens.
pub(crate) fn refused() -> io::Error {
    io::Error::from_raw_os_error(WSAECONNREFUSED)
}

/// That there is no address.
pub(crate) fn no_address() -> io::Error {
    io::Error::from_raw_os_error(WSAEADDRNOTAVAIL)
}

fn create(address: &SocketAddr) -> io::Result<Socket> {
    let raw = RawSocketObject::new(Domain::for_address(*address), Type::STREAM, Some(Protocol::TCP))?;
    Socket::new(raw)
}

fn socket<'a>(fd: BorrowedFd<'a>) -> io::Result<&'a Socket> {
    match &fd.0.0 {
        Object::Socket(socket) => Ok(socket),
        _ => Err(io::Error::from_raw_os_error(WSAENOTSOCK)),
    }
}

/// Begins to connect to `address`; whether that has been done already.
pub(crate) fn connect(address: &SocketAddr) -> io::Result<(OwnedFd, bool)> {
    let socket = create(address)?;
    let done = match socket.raw().connect(&(*address).into()) {
        Ok(()) => true,
        Err(error) if error.raw_os_error() == Some(WSAEWOULDBLOCK) => false,
        Err(error) => return Err(error),
    };
    Ok((OwnedFd(Object::Socket(socket)), done))
}

/// The state of an attempt: connected, or still under way.
pub(crate) fn is_connected(fd: BorrowedFd<'_>) -> io::Result<bool> {
    let socket = socket(fd)?;
    if !socket.poll(false, true, Deadline::Now)? {
        return Ok(false);
    }
    socket.raw().take_error()?.map_or(Ok(true), Err)
}

/// Has a connected socket send small messages without delay.
pub(crate) fn finish(fd: BorrowedFd<'_>) -> io::Result<()> {
    socket(fd)?.raw().set_tcp_nodelay(true)
}

/// Has the system ask the peer of `fd`, which is of TCP, whether it is still there, when nothing has come for `after`: zero is the
/// system's own time. Where there is another, unanswered questions are a second apart.
pub(crate) fn keep_alive(fd: BorrowedFd<'_>, after: Option<Duration>) -> io::Result<()> {
    let Some(after) = after else { return Ok(()) };
    let raw = socket(fd)?.raw();
    if after.is_zero() {
        return raw.set_keepalive(true);
    }
    let times = TcpKeepalive::new()
        .with_time(after.max(Duration::from_secs(1)))
        .with_interval(Duration::from_secs(1));
    raw.set_tcp_keepalive(&times)
}

/// Acknowledges what has been received at once: not on Windows, whose `SIO_TCP_SET_ACK_FREQUENCY` is for good.
pub(crate) fn acknowledge(_fd: BorrowedFd<'_>) {}

/// Whether a socket is its own peer.
pub(crate) fn met_itself(fd: BorrowedFd<'_>) -> io::Result<bool> {
    let raw = socket(fd)?.raw();
    Ok(raw.peer_addr()?.as_socket() == raw.local_addr()?.as_socket())
}

/// A socket that is bound to `address` and does not listen yet.
pub(crate) fn bind(address: &SocketAddr) -> io::Result<OwnedFd> {
    // Without SO_REUSEADDR, which on Windows lets others take a port that is listened on.
    let socket = create(address)?;
    socket.raw().bind(&(*address).into())?;
    Ok(OwnedFd(Object::Socket(socket)))
}
