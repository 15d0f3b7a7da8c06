//! The kernel's own numbers.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, IntoRawFd, OwnedFd};

use carom::sys;

/// That a number is nobody's.
pub(crate) fn unknown() -> io::Error {
    io::Error::from_raw_os_error(libc::EBADF)
}

/// The number of a descriptor that is the caller's from now on.
#[allow(clippy::unnecessary_wraps, reason = "fails on other systems")]
pub(crate) fn give(fd: OwnedFd) -> io::Result<i32> {
    Ok(fd.into_raw_fd())
}

/// The number of a descriptor.
pub(crate) fn of(fd: BorrowedFd<'_>) -> i32 {
    fd.as_raw_fd()
}

/// The descriptor with a number, which the TypeScript layer gives up.
pub(crate) fn adopt(number: i32) -> io::Result<OwnedFd> {
    // SAFETY: the TypeScript layer documents that the descriptor's ownership goes to whoever takes its number.
    unsafe { sys::adopt(number) }
}

/// Another descriptor of the same open file; the number stays the caller's.
pub(crate) fn duplicate(number: i32) -> io::Result<OwnedFd> {
    sys::duplicate(number)
}

/// Calls `call` with the descriptors of `numbers`, which stay the caller's.
pub(crate) fn borrowing<T>(numbers: &[i32], call: impl FnOnce(&[BorrowedFd<'_>]) -> io::Result<T>) -> io::Result<T> {
    // SAFETY: the caller owns them, and nothing else runs during the call that could close them.
    let fds: Vec<_> = numbers
        .iter()
        .map(|fd| unsafe { BorrowedFd::borrow_raw(*fd) })
        .collect();
    call(&fds)
}

/// A descriptor that was adopted is about to be closed, or given again.
pub(crate) fn forget(_fd: BorrowedFd<'_>) {}

/// Closes the descriptor of a number that has not been adopted.
pub(crate) fn close(number: i32) -> io::Result<()> {
    adopt(number).map(drop)
}

/// A number that a child can inherit, which here is any: the same.
#[allow(clippy::unnecessary_wraps, reason = "fails on other systems")]
pub(crate) fn inheritable(number: i32) -> io::Result<i32> {
    Ok(number)
}
