//! Memory that the kernel gives page by page: there is none of it here yet.

use std::io;
use std::ptr::NonNull;

/// Memory pages in a row.
#[derive(Debug)]
pub struct Run {
    never: std::convert::Infallible,
}

impl Run {
    /// A run of at least `size` bytes.
    ///
    /// # Errors
    ///
    /// `Unsupported`.
    pub fn new(_size: usize) -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// The memory.
    #[must_use]
    pub fn as_ptr(&self) -> NonNull<u8> {
        match self.never {}
    }

    /// How many bytes it has.
    #[must_use]
    pub fn size(&self) -> usize {
        match self.never {}
    }
}
