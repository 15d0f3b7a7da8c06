//! Registering a descriptor with the runtime.
#![allow(
    unsafe_code,
    reason = "the runtime asks for a promise that a descriptor stays open, which no type makes"
)]

use std::io;
use std::ops::Deref;
use std::os::fd::AsRawFd;

use ::tokio::io::Interest;
use ::tokio::io::unix::AsyncFd;

use crate::Listener;
use crate::sys::{AsFd, BorrowedFd, PeerFd, RawFd};

/// An owner, or a borrower, whose descriptor is the same one as long as it lives.
pub(super) trait Steady: AsFd {}

impl Steady for PeerFd {}
impl Steady for Listener {}
impl Steady for BorrowedFd<'_> {}

/// A descriptor that the runtime watches, until this is dropped; then its owner is.
#[derive(Debug)]
pub(super) struct Watched<T>(T);

impl<T> Watched<T> {
    pub(super) fn into_inner(self) -> T {
        self.0
    }
}

impl<T> Deref for Watched<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: AsFd> AsRawFd for Watched<T> {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_fd().as_raw_fd()
    }
}

/// Has the runtime watch a descriptor.
///
/// # Errors
///
/// The selector's error: `EPERM` for a file that is always ready, `ENOSPC`, `ENOMEM`.
///
/// # Panics
///
/// Outside of a runtime that drives I/O.
pub(super) fn watch<T: Steady>(owner: T, interest: Interest) -> io::Result<AsyncFd<Watched<T>>> {
    // SAFETY: the owner has been moved in, so its descriptor stays open, and is the same one, until the registration has ended.
    Ok(unsafe { AsyncFd::register_with_interest(Watched(owner), interest) }?)
}
