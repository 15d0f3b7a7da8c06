//! A channel whose bytes go through shared memory.

use super::Channel;
use super::link::Link;
use super::running::{Running, gone};
use crate::Result;
use crate::ring::{RingError, RingParts, RingRole, Side};
use crate::spin::Spin;
use crate::sys::{self, AsFd, BorrowedFd, Deadline, OwnedFd, sealed};

impl<F: AsFd> Channel<F> {
    /// Has the bytes go through shared memory, from the first use on: the first receive, send or poll, or
    /// [`start_ring`](Self::start_ring). To be called before that. Until it has begun, an end that expects the memory keeps nothing of
    /// its own, and its descriptor can be handed on.
    ///
    /// # Errors
    ///
    /// [`RingError::Unsupported`] where this system has no such memory, [`RingError::NotLocal`] for what is no Unix socket; the error of
    /// the call that has the kernel take descriptors.
    pub fn use_ring(&mut self, role: RingRole) -> Result<()> {
        if !sealed::EXISTS {
            return Err(RingError::Unsupported.into());
        }
        if !self.kind.carries_descriptors {
            return Err(RingError::NotLocal.into());
        }
        self.link = Some(Box::new(Link::new(role)));
        if self.expects_offer() {
            sys::pass_rights(self.fd.as_fd(), true)?;
        }
        Ok(())
    }

    /// Whether the bytes go through shared memory, or will: [`use_ring`](Self::use_ring) was called.
    #[must_use]
    pub fn uses_ring(&self) -> bool {
        self.link.is_some()
    }

    /// Whether the bytes go through shared memory: it is mapped.
    #[must_use]
    pub fn has_ring(&self) -> bool {
        matches!(self.link.as_deref(), Some(Link::Running(_)))
    }

    pub(super) fn expects_offer(&self) -> bool {
        self.link.as_deref().is_some_and(Link::expects_offer)
    }

    /// Offers the memory, or reads the offer and maps what it brings, by `deadline`. Whether there is a ring now. Receiving, sending and
    /// polling do it themselves; an end that offers should do it at once, since the peer may have to wait for it.
    ///
    /// # Errors
    ///
    /// [`Error::Ring`](crate::Error::Ring) for what the peer did wrong, and where there is no memory; [`Error::Io`](crate::Error::Io)
    /// for what the kernel reports.
    pub fn start_ring(&mut self, deadline: Deadline) -> Result<bool> {
        self.with_ring(deadline, |_, _, _| Ok(()))
            .map(|started| started.is_some())
    }

    /// Whether there may be something to receive, or room again for an end that had none: a look at the memory, without a system call.
    #[must_use]
    pub fn ring_ready(&self) -> bool {
        match self.link.as_deref() {
            Some(Link::Running(running)) => running.is_readable() || running.has_room_again(),
            _ => false,
        }
    }

    /// Says that this end is about to sleep until its descriptor is readable. Returns true where it must not: there is something to
    /// receive, the end or a fault included, or room again for a send that found none.
    pub fn arm(&mut self) -> bool {
        self.arm_to_receive() || self.ring_ready()
    }

    /// As [`arm`](Self::arm), whether or not a send has found no room.
    pub fn arm_to_receive(&mut self) -> bool {
        let fd = self.fd.as_fd();
        let Some(link) = self.link.as_deref_mut() else {
            return false;
        };
        let armed = match link {
            Link::Running(running) => running.arm(fd),
            Link::Starting(_) => Ok(false),
            Link::Ended | Link::Failed(_) => Ok(true),
        };
        // The next receive meets the failure.
        armed.map_err(|error| link.met(error)).unwrap_or(true)
    }

    /// Whether the last [`arm`](Self::arm) still holds. Whoever waits for the descriptor has to arm the channel again after a call that
    /// took bytes or doorbells, which blocking calls do.
    #[must_use]
    pub fn is_armed(&self) -> bool {
        match self.link.as_deref() {
            Some(Link::Running(running)) => running.is_armed(),
            _ => true,
        }
    }

    /// Takes the doorbells, after the descriptor was readable. Whether the peer has gone: what it has sent is still there. Does nothing
    /// before the ring has begun.
    ///
    /// # Errors
    ///
    /// [`Error::Ring`](crate::Error::Ring) for what the peer did wrong, [`Error::Io`](crate::Error::Io) for what the kernel reports.
    pub fn hear(&mut self) -> Result<bool> {
        let fd = self.fd.as_fd();
        let Some(link) = self.link.as_deref_mut() else {
            return Ok(false);
        };
        let Link::Running(running) = link else {
            return Ok(matches!(link, Link::Ended));
        };
        let heard = running.hear(fd);
        let ended = running.has_ended();
        heard.map_err(|error| link.met(error))?;
        Ok(ended)
    }

    /// Whether a reactor watches the descriptor, and its reports lead to [`hear`](Self::hear): a look that doesn't wait
    /// ([`Deadline::Now`]) then makes no system call to find the end.
    pub fn set_watched(&mut self, watched: bool) {
        if let Some(Link::Running(running)) = self.link.as_deref_mut() {
            running.set_watched(watched);
        }
    }

    /// The parts that another process needs, besides this descriptor, for [`resume_ring`](Self::resume_ring): `None` where
    /// there is no ring in use, or something has been received in part, and would be lost. The channel is not to be used any more once
    /// another has been made of these.
    pub fn ring_parts(&mut self) -> Option<RingParts<'_>> {
        if self.decoder.inside_message() || self.decoder.fault().is_some() || self.has_descriptors() {
            return None;
        }
        match self.link.as_deref_mut() {
            Some(Link::Running(running)) => {
                let side = running.side_at_rest()?;
                Some(RingParts {
                    memory: running.memory(),
                    side,
                })
            }
            _ => None,
        }
    }

    /// Goes on with a ring that another process has left, whose `memory` and `side` came from it, as the channel's descriptor did. A ring of
    /// more than `largest` bytes each way is refused. To be called before anything else.
    ///
    /// # Errors
    ///
    /// The same as for [`start_ring`](Self::start_ring).
    pub fn resume_ring(&mut self, memory: OwnedFd, side: Side, largest: usize) -> Result<()> {
        if !self.kind.carries_descriptors {
            return Err(RingError::NotLocal.into());
        }
        self.link = Some(Box::new(Link::resume(memory, side, largest)?));
        Ok(())
    }

    /// Uses the ring, once it has begun; `None` where it has not by `deadline`, or never will.
    fn with_ring<T>(
        &mut self,
        deadline: Deadline,
        use_it: impl FnOnce(&mut Running, BorrowedFd<'_>, &mut Spin) -> Result<T>,
    ) -> Result<Option<T>> {
        let fd = self.fd.as_fd();
        let Some(link) = self.link.as_deref_mut() else {
            return Ok(None);
        };
        let begins = link.expects_offer();
        let Some(running) = link.running(fd, deadline)? else {
            return Ok(None);
        };
        if begins && !self.passes_descriptors {
            sys::pass_rights(fd, false)?;
        }
        match use_it(running, fd, &mut self.spin) {
            Ok(value) => Ok(Some(value)),
            Err(error) => Err(link.met(error)),
        }
    }

    fn has_ended_early(&self) -> bool {
        matches!(self.link.as_deref(), Some(Link::Ended))
    }

    pub(super) fn read_ring(&mut self, buffer: &mut [u8], deadline: Deadline) -> Result<Option<usize>> {
        let taken = self.with_ring(deadline, |running, fd, spin| running.read(fd, buffer, deadline, spin))?;
        let Some(taken) = taken.flatten() else {
            return Ok(self.has_ended_early().then_some(0));
        };
        self.cut = taken.cut;
        self.brought = taken.fds;
        Ok(Some(taken.bytes))
    }

    pub(super) fn send_through_ring(&mut self, head: &[u8], body: &[u8], deadline: Deadline) -> Result<usize> {
        let sent = self.with_ring(deadline, |running, fd, spin| {
            running.send(fd, head, body, deadline, spin)
        })?;
        self.sent(sent)
    }

    pub(super) fn send_with_fds_through_ring(
        &mut self,
        bytes: &[u8],
        fds: &[BorrowedFd<'_>],
        deadline: Deadline,
    ) -> Result<usize> {
        let sent = self.with_ring(deadline, |running, fd, spin| {
            running.send_with_fds(fd, bytes, fds, deadline, spin)
        })?;
        self.sent(sent)
    }

    fn sent(&self, sent: Option<usize>) -> Result<usize> {
        if self.has_ended_early() {
            return Err(gone());
        }
        Ok(sent.unwrap_or(0))
    }

    pub(super) fn poll_ring(&mut self, deadline: Deadline) -> Result<bool> {
        let ready = self.with_ring(deadline, |running, fd, spin| running.poll(fd, deadline, spin))?;
        Ok(ready.unwrap_or_else(|| self.has_ended_early()))
    }
}
