//! The descriptors of one environment, by number.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use carom::channel::Channel;

/// A descriptor that JavaScript names by number.
pub(crate) enum Slot {
    /// A connection.
    Channel(Channel),
    /// A descriptor that is only waited on: a duplicate of the caller's.
    Watched(OwnedFd),
}

impl AsFd for Slot {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Channel(channel) => channel.as_fd(),
            Self::Watched(fd) => fd.as_fd(),
        }
    }
}

/// Numbers are small and used again, so that JavaScript can keep what belongs to them in an array.
#[derive(Default)]
pub(crate) struct Slots {
    slots: Vec<Option<Slot>>,
    free: Vec<u32>,
}

impl Slots {
    pub(crate) fn insert(&mut self, slot: Slot) -> u32 {
        if let Some(id) = self.free.pop() {
            self.slots[id as usize] = Some(slot);
            return id;
        }
        self.slots.push(Some(slot));
        self.slots.len() as u32 - 1
    }

    pub(crate) fn get(&self, id: u32) -> napi::Result<&Slot> {
        self.slots
            .get(id as usize)
            .and_then(Option::as_ref)
            .ok_or_else(|| unknown(id))
    }

    pub(crate) fn channel(&mut self, id: u32) -> napi::Result<&mut Channel> {
        match self.slots.get_mut(id as usize) {
            Some(Some(Slot::Channel(channel))) => Ok(channel),
            _ => Err(unknown(id)),
        }
    }

    pub(crate) fn remove(&mut self, id: u32) -> napi::Result<Slot> {
        let slot = self
            .slots
            .get_mut(id as usize)
            .and_then(Option::take)
            .ok_or_else(|| unknown(id))?;
        self.free.push(id);
        Ok(slot)
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }
}

fn unknown(id: u32) -> napi::Error {
    napi::Error::from_reason(format!("no connection has the number {id}"))
}
