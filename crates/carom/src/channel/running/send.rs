//! Bytes and descriptors out of a channel, into its ring.

use std::io;
use std::time::{Duration, Instant};

use super::super::signals;
use super::{Peer, Running, spin_until};
use crate::spin::Spin;
use crate::sys::{self, BorrowedFd, Deadline};
use crate::{Error, Result};

/// How many sends in a row may find that the peer takes nothing before it is looked whether it lives.
const UNTAKEN_MAX: u32 = 64;

/// How long a sender sleeps at a time whose doorbells lie behind descriptors that it can't take yet.
const NAP: Duration = Duration::from_millis(1);

impl Running {
    /// Writes what there is room for by `deadline`.
    pub(in crate::channel) fn send(
        &mut self,
        fd: BorrowedFd<'_>,
        head: &[u8],
        body: &[u8],
        deadline: Deadline,
        spin: &Spin,
    ) -> Result<usize> {
        self.ring_if_due(fd)?;
        self.look_after_peer(fd)?;
        self.write(fd, head, body, deadline, spin)
    }

    fn write(
        &mut self,
        fd: BorrowedFd<'_>,
        head: &[u8],
        body: &[u8],
        deadline: Deadline,
        spin: &Spin,
    ) -> Result<usize> {
        let total = head.len() + body.len();
        let mut sent = 0;
        loop {
            if self.has_gone() {
                // The bytes that were sent before are in the ring; the next call says why no more are.
                return if sent > 0 { Ok(sent) } else { Err(gone()) };
            }
            let body = &body[sent.saturating_sub(head.len())..];
            let mut failure = None;
            sent += self.ring.write([head.get(sent..).unwrap_or_default(), body], || {
                failure = signals::ring(fd).err().or(failure.take());
            })?;
            if let Some(error) = failure {
                if self.is_gone_by(fd, &error).unwrap_or(false) {
                    self.refused = sent as u64;
                    return Err(gone());
                }
                // The bytes are in the ring.
                self.owes_bell = true;
            }
            if sent == total {
                self.ring.stop_waiting();
                return Ok(sent);
            }
            match self.until_room(fd, deadline, spin) {
                Ok(true) => {}
                Ok(false) => return Ok(sent),
                // The next call meets the error again, if it persists.
                Err(Error::Io(_)) if sent > 0 => return Ok(sent),
                Err(error) => return Err(error),
            }
        }
    }

    /// Writes as [`send`](Self::send) does without waiting, with `fds` beside the first byte, where there is room for that byte.
    pub(in crate::channel) fn send_with_fds(
        &mut self,
        fd: BorrowedFd<'_>,
        bytes: &[u8],
        fds: &[BorrowedFd<'_>],
        deadline: Deadline,
        spin: &Spin,
    ) -> Result<usize> {
        self.ring_if_due(fd)?;
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
        // Nothing may fail between the packet and its first byte: the next packet would be for the same one.
        self.write(fd, bytes, &[], Deadline::Now, spin)
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
        self.ring_if_due(fd)?;
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

    pub(super) fn look(&mut self, fd: BorrowedFd<'_>) -> io::Result<()> {
        if self.peer == Peer::There && sys::peer_has_gone(fd)? {
            self.peer = Peer::Gone;
        }
        Ok(())
    }

    fn has_gone(&self) -> bool {
        self.peer != Peer::There || self.signals.ended
    }
}

/// The error of a send to a peer that has gone.
pub(in crate::channel) fn gone() -> Error {
    io::Error::from_raw_os_error(sys::GONE.0).into()
}
