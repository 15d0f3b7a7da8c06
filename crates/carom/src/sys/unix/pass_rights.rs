//! `SO_PASSRIGHTS` (Linux 6.16): whether a Unix socket takes descriptors at all. Where it does not, a peer that sends some
//! gets `EPERM`, and nothing of that call arrives.

use std::io;
use std::os::fd::BorrowedFd;

/// Has the kernel take descriptors that are sent to `fd`, or refuse them at their sender. Does nothing for what is no Unix
/// socket, and where the kernel has no such option: descriptors that arrive unwanted are closed then.
///
/// A connection inherits it from the socket that listens, when it is made.
///
/// # Errors
///
/// The error of `setsockopt(2)`.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub fn pass_rights(fd: BorrowedFd<'_>, on: bool) -> io::Result<()> {
    use std::os::fd::AsRawFd;

    let value = libc::c_int::from(on);
    // SAFETY: the value is lent for the call.
    let set = unsafe {
        libc::setsockopt(
            fd.as_raw_fd(),
            libc::SOL_SOCKET,
            SO_PASSRIGHTS,
            (&raw const value).cast(),
            size_of::<libc::c_int>() as libc::socklen_t,
        )
    };
    if set == 0 {
        return Ok(());
    }
    let error = io::Error::last_os_error();
    match error.raw_os_error() {
        Some(libc::ENOPROTOOPT | libc::EOPNOTSUPP) => Ok(()),
        _ => Err(error),
    }
}

/// Has the kernel take descriptors that are sent to `fd`, or refuse them: this one always takes them.
///
/// # Errors
///
/// None.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
#[allow(clippy::unnecessary_wraps, reason = "fails on other systems")]
pub fn pass_rights(_fd: BorrowedFd<'_>, _on: bool) -> io::Result<()> {
    Ok(())
}

/// Whether `fd` may have descriptors in its queue, as far as the kernel tells.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) fn passes_rights(fd: BorrowedFd<'_>) -> bool {
    use std::os::fd::AsRawFd;

    let (mut value, mut length): (libc::c_int, _) = (1, size_of::<libc::c_int>() as libc::socklen_t);
    // SAFETY: both are lent for the call.
    let got = unsafe {
        libc::getsockopt(
            fd.as_raw_fd(),
            libc::SOL_SOCKET,
            SO_PASSRIGHTS,
            (&raw mut value).cast(),
            &raw mut length,
        )
    };
    // TCP has no such option on any kernel, and a Unix socket none on older ones.
    if got == 0 {
        value != 0
    } else {
        io::Error::last_os_error().raw_os_error() != Some(libc::EOPNOTSUPP)
    }
}

/// Whether `fd` may have descriptors in its queue: the kernel doesn't tell.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) fn passes_rights(_fd: BorrowedFd<'_>) -> bool {
    true
}

/// The number that all of the processors have that are supported.
#[cfg(any(target_os = "linux", target_os = "android"))]
const SO_PASSRIGHTS: libc::c_int = 83;

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::io::{IoSlice, Read};
    use std::os::fd::AsFd;
    use std::os::unix::net::UnixStream;

    use super::super::send_with_fds;
    use super::*;
    use crate::sys::Deadline;

    #[test]
    fn a_socket_that_takes_no_descriptors_refuses_them_at_the_sender() -> io::Result<()> {
        let (mut a, b) = UnixStream::pair()?;
        pass_rights(a.as_fd(), false)?;
        if passes_rights(a.as_fd()) {
            println!("not tried: this kernel has no SO_PASSRIGHTS");
            return Ok(());
        }
        let send = || send_with_fds(b.as_fd(), &[IoSlice::new(b"x")], &[b.as_fd()], Deadline::Never);
        assert_eq!(send().err().and_then(|error| error.raw_os_error()), Some(libc::EPERM));
        pass_rights(a.as_fd(), true)?;
        assert_eq!((send()?, a.read(&mut [0; 8])?), (1, 1));
        Ok(())
    }
}
