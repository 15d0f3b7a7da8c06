//! The work of an end, which a whole connection and its halves share.

use std::time::Duration;

use super::{Filled, Inbox, Outbox};
use crate::channel::Channel;
use crate::frame::{FrameError, Header};
#[cfg(unix)]
use crate::sys::PeerFds;
use crate::sys::{AsFd, BorrowedFd, Deadline, PeerFd};
use crate::{Error, Result};

/// A channel with memory, over a descriptor that it owns or shares.
#[derive(Debug)]
pub(crate) struct End<F = PeerFd> {
    pub(crate) channel: Channel<F>,
    pub(crate) readable: bool,
    pub(crate) writable: bool,
    pub(crate) inbox: Inbox,
    /// A fault that [`poll`](Self::poll) met behind those messages. The kernel reports a reset only once.
    pub(crate) fault: Option<Error>,
    pub(crate) outbox: Outbox,
}

impl<F: AsFd> End<F> {
    pub(crate) fn new(channel: Channel<F>) -> Self {
        let kind = channel.kind();
        Self {
            channel,
            readable: kind.readable,
            writable: kind.writable,
            inbox: Inbox::default(),
            fault: None,
            outbox: Outbox::default(),
        }
    }

    pub(crate) fn send(&mut self, message: &[u8]) -> Result<()> {
        self.flush()?;
        let header = Header::new(message.len() as u64);
        let taken = self.channel.send(header.as_bytes(), message, Deadline::Never)?;
        // Where the kernel failed half way, it took a part: the next call reports why.
        self.outbox.push_rest(header.as_bytes(), message, taken);
        self.flush()
    }

    pub(crate) fn try_send(&mut self, message: &[u8]) -> Result<bool> {
        if !self.push(Deadline::Now)? {
            return Ok(false);
        }
        let header = Header::new(message.len() as u64);
        let taken = self.channel.send(header.as_bytes(), message, Deadline::Now)?;
        if taken == 0 {
            return Ok(false);
        }
        self.outbox.push_rest(header.as_bytes(), message, taken);
        Ok(true)
    }

    /// Sends a message with descriptors beside its first byte.
    #[cfg(unix)]
    pub(crate) fn send_with_fds(&mut self, message: &[u8], fds: &[BorrowedFd<'_>]) -> Result<()> {
        if fds.is_empty() {
            return self.send(message);
        }
        self.flush()?;
        let header = Header::new(message.len() as u64);
        let frame = [header.as_bytes(), message].concat();
        let taken = self.channel.send_with_fds(&frame, fds, Deadline::Never)?;
        self.outbox.push_rest(&frame, &[], taken);
        self.flush()
    }

    /// Receives a message, and the descriptors that came with it.
    #[cfg(unix)]
    pub(crate) fn recv_with_fds(&mut self) -> Result<(Vec<u8>, PeerFds)> {
        let message = self.recv()?;
        // Nothing is read ahead of a message where descriptors are taken, so this one was the last to be read.
        let index = self.channel.decoder().messages().saturating_sub(1);
        Ok((message, self.channel.take_descriptors(index)))
    }

    pub(crate) fn feed(&mut self, message: &[u8]) -> Result<()> {
        if !self.writable {
            return Err(Error::NotWritable);
        }
        self.outbox.push(message);
        Ok(())
    }

    pub(crate) fn wants_write(&self) -> bool {
        !self.outbox.is_empty()
    }

    pub(crate) fn flush(&mut self) -> Result<()> {
        self.push(Deadline::Never).map(drop)
    }

    pub(crate) fn push(&mut self, deadline: Deadline) -> Result<bool> {
        if !self.writable {
            return Err(Error::NotWritable);
        }
        while self.wants_write() {
            let taken = self.channel.send(self.outbox.rest(), &[], deadline)?;
            self.outbox.took(taken);
            if self.wants_write() && deadline != Deadline::Never {
                return Ok(false);
            }
        }
        Ok(true)
    }

    pub(crate) fn recv(&mut self) -> Result<Vec<u8>> {
        loop {
            if let Some(message) = self.take() {
                return Ok(message);
            }
            self.fill(Deadline::Never).map_err(|fault| self.met(fault))?;
        }
    }

    pub(crate) fn try_recv(&mut self) -> Result<Option<Vec<u8>>> {
        if !self.has_message() {
            self.fill_now().map_err(|fault| self.met(fault))?;
        }
        Ok(self.take())
    }

    pub(crate) fn poll(&mut self, timeout: Option<Duration>) -> Result<bool> {
        if !self.readable {
            return Err(Error::NotReadable);
        }
        let deadline = Deadline::after(timeout);
        loop {
            if !self.has_message() && self.fault.is_none() {
                self.fault = self.fill_now().err();
            }
            if self.has_message() || self.fault.is_some() {
                return Ok(true);
            }
            if !self.channel.poll(deadline)? {
                return Ok(false);
            }
        }
    }

    /// Whether giving the descriptor up would lose something.
    pub(crate) fn holds_anything(&self) -> bool {
        self.has_message() || self.channel.decoder().inside_message() || self.wants_write() || self.fault.is_some()
    }

    fn has_message(&self) -> bool {
        self.inbox.has_message(self.channel.decoder())
    }

    fn take(&mut self) -> Option<Vec<u8>> {
        self.inbox.take(self.channel.decoder())
    }

    /// Behind a message that was too long, nothing can be found: this end no longer receives, as in Python.
    fn met(&mut self, fault: Error) -> Error {
        if matches!(fault, Error::Frame(FrameError::TooLong { .. })) {
            self.readable = false;
        }
        fault
    }

    /// Reads until a whole message is here or the kernel has nothing more.
    fn fill_now(&mut self) -> Result<()> {
        while self.fill(Deadline::Now)? && !self.has_message() {}
        Ok(())
    }

    /// Reads once; whether anything came by `deadline`.
    fn fill(&mut self, deadline: Deadline) -> Result<bool> {
        if !self.readable {
            return Err(Error::NotReadable);
        }
        if let Some(fault) = self.fault.take() {
            return Err(fault);
        }
        Ok(self.inbox.fill(&mut self.channel, deadline)? != Filled::Nothing)
    }
}

impl<F: AsFd> AsFd for End<F> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.channel.as_fd()
    }
}
