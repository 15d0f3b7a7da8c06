//! The shared memory of a channel, and how far it has come.

use super::running::Running;
use super::start::{Start, Started};
use crate::ring::{RingError, RingRole};
use crate::sys::{BorrowedFd, Deadline};
use crate::{Error, Result};

/// The shared memory of a channel, and how far it has come.
#[derive(Debug)]
pub(super) enum Link {
    Starting(Start),
    Running(Box<Running>),
    /// The peer closed its end before there was a ring.
    Ended,
    Failed(RingError),
}

impl Link {
    pub(super) fn new(role: RingRole) -> Self {
        Self::Starting(role.into())
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
            Self::Failed(error) => Err((*error).into()),
            Self::Starting(_) | Self::Ended => Ok(None),
        }
    }

    /// Keeps a failure that is for good.
    pub(super) fn met(&mut self, error: Error) -> Error {
        if let Error::Ring(failure) = error {
            *self = Self::Failed(failure);
        }
        error
    }
}
