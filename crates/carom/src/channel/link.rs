//! The shared memory of a channel, and how far it has come.

use super::running::Running;
use super::start::{Start, Started};
use crate::ring::{RingEnd, RingError, RingFault, RingMemory, RingRole, Side};
use crate::sys::{AsFd, BorrowedFd, Deadline, OwnedFd};
use crate::{Error, Result};

/// The shared memory of a channel, and how far it has come.
#[derive(Debug)]
pub(super) enum Link {
    Starting(Start),
    Running(Box<Running>),
    /// The peer closed its end before there was a ring.
    Ended,
    Failed(RingFault),
}

impl Link {
    pub(super) fn new(role: RingRole) -> Self {
        Self::Starting(role.into())
    }

    /// Goes on with a ring that another process has left.
    pub(super) fn resume(memory: OwnedFd, side: Side, largest: usize) -> Result<Self> {
        let ring = RingEnd::resume(RingMemory::open(memory.as_fd(), largest)?, side)?;
        Ok(Self::Running(Box::new(Running::new(ring, memory))))
    }

    /// Whether the peer's offer has still to come.
    pub(super) fn expects_offer(&self) -> bool {
        matches!(self, Self::Starting(Start::Expecting { .. }))
    }

    /// The ring, once it runs; `None` where it has not begun by `deadline`, or never will.
    pub(super) fn running(&mut self, fd: BorrowedFd<'_>, deadline: Deadline) -> Result<Option<&mut Running>> {
        if let Self::Starting(start) = self {
            match start.advance(fd, deadline) {
                Ok(Started::NotYet) => return Ok(None),
                Ok(Started::Ended) => *self = Self::Ended,
                Ok(Started::Ring(ring, memory)) => *self = Self::Running(Box::new(Running::new(ring, memory))),
                Err(error) => return Err(self.met(error)),
            }
        }
        match self {
            Self::Running(running) => Ok(Some(running)),
            Self::Failed(fault) => Err((*fault).into()),
            Self::Starting(_) | Self::Ended => Ok(None),
        }
    }

    /// Keeps a fault of the peer, after which nothing that it writes is looked at.
    pub(super) fn met(&mut self, error: Error) -> Error {
        if let Error::Ring(RingError::Peer(fault)) = error {
            *self = Self::Failed(fault);
        }
        error
    }
}
