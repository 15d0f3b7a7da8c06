//! Waiting, by a deadline, until a descriptor can be read or written.

use std::io;

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;

use super::BorrowedFd;
use crate::sys::Deadline;

/// Whether there is something to read from `fd`, or it has ended, by `deadline`; with `or_writable`, or room to write.
///
/// # Errors
///
/// The error of `poll(2)`; `EBADF` for a descriptor that isn't open.
pub fn poll_readable(fd: BorrowedFd<'_>, or_writable: bool, deadline: Deadline) -> io::Result<bool> {
    poll_one(
        fd,
        if or_writable {
            PollFlags::IN | PollFlags::OUT
        } else {
            PollFlags::IN
        },
        deadline,
    )
}

/// Whether there is room to write to `fd`, or nobody to read it, by `deadline`; a socket that connects has then done so, or
/// failed.
///
/// # Errors
///
/// The error of `poll(2)`; `EBADF` for a descriptor that isn't open.
pub fn poll_writable(fd: BorrowedFd<'_>, deadline: Deadline) -> io::Result<bool> {
    poll_one(fd, PollFlags::OUT, deadline)
}

/// Whether the peer of the socket `fd` has closed its end, or died, as far as can be seen without reading.
pub(crate) fn peer_has_gone(fd: BorrowedFd<'_>) -> io::Result<bool> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let events = PollFlags::RDHUP;
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let events = PollFlags::HUP;
    poll_one(fd, events, Deadline::Now)
}

/// The errors of a socket whose peer has gone: of a send, and of a receive that finds that something was not read.
pub(crate) const GONE: (i32, i32) = (libc::EPIPE, libc::ECONNRESET);

/// Waits by `deadline` until one of `fds` has something to read, or has ended. However many there are, no selector has to be made, filled
/// and closed.
pub(crate) fn until_readable(fds: &[BorrowedFd<'_>], deadline: Deadline) -> io::Result<()> {
    let mut polled: Vec<_> = fds
        .iter()
        .map(|fd| PollFd::from_borrowed_fd(*fd, PollFlags::IN))
        .collect();
    poll_some(&mut polled, deadline).map(drop)
}

/// Whether `fd` has become ready for `events`, or has ended or failed, by `deadline`.
///
/// # Errors
///
/// The error of `poll(2)`; `EBADF` for a descriptor that isn't open.
pub(super) fn poll_one(fd: BorrowedFd<'_>, events: PollFlags, deadline: Deadline) -> io::Result<bool> {
    poll_some(&mut [PollFd::from_borrowed_fd(fd, events)], deadline)
}

/// Whether one of `polled` has become ready, or has ended or failed, by `deadline`. Interruptions by signals don't show.
fn poll_some(polled: &mut [PollFd<'_>], deadline: Deadline) -> io::Result<bool> {
    loop {
        let timeout = deadline.remaining().and_then(|left| Timespec::try_from(left).ok());
        match rustix::event::poll(polled, timeout.as_ref()) {
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
            Ok(0) => {
                if deadline.remaining().is_some_and(|left| left.is_zero()) {
                    return Ok(false);
                }
            }
            Ok(_) if polled.iter().any(|fd| fd.revents().contains(PollFlags::NVAL)) => {
                return Err(Errno::BADF.into());
            }
            Ok(_) => return Ok(true),
        }
    }
}
