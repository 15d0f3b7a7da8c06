use crate::sys::BorrowedFd;
use std::io::{self, IoSlice};

use super::{Handshake, MESSAGE_MAX, Peer, Status};
use crate::Result;
use crate::sys::{self, Deadline, Transport};

/// Takes a handshake as far as it comes by `deadline` over `fd`, a stream socket: the peer, once it is done; `None` where
/// it has to be gone on with when `fd` is readable or, while something is outgoing, writable. Nothing is read that is not
/// the handshake's, and the socket's blocking mode doesn't matter. Descriptors that the peer sends meanwhile are closed; where
/// [`Options::descriptors`](super::Options::descriptors) says so, the socket takes them before the peer can know that the
/// handshake is done.
///
/// # Errors
///
/// [`Error::Handshake`](crate::Error::Handshake) for what the peer did wrong, after it has been told if it can be without
/// waiting; [`Error::Io`](crate::Error::Io) for what the kernel reports.
pub fn advance(fd: BorrowedFd<'_>, handshake: &mut Handshake, deadline: Deadline) -> Result<Option<Peer>> {
    let mut buffer = [0; MESSAGE_MAX];
    loop {
        if !send(fd, handshake, deadline)? {
            return Ok(None);
        }
        match handshake.status() {
            Status::Done(peer) => return Ok(Some(*peer)),
            Status::Failed(error) => return Err(error.clone().into()),
            Status::Awaits(_) => {}
        }
        let wanted = handshake.wants().min(buffer.len());
        let buffer = &mut buffer[..wanted];
        let fed = match sys::receive_without_fds(fd, buffer, deadline) {
            Ok(None) => return Ok(None),
            Ok(Some(0)) => return Err(handshake.end().into()),
            Ok(Some(bytes)) => handshake.feed(&buffer[..bytes]),
            Err(error) if closed(&error) => return Err(handshake.end().into()),
            Err(error) => return Err(error.into()),
        };
        if let Err(error) = fed {
            // The peer is told if there is room; whether it is listening any more makes no difference.
            let _ = send(fd, handshake, Deadline::Now);
            return Err(error.into());
        }
    }
}

/// As [`advance`], with an error instead of `None`.
///
/// # Errors
///
/// The same as for [`advance`]; [`HandshakeError::TimedOut`](super::HandshakeError::TimedOut) when the time is up.
pub fn run_blocking(fd: BorrowedFd<'_>, handshake: &mut Handshake, deadline: Deadline) -> Result<Peer> {
    advance(fd, handshake, deadline)?.ok_or_else(|| handshake.expire().into())
}

/// Sends what is outgoing; whether that was all.
fn send(fd: BorrowedFd<'_>, handshake: &mut Handshake, deadline: Deadline) -> Result<bool> {
    if handshake.options.descriptors && handshake.peer_has_proved() && !handshake.outgoing().is_empty() {
        sys::pass_rights(fd, true)?;
    }
    while !handshake.outgoing().is_empty() {
        let sent = sys::send(
            fd,
            Transport::Socket,
            &mut [IoSlice::new(handshake.outgoing())],
            deadline,
        );
        match sent {
            Ok(0) => return Ok(false),
            Ok(bytes) => handshake.sent(bytes),
            Err(error) if closed(&error) => return Err(handshake.end().into()),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(true)
}

/// Whether the peer is gone: it has closed its socket, with bytes of ours still unread or still to come.
fn closed(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe)
}
