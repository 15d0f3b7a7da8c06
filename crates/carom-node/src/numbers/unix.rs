//! The kernel's own numbers.

use std::collections::HashSet;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, IntoRawFd, OwnedFd};

use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use carom::sys;

/// The numbers that are adopted, by whichever of the process's environments: a number has one owner.
static ADOPTED: LazyLock<Mutex<HashSet<i32>>> = LazyLock::new(Mutex::default);

fn adopted() -> MutexGuard<'static, HashSet<i32>> {
    ADOPTED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// That a number is nobody's.
pub(crate) fn unknown() -> io::Error {
    io::Error::from_raw_os_error(libc::EBADF)
}

/// The number of a descriptor that is the caller's from now on.
#[allow(clippy::unnecessary_wraps, reason = "fails on other systems")]
pub(crate) fn give(fd: OwnedFd) -> io::Result<i32> {
    forget(fd.as_fd());
    Ok(fd.into_raw_fd())
}

/// The number of a descriptor.
pub(crate) fn of(fd: BorrowedFd<'_>) -> i32 {
    fd.as_raw_fd()
}

/// The descriptor with a number, which the TypeScript layer gives up. Before it is closed, [`forget`] or [`give`] is called.
///
/// # Errors
///
/// `EBUSY` for a number that is adopted already, `EBADF` for one that is not open.
pub(crate) fn adopt(number: i32) -> io::Result<OwnedFd> {
    let mut adopted = adopted();
    if adopted.contains(&number) {
        return Err(io::ErrorKind::ResourceBusy.into());
    }
    // SAFETY: the TypeScript layer documents that the descriptor's ownership goes to the caller that takes its number, and nothing here has it.
    let fd = unsafe { sys::adopt(number) }?;
    adopted.insert(number);
    Ok(fd)
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

/// A descriptor that was made here has an owner whom JavaScript knows the number of.
pub(crate) fn keep(fd: BorrowedFd<'_>) {
    adopted().insert(fd.as_raw_fd());
}

/// A descriptor that was adopted is about to be closed, or given again.
pub(crate) fn forget(fd: BorrowedFd<'_>) {
    adopted().remove(&fd.as_raw_fd());
}

/// Closes the descriptor of a number that has not been adopted.
pub(crate) fn close(number: i32) -> io::Result<()> {
    let fd = adopt(number)?;
    forget(fd.as_fd());
    drop(fd);
    Ok(())
}

/// A number that a child can inherit, which here is any: the same.
#[allow(clippy::unnecessary_wraps, reason = "fails on other systems")]
pub(crate) fn inheritable(number: i32) -> io::Result<i32> {
    Ok(number)
}
