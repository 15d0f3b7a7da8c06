//! Schedules of a connection over shared memory, the inputs of the target `ring`.

use std::io::ErrorKind;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use carom::ring::{RING_MIN, RingRole};
use carom::spin::Spin;
use carom::{Connection, Error};

use crate::ring_peer::RingPeer;
use crate::schedule::{COMMON, Peer, Schedule};

pub(crate) type RingSchedule = Schedule<Ring>;

/// A peer that keeps the rules until it writes where it may not.
pub(crate) struct Ring {
    peer: Option<RingPeer>,
    honest: bool,
}

#[derive(Clone, Copy)]
pub(crate) enum Deed {
    /// The peer says that it sleeps, or waits for room, whether it does or not.
    Sleep,
    WantRoom,
    Descriptors,
    Leave,
    /// From here on, the peer keeps no rule.
    Scribble(usize, u64),
    Smear(usize, u8),
    Signal([u8; 2]),
}

impl Peer for Ring {
    const OPERATIONS: u8 = COMMON + 8;
    const COMPOSED_MAX: usize = 64 * 1024;
    type Deed = Deed;

    fn connect(limit: u64) -> (Connection, Self) {
        let (ours, theirs) = UnixStream::pair().expect("a socket pair");
        let role = RingRole::Expecting(RING_MIN);
        let ours = Connection::with_ring(ours.into(), role, limit, Spin::fixed(Duration::ZERO)).expect("a Unix socket");
        let theirs = Self {
            peer: Some(RingPeer::offer(theirs, RING_MIN)),
            honest: true,
        };
        (ours, theirs)
    }

    fn deed(operation: u8, mut next: impl FnMut() -> u8) -> Deed {
        match operation {
            13 => Deed::Sleep,
            14 => Deed::WantRoom,
            15 => Deed::Descriptors,
            16 => Deed::Leave,
            17 => {
                let word = RingPeer::positions()[usize::from(next()) % 6];
                Deed::Scribble(word, u64::from(u16::from_be_bytes([next(), next()])))
            }
            18 => Deed::Scribble(usize::from(next()), u64::from_be_bytes([(); 8].map(|()| next()))),
            19 => Deed::Smear(usize::from(u16::from_be_bytes([next(), next()])), next()),
            _ => Deed::Signal([next(), next()]),
        }
    }

    fn act(&mut self, deed: Deed) {
        let Some(peer) = &mut self.peer else { return };
        match deed {
            Deed::Sleep => peer.sleep(),
            Deed::WantRoom => peer.want_room(),
            Deed::Descriptors => {
                // A second packet for the same byte is against the rules, and so is one that no byte follows.
                let (reader, _writer) = std::io::pipe().expect("a pipe");
                // The kernel may refuse them in our name.
                let _ = peer.send_fds(&[reader.as_fd()]);
            }
            Deed::Leave => self.leave(),
            Deed::Scribble(word, value) => peer.scribble(word, value),
            Deed::Smear(at, value) => peer.smear(at, value),
            Deed::Signal(bytes) => peer.signal(&bytes),
        }
        self.honest &= matches!(deed, Deed::Sleep | Deed::WantRoom | Deed::Leave);
    }

    fn write(&mut self, bytes: &[u8]) -> usize {
        self.peer.as_mut().map_or(0, |peer| peer.write(bytes))
    }

    fn read(&mut self, most: usize) -> Vec<u8> {
        self.peer.as_mut().map_or_else(Vec::new, |peer| peer.read(most))
    }

    fn leave(&mut self) {
        self.peer = None;
    }

    fn listens(&self) -> bool {
        self.peer.is_some()
    }

    fn ended(&self) -> bool {
        self.peer.is_none()
    }

    fn reset(&self) -> bool {
        self.peer.is_none()
    }

    /// A send only fails where the peer has gone, or lies.
    fn excuses(&self, error: &Error) -> bool {
        match error {
            Error::Io(error) if error.kind() == ErrorKind::BrokenPipe => self.peer.is_none(),
            _ => !self.honest,
        }
    }

    fn honest(&self) -> bool {
        self.honest
    }
}
