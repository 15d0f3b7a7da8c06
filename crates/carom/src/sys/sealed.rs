//! Memory that is shared by its descriptor, and that nobody can take away: this system has none.

use std::io;

use super::shared_memory::Mapping;
use super::{BorrowedFd, OwnedFd};
use crate::ring::RingError;

pub(crate) const EXISTS: bool = false;

pub(crate) fn create(_size: usize) -> Result<OwnedFd, RingError> {
    Err(RingError::Unsupported)
}

pub(crate) fn is_missing(_syscall: &str, _error: &io::Error) -> bool {
    true
}

pub(crate) fn check(_fd: BorrowedFd<'_>) -> Result<u64, RingError> {
    Err(RingError::Unsupported)
}

pub(crate) fn map(_fd: BorrowedFd<'_>, _size: usize) -> Result<Mapping, RingError> {
    Err(RingError::Unsupported)
}
