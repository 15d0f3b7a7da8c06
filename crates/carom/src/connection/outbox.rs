//! Bytes that were accepted and that the kernel has not yet taken.

use crate::frame::Header;

/// Fed messages come to about this much, in bytes, before they leave.
pub(crate) const BATCH: usize = 64 * 1024;

/// Bytes on their way to the kernel, in order.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    bytes: Vec<u8>,
    /// How many of them the kernel has taken.
    gone: usize,
}

impl Outbox {
    pub(crate) fn is_empty(&self) -> bool {
        self.gone == self.bytes.len()
    }

    /// The bytes that the kernel has not taken.
    pub(crate) fn rest(&self) -> &[u8] {
        &self.bytes[self.gone..]
    }

    /// Counts `bytes` more as taken. An outbox that is empty holds no memory.
    pub(crate) fn took(&mut self, bytes: usize) {
        self.gone += bytes;
        if self.is_empty() {
            *self = Self::default();
        }
    }

    /// Adds a whole message.
    pub(crate) fn push(&mut self, message: &[u8]) {
        if self.bytes.capacity() == 0 {
            self.bytes.reserve(BATCH.max(message.len() + Header::MAX));
        }
        self.bytes
            .extend_from_slice(Header::new(message.len() as u64).as_bytes());
        self.bytes.extend_from_slice(message);
    }

    /// Adds what the kernel has left of a message, of which it has taken `taken` bytes with the header.
    pub(crate) fn push_rest(&mut self, header: &[u8], message: &[u8], taken: usize) {
        let (header, message) = untaken(header, message, taken);
        self.bytes.extend_from_slice(header);
        self.bytes.extend_from_slice(message);
    }

    /// How much is held, in bytes.
    #[cfg(all(unix, feature = "tokio"))]
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }
}

/// The parts of a header and of its message behind the first `taken` bytes of both.
pub(crate) fn untaken<'a>(header: &'a [u8], message: &'a [u8], taken: usize) -> (&'a [u8], &'a [u8]) {
    (
        header.get(taken..).unwrap_or_default(),
        &message[taken.saturating_sub(header.len())..],
    )
}
