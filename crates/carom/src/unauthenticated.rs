//! The stand-in for authentication where the crate is built without it: no value of it can be made.

use crate::Result;
use crate::sys::{Deadline, OwnedFd};

/// The proof that a peer owes before it gets a connection. There is none without this crate's feature `auth`.
#[derive(Debug, Clone)]
pub enum Authentication {}

impl Authentication {
    pub(crate) fn prove_accepted(&self, _fd: OwnedFd, _descriptors: bool, _deadline: Deadline) -> Result<OwnedFd> {
        match *self {}
    }

    pub(crate) fn prove_connected(&self, _fd: OwnedFd, _deadline: Deadline) -> Result<OwnedFd> {
        match *self {}
    }
}
