//! Descriptors that travel beside bytes: `SCM_RIGHTS` (unix(7)).

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::event::PollFlags;
use rustix::io::Errno;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer, SendAncillaryMessage,
};

use super::{is_unix, poll_one, until_received, without_waiting};
use crate::sys::Deadline;

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
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(FDS_MAX))];
    let space = if take { &mut space[..] } else { &mut [] };
    #[cfg(not(target_vendor = "apple"))]
    let closing = RecvFlags::CMSG_CLOEXEC;
    #[cfg(target_vendor = "apple")]
    let closing = RecvFlags::empty();
    until_received(fd, deadline, |flags| {
        let mut control = RecvAncillaryBuffer::new(space);
        let message = rustix::net::recvmsg(fd, &mut [IoSliceMut::new(&mut *buffer)], &mut control, flags | closing)?;
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
        Ok(Arrived {
            bytes: message.bytes,
            // Apple's kernel stops before them, too.
            cut: lost || !fds.is_empty() || cfg!(target_vendor = "apple"),
            fds,
            lost,
        })
    })
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::{Read, Write};
    use std::os::fd::AsFd;

    use super::*;
    use crate::sys::pair;

    fn receive_all(fd: &OwnedFd, most: usize) -> io::Result<Arrived> {
        receive_with_fds(fd.as_fd(), &mut vec![0; most], true, Deadline::Never)?.ok_or_else(|| Errno::AGAIN.into())
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
        let (a, b) = pair(false)?;
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
