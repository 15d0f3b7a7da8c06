use std::time::Duration;

/// The longest message, in bytes, that is received from a peer that has connected, unless the [listener's options](Options) say otherwise:
/// 64 MiB.
pub const MAX_MESSAGE_SIZE: u64 = 64 * 1024 * 1024;

/// How a listener is made.
///
/// ```
/// use std::time::Duration;
///
/// use carom::{Listener, listener};
///
/// let options = listener::Options::new().backlog(16).max_message_size(1024);
/// let listener = Listener::bind_private(options)?;
/// assert_eq!(listener.max_message_size(), 1024);
/// # Ok::<(), carom::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct Options {
    pub(crate) backlog: i32,
    pub(crate) mode: u32,
    pub(crate) descriptors: bool,
    pub(crate) replace: bool,
    pub(crate) keep_alive: Option<Duration>,
    pub(crate) max_message_size: u64,
}

impl Options {
    /// A backlog of 128 connections, a socket file for its owner only, and messages of up to [`MAX_MESSAGE_SIZE`].
    pub const fn new() -> Self {
        Self {
            backlog: 128,
            mode: 0o600,
            descriptors: false,
            replace: false,
            keep_alive: None,
            max_message_size: MAX_MESSAGE_SIZE,
        }
    }

    /// How many connections may wait to be accepted; the system may have a limit of its own.
    pub const fn backlog(mut self, connections: i32) -> Self {
        self.backlog = connections;
        self
    }

    /// The permissions of a Unix socket's file: a user who may connect must be able to write it. The owner only, unless changed.
    pub const fn mode(mut self, mode: u32) -> Self {
        self.mode = mode;
        self
    }

    /// Whether a Unix socket's connections take descriptors from their first byte on. A program whose peers have to prove first that
    /// they know a key leaves this off.
    pub const fn descriptors(mut self, on: bool) -> Self {
        self.descriptors = on;
        self
    }

    /// Whether to take the place of a socket file at which nobody listens any more. One where some process listens, or is about
    /// to, and a file that is no socket are `EADDRINUSE` all the same.
    pub const fn replace(mut self, on: bool) -> Self {
        self.replace = on;
        self
    }

    /// After how long without a word TCP asks whether a peer is still there, so that one whose machine is gone ends the
    /// connection: zero is the system's time, mostly two hours; `None`, the default, is never.
    pub const fn keep_alive(mut self, after: Option<Duration>) -> Self {
        self.keep_alive = after;
        self
    }

    /// The longest message, in bytes, that is received from a peer. A longer one is refused when its header has come, before
    /// memory is taken for it, and its connection receives no more.
    pub const fn max_message_size(mut self, bytes: u64) -> Self {
        self.max_message_size = bytes;
        self
    }
}

impl Default for Options {
    fn default() -> Self {
        Self::new()
    }
}
