//! What one environment has open, by number.

use carom::Listener;
use carom::channel::Channel;
use carom::connect::Connecting;
use carom::handshake::Handshake;
use carom::sys::{AsFd, BorrowedFd, OwnedFd, PeerFd};

use crate::numbers;

/// What JavaScript names by a number.
pub(crate) enum Slot {
    /// A connection.
    Channel(Channel),
    /// A descriptor that is only waited on: a duplicate of the caller's.
    Watched(OwnedFd),
    /// A socket that others connect to.
    Listener(Listener),
    /// A connection that is being made.
    Connecting(Box<Connecting>),
    /// A connection whose peer has yet to prove that it knows the key.
    Handshake(PeerFd, Box<Handshake>),
}

impl Slot {
    /// The descriptor to watch; there is none between two attempts to connect.
    pub(crate) fn fd(&self) -> Option<BorrowedFd<'_>> {
        match self {
            Self::Channel(channel) => Some(channel.as_fd()),
            Self::Watched(fd) => Some(fd.as_fd()),
            Self::Handshake(fd, _) => Some(fd.as_fd()),
            Self::Listener(listener) => Some(listener.as_fd()),
            Self::Connecting(connecting) => connecting.as_fd(),
        }
    }

    /// Gives the descriptor up, where it is one that can live on without the slot.
    pub(crate) fn into_fd(self) -> Option<OwnedFd> {
        match self {
            Self::Channel(channel) => Some(channel.into_fd()),
            Self::Watched(fd) => Some(fd),
            Self::Handshake(fd, _) => Some(fd.into_inner()),
            Self::Listener(listener) => Some(listener.into_fd()),
            Self::Connecting(_) => None,
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

    /// The descriptor behind `id`.
    pub(crate) fn fd(&self, id: u32) -> napi::Result<BorrowedFd<'_>> {
        self.slots
            .get(id as usize)
            .and_then(Option::as_ref)
            .and_then(Slot::fd)
            .ok_or_else(|| unknown("descriptor", id))
    }

    pub(crate) fn channel(&mut self, id: u32) -> napi::Result<&mut Channel> {
        match self.slots.get_mut(id as usize) {
            Some(Some(Slot::Channel(channel))) => Ok(channel),
            _ => Err(unknown("connection", id)),
        }
    }

    pub(crate) fn listener(&self, id: u32) -> napi::Result<&Listener> {
        match self.slots.get(id as usize) {
            Some(Some(Slot::Listener(listener))) => Ok(listener),
            _ => Err(unknown("listener", id)),
        }
    }

    pub(crate) fn connecting(&mut self, id: u32) -> napi::Result<&mut Connecting> {
        match self.slots.get_mut(id as usize) {
            Some(Some(Slot::Connecting(connecting))) => Ok(connecting),
            _ => Err(unknown("connection being made", id)),
        }
    }

    pub(crate) fn handshake(&mut self, id: u32) -> napi::Result<(BorrowedFd<'_>, &mut Handshake)> {
        match self.slots.get_mut(id as usize) {
            Some(Some(Slot::Handshake(fd, handshake))) => Ok((PeerFd::as_fd(fd), handshake)),
            _ => Err(unknown("handshake", id)),
        }
    }

    pub(crate) fn remove(&mut self, id: u32) -> napi::Result<Slot> {
        let slot = self
            .slots
            .get_mut(id as usize)
            .and_then(Option::take)
            .ok_or_else(|| unknown("descriptor", id))?;
        self.free.push(id);
        Ok(slot)
    }

    pub(crate) fn clear(&mut self) {
        for fd in self.slots.iter().flatten().filter_map(Slot::fd) {
            numbers::forget(fd);
        }
        *self = Self::default();
    }
}

fn unknown(what: &str, id: u32) -> napi::Error {
    napi::Error::from_reason(format!("no {what} has the number {id}"))
}
