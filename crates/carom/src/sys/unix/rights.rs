//! Descriptors that travel beside bytes: `SCM_RIGHTS` (unix(7)).

use std::io::{self, IoSlice};
use std::mem::{self, MaybeUninit};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::ptr;

use libc::c_int;
use rustix::event::PollFlags;
use rustix::io::Errno;
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage};

use super::bytes::{until_received, without_waiting};
use super::is_unix;
use super::readiness::poll_one;
use crate::sys::{Arrived, Beside, Deadline, PeerFds};

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
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(FDS_MAX))];
    loop {
        let mut control = SendAncillaryBuffer::new(&mut space);
        if !fds.is_empty() {
            control.push(SendAncillaryMessage::ScmRights(fds));
        }
        let sent = without_waiting(fd, |flags| rustix::net::sendmsg(fd, slices, &mut control, flags));
        match sent {
            Ok(bytes) => return Ok(bytes),
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) if poll_one(fd, PollFlags::OUT, deadline)? => {}
            Err(Errno::AGAIN) => return Ok(0),
            Err(error) => return Err(error.into()),
        }
    }
}

/// The behaviour of this kernel.
pub const BESIDE: Beside = if cfg!(target_vendor = "apple") {
    Beside::First
} else {
    Beside::Last
};

/// Room for the descriptors of one call, and for what a socket adds to each read whose options its last owner has set:
/// credentials, a security label, a descriptor of the sender's process. Aligned for the headers.
#[repr(C)]
union Control {
    _aligned: libc::cmsghdr,
    bytes: [MaybeUninit<u8>; 2048],
}

/// How many bytes [`peek_fds`] looks at, at most.
const PEEK_MAX: usize = 64;

/// As [`receive`](super::receive), from a Unix socket, with the descriptors that come beside the bytes: those of one sending
/// call at most, perhaps behind bytes that were sent before. They are taken even where nobody wants
/// them: without room for them, the kernel would close them during the call, and may wait for as long as their sender likes.
///
/// # Errors
///
/// The same as for [`receive`](super::receive).
pub fn receive_with_fds(fd: BorrowedFd<'_>, buffer: &mut [u8], deadline: Deadline) -> io::Result<Option<Arrived>> {
    until_received(fd, deadline, |flags| {
        receive_once(fd, buffer, flags.bits() as c_int).map(|(arrived, _)| arrived)
    })
}

/// Descriptors of the same open files as those that the next [`receive_with_fds`] finds, which stay there, if it finds `bytes` bytes.
/// `None` where it is not, or where not all of the descriptors could be had.
pub(super) fn peek_fds(fd: BorrowedFd<'_>, bytes: usize) -> Option<PeerFds> {
    let mut buffer = [0; PEEK_MAX];
    // One byte more shows whether more has come meanwhile.
    let buffer = buffer.get_mut(..=bytes)?;
    match receive_once(fd, buffer, libc::MSG_PEEK | libc::MSG_DONTWAIT) {
        Ok((arrived, false)) if arrived.bytes == bytes => Some(arrived.fds),
        _ => None,
    }
}

/// As [`receive`](super::receive), from any socket. Descriptors that come beside the bytes are closed.
///
/// # Errors
///
/// The same as for [`receive`](super::receive).
pub fn receive_without_fds(fd: BorrowedFd<'_>, buffer: &mut [u8], deadline: Deadline) -> io::Result<Option<usize>> {
    Ok(receive_with_fds(fd, buffer, deadline)?.map(|arrived| arrived.bytes))
}

/// Also says whether descriptors were lost, for which this process has no room.
fn receive_once(fd: BorrowedFd<'_>, buffer: &mut [u8], flags: c_int) -> rustix::io::Result<(Arrived, bool)> {
    #[cfg(not(target_vendor = "apple"))]
    let flags = flags | libc::MSG_CMSG_CLOEXEC;
    let mut control = Control {
        bytes: [MaybeUninit::uninit(); 2048],
    };
    let mut part = libc::iovec {
        iov_base: buffer.as_mut_ptr().cast(),
        iov_len: buffer.len(),
    };
    // SAFETY: zeroes are a value of it; its padding and the types of its lengths differ from system to system.
    let mut message: libc::msghdr = unsafe { mem::zeroed() };
    message.msg_iov = &raw mut part;
    message.msg_iovlen = 1;
    message.msg_control = (&raw mut control).cast();
    message.msg_controllen = mem::size_of::<Control>() as _;
    // SAFETY: the message names memory that is lent for the call.
    let bytes = unsafe { libc::recvmsg(fd.as_raw_fd(), &raw mut message, flags) };
    let Ok(bytes) = usize::try_from(bytes) else {
        return Err(Errno::from_io_error(&io::Error::last_os_error()).unwrap_or(Errno::IO));
    };
    // SAFETY: the kernel has filled the message and its control memory, which nobody has looked at yet.
    let (fds, lost) = unsafe { (take_fds(&message), message.msg_flags & libc::MSG_CTRUNC != 0) };
    #[cfg(target_vendor = "apple")]
    for fd in &fds.0 {
        rustix::io::fcntl_setfd(fd, rustix::io::FdFlags::CLOEXEC)?;
    }
    let arrived = Arrived {
        bytes,
        cut: lost || !fds.is_empty() || BESIDE == Beside::First,
        fds,
    };
    Ok((arrived, lost))
}

/// Takes the descriptors out of a message that was received. Those of the sender's process (`SO_PASSPIDFD`), which a socket
/// gives with each read if its last owner has asked for them, are closed.
///
/// # Safety
///
/// The kernel has filled the message, and it is taken from once.
unsafe fn take_fds(message: &libc::msghdr) -> PeerFds {
    let mut fds = Vec::new();
    // SAFETY: the headers lie in the control memory, whose length the kernel has set.
    let mut next = unsafe { libc::CMSG_FIRSTHDR(message).cast_const() };
    while !next.is_null() {
        // SAFETY: as above. Nothing here is taken for aligned.
        unsafe {
            let header = ptr::read_unaligned(next);
            let is_fds = header.cmsg_level == libc::SOL_SOCKET && header.cmsg_type == libc::SCM_RIGHTS;
            if is_fds || is_pidfd(&header) {
                let data = libc::CMSG_DATA(next).cast_const();
                let size = (header.cmsg_len as usize).saturating_sub(data as usize - next as usize);
                for n in 0..size / mem::size_of::<RawFd>() {
                    let mut number = [0; mem::size_of::<RawFd>()];
                    ptr::copy_nonoverlapping(data.add(n * number.len()), number.as_mut_ptr(), number.len());
                    let fd = OwnedFd::from_raw_fd(RawFd::from_ne_bytes(number));
                    if is_fds {
                        fds.push(fd);
                    }
                }
            }
            next = libc::CMSG_NXTHDR(message, next).cast_const();
        }
    }
    fds.into()
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn is_pidfd(header: &libc::cmsghdr) -> bool {
    const SCM_PIDFD: c_int = 4;
    header.cmsg_level == libc::SOL_SOCKET && header.cmsg_type == SCM_PIDFD
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn is_pidfd(_header: &libc::cmsghdr) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::{Read, Write};
    use std::os::fd::AsFd;

    use super::*;
    use crate::sys::pair;

    fn receive_all(fd: &OwnedFd, most: usize) -> io::Result<Arrived> {
        receive_with_fds(fd.as_fd(), &mut vec![0; most], Deadline::Never)?.ok_or_else(|| Errno::AGAIN.into())
    }

    fn send_these(fd: &OwnedFd, bytes: &[u8], fds: &[BorrowedFd<'_>]) -> io::Result<usize> {
        send_with_fds(fd.as_fd(), &[IoSlice::new(bytes)], fds, Deadline::Never)
    }

    #[test]
    fn descriptors_arrive_with_the_first_byte_and_are_of_the_same_file() -> io::Result<()> {
        let (a, b) = pair(false)?;
        let (reader, writer) = rustix::pipe::pipe()?;
        assert_eq!(send_these(&a, b"two bytes", &[writer.as_fd()])?, 9);
        drop(writer);
        let first = receive_all(&b, 3)?;
        assert_eq!((first.bytes, first.fds.len()), (3, 1));
        let rest = receive_all(&b, 100)?;
        assert_eq!((rest.bytes, rest.fds.len()), (6, 0));
        for fd in first.fds.take() {
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
        let (a, b) = pair(false)?;
        let fds = [a.as_fd(), b.as_fd(), a.as_fd()];
        send_these(&a, b"x", &[])?;
        send_these(&a, b"y", &fds[..2])?;
        send_these(&a, b"z", &fds)?;
        let counts: Vec<_> = std::iter::from_fn(|| match receive_with_fds(b.as_fd(), &mut [0; 100], Deadline::Now) {
            Ok(Some(arrived)) if arrived.bytes > 0 => Some(arrived.fds.len()),
            _ => None,
        })
        .filter(|count| *count > 0)
        .collect();
        assert_eq!(counts, [2, 3]);
        Ok(())
    }

    #[test]
    fn as_many_as_the_kernel_takes_and_no_more() -> io::Result<()> {
        let (a, b) = pair(false)?;
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
    #[cfg(target_os = "linux")]
    fn what_a_socket_adds_to_each_read_is_closed() -> io::Result<()> {
        const SO_PASSPIDFD: c_int = 76;
        let (a, b) = pair(false)?;
        for option in [libc::SO_PASSCRED, SO_PASSPIDFD] {
            let on: c_int = 1;
            // SAFETY: the value is lent for the call.
            unsafe {
                libc::setsockopt(
                    b.as_raw_fd(),
                    libc::SOL_SOCKET,
                    option,
                    (&raw const on).cast(),
                    mem::size_of::<c_int>() as libc::socklen_t,
                );
            }
        }
        // Of this process, which is the sender: other tests have descriptors of their children.
        let own = format!("Pid:\t{}", std::process::id());
        let pidfds = || {
            let infos = std::fs::read_dir("/proc/self/fdinfo")?.flatten();
            let infos = infos.filter_map(|entry| std::fs::read_to_string(entry.path()).ok());
            io::Result::Ok(infos.filter(|info| info.lines().any(|line| line == own)).count())
        };
        for fds in [&[][..], &[a.as_fd(); FDS_MAX]] {
            send_these(&a, b"x", fds)?;
            assert_eq!(receive_all(&b, 1)?.fds.len(), fds.len());
        }
        assert_eq!(pidfds()?, 0);
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
