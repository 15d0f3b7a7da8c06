//! The memory of two rings, as it lies in the file.

use std::sync::atomic::AtomicU64;

use super::control::Control;
use super::offer::Side;
use super::{RING_MAX, RING_MIN, RingError, RingFault};
use crate::sys::sealed;
use crate::sys::shared_memory::Mapping;
use crate::sys::{AsFd, BorrowedFd, OwnedFd};

/// The bytes before the rings.
const CONTROL: usize = 4096;

const _: () = assert!(2 * size_of::<Control>() <= CONTROL);

/// The memory of two rings, mapped.
#[derive(Debug)]
pub(crate) struct RingMemory {
    mapping: Mapping,
    ring_size: usize,
}

impl RingMemory {
    /// Makes the memory for two rings of `ring_size` bytes, a power of two.
    pub(crate) fn create(ring_size: usize) -> Result<(Self, OwnedFd), RingError> {
        let fd = sealed::create(CONTROL + 2 * ring_size)?;
        let mapping = sealed::map(fd.as_fd(), CONTROL + 2 * ring_size)?;
        let memory = Self { mapping, ring_size };
        memory.control(Side::First).ask_to_ring();
        memory.control(Side::Second).ask_to_ring();
        Ok((memory, fd))
    }

    /// Maps what a peer has sent, after it was found to be memory that can't go away, and of a size that a ring has.
    pub(crate) fn open(fd: BorrowedFd<'_>, largest: usize) -> Result<Self, RingError> {
        let size = sealed::check(fd)?;
        let fault = RingFault::Size { size };
        let size = usize::try_from(size).map_err(|_| fault)?;
        let ring_size = size.checked_sub(CONTROL).ok_or(fault)? / 2;
        if size != CONTROL + 2 * ring_size
            || !ring_size.is_power_of_two()
            || !(RING_MIN..=RING_MAX).contains(&ring_size)
        {
            return Err(fault.into());
        }
        if ring_size > largest {
            return Err(RingFault::TooLarge {
                size: ring_size,
                limit: largest,
            }
            .into());
        }
        Ok(Self {
            mapping: sealed::map(fd, size)?,
            ring_size,
        })
    }

    pub(crate) fn ring_size(&self) -> u64 {
        self.ring_size as u64
    }

    /// The control block of the ring that this side produces.
    pub(crate) fn control(&self, producer: Side) -> &Control {
        let start = self.mapping.start().cast::<Control>();
        // SAFETY: the two blocks lie at the beginning of the mapping, which is aligned to a page and lives as long as `self`. They
        // consist of atomic integers, of which any bytes are a value, and which another process may change.
        #[allow(unsafe_code, reason = "it is the mapping's memory, for its life")]
        unsafe {
            start.add(producer.index()).as_ref()
        }
    }

    /// The bytes of the ring that this side produces.
    pub(crate) fn data(&self, producer: Side) -> &[AtomicU64] {
        let words = self.ring_size / size_of::<AtomicU64>();
        // SAFETY: the two rings lie behind the control blocks, at multiples of 4096 bytes from the beginning of a page; otherwise as
        // above.
        #[allow(unsafe_code, reason = "it is the mapping's memory, for its life")]
        unsafe {
            let start = self.mapping.start().add(CONTROL + producer.index() * self.ring_size);
            std::slice::from_raw_parts(start.cast::<AtomicU64>().as_ptr(), words)
        }
    }
}
