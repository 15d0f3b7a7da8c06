//! The system calls of a connection. Nothing here changes a descriptor's blocking mode: it belongs to the open file,
//! which another process may share. Sockets are asked not to wait call by call; other files are polled first.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
#[cfg(any(target_os = "linux", target_os = "android"))]
use std::os::fd::AsRawFd;
use std::os::fd::{BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::fs::{FileType, OFlags};
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, Shutdown, SocketFlags, SocketType,
};

/// How long a call may wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deadline {
    /// Not at all.
    Now,
    /// Until this moment.
    At(Instant),
    /// For ever.
    Never,
}

impl Deadline {
    /// The moment `timeout` from now; `None` is never.
    #[must_use]
    pub fn after(timeout: Option<Duration>) -> Self {
        match timeout {
            Some(Duration::ZERO) => Self::Now,
            // A moment past the clock's range never comes.
            Some(timeout) => Instant::now().checked_add(timeout).map_or(Self::Never, Self::At),
            None => Self::Never,
        }
    }

    /// The earlier of the two.
    #[must_use]
    pub fn min(self, other: Self) -> Self {
        match (self, other) {
            (Self::Now, _) | (_, Self::Now) => Self::Now,
            (Self::Never, deadline) | (deadline, Self::Never) => deadline,
            (Self::At(one), Self::At(other)) => Self::At(one.min(other)),
        }
    }

    /// What is left of the time; `None` is for ever.
    #[must_use]
    pub fn remaining(self) -> Option<Duration> {
        match self {
            Self::Now => Some(Duration::ZERO),
            Self::At(moment) => Some(moment.saturating_duration_since(Instant::now())),
            Self::Never => None,
        }
    }
}

/// What kind of file a descriptor is, which decides the calls that move its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// A stream socket.
    Socket,
    /// A FIFO, as `pipe(2)` makes it, or any other file that can be polled.
    File,
}

/// What a descriptor can be used for.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    /// Which calls move its bytes.
    pub transport: Transport,
    /// Whether descriptors can be sent through it: it is a Unix socket.
    pub carries_descriptors: bool,
    /// Whether it was opened for reading.
    pub readable: bool,
    /// Whether it was opened for writing.
    pub writable: bool,
}

/// Who is at the other end of a local connection: the process that created the socket, or connected it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Credentials {
    /// Process id; 0 where the peer is in a pid namespace that can't be seen from here.
    pub pid: i32,
    /// User id.
    pub uid: u32,
    /// Group id.
    pub gid: u32,
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

/// Finds out what `fd` can be used for.
///
/// # Errors
///
/// What the system calls report; `EPROTOTYPE` for a socket without a stream, `EINVAL` for a directory.
pub fn kind(fd: BorrowedFd<'_>) -> io::Result<Kind> {
    match rustix::net::sockopt::socket_type(fd) {
        Ok(SocketType::STREAM) => Ok(Kind {
            transport: Transport::Socket,
            carries_descriptors: is_unix(fd)?,
            readable: true,
            writable: true,
        }),
        Ok(_) => Err(Errno::PROTOTYPE.into()),
        Err(Errno::NOTSOCK) => {
            if FileType::from_raw_mode(rustix::fs::fstat(fd)?.st_mode) == FileType::Directory {
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

/// A connected pair of stream sockets, close-on-exec.
///
/// # Errors
///
/// What `socketpair(2)` reports: `EMFILE`, `ENFILE`, `ENOMEM`, …
pub fn socket_pair() -> io::Result<(OwnedFd, OwnedFd)> {
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

/// Makes `fd`, an end of a socket pair, one that only sends.
///
/// # Errors
///
/// What `shutdown(2)` reports.
pub fn shut_receiving(fd: BorrowedFd<'_>) -> io::Result<()> {
    Ok(rustix::net::shutdown(fd, Shutdown::Read)?)
}

/// Who is at the other end of a local socket.
///
/// # Errors
///
/// What `getsockopt(2)` reports; `ENOTCONN` for a peer that isn't local.
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

/// Who is at the other end of a local socket.
///
/// # Errors
///
/// `ENOTSUP`: this system's call for it is not wrapped.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub fn peer_credentials(_fd: BorrowedFd<'_>) -> io::Result<Credentials> {
    Err(Errno::NOTSUP.into())
}

/// Whether there is something to read from `fd`, or it has ended, by `deadline`; with `or_writable`, or room to write.
///
/// # Errors
///
/// What `poll(2)` reports; `EBADF` for a descriptor that isn't open.
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
/// What `poll(2)` reports; `EBADF` for a descriptor that isn't open.
pub fn poll_writable(fd: BorrowedFd<'_>, deadline: Deadline) -> io::Result<bool> {
    poll_one(fd, PollFlags::OUT, deadline)
}

/// Whether `fd` has become ready for `events`, or has ended or failed, by `deadline`. Interruptions by signals don't show.
///
/// # Errors
///
/// What `poll(2)` reports; `EBADF` for a descriptor that isn't open.
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
/// What the kernel reports, `EINTR` and `EAGAIN` excepted.
pub fn receive(
    fd: BorrowedFd<'_>,
    transport: Transport,
    buffer: &mut [u8],
    deadline: Deadline,
) -> io::Result<Option<usize>> {
    // Where the call may wait for ever, the kernel waits: one call instead of three.
    let mut wait_in_call = deadline == Deadline::Never;
    loop {
        let received = match transport {
            Transport::Socket if wait_in_call => rustix::net::recv(fd, &mut *buffer, RecvFlags::empty()),
            Transport::Socket => rustix::net::recv(fd, &mut *buffer, RecvFlags::DONTWAIT),
            Transport::File if poll_one(fd, PollFlags::IN, deadline)? => {
                rustix::io::read(fd, &mut *buffer).map(|bytes| (bytes, bytes))
            }
            Transport::File => return Ok(None),
        };
        match received {
            Ok((bytes, _)) => return Ok(Some(bytes)),
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => {
                // Somebody made the open file non-blocking; the waiting is then ours.
                wait_in_call = false;
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
/// What the kernel reports, `EINTR` and `EAGAIN` excepted; `EPIPE` where the peer is gone. Where a part had been taken
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

fn send_once(fd: BorrowedFd<'_>, slices: &[IoSlice<'_>], wait: bool) -> rustix::io::Result<usize> {
    let mut flags = if wait { SendFlags::empty() } else { SendFlags::DONTWAIT };
    // Elsewhere the socket option against the signal has been set.
    #[cfg(not(target_vendor = "apple"))]
    flags.insert(SendFlags::NOSIGNAL);
    match slices {
        [one] => rustix::net::send(fd, one, flags),
        many => rustix::net::sendmsg(fd, many, &mut rustix::net::SendAncillaryBuffer::default(), flags),
    }
}

/// The most descriptors that one call can send: the kernel's `SCM_MAX_FD` (unix(7)).
pub const FDS_MAX: usize = 253;

/// Writes what the kernel takes of `slices` to a Unix socket, with `fds` beside the first byte: the receiver gets descriptors
/// of the same open files with that byte, or before. Returns how many bytes it took, 0 where there was no room by `deadline`;
/// with the first byte, all of `fds` are on their way, and may be closed here.
///
/// # Errors
///
/// `EINVAL` for more than [`FDS_MAX`], or nothing to send them with; what the kernel reports: `EOPNOTSUPP` or `EINVAL` for a
/// socket that isn't a Unix one, `ETOOMANYREFS` where too many of this user's descriptors are on their way already.
pub fn send_with_fds(
    fd: BorrowedFd<'_>,
    slices: &[IoSlice<'_>],
    fds: &[BorrowedFd<'_>],
    deadline: Deadline,
) -> io::Result<usize> {
    if fds.len() > FDS_MAX || slices.iter().all(|slice| slice.is_empty()) {
        return Err(Errno::INVAL.into());
    }
    // Linux would send the bytes over TCP, and forget the descriptors.
    if !is_unix(fd)? {
        return Err(Errno::OPNOTSUPP.into());
    }
    let mut flags = SendFlags::DONTWAIT;
    #[cfg(not(target_vendor = "apple"))]
    flags.insert(SendFlags::NOSIGNAL);
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(FDS_MAX))];
    loop {
        let mut control = SendAncillaryBuffer::new(&mut space);
        if !fds.is_empty() {
            control.push(SendAncillaryMessage::ScmRights(fds));
        }
        match rustix::net::sendmsg(fd, slices, &mut control, flags) {
            Ok(bytes) => return Ok(bytes),
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) if poll_one(fd, PollFlags::OUT, deadline)? => {}
            Err(Errno::AGAIN) => return Ok(0),
            Err(error) => return Err(error.into()),
        }
    }
}

/// Whether `fd` is a Unix socket.
fn is_unix(fd: BorrowedFd<'_>) -> io::Result<bool> {
    match rustix::net::getsockname(fd) {
        Ok(name) => Ok(name.address_family() == AddressFamily::UNIX),
        Err(Errno::NOTSOCK) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// What [`receive_with_fds`] brought.
#[derive(Debug)]
pub struct Arrived {
    /// How many bytes; 0 is the end of the stream.
    pub bytes: usize,
    /// The descriptors that came beside them, close-on-exec: those of one sending call.
    pub fds: Vec<OwnedFd>,
    /// Whether some were not taken: none were to be, or this process may not have more open.
    pub lost: bool,
    /// Whether the call may have stopped before the bytes that the kernel has: it does so at descriptors.
    pub cut: bool,
}

/// As [`receive`], from a Unix socket, with the descriptors that come beside the bytes: those of one sending call at most,
/// together with its first byte, perhaps behind bytes that were sent before. Unless `take`, the kernel closes them.
///
/// # Errors
///
/// As [`receive`].
pub fn receive_with_fds(
    fd: BorrowedFd<'_>,
    buffer: &mut [u8],
    take: bool,
    deadline: Deadline,
) -> io::Result<Option<Arrived>> {
    let mut wait_in_call = deadline == Deadline::Never;
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(FDS_MAX))];
    let space = if take { &mut space[..] } else { &mut [] };
    loop {
        #[cfg(not(target_vendor = "apple"))]
        let mut flags = RecvFlags::CMSG_CLOEXEC;
        #[cfg(target_vendor = "apple")]
        let mut flags = RecvFlags::empty();
        if !wait_in_call {
            flags.insert(RecvFlags::DONTWAIT);
        }
        let mut control = RecvAncillaryBuffer::new(space);
        let received = rustix::net::recvmsg(fd, &mut [IoSliceMut::new(&mut *buffer)], &mut control, flags);
        match received {
            Ok(message) => {
                let mut fds = Vec::new();
                for ancillary in control.drain() {
                    if let RecvAncillaryMessage::ScmRights(rights) = ancillary {
                        fds.extend(rights);
                    }
                }
                #[cfg(target_vendor = "apple")]
                for fd in &fds {
                    rustix::io::fcntl_setfd(fd, rustix::io::FdFlags::CLOEXEC)?;
                }
                let lost = message.flags.contains(ReturnFlags::CTRUNC);
                return Ok(Some(Arrived {
                    bytes: message.bytes,
                    // Apple's kernel stops before them, too.
                    cut: lost || !fds.is_empty() || cfg!(target_vendor = "apple"),
                    fds,
                    lost,
                }));
            }
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => {
                wait_in_call = false;
                if deadline == Deadline::Now || !poll_one(fd, PollFlags::IN, deadline)? {
                    return Ok(None);
                }
            }
            Err(error) => return Err(error.into()),
        }
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

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::{Read, Write};
    use std::os::fd::AsFd;

    use super::*;

    fn receive_all(fd: &OwnedFd, most: usize) -> io::Result<Arrived> {
        receive_with_fds(fd.as_fd(), &mut vec![0; most], true, Deadline::Never)?.ok_or_else(|| Errno::AGAIN.into())
    }

    fn send_these(fd: &OwnedFd, bytes: &[u8], fds: &[BorrowedFd<'_>]) -> io::Result<usize> {
        send_with_fds(fd.as_fd(), &[IoSlice::new(bytes)], fds, Deadline::Never)
    }

    #[test]
    fn descriptors_arrive_with_the_first_byte_and_are_of_the_same_file() -> io::Result<()> {
        let (a, b) = socket_pair()?;
        let (reader, writer) = rustix::pipe::pipe()?;
        assert_eq!(send_these(&a, b"two bytes", &[writer.as_fd()])?, 9);
        drop(writer);
        let first = receive_all(&b, 3)?;
        assert_eq!((first.bytes, first.fds.len(), first.lost), (3, 1, false));
        let rest = receive_all(&b, 100)?;
        assert_eq!((rest.bytes, rest.fds.len()), (6, 0));
        for fd in first.fds {
            assert!(rustix::io::fcntl_getfd(&fd)?.contains(rustix::io::FdFlags::CLOEXEC));
            File::from(fd).write_all(b"through")?;
        }
        let mut text = String::new();
        File::from(reader).read_to_string(&mut text)?;
        assert_eq!(text, "through");
        Ok(())
    }

    #[test]
    fn the_descriptors_of_two_calls_are_told_apart() -> io::Result<()> {
        let (a, b) = socket_pair()?;
        let fds = [a.as_fd(), b.as_fd(), a.as_fd()];
        send_these(&a, b"x", &[])?;
        send_these(&a, b"y", &fds[..2])?;
        send_these(&a, b"z", &fds)?;
        let counts: Vec<_> =
            std::iter::from_fn(
                || match receive_with_fds(b.as_fd(), &mut [0; 100], true, Deadline::Now) {
                    Ok(Some(arrived)) if arrived.bytes > 0 => Some(arrived.fds.len()),
                    _ => None,
                },
            )
            .filter(|count| *count > 0)
            .collect();
        assert_eq!(counts, [2, 3]);
        Ok(())
    }

    #[test]
    fn as_many_as_the_kernel_takes_and_no_more() -> io::Result<()> {
        let (a, b) = socket_pair()?;
        let fds = vec![a.as_fd(); FDS_MAX];
        send_these(&a, b"x", &fds)?;
        assert_eq!(receive_all(&b, 1)?.fds.len(), FDS_MAX);
        let refused = send_these(&a, b"x", &vec![a.as_fd(); FDS_MAX + 1]);
        assert_eq!(
            refused.err().and_then(|error| error.raw_os_error()),
            Some(Errno::INVAL.raw_os_error())
        );
        Ok(())
    }

    #[test]
    fn a_socket_that_is_no_unix_one_refuses_them() -> io::Result<()> {
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        let stream = std::net::TcpStream::connect(listener.local_addr()?)?;
        let refused = send_with_fds(
            stream.as_fd(),
            &[IoSlice::new(b"x")],
            &[stream.as_fd()],
            Deadline::Never,
        );
        assert_eq!(
            refused.err().and_then(|error| error.raw_os_error()),
            Some(Errno::OPNOTSUPP.raw_os_error())
        );
        Ok(())
    }
}
