//! Shared memory beneath the frames: a ring of bytes each way, between two processes that have the same memory mapped.
//!
//! Messages cross without a system call while both ends are awake. The socket that the memory came through stays open beside it:
//! it wakes an end that sleeps, carries descriptors, and says when the peer has gone.
//!
//! # The memory
//!
//! One file without a name, sealed so that nobody can change its size: a page for control, then the bytes of both rings,
//! `ring_size` each, a power of two. Of each ring, one end is the producer and the other the consumer.
//!
//! A position is a count of the bytes since the beginning, which never wraps: `head` counts those that the producer has written,
//! `tail` those that the consumer has taken. The byte of a position is at the position modulo the ring's size. A ring is empty where
//! `head == tail`, and full where `head - tail` is its size.
//!
//! # Ordering
//!
//! Every access is atomic, so the memory model of the language says what is seen, on arm64 as on x86-64:
//!
//! - The producer writes bytes (relaxed), then stores `head` (release). The consumer loads `head` (acquire), then reads bytes
//!   (relaxed): the bytes before the head that it saw have all been written.
//! - The consumer reads bytes, then stores `tail` (release). The producer loads `tail` (acquire), then writes over them: they have all
//!   been read, since no load moves behind a release store, and no store before an acquire load.
//! - An end that is about to sleep stores a flag (`asleep` or `wants_room`), then a sequentially consistent fence, then looks once more.
//!   Its peer publishes its position, then such a fence, then loads the flag. The two fences are in one order: either the peer's
//!   comes second, and it sees the flag and rings, or the sleeper's does, and its look finds the position. Both may happen: then a
//!   doorbell is rung for nothing. Without the fences both could miss the other's store, on x86-64 too, where a store waits in the
//!   processor's buffer while later loads go on.
//! - The flag is swapped to 0 by the end that rings, so that a sleeper is rung for once.
//!
//! # The peer may do anything
//!
//! It can write all of this memory at any time. So:
//!
//! - Each end keeps its own positions in memory of its own, and only publishes them. The peer's position is loaded once, and
//!   checked before it is used: it may not go back, nor pass the other one by more than the ring's size. A peer that lies
//!   is a fault of that connection ([`RingFault::Position`]), and of no other.
//! - No Rust reference to plain bytes of the mapping exists: it is a slice of atomic words, read and written by relaxed loads and
//!   stores, so that the compiler assumes nothing of what it has read. Bytes are copied out before anybody looks at them.
//! - The memory can't go away: the seals, the kind of file and the size are checked before it is mapped.
//!
//! Between honest ends, a word is read while it is written only where it has bytes of both: those that the consumer may read are stored
//! again as they were. With a dishonest one, a word may have any value, and the bytes are the message that the peer has sent.

pub(crate) mod bytes;
pub(crate) mod control;
mod end;
mod error;
mod memory;
pub(crate) mod offer;
pub(crate) mod sending;

use crate::Result;
#[doc(hidden)]
pub use crate::frame::OFFER_LENGTH;
use crate::sys::{self, AsFd, BorrowedFd, Deadline, OwnedFd, sealed};
#[doc(hidden)]
pub use offer::Side;
use sending::send_offer;

pub(crate) use end::RingEnd;
pub use error::{RingError, RingFault};
pub(crate) use memory::RingMemory;

/// The bytes of a ring, each way, unless a program chooses: 1 MiB.
pub const RING_SIZE: usize = 1024 * 1024;

/// The smallest ring, in bytes.
pub const RING_MIN: usize = 4096;

/// The largest ring, in bytes.
pub const RING_MAX: usize = 1024 * 1024 * 1024;

/// The largest ring that a peer may offer unless a program chooses, in bytes each way. The memory is the peer's: this end touches no
/// more of it than the peer sends.
pub const ACCEPTED_MAX: usize = 64 * 1024 * 1024;

/// The part of an end in the beginning of its ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RingRole {
    /// It makes the memory, of this many bytes each way, and offers it to the peer. The number is rounded up to a power of two from
    /// [`RING_MIN`] to [`RING_MAX`].
    Offering(usize),
    /// The peer offers it: the first thing that it sends. A ring of more bytes each way than this is refused.
    Expecting(usize),
}

/// The parts that another process needs besides the socket to go on with a ring that is in use.
#[derive(Debug, Clone, Copy)]
#[doc(hidden)]
pub struct RingParts<'a> {
    /// The memory.
    pub memory: BorrowedFd<'a>,
    /// The side of the end that is handed on.
    pub side: Side,
}

/// The size that a ring gets where a program asks for `wanted` bytes.
#[must_use]
#[doc(hidden)]
pub fn ring_size(wanted: usize) -> usize {
    wanted.clamp(RING_MIN, RING_MAX).next_power_of_two()
}

/// A connected pair of sockets, in each of which an offer of the same memory lies, for two ends that expect it. The rings have `size`
/// bytes, rounded up to a power of two.
///
/// # Errors
///
/// [`Error::Ring`](crate::Error::Ring) where this system has no such memory, or no room for it; [`Error::Io`](crate::Error::Io) for what
/// else the system calls report.
#[doc(hidden)]
pub fn pair(size: usize) -> Result<(OwnedFd, OwnedFd)> {
    if !sealed::EXISTS {
        return Err(RingError::Unsupported.into());
    }
    let (_, memory) = RingMemory::create(ring_size(size))?;
    let (a, b) = sys::pair(false)?;
    for (sender, side) in [(&a, Side::Second), (&b, Side::First)] {
        // The socket is empty.
        send_offer(sender.as_fd(), side, memory.as_fd(), Deadline::Never)?;
    }
    Ok((a, b))
}
