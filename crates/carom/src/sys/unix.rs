//! The system calls on Unix.

use std::io::{self, IoSlice};
use std::os::fd::FromRawFd;
pub use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::fs::{FileType, OFlags};
use rustix::io::Errno;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, Shutdown, SocketFlags, SocketType};

use super::{Deadline, Kind, Transport};

mod arrival;
mod bind;
pub(crate) mod child;
mod closing;
mod credentials;
pub(crate) mod local;
mod names;
pub(crate) mod pages;
mod pass_rights;
mod private_directory;
mod replace;
mod rights;
pub(crate) mod sealed;
pub(crate) mod selector;
pub(crate) mod shared_memory;
mod socket;
mod socket_file;
pub(crate) mod tcp;
pub(crate) mod zone;

pub use arrival::{arrival, is_nonblocking};
pub use closing::close_aside;
pub(crate) use closing::close_socket;
pub use credentials::peer_credentials;
pub use names::error_name;
pub use pass_rights::pass_rights;
use pass_rights::passes_rights;
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

/// Whether `fd` has become ready for `events`, or has ended or failed, by `deadline`. Interruptions by signals don't show.
///
/// # Errors
///
/// The error of `poll(2)`; `EBADF` for a descriptor that isn't open.
fn poll_one(fd: BorrowedFd<'_>, events: PollFlags, deadline: Deadline) -> io::Result<bool> {
    loop {
        let mut polled = [PollFd::from_borrowed_fd(fd, events)];
        let timeout = deadline.remaining().and_then(|left| Timespec::try_from(left).ok());
        match rustix::event::poll(&mut polled, timeout.as_ref()) {
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
            Ok(0) => {
                if deadline.remaining().is_some_and(|left| left.is_zero()) {
                    return Ok(false);
                }
            }
            Ok(_) if polled[0].revents().contains(PollFlags::NVAL) => return Err(Errno::BADF.into()),
            Ok(_) => return Ok(true),
        }
    }
}

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
fn until_received<T>(
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
    let mut memory = [0; GATHERED];
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
fn gather<'memory>(slices: &[IoSlice<'_>], memory: &'memory mut [u8]) -> Option<&'memory [u8]> {
    let mut end = 0;
    for slice in slices {
        let start = end;
        end += slice.len();
        memory.get_mut(start..end)?.copy_from_slice(slice);
    }
    memory.get(..end)
}

/// Keeps a call from raising `SIGPIPE`.
#[cfg(not(target_vendor = "apple"))]
const NO_SIGNAL: SendFlags = SendFlags::NOSIGNAL;
/// Apple's systems have an option of the socket for it, which has been set.
#[cfg(target_vendor = "apple")]
const NO_SIGNAL: SendFlags = SendFlags::empty();

/// Makes `send` one call that doesn't wait for room.
#[cfg(not(target_vendor = "apple"))]
fn without_waiting(
    _fd: BorrowedFd<'_>,
    send: impl FnOnce(SendFlags) -> rustix::io::Result<usize>,
) -> rustix::io::Result<usize> {
    send(NO_SIGNAL | SendFlags::DONTWAIT)
}

/// Makes `send` one call that doesn't wait for room. Apple's kernel ignores `MSG_DONTWAIT` where it sends, so the open file is
/// non-blocking for that one call: another thread that sends through this same end meanwhile may meet `EAGAIN`.
#[cfg(target_vendor = "apple")]
fn without_waiting(
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

/// Whether `fd` is a Unix socket.
fn is_unix(fd: BorrowedFd<'_>) -> io::Result<bool> {
    match rustix::net::getsockname(fd) {
        Ok(name) => Ok(name.address_family() == AddressFamily::UNIX),
        Err(Errno::NOTSOCK) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// A file can't be asked not to wait. Once `poll` has called a FIFO writable, it takes `PIPE_BUF` bytes without waiting
/// (pipe(7)), so it is given no more than that at a time.
fn write_once(fd: BorrowedFd<'_>, slices: &[IoSlice<'_>]) -> rustix::io::Result<usize> {
    const PIPE_BUF: usize = 4096;
    slices.iter().find(|slice| !slice.is_empty()).map_or(Ok(0), |slice| {
        rustix::io::write(fd, &slice[..slice.len().min(PIPE_BUF)])
    })
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
