//! The system calls on Unix; here, those that take, examine, make and duplicate a connection's descriptors.

use std::io;
use std::os::fd::FromRawFd;
pub use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};

use rustix::fs::{FileType, OFlags};
use rustix::io::Errno;
use rustix::net::{AddressFamily, Shutdown, SocketFlags, SocketType};

use super::{Kind, Transport};

mod arrival;
mod bind;
mod bytes;
pub(crate) mod child;
mod closing;
mod credentials;
pub(crate) mod local;
mod names;
pub(crate) mod pages;
mod pass_rights;
mod private_directory;
mod readiness;
mod replace;
mod rights;
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) mod sealed;
pub(crate) mod selector;
pub(crate) mod shared_memory;
mod socket;
mod socket_file;
pub(crate) mod spawn;
pub(crate) mod tcp;
pub(crate) mod zone;

pub use arrival::{arrival, is_nonblocking};
pub use bytes::{receive, send};
pub use closing::close_aside;
pub(crate) use closing::close_socket;
pub use credentials::peer_credentials;
pub use names::error_name;
pub use pass_rights::pass_rights;
use pass_rights::passes_rights;
pub(crate) use readiness::{GONE, peer_has_gone, until_readable};
pub use readiness::{poll_readable, poll_writable};
pub use rights::{BESIDE, FDS_MAX, receive_with_fds, receive_without_fds, send_with_fds};

/// How many descriptors this process may have open.
#[must_use]
pub fn descriptors_max() -> usize {
    let most = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    most.and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX)
}

/// Takes ownership of an open descriptor, and keeps it from being inherited by programs that are started later.
///
/// # Errors
///
/// `EBADF` where `fd` is not open.
///
/// # Safety
///
/// Nobody else may own `fd`: it is closed with the returned value.
pub unsafe fn adopt(fd: RawFd) -> io::Result<OwnedFd> {
    if fd < 0 {
        return Err(Errno::BADF.into());
    }
    // SAFETY: borrowed for one call, which fails cleanly where the number isn't open.
    let borrowed = unsafe { BorrowedFd::borrow_raw(fd) };
    rustix::io::fcntl_setfd(borrowed, rustix::io::FdFlags::CLOEXEC)?;
    // SAFETY: the descriptor is open, and the caller gives its ownership up.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Finds out what `fd` can be used for. On Apple's systems, a socket raises no `SIGPIPE` from then on.
///
/// # Errors
///
/// The system calls' error; `EPROTOTYPE` for a socket without a stream, `EINVAL` for what is neither a socket nor a FIFO: reading
/// and writing it may block, however it was polled before.
pub fn kind(fd: BorrowedFd<'_>) -> io::Result<Kind> {
    match rustix::net::sockopt::socket_type(fd) {
        Ok(SocketType::STREAM) => {
            #[cfg(target_vendor = "apple")]
            raise_no_signal(fd)?;
            Ok(Kind {
                transport: Transport::Socket,
                carries_descriptors: is_unix(fd)?,
                readable: true,
                writable: true,
            })
        }
        Ok(_) => Err(Errno::PROTOTYPE.into()),
        Err(Errno::NOTSOCK) => {
            if FileType::from_raw_mode(rustix::fs::fstat(fd)?.st_mode) != FileType::Fifo {
                return Err(Errno::INVAL.into());
            }
            let mode = rustix::fs::fcntl_getfl(fd)? & OFlags::RWMODE;
            Ok(Kind {
                transport: Transport::File,
                carries_descriptors: false,
                readable: mode != OFlags::WRONLY,
                writable: mode != OFlags::RDONLY,
            })
        }
        Err(error) => Err(error.into()),
    }
}

/// Has `fd` report `EPIPE` without raising a signal.
#[cfg(target_vendor = "apple")]
fn raise_no_signal(fd: BorrowedFd<'_>) -> io::Result<()> {
    match rustix::net::sockopt::set_socket_nosigpipe(fd, true) {
        // The peer is gone already; there is still something to read.
        Ok(()) | Err(Errno::INVAL) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// A connected pair of stream sockets, close-on-exec; `one_way`: the first only receives, and the second only sends.
///
/// # Errors
///
/// The error of `socketpair(2)`: `EMFILE`, `ENFILE`, `ENOMEM`, …
pub fn pair(one_way: bool) -> io::Result<(OwnedFd, OwnedFd)> {
    let pair = socket_pair()?;
    if one_way {
        rustix::net::shutdown(&pair.1, Shutdown::Read)?;
    }
    Ok(pair)
}

/// Ends the stream to the peer, in every process that has this end. A FIFO's ends with its last writer.
pub(crate) fn end_stream(fd: BorrowedFd<'_>, transport: Transport) -> io::Result<()> {
    match transport {
        Transport::Socket => match rustix::net::shutdown(fd, Shutdown::Write) {
            // The peer is gone, and both directions have ended.
            Ok(()) | Err(Errno::NOTCONN) => Ok(()),
            Err(error) => Err(error.into()),
        },
        Transport::File => Ok(()),
    }
}

fn socket_pair() -> io::Result<(OwnedFd, OwnedFd)> {
    #[cfg(not(target_vendor = "apple"))]
    let flags = SocketFlags::CLOEXEC;
    #[cfg(target_vendor = "apple")]
    let flags = SocketFlags::empty();
    let pair = rustix::net::socketpair(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    #[cfg(target_vendor = "apple")]
    for end in [&pair.0, &pair.1] {
        rustix::io::fcntl_setfd(end, rustix::io::FdFlags::CLOEXEC)?;
        rustix::net::sockopt::set_socket_nosigpipe(end, true)?;
    }
    Ok(pair)
}

/// Whether `fd` is a Unix socket.
fn is_unix(fd: BorrowedFd<'_>) -> io::Result<bool> {
    match rustix::net::getsockname(fd) {
        Ok(name) => Ok(name.address_family() == AddressFamily::UNIX),
        Err(Errno::NOTSOCK) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Another descriptor of the same open file, close-on-exec.
///
/// # Errors
///
/// `EBADF` where `fd` is not open, `EMFILE` where no descriptor is left.
pub fn duplicate(fd: RawFd) -> io::Result<OwnedFd> {
    if fd < 0 {
        return Err(Errno::BADF.into());
    }
    // SAFETY: borrowed for one call, which fails cleanly where the number isn't open.
    Ok(rustix::io::fcntl_dupfd_cloexec(
        unsafe { BorrowedFd::borrow_raw(fd) },
        3,
    )?)
}
