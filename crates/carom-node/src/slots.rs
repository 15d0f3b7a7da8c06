//! The open objects of one environment, by number.

use std::collections::VecDeque;
use std::io;

use carom::Listener;
use carom::channel::Channel;
use carom::connect::Connecting;
use carom::handshake::Handshake;
use carom::reactor::Registry;
use carom::sys::{AsFd, BorrowedFd, OwnedFd, PeerFd};

use crate::numbers;
use crate::spin::Wish;

/// An object that JavaScript names by a number.
pub(crate) enum Slot {
    /// A connection.
    Channel(Channel),
    /// A descriptor without more: a duplicate of the caller's, to wait on, or a peer's that nobody has asked for yet. It is closed
    /// with its environment.
    Held(OwnedFd),
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
            Self::Held(fd) => Some(fd.as_fd()),
            Self::Handshake(fd, _) => Some(fd.as_fd()),
            Self::Listener(listener) => Some(listener.as_fd()),
            Self::Connecting(connecting) => connecting.as_fd(),
        }
    }

    /// Whether messages cross a ring beside the descriptor, or will.
    fn is_ring(&self) -> bool {
        matches!(self, Self::Channel(channel) if channel.uses_ring())
    }

    /// Gives the descriptor up, where it is one that can live on without the slot.
    pub(crate) fn into_fd(self) -> Option<OwnedFd> {
        match self {
            Self::Channel(channel) => Some(channel.into_fd()),
            Self::Held(fd) => Some(fd),
            Self::Handshake(fd, _) => Some(fd.into_inner()),
            Self::Listener(listener) => Some(listener.into_fd()),
            Self::Connecting(_) => None,
        }
    }
}

/// Whether JavaScript expects a report of a ring.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Expected {
    /// No: it reads the next time it is asked to.
    #[default]
    No,
    /// Yes, and this thread looks at the memory.
    ByLooking,
    /// Yes, and the peer rings.
    ByDoorbell,
}

/// A slot, and whether the reactor watches its descriptor.
struct Entry {
    slot: Slot,
    watched: bool,
    /// Whether JavaScript expects a report, where it is a ring.
    expected: Expected,
}

/// For how long a number rests before it is used again: until so many others have been given up. A report that JavaScript
/// has yet to look at may still have the number of a slot that was removed meanwhile.
const RESTING: usize = 1024;

/// Numbers are small and used again, so that JavaScript can keep what belongs to them in an array.
#[derive(Default)]
pub(crate) struct Slots {
    slots: Vec<Option<Entry>>,
    /// Numbers that were given up, the oldest first.
    free: VecDeque<u32>,
}

impl Slots {
    pub(crate) fn insert(&mut self, slot: Slot) -> u32 {
        let entry = Some(Entry {
            slot,
            watched: false,
            expected: Expected::No,
        });
        if self.free.len() > RESTING
            && let Some(id) = self.free.pop_front()
        {
            self.slots[id as usize] = entry;
            return id;
        }
        self.slots.push(entry);
        self.slots.len() as u32 - 1
    }

    /// The descriptor behind `id`.
    pub(crate) fn fd(&self, id: u32) -> napi::Result<BorrowedFd<'_>> {
        self.entry(id)
            .and_then(|entry| entry.slot.fd())
            .ok_or_else(|| unknown("descriptor", id))
    }

    fn entry(&self, id: u32) -> Option<&Entry> {
        self.slots.get(id as usize).and_then(Option::as_ref)
    }

    fn slot(&mut self, id: u32) -> Option<&mut Slot> {
        Some(&mut self.slots.get_mut(id as usize)?.as_mut()?.slot)
    }

    /// Has `registry` report `id` when it becomes readable, or also when it becomes writable, and what is ready already.
    pub(crate) fn watch(&mut self, registry: &Registry, id: u32, writable: bool) -> io::Result<()> {
        let entry = self.slots.get_mut(id as usize).and_then(Option::as_mut);
        let entry = entry.ok_or_else(numbers::unknown)?;
        let fd = entry.slot.fd().ok_or_else(numbers::unknown)?;
        let token = id as usize;
        // Room in a ring is reported through the same doorbell.
        let writable = writable && !entry.slot.is_ring();
        let watched = if entry.watched {
            match registry.rearm(fd, token, writable) {
                // The next attempt to connect has another descriptor.
                Err(error) if error.kind() == io::ErrorKind::NotFound => registry.watch(fd, token, writable),
                result => result,
            }
        } else {
            match registry.watch(fd, token, writable) {
                // Its descriptor is still watched under the number of a slot that gave it up.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => registry.rearm(fd, token, writable),
                result => result,
            }
        };
        entry.watched |= watched.is_ok();
        watched
    }

    /// Whether the descriptor of `id` is watched.
    pub(crate) fn is_watched(&self, id: u32) -> bool {
        self.entry(id).is_some_and(|entry| entry.watched)
    }

    pub(crate) fn channel(&mut self, id: u32) -> napi::Result<&mut Channel> {
        match self.slot(id) {
            Some(Slot::Channel(channel)) => Ok(channel),
            _ => Err(unknown("connection", id)),
        }
    }

    /// The channel of `id`, where messages cross a ring, or will, and whether JavaScript expects a report of it.
    pub(crate) fn ring(&mut self, id: u32) -> Option<(&mut Channel, &mut Expected)> {
        match self.slots.get_mut(id as usize)?.as_mut()? {
            Entry {
                slot: Slot::Channel(channel),
                expected,
                ..
            } if channel.uses_ring() => Some((channel, expected)),
            _ => None,
        }
    }

    /// The option `spin` of the connection behind `id`, where it is one.
    pub(crate) fn spin(&self, id: u32) -> Option<Wish> {
        let Slot::Channel(channel) = &self.entry(id)?.slot else {
            return None;
        };
        let spin = channel.spin();
        Some(if spin.learns() {
            Wish::Adaptive
        } else {
            Wish::Fixed(spin.budget())
        })
    }

    pub(crate) fn listener(&self, id: u32) -> napi::Result<&Listener> {
        match self.entry(id).map(|entry| &entry.slot) {
            Some(Slot::Listener(listener)) => Ok(listener),
            _ => Err(unknown("listener", id)),
        }
    }

    pub(crate) fn connecting(&mut self, id: u32) -> napi::Result<&mut Connecting> {
        match self.slot(id) {
            Some(Slot::Connecting(connecting)) => Ok(connecting),
            _ => Err(unknown("connection being made", id)),
        }
    }

    pub(crate) fn handshake(&mut self, id: u32) -> napi::Result<(BorrowedFd<'_>, &mut Handshake)> {
        match self.slot(id) {
            Some(Slot::Handshake(fd, handshake)) => Ok((PeerFd::as_fd(fd), handshake)),
            _ => Err(unknown("handshake", id)),
        }
    }

    /// Removes the slot of `id`; whether its descriptor was watched.
    pub(crate) fn remove(&mut self, id: u32) -> napi::Result<(Slot, bool)> {
        let entry = self.slots.get_mut(id as usize).and_then(Option::take);
        let Entry { slot, watched, .. } = entry.ok_or_else(|| unknown("descriptor", id))?;
        self.free.push_back(id);
        Ok((slot, watched))
    }

    pub(crate) fn clear(&mut self) {
        for fd in self.slots.iter().flatten().filter_map(|entry| entry.slot.fd()) {
            numbers::forget(fd);
        }
        *self = Self::default();
    }
}

fn unknown(what: &str, id: u32) -> napi::Error {
    napi::Error::from_reason(format!("no {what} has the number {id}"))
}
