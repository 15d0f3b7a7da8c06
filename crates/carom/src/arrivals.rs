//! The message that a descriptor came with.
//!
//! A descriptor travels beside the first byte of a sending call, and a sender that means a message begins that call with the
//! message's header. So what came beside anything but the first byte of a message belongs to no message. Nothing that the peer
//! wrote takes part in this: messages are counted as the bytes of the stream come.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::frame::Decoder;
use crate::sys::{self, Beside, PeerFds};

/// How many messages can have descriptors that nobody has taken yet, where messages are taken before more is read: the one behind
/// which a read stopped, and the one that has begun since.
const HELD_MAX: usize = 2;

/// Where in the stream of messages the decoder is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    /// How many messages are complete.
    messages: u64,
    /// Whether a part of the next one is here.
    inside: bool,
}

impl Place {
    pub(crate) fn of(decoder: &Decoder) -> Self {
        Self {
            messages: decoder.messages(),
            inside: decoder.inside_message(),
        }
    }
}

/// The message that descriptors came with, counted from 0, where one read has led from `before` to `after`; `None` where it is
/// none, since that message had begun before the read.
pub(crate) fn owner(before: Place, after: Place, beside: Beside) -> Option<u64> {
    let owner = match beside {
        Beside::First => before.messages,
        Beside::Last if after.inside => after.messages,
        // The read ended with a message's last byte.
        Beside::Last => after.messages.checked_sub(1)?,
    };
    (owner >= before.messages + u64::from(before.inside)).then_some(owner)
}

/// How many descriptors this process holds for messages that nobody has taken, of all connections together.
static HELD: AtomicUsize = AtomicUsize::new(0);

/// The descriptors of one message, counted in [`HELD`].
#[derive(Debug)]
struct Held(PeerFds);

impl Held {
    /// `None`, and the descriptors are closed, where the process would hold more than half of all that it may have open: however
    /// many connections a peer has, what it sends and never completes leaves the other half.
    fn new(descriptors: PeerFds) -> Option<Self> {
        let count = descriptors.len();
        let held = Self(descriptors);
        let before = HELD.fetch_add(count, Ordering::Relaxed);
        (before + count <= sys::descriptors_max() / 2).then_some(held)
    }

    fn take(mut self) -> PeerFds {
        HELD.fetch_sub(self.0.len(), Ordering::Relaxed);
        std::mem::take(&mut self.0)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        HELD.fetch_sub(self.0.len(), Ordering::Relaxed);
    }
}

/// Descriptors that have arrived and have not been taken, by message.
#[derive(Debug, Default)]
pub(crate) struct Arrivals {
    held: VecDeque<(u64, Held)>,
}

impl Arrivals {
    pub(crate) fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// Keeps what came with `message`; the oldest is dropped where nobody takes them. A message begins once, so that there is one
    /// call's at most.
    pub(crate) fn keep(&mut self, message: u64, descriptors: PeerFds) {
        debug_assert!(self.held.back().is_none_or(|(held, _)| *held < message));
        let Some(descriptors) = Held::new(descriptors) else {
            return;
        };
        self.held.push_back((message, descriptors));
        if self.held.len() > HELD_MAX {
            self.held.pop_front();
        }
    }

    /// Takes what came with `message`, and drops what came with those before it.
    pub(crate) fn take(&mut self, message: u64) -> Option<PeerFds> {
        while self.held.front().is_some_and(|(held, _)| *held < message) {
            self.held.pop_front();
        }
        let (held, _) = self.held.front()?;
        if *held == message {
            self.held.pop_front().map(|(_, own)| own.take())
        } else {
            None
        }
    }
}
