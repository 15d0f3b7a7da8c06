//! The beginning of a ring: the offer, which one end makes and the other expects.

use std::io;

use crate::frame::FrameError;
use crate::ring::offer::{OFFER, check, decode};
use crate::ring::sending::send_offer;
use crate::ring::{RingEnd, RingFault, RingMemory, RingRole, Side, ring_size};
use crate::sys::{self, AsFd, BorrowedFd, Deadline, OwnedFd, PeerFds};
use crate::{Error, Result};

/// An end whose ring has not begun.
#[derive(Debug)]
pub(super) enum Start {
    /// It makes the memory, and offers it.
    Offering {
        size: usize,
        made: Option<(RingMemory, OwnedFd)>,
    },
    /// The peer does.
    Expecting {
        largest: usize,
        /// As much of the offer as has come.
        begun: Vec<u8>,
        fds: PeerFds,
    },
}

/// How far a [`Start`] has come.
pub(super) enum Started {
    /// The memory is mapped.
    Ring(RingEnd, OwnedFd),
    /// To be gone on with.
    NotYet,
    /// The peer has closed its end without an offer.
    Ended,
}

impl From<RingRole> for Start {
    fn from(role: RingRole) -> Self {
        match role {
            RingRole::Offering(size) => Self::Offering {
                size: ring_size(size),
                made: None,
            },
            RingRole::Expecting(largest) => Self::Expecting {
                largest,
                begun: Vec::new(),
                fds: PeerFds::default(),
            },
        }
    }
}

impl Start {
    /// Goes as far as it comes by `deadline`.
    pub(super) fn advance(&mut self, fd: BorrowedFd<'_>, deadline: Deadline) -> Result<Started> {
        match self {
            Self::Offering { size, made } => offer(fd, *size, made, deadline),
            Self::Expecting { largest, begun, fds } => expect(fd, *largest, begun, fds, deadline),
        }
    }
}

fn offer(
    fd: BorrowedFd<'_>,
    size: usize,
    made: &mut Option<(RingMemory, OwnedFd)>,
    deadline: Deadline,
) -> Result<Started> {
    let (memory, file) = match made.take() {
        Some(made) => made,
        None => RingMemory::create(size)?,
    };
    if send_offer(fd, Side::Second, file.as_fd(), deadline)? {
        Ok(Started::Ring(RingEnd::new(memory, Side::First), file))
    } else {
        *made = Some((memory, file));
        Ok(Started::NotYet)
    }
}

fn expect(
    fd: BorrowedFd<'_>,
    largest: usize,
    begun: &mut Vec<u8>,
    fds: &mut PeerFds,
    deadline: Deadline,
) -> Result<Started> {
    let mut buffer = [0; OFFER];
    loop {
        if let Ok(whole) = <&[u8; OFFER]>::try_from(begun.as_slice()) {
            let side = decode(whole)?;
            let memory = <[_; 1]>::try_from(std::mem::take(fds).take());
            let [memory] = memory.map_err(|fds| {
                let descriptors = fds.len();
                sys::close_aside(fds);
                RingFault::OfferDescriptors { descriptors }
            })?;
            return match RingMemory::open(memory.as_fd(), largest) {
                Ok(mapped) => Ok(Started::Ring(RingEnd::new(mapped, side), memory)),
                Err(error) => {
                    // Where it was the system's fault, the next call tries again.
                    *fds = vec![memory].into();
                    Err(error.into())
                }
            };
        }
        let missing = OFFER - begun.len();
        let arrived = match sys::receive_with_fds(fd, &mut buffer[..missing], deadline) {
            Ok(None) => return Ok(Started::NotYet),
            Ok(Some(arrived)) => arrived,
            // The peer has gone without reading everything: the end follows.
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => continue,
            Err(error) => return Err(error.into()),
        };
        match arrived.bytes {
            0 if begun.is_empty() => return Ok(Started::Ended),
            0 => return Err(Error::Frame(FrameError::Truncated)),
            bytes => begun.extend_from_slice(&buffer[..bytes]),
        }
        check(begun)?;
        if !arrived.fds.is_empty() {
            *fds = arrived.fds;
        }
    }
}
