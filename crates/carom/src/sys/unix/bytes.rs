//! Bytes in and out of sockets and FIFOs, by a deadline. A socket is asked not to wait call by call; a FIFO is polled first.

use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::ptr;

use rustix::event::PollFlags;
#[cfg(target_vendor = "apple")]
use rustix::fs::OFlags;
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags};

use super::BorrowedFd;
use super::readiness::poll_one;
use crate::sys::{Deadline, Transport};

/// Reads what is there into `buffer`: `Some(0)` is the end of the stream, `None` that nothing came by `deadline`.
///
/// # Errors
///
/// The kernel's error, `EINTR` and `EAGAIN` excepted.
pub fn receive(
    fd: BorrowedFd<'_>,
    transport: Transport,
    buffer: &mut [u8],
    deadline: Deadline,
) -> io::Result<Option<usize>> {
    match transport {
        Transport::Socket => until_received(fd, deadline, |flags| {
            rustix::net::recv(fd, &mut *buffer, flags).map(|(bytes, _)| bytes)
        }),
        Transport::File => loop {
            if !poll_one(fd, PollFlags::IN, deadline)? {
                return Ok(None);
            }
            match rustix::io::read(fd, &mut *buffer) {
                Ok(bytes) => return Ok(Some(bytes)),
                // Another process, which made the open file non-blocking, was faster.
                Err(Errno::AGAIN) if deadline == Deadline::Now => return Ok(None),
                Err(Errno::INTR | Errno::AGAIN) => {}
                Err(error) => return Err(error.into()),
            }
        },
    }
}

/// Makes a socket's call `receive`, with flags that say whether it may wait, until it brings something; `None` where nothing
/// came by `deadline`.
pub(super) fn until_received<T>(
    fd: BorrowedFd<'_>,
    deadline: Deadline,
    mut receive: impl FnMut(RecvFlags) -> rustix::io::Result<T>,
) -> io::Result<Option<T>> {
    // Where the call may wait for ever, the kernel waits: one call instead of three.
    let mut flags = if deadline == Deadline::Never {
        RecvFlags::empty()
    } else {
        RecvFlags::DONTWAIT
    };
    loop {
        match receive(flags) {
            Ok(received) => return Ok(Some(received)),
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => {
                // Somebody made the open file non-blocking; the waiting is then ours.
                flags = RecvFlags::DONTWAIT;
                if deadline == Deadline::Now || !poll_one(fd, PollFlags::IN, deadline)? {
                    return Ok(None);
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// Writes what the kernel takes of `slices`, in order, by `deadline`: all of it, or a part where the time is up.
///
/// # Errors
///
/// The kernel's error, `EINTR` and `EAGAIN` excepted; `EPIPE` where the peer is gone. Where a part had been taken
/// before, that part is returned, and the error comes from the next call. A socket raises no `SIGPIPE`; for a FIFO the
/// kernel offers no way to hold it back, so the process has to ignore it, as Rust programs do by default.
pub fn send(
    fd: BorrowedFd<'_>,
    transport: Transport,
    mut slices: &mut [IoSlice<'_>],
    deadline: Deadline,
) -> io::Result<usize> {
    let mut wait_in_call = deadline == Deadline::Never;
    let mut taken = 0;
    while slices.iter().any(|slice| !slice.is_empty()) {
        match send_some(fd, transport, slices, &mut wait_in_call, deadline) {
            Ok(Some(bytes)) => {
                taken += bytes;
                IoSlice::advance_slices(&mut slices, bytes);
            }
            Ok(None) => break,
            Err(_) if taken > 0 => break,
            Err(error) => return Err(error),
        }
    }
    Ok(taken)
}

/// Writes once, when there is room: how many bytes, or `None` where there was none by `deadline`.
fn send_some(
    fd: BorrowedFd<'_>,
    transport: Transport,
    slices: &[IoSlice<'_>],
    wait_in_call: &mut bool,
    deadline: Deadline,
) -> io::Result<Option<usize>> {
    loop {
        let sent = match transport {
            Transport::Socket => send_once(fd, slices, *wait_in_call),
            Transport::File if poll_one(fd, PollFlags::OUT, deadline)? => write_once(fd, slices),
            Transport::File => return Ok(None),
        };
        match sent {
            Ok(bytes) => return Ok(Some(bytes)),
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => {
                *wait_in_call = false;
                if deadline == Deadline::Now || !poll_one(fd, PollFlags::OUT, deadline)? {
                    return Ok(None);
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// Slices of at most this many bytes together are copied into one: measured, that costs less than the kernel's work for a
/// second one, a seventh of the call.
const GATHERED: usize = 1024;

fn send_once(fd: BorrowedFd<'_>, slices: &[IoSlice<'_>], wait: bool) -> rustix::io::Result<usize> {
    // Zeroing it would take as long as the copy.
    let mut memory = [MaybeUninit::uninit(); GATHERED];
    let gathered = match slices {
        [one] => Some(&**one),
        many => gather(many, &mut memory),
    };
    let send = |flags| match gathered {
        Some(bytes) => rustix::net::send(fd, bytes, flags),
        None => rustix::net::sendmsg(fd, slices, &mut rustix::net::SendAncillaryBuffer::default(), flags),
    };
    if wait {
        send(NO_SIGNAL)
    } else {
        without_waiting(fd, send)
    }
}

/// The bytes of `slices` in one piece, where `memory` has room for them.
fn gather<'memory>(slices: &[IoSlice<'_>], memory: &'memory mut [MaybeUninit<u8>]) -> Option<&'memory [u8]> {
    let mut end = 0;
    for slice in slices {
        let start = end;
        end += slice.len();
        for (to, from) in memory.get_mut(start..end)?.iter_mut().zip(&**slice) {
            to.write(*from);
        }
    }
    let gathered = memory.get(..end)?;
    // SAFETY: the loop has written all of it.
    Some(unsafe { &*(ptr::from_ref(gathered) as *const [u8]) })
}

/// Keeps a call from raising `SIGPIPE`.
#[cfg(not(target_vendor = "apple"))]
const NO_SIGNAL: SendFlags = SendFlags::NOSIGNAL;
/// Apple's systems have an option of the socket for it, which has been set.
#[cfg(target_vendor = "apple")]
const NO_SIGNAL: SendFlags = SendFlags::empty();

/// Makes `send` one call that doesn't wait for room.
#[cfg(not(target_vendor = "apple"))]
pub(super) fn without_waiting(
    _fd: BorrowedFd<'_>,
    send: impl FnOnce(SendFlags) -> rustix::io::Result<usize>,
) -> rustix::io::Result<usize> {
    send(NO_SIGNAL | SendFlags::DONTWAIT)
}

/// Makes `send` one call that doesn't wait for room. Apple's kernel ignores `MSG_DONTWAIT` where it sends, so the open file is
/// non-blocking for that one call: another thread that sends through this same end meanwhile may meet `EAGAIN`.
#[cfg(target_vendor = "apple")]
pub(super) fn without_waiting(
    fd: BorrowedFd<'_>,
    send: impl FnOnce(SendFlags) -> rustix::io::Result<usize>,
) -> rustix::io::Result<usize> {
    if rustix::fs::fcntl_getfl(fd)?.contains(OFlags::NONBLOCK) {
        return send(NO_SIGNAL);
    }
    rustix::io::ioctl_fionbio(fd, true)?;
    let sent = send(NO_SIGNAL);
    rustix::io::ioctl_fionbio(fd, false)?;
    sent
}

/// A file can't be asked not to wait. Once `poll` has called a FIFO writable, it takes `PIPE_BUF` bytes without waiting
/// (pipe(7)), so it is given no more than that at a time.
fn write_once(fd: BorrowedFd<'_>, slices: &[IoSlice<'_>]) -> rustix::io::Result<usize> {
    const PIPE_BUF: usize = 4096;
    slices.iter().find(|slice| !slice.is_empty()).map_or(Ok(0), |slice| {
        rustix::io::write(fd, &slice[..slice.len().min(PIPE_BUF)])
    })
}
