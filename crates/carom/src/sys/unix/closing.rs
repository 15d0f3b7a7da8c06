//! Closing what a peer has had a hand in.
//!
//! close(2) of the last descriptor of an open file may wait: for `SO_LINGER` on a TCP socket, for the server of a FUSE or network
//! file system, and for all of these where they lie unread in the queue of a Unix socket that is closed. A peer that can send
//! descriptors decides for how long, so such descriptors are closed on threads of their own.

use std::collections::VecDeque;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use rustix::net::sockopt;

use super::rights::peek_fds;
use super::{passes_rights, poll_readable};
use crate::sys::sealed;
use crate::sys::{Deadline, PeerFds};

/// How many threads close at a time: one is enough until a close waits.
const THREADS_MAX: usize = 4;

/// How many descriptors wait to be closed. Further ones are closed by the caller.
const WAITING_MAX: usize = 1024;

/// How long a thread waits for more before it ends.
const IDLE: Duration = Duration::from_secs(10);

/// The largest memory, in bytes, that goes away with its last descriptor without a wait that anybody notices.
const MEMORY_MAX: u64 = 1 << 28;

struct Closer {
    waiting: VecDeque<OwnedFd>,
    threads: usize,
    idle: usize,
}

static CLOSER: Mutex<Closer> = Mutex::new(Closer {
    waiting: VecDeque::new(),
    threads: 0,
    idle: 0,
});
static MORE: Condvar = Condvar::new();

fn closer() -> MutexGuard<'static, Closer> {
    CLOSER.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Closes descriptors that a peer has sent, soon, and without the caller's waiting for it. Sockets among them no longer linger,
/// here or with their sender.
pub fn close_aside(fds: impl IntoIterator<Item = OwnedFd>) {
    let mut fds = fds.into_iter().peekable();
    if fds.peek().is_none() {
        return;
    }
    let mut surplus = Vec::new();
    let mut closer = closer();
    for fd in fds {
        no_linger(fd.as_fd());
        if closer.waiting.len() < WAITING_MAX {
            closer.waiting.push_back(fd);
        } else {
            surplus.push(fd);
        }
    }
    if closer.idle == 0 && closer.threads < THREADS_MAX {
        let started = thread::Builder::new().name("carom-close".to_owned()).spawn(close_all);
        match started {
            Ok(_) => closer.threads += 1,
            // Without any thread, nobody else closes them.
            Err(_) if closer.threads == 0 => surplus.extend(closer.waiting.drain(..)),
            Err(_) => {}
        }
    }
    drop(closer);
    MORE.notify_one();
}

/// A closing thread.
fn close_all() {
    let mut closer = closer();
    loop {
        if let Some(fd) = closer.waiting.pop_front() {
            drop(closer);
            drop(fd);
            closer = self::closer();
            continue;
        }
        closer.idle += 1;
        let (woken, waited) = MORE.wait_timeout(closer, IDLE).unwrap_or_else(PoisonError::into_inner);
        closer = woken;
        closer.idle -= 1;
        if waited.timed_out() && closer.waiting.is_empty() {
            closer.threads -= 1;
            return;
        }
    }
}

/// Has `fd`, where it is a socket, not wait when it is closed.
pub(super) fn no_linger(fd: BorrowedFd<'_>) {
    // Fails for what is no socket, and lingers not.
    if let Ok(Some(_)) = sockopt::socket_linger(fd) {
        let _ = sockopt::set_socket_linger(fd, None);
    }
}

/// Closes a socket that a peer may have sent something to.
pub(crate) fn close_socket(fd: OwnedFd) {
    if may_wait(fd.as_fd()) {
        close_aside([fd]);
    }
}

/// Whether closing `fd` may have to wait: for its own lingering, or for the descriptors that lie unread in its queue. A listening
/// socket has the connections that nobody has accepted, with theirs.
fn may_wait(fd: BorrowedFd<'_>) -> bool {
    match sockopt::socket_linger(fd) {
        Ok(None) => {}
        Ok(Some(_)) => return true,
        // It is no socket.
        Err(_) => return false,
    }
    match rustix::io::ioctl_fionread(fd) {
        Ok(unread) => unread > 0 && passes_rights(fd) && !holds_only_memory(fd, unread),
        Err(_) => passes_rights(fd) && poll_readable(fd, false, Deadline::Now).unwrap_or(true),
    }
}

/// Whether no descriptor is among the `unread` bytes in the queue of `fd` but such as close at once: those of memory.
fn holds_only_memory(fd: BorrowedFd<'_>, unread: u64) -> bool {
    let peeked = usize::try_from(unread).ok().and_then(|unread| peek_fds(fd, unread));
    let Some(fds) = peeked.map(PeerFds::take) else {
        return false;
    };
    let (memory, others): (Vec<_>, Vec<_>) = fds
        .into_iter()
        .partition(|fd| sealed::check(fd.as_fd()).is_ok_and(|size| size <= MEMORY_MAX));
    let only_memory = others.is_empty();
    drop(memory);
    close_aside(others);
    only_memory
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::net::{TcpListener, TcpStream};
    use std::os::unix::net::UnixStream;
    use std::time::Instant;

    use super::*;

    /// A TCP socket whose close waits for a minute: its peer takes nothing of what it has sent.
    fn lingering() -> std::io::Result<(OwnedFd, TcpStream)> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let sender = TcpStream::connect(listener.local_addr()?)?;
        let (receiver, _) = listener.accept()?;
        sender.set_nonblocking(true)?;
        while std::io::Write::write(&mut &sender, &[0; 1 << 12]).is_ok() {}
        sender.set_nonblocking(false)?;
        sockopt::set_socket_linger(&sender, Some(Duration::from_secs(60)))?;
        Ok((sender.into(), receiver))
    }

    #[test]
    fn a_lingering_socket_is_closed_without_waiting() -> std::io::Result<()> {
        let (fd, _peer) = lingering()?;
        let begun = Instant::now();
        close_aside([fd]);
        assert!(begun.elapsed() < Duration::from_secs(30));
        Ok(())
    }

    #[test]
    fn what_is_closed_aside_is_closed() -> std::io::Result<()> {
        let (a, mut b) = UnixStream::pair()?;
        close_aside([a.into()]);
        assert_eq!(b.read(&mut [0])?, 0);
        Ok(())
    }

    #[test]
    fn a_socket_with_lingering_ones_in_its_queue_is_closed_without_waiting() -> std::io::Result<()> {
        let (a, b) = UnixStream::pair()?;
        let (fd, _peer) = lingering()?;
        let byte = [std::io::IoSlice::new(b"x")];
        super::super::send_with_fds(a.as_fd(), &byte, &[fd.as_fd()], Deadline::Never)?;
        drop(fd);
        let begun = Instant::now();
        close_socket(b.into());
        assert!(begun.elapsed() < Duration::from_secs(30));
        Ok(())
    }
}
