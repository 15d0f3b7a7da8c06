//! A ring in use, and the socket beside it.

use std::io;
use std::time::{Duration, Instant};

use super::signals::{self, Signals};
use crate::Result;
use crate::ring::{RingEnd, RingFault, Side};
use crate::spin::Spin;
use crate::sys::{self, AsFd, BorrowedFd, Deadline, OwnedFd, PeerFds};

mod send;

pub(super) use send::gone;

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
    /// How many bytes are in the ring that were not accepted, since the peer had gone.
    refused: u64,
    /// A doorbell is due that could not be rung.
    owes_bell: bool,
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
            refused: 0,
            owes_bell: false,
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
        self.ring_if_due(fd)?;
        loop {
            if self.signals.ended || self.ring.sleep()? {
                return Ok(true);
            }
            self.check_held()?;
            if !self.signals.hear_once(fd, self.ring.taken(), deadline)? {
                self.ring.wake();
                return Ok(self.ring.is_ready());
            }
        }
    }

    /// Takes what is there. Makes no system call unless descriptors came, or the producer waits for room.
    fn take(&mut self, fd: BorrowedFd<'_>, buffer: &mut [u8]) -> Result<Option<Taken>> {
        self.ring_if_due(fd)?;
        // Where the end is known, this finds what the peer wrote before.
        let available = self.ring.available()?;
        if available == 0 {
            return if self.signals.ended { self.end() } else { Ok(None) };
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
        let most = end.map_or(available, |end| available.min(end - position));
        let bytes = buffer.len().min(most as usize);
        let owes_bell = &mut self.owes_bell;
        self.ring
            .read(&mut buffer[..bytes], || *owes_bell |= signals::ring(fd).is_err());
        Ok(Some(Taken {
            bytes,
            fds,
            cut: end == Some(self.ring.taken()),
        }))
    }

    /// The peer has gone, and all of its bytes have been taken.
    fn end(&mut self) -> Result<Option<Taken>> {
        // As with a socket, a program learns that what it has sent was not read, once.
        if self.peer != Peer::Reset && self.ring.untaken()? > self.refused {
            self.peer = Peer::Reset;
            return Err(io::Error::from_raw_os_error(sys::GONE.1).into());
        }
        Ok(Some(Taken::default()))
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
        self.ring_if_due(fd)?;
        loop {
            if self.signals.ended || self.ring.sleep()? {
                return Ok(true);
            }
            self.check_held()?;
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

    /// The side of this end, where nothing is held here that another process would miss which goes on with the ring.
    pub(super) fn side_at_rest(&mut self) -> Option<Side> {
        if self.owes_bell || self.signals.holds_something() {
            return None;
        }
        self.ring.stop_waiting();
        Some(self.ring.side())
    }

    /// Checks that an empty ring has not as many packets beside it as are held: the byte that the first one belongs to is published before
    /// the second one is sent.
    fn check_held(&self) -> Result<(), RingFault> {
        if self.signals.is_full() {
            return Err(RingFault::Signal);
        }
        Ok(())
    }

    /// Rings a doorbell that could not be rung when it was due.
    fn ring_if_due(&mut self, fd: BorrowedFd<'_>) -> io::Result<()> {
        if self.owes_bell {
            match signals::ring(fd) {
                // The messages that the peer has sent are still there to be received.
                Err(error) if !self.is_gone_by(fd, &error)? => return Err(error),
                _ => self.owes_bell = false,
            }
        }
        Ok(())
    }

    /// Whether an error means that the peer has gone.
    fn is_gone_by(&mut self, fd: BorrowedFd<'_>, error: &io::Error) -> io::Result<bool> {
        if matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset) {
            self.look(fd)?;
        }
        Ok(self.peer != Peer::There)
    }
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
