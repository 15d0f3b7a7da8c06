//! Memory that the kernel gives page by page.

use std::io;
use std::ptr::{self, NonNull};

use rustix::io::Errno;
use rustix::mm::{MapFlags, ProtFlags, mmap_anonymous, munmap};

/// Runs are multiples of this, which is one of all page sizes.
const GRAIN: usize = 64 * 1024;

/// Memory pages in a row, all 0 at first. They are taken from the system one by one, when they are first written to.
#[derive(Debug)]
pub struct Run {
    start: NonNull<u8>,
    size: usize,
}

impl Run {
    /// A run of at least `size` bytes.
    ///
    /// # Errors
    ///
    /// The error of `mmap(2)`: `ENOMEM`; `Unsupported` on Windows.
    pub fn new(size: usize) -> io::Result<Self> {
        let size = size.max(1).checked_next_multiple_of(GRAIN).ok_or(Errno::NOMEM)?;
        let flags = MapFlags::PRIVATE | MapFlags::NORESERVE;
        // SAFETY: a new mapping, which no reference can point to yet.
        let start = unsafe { mmap_anonymous(ptr::null_mut(), size, ProtFlags::READ | ProtFlags::WRITE, flags)? };
        let start = NonNull::new(start.cast()).ok_or(Errno::NOMEM)?;
        Ok(Self { start, size })
    }

    /// The memory.
    #[must_use]
    pub fn as_ptr(&self) -> NonNull<u8> {
        self.start
    }

    /// How many bytes it has.
    #[must_use]
    pub fn size(&self) -> usize {
        self.size
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        // SAFETY: the mapping is the run's own. The call fails for what is no mapping only.
        let _ = unsafe { munmap(self.start.as_ptr().cast(), self.size) };
    }
}
