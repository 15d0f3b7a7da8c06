//! The process at the other end.

use std::io;
#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
use std::os::fd::AsRawFd;
use std::os::fd::BorrowedFd;

use rustix::io::Errno;

use crate::sys::Credentials;

/// The process at the other end of a local socket.
///
/// # Errors
///
/// The error of `getsockopt(2)`; `ENOTCONN` for a peer that isn't local.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub fn peer_credentials(fd: BorrowedFd<'_>) -> io::Result<Credentials> {
    let mut peer = libc::ucred { pid: 0, uid: 0, gid: 0 };
    let mut size = size_of::<libc::ucred>() as libc::socklen_t;
    // Not by rustix, which takes the process id for non-zero: it is 0 for a TCP peer, and for one in another pid namespace.
    // SAFETY: both pointers are valid for the call, and `size` is that of the memory behind `peer`.
    let status = unsafe {
        let (memory, size) = ((&raw mut peer).cast(), &raw mut size);
        libc::getsockopt(fd.as_raw_fd(), libc::SOL_SOCKET, libc::SO_PEERCRED, memory, size)
    };
    if status != 0 {
        return Err(io::Error::last_os_error());
    }
    if peer.uid == libc::uid_t::MAX {
        return Err(Errno::NOTCONN.into());
    }
    Ok(Credentials {
        pid: peer.pid,
        uid: peer.uid,
        gid: peer.gid,
    })
}

/// The process at the other end of a local socket. The process is the one that has used its end last, which an end that was handed
/// over tells from the one that made it.
///
/// # Errors
///
/// The error of `getpeereid(3)` and `getsockopt(2)`; `ENOTCONN` for a peer that isn't local, or has closed.
#[cfg(target_vendor = "apple")]
pub fn peer_credentials(fd: BorrowedFd<'_>) -> io::Result<Credentials> {
    if !super::is_unix(fd)? {
        return Err(Errno::NOTCONN.into());
    }
    let (mut pid, mut uid, mut gid) = (0, 0, 0);
    let mut size = size_of::<libc::pid_t>() as libc::socklen_t;
    // SAFETY: the pointers are valid for the calls, and `size` is that of the memory behind `pid`.
    let told = unsafe {
        let (memory, size) = ((&raw mut pid).cast(), &raw mut size);
        libc::getpeereid(fd.as_raw_fd(), &raw mut uid, &raw mut gid) == 0
            && libc::getsockopt(fd.as_raw_fd(), libc::SOL_LOCAL, libc::LOCAL_PEERPID, memory, size) == 0
    };
    if told {
        Ok(Credentials { pid, uid, gid })
    } else {
        Err(io::Error::last_os_error())
    }
}

/// The process at the other end of a local socket.
///
/// # Errors
///
/// `ENOTSUP`: this system's call for it is not wrapped.
#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
pub fn peer_credentials(_fd: BorrowedFd<'_>) -> io::Result<Credentials> {
    Err(Errno::NOTSUP.into())
}
