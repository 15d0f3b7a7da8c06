//! The bytes that one end of a ring sends as a whole, with descriptors beside them.

use std::io::{self, IoSlice};

use super::RingError;
use super::offer::{Side, encode};
use crate::Result;
use crate::sys::{self, BorrowedFd, Deadline, Transport};

/// How often something is tried that works unless the peer or the kernel is in trouble.
pub(crate) const ATTEMPTS: usize = 4;

/// Offers `memory` to the end that is to be on `side`. Whether there was room by `deadline`.
pub(crate) fn send_offer(fd: BorrowedFd<'_>, side: Side, memory: BorrowedFd<'_>, deadline: Deadline) -> Result<bool> {
    match send_whole(fd, &encode(side), &[memory], deadline) {
        Ok(sent) => Ok(sent),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Err(RingError::Refused.into()),
        Err(error) => Err(error.into()),
    }
}

/// Sends a few bytes that belong together, with descriptors. Whether there was room by `deadline`.
pub(crate) fn send_whole(
    fd: BorrowedFd<'_>,
    bytes: &[u8],
    fds: &[BorrowedFd<'_>],
    deadline: Deadline,
) -> io::Result<bool> {
    let mut sent = sys::send_with_fds(fd, &[IoSlice::new(bytes)], fds, deadline)?;
    if sent == 0 {
        return Ok(false);
    }
    // Linux takes so little as a whole. Where it did not, the stream would be out of step.
    let mut attempt = 1;
    while sent < bytes.len() {
        match sys::send(
            fd,
            Transport::Socket,
            &mut [IoSlice::new(&bytes[sent..])],
            Deadline::Now,
        ) {
            Ok(more) if more > 0 => sent += more,
            Ok(_) if attempt == ATTEMPTS => return Err(io::ErrorKind::WriteZero.into()),
            Err(error) if attempt == ATTEMPTS => return Err(error),
            Ok(_) | Err(_) => attempt += 1,
        }
    }
    Ok(true)
}
