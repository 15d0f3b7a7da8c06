//! A ring in use, and the socket beside it.

use std::io;
use std::time::{Duration, Instant};

use super::signals::{self, Signals};
use crate::Result;
use crate::ring::{RingEnd, RingFault};
use crate::spin::Spin;
use crate::sys::{self, AsFd, BorrowedFd, Deadline, OwnedFd, PeerFds};

/// How many sends in a row may find that the peer takes nothing before it is looked whether it lives.
const UNTAKEN_MAX: u32 = 64;

/// How long a sender sleeps at a time whose doorbells lie behind descriptors that it can't take yet.
const NAP: Duration = Duration::from_millis(1);

/// How often the memory is looked at between two looks at the clock.
const LOOKS: u32 = 16;

/// A ring in use.
#[derive(Debug)]
pub(super) struct Running {
    ring: RingEnd,
    memory: OwnedFd,
    signals: Signals,
    /// A reactor reports what comes on the socket.
    watched: bool,
    /// This end has said that it sleeps, and has taken no doorbell since.
    armed: bool,
    /// Sends in a row that found the peer's position where it was.
    untaken: u32,
    peer: Peer,
    /// A doorbell could not be rung, although the bytes that it was for are in the ring: the system's error.
    failure: Option<i32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Peer {
    There,
    /// It has gone: nothing can be sent.
    Gone,
    /// It has gone, and it was said that it has not read everything.
    Reset,
}

/// Bytes that a read has taken; none is the end.
#[derive(Default)]
pub(super) struct Taken {
    pub(super) bytes: usize,
    pub(super) fds: PeerFds,
    /// It stopped before what is there.
    pub(super) cut: bool,
}

impl Running {
    pub(super) fn new(ring: RingEnd, memory: OwnedFd) -> Self {
        Self {
            ring,
            memory,
            signals: Signals::default(),
            watched: false,
            armed: false,
            untaken: 0,
            peer: Peer::There,
            failure: None,
        }
    }

    /// Reads once by `deadline`, looking for data for a while before it sleeps. `None` where nothing came.
    pub(super) fn read(
        &mut self,
        fd: BorrowedFd<'_>,
        buffer: &mut [u8],
        deadline: Deadline,
        spin: &mut Spin,
    ) -> Result<Option<Taken>> {
        if let taken @ Some(_) = self.take(fd, buffer)? {
            return Ok(taken);
        }
        if deadline == Deadline::Now {
            if self.watched {
                return Ok(None);
            }
            self.hear(fd)?;
            return self.take(fd, buffer);
        }
        let begin = Instant::now();
        let budget = spin.budget().min(deadline.remaining().unwrap_or(Duration::MAX));
        if spin_until(begin, budget, || self.ring.is_ready())
            && let taken @ Some(_) = self.take(fd, buffer)?
        {
            spin.found();
            return Ok(taken);
        }
        let taken = loop {
            if !self.until_readable(fd, deadline)? {
                break None;
            }
            if let taken @ Some(_) = self.take(fd, buffer)? {
                break taken;
            }
        };
        if spin.learns() {
            spin.slept(begin.elapsed());
        }
        Ok(taken)
    }

    /// Waits by `deadline` until there is something to take, as far as can be seen without looking closely.
    pub(super) fn until_readable(&mut self, fd: BorrowedFd<'_>, deadline: Deadline) -> Result<bool> {
        loop {
            if self.signals.ended || self.ring.sleep()? {
                return Ok(true);
            }
            if self.signals.is_full() {
                // The bytes that the first of two packets belongs to are published before the second is sent.
                return Err(RingFault::Signal.into());
            }
            if !self.signals.hear_once(fd, self.ring.taken(), deadline)? {
                self.ring.wake();
                return Ok(self.ring.is_ready());
            }
        }
    }

    /// Takes what is there. Makes no system call unless descriptors came, or the producer waits for room.
    fn take(&mut self, fd: BorrowedFd<'_>, buffer: &mut [u8]) -> Result<Option<Taken>> {
        self.check()?;
        if !self.ring.is_ready() {
            if !self.signals.ended {
                return Ok(None);
            }
            // The peer may have written before it closed, and after the look.
            if self.ring.available()? == 0 {
                return self.end();
            }
        }
        if self.ring.available()? == 0 {
            return Ok(None);
        }
        self.ring.wake();
        self.armed = false;
        let position = self.ring.taken();
        let announced = self.ring.packets();
        if self.signals.misses(announced) {
            self.signals.collect(fd, announced, position)?;
        }
        let fds = self.signals.take_packet(position);
        let end = self.signals.next_packet();
        let failure = &mut self.failure;
        let bytes = self.ring.read(buffer, end, || {
            // A peer that has gone needs no room.
            if let Err(error) = signals::ring(fd)
                && !is_gone(&error)
            {
                *failure = error.raw_os_error();
            }
        })?;
        Ok(Some(Taken {
            bytes,
            fds,
            cut: end == Some(self.ring.taken()),
        }))
    }

    /// The peer has gone, and all of its bytes have been taken.
    fn end(&mut self) -> Result<Option<Taken>> {
        // As with a socket, a program learns that what it has sent was not read, once.
        if self.peer != Peer::Reset && !self.ring.all_taken()? {
            self.peer = Peer::Reset;
            return Err(io::Error::from_raw_os_error(sys::GONE.1).into());
        }
        Ok(Some(Taken::default()))
    }

    /// Writes what there is room for by `deadline`.
    pub(super) fn send(
        &mut self,
        fd: BorrowedFd<'_>,
        head: &[u8],
        body: &[u8],
        deadline: Deadline,
        spin: &Spin,
    ) -> Result<usize> {
        let total = head.len() + body.len();
        self.look_after_peer(fd)?;
        let mut sent = 0;
        loop {
            self.check()?;
            if self.has_gone() {
                // What was sent before is in the ring; the next call says why no more is.
                return if sent > 0 { Ok(sent) } else { Err(gone()) };
            }
            let body = &body[sent.saturating_sub(head.len())..];
            let (peer, failure) = (&mut self.peer, &mut self.failure);
            sent += self.ring.write([head.get(sent..).unwrap_or_default(), body], || {
                match signals::ring(fd) {
                    Err(error) if is_gone(&error) => *peer = Peer::Gone,
                    Err(error) => *failure = error.raw_os_error(),
                    Ok(()) => {}
                }
            })?;
            if self.peer != Peer::There {
                return Err(gone());
            }
            if sent == total {
                self.ring.stop_waiting();
                return Ok(sent);
            }
            if !self.until_room(fd, deadline, spin)? {
                return Ok(sent);
            }
        }
    }

    /// Writes as [`send`](Self::send) does without waiting, with `fds` beside the first byte, where there is room for that byte.
    pub(super) fn send_with_fds(
        &mut self,
        fd: BorrowedFd<'_>,
        bytes: &[u8],
        fds: &[BorrowedFd<'_>],
        deadline: Deadline,
        spin: &Spin,
    ) -> Result<usize> {
        self.check()?;
        if self.has_gone() {
            return Err(gone());
        }
        while !self.ring.has_room()? {
            if !self.until_room(fd, deadline, spin)? {
                return Ok(0);
            }
            if self.has_gone() {
                return Err(gone());
            }
        }
        if !signals::send_packet(fd, self.ring.written(), fds, deadline)? {
            return Ok(0);
        }
        self.ring.count_packet();
        self.send(fd, bytes, &[], Deadline::Now, spin)
    }

    /// Waits by `deadline` for room, where there was none. Whether to try again.
    fn until_room(&mut self, fd: BorrowedFd<'_>, deadline: Deadline, spin: &Spin) -> Result<bool> {
        if deadline != Deadline::Now {
            let budget = spin.budget().min(deadline.remaining().unwrap_or(Duration::MAX));
            let mut fault = None;
            let ring = &mut self.ring;
            let found = spin_until(Instant::now(), budget, || {
                ring.has_room().unwrap_or_else(|lie| {
                    fault = Some(lie);
                    true
                })
            });
            if let Some(fault) = fault {
                return Err(fault.into());
            }
            if found {
                return Ok(true);
            }
        }
        loop {
            if self.ring.want_room()? {
                return Ok(true);
            }
            if deadline == Deadline::Now || self.signals.is_full() {
                self.look(fd)?;
                let remaining = deadline.remaining();
                if self.has_gone() || remaining.is_some_and(|left| left.is_zero()) {
                    return Ok(self.has_gone());
                }
                std::thread::sleep(remaining.map_or(NAP, |left| left.min(NAP)));
                continue;
            }
            self.armed = false;
            if !self.signals.hear_once(fd, self.ring.taken(), deadline)? {
                self.ring.stop_waiting();
                return Ok(false);
            }
            if self.signals.ended {
                return Ok(true);
            }
        }
    }

    /// Looks now and then whether a peer that takes nothing lives.
    fn look_after_peer(&mut self, fd: BorrowedFd<'_>) -> Result<()> {
        self.untaken += 1;
        if self.untaken >= UNTAKEN_MAX {
            self.untaken = 0;
            if !self.ring.peer_takes()? {
                self.look(fd)?;
            }
        }
        Ok(())
    }

    fn look(&mut self, fd: BorrowedFd<'_>) -> io::Result<()> {
        if self.peer == Peer::There && sys::peer_has_gone(fd)? {
            self.peer = Peer::Gone;
        }
        Ok(())
    }

    fn has_gone(&self) -> bool {
        self.peer != Peer::There || self.signals.ended
    }

    /// Whether there is something to receive by `deadline`: bytes, or the end.
    pub(super) fn poll(&mut self, fd: BorrowedFd<'_>, deadline: Deadline, spin: &Spin) -> Result<bool> {
        if self.is_readable() {
            return Ok(true);
        }
        if deadline == Deadline::Now {
            if !self.watched {
                self.hear(fd)?;
            }
            return Ok(self.is_readable());
        }
        let budget = spin.budget().min(deadline.remaining().unwrap_or(Duration::MAX));
        Ok(spin_until(Instant::now(), budget, || self.ring.is_ready()) || self.until_readable(fd, deadline)?)
    }

    /// Says that this end sleeps unless there is something to receive, and then returns true.
    pub(super) fn arm(&mut self, fd: BorrowedFd<'_>) -> Result<bool> {
        self.check()?;
        loop {
            if self.signals.ended || self.signals.is_full() || self.ring.sleep()? {
                return Ok(true);
            }
            if !self.signals.unread {
                self.armed = true;
                return Ok(false);
            }
            self.signals.hear(fd, self.ring.taken())?;
            if self.signals.unread {
                // The peer floods the socket.
                return Ok(true);
            }
        }
    }

    /// Takes the doorbells.
    pub(super) fn hear(&mut self, fd: BorrowedFd<'_>) -> Result<()> {
        self.armed = false;
        self.signals.hear(fd, self.ring.taken())
    }

    pub(super) fn is_readable(&self) -> bool {
        self.signals.ended || self.ring.is_ready()
    }

    pub(super) fn has_room_again(&self) -> bool {
        self.ring.has_room_again()
    }

    pub(super) fn has_ended(&self) -> bool {
        self.signals.ended
    }

    pub(super) fn is_armed(&self) -> bool {
        self.armed
    }

    pub(super) fn set_watched(&mut self, watched: bool) {
        self.watched = watched;
    }

    pub(super) fn memory(&self) -> BorrowedFd<'_> {
        self.memory.as_fd()
    }

    fn check(&self) -> io::Result<()> {
        match self.failure {
            Some(errno) => Err(io::Error::from_raw_os_error(errno)),
            None => Ok(()),
        }
    }
}

/// The error of a send to a peer that has gone.
pub(super) fn gone() -> crate::Error {
    io::Error::from_raw_os_error(sys::GONE.0).into()
}

fn is_gone(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset)
}

/// Looks whether `ready` for `budget` from `begin` on.
fn spin_until(begin: Instant, budget: Duration, mut ready: impl FnMut() -> bool) -> bool {
    if budget.is_zero() {
        return false;
    }
    loop {
        for _ in 0..LOOKS {
            if ready() {
                return true;
            }
            std::hint::spin_loop();
        }
        if begin.elapsed() >= budget {
            return false;
        }
    }
}
