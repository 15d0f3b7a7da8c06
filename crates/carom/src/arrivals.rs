//! The message that a descriptor came with.
//!
//! A descriptor travels beside the first byte of a sending call, and a sender that means a message begins that call with the
//! message's header. So what came beside anything but the first byte of a message belongs to no message. Nothing that the peer
//! wrote takes part in this: messages are counted as the bytes of the stream come.

use std::collections::VecDeque;

use crate::frame::Decoder;
use crate::sys::Beside;

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

/// Descriptors that have arrived and have not been taken, by message.
#[derive(Debug)]
pub(crate) struct Arrivals<T> {
    held: VecDeque<(u64, T)>,
}

impl<T> Default for Arrivals<T> {
    fn default() -> Self {
        Self { held: VecDeque::new() }
    }
}

impl<T> Arrivals<T> {
    pub(crate) fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// Keeps what came with `message`; the oldest is dropped where nobody takes them. A message begins once, so that there is one
    /// call's at most.
    pub(crate) fn keep(&mut self, message: u64, descriptors: T) {
        debug_assert!(self.held.back().is_none_or(|(held, _)| *held < message));
        self.held.push_back((message, descriptors));
        if self.held.len() > HELD_MAX {
            self.held.pop_front();
        }
    }

    /// Takes what came with `message`, and drops what came with those before it.
    pub(crate) fn take(&mut self, message: u64) -> Option<T> {
        while self.held.front().is_some_and(|(held, _)| *held < message) {
            self.held.pop_front();
        }
        let (held, _) = self.held.front()?;
        if *held == message {
            self.held.pop_front().map(|(_, own)| own)
        } else {
            None
        }
    }
}
