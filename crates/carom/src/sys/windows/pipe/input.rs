//! The half of a named pipe that is read: its messages become frames.

use std::io;
use std::ptr;

use windows_sys::Win32::Foundation::HANDLE;
use windows_sys::Win32::Storage::FileSystem::ReadFile;
use windows_sys::Win32::System::Pipes::PeekNamedPipe;

use super::super::operation::{Operation, Outcome, closed, succeeded};
use crate::frame::Header;
use crate::sys::Deadline;

/// The reading half.
#[derive(Debug)]
pub(super) struct Input {
    /// Asks for a message: a read of nothing, which ends when there is one; or reads one that is there.
    pub(super) operation: Operation,
    message: Option<Message>,
    /// The other end is closed, and there is nothing more to give.
    pub(super) ended: bool,
}

/// A message of which something is still to be given.
#[derive(Debug)]
struct Message {
    header: Header,
    /// How many bytes of the header have been given.
    given: usize,
    /// How many bytes of the payload have not.
    left: usize,
}

impl Message {
    fn new(size: usize) -> Self {
        Self {
            header: Header::new(size as u64),
            given: 0,
            left: size,
        }
    }
}

impl Input {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            operation: Operation::new()?,
            message: None,
            ended: false,
        })
    }

    /// Whether there is something to give, or the end, by `deadline`. Where not, a read of nothing is pending.
    pub(super) fn look(&mut self, handle: HANDLE, deadline: Deadline) -> io::Result<bool> {
        loop {
            if self.message.is_some() || self.ended {
                return Ok(true);
            }
            let outcome = if self.operation.pending {
                self.operation.finish(handle, deadline)?
            } else {
                match peek(handle)? {
                    None => Some(Outcome::Closed),
                    Some(0) => {
                        let overlapped = self.operation.begin();
                        // SAFETY: nothing is read, and the operation's memory stays until it has ended.
                        let begun = unsafe {
                            ReadFile(
                                handle,
                                ptr::NonNull::dangling().as_ptr(),
                                0,
                                ptr::null_mut(),
                                overlapped,
                            )
                        };
                        match self.operation.begun(handle, succeeded(begun))? {
                            None if deadline == Deadline::Now => return Ok(false),
                            None => continue,
                            outcome => outcome,
                        }
                    }
                    Some(size) => {
                        self.message = Some(Message::new(size));
                        continue;
                    }
                }
            };
            match outcome {
                None => return Ok(false),
                // A read of nothing that succeeds has taken an empty message.
                Some(Outcome::Done(_)) => self.message = Some(Message::new(0)),
                Some(Outcome::More(_)) => self.message = peek(handle)?.map(Message::new),
                Some(Outcome::Closed) => self.ended = true,
                // It has read nothing: this thread asks anew.
                Some(Outcome::TakenBack) => {}
            }
        }
    }

    /// Reads what is there into `buffer`, as frames: `Some(0)` is the end, `None` that nothing came by `deadline`.
    pub(super) fn receive(
        &mut self,
        handle: HANDLE,
        buffer: &mut [u8],
        deadline: Deadline,
    ) -> io::Result<Option<usize>> {
        let mut filled = 0;
        while filled < buffer.len() {
            let deadline = if filled == 0 { deadline } else { Deadline::Now };
            match self.look(handle, deadline) {
                Ok(true) => {}
                Ok(false) => break,
                // Bytes that were read before are given first; the error comes again.
                Err(_) if filled > 0 => break,
                Err(error) => return Err(error),
            }
            let Some(message) = &mut self.message else { break };
            let header = &message.header.as_bytes()[message.given..];
            let length = header.len().min(buffer.len() - filled);
            buffer[filled..filled + length].copy_from_slice(&header[..length]);
            message.given += length;
            filled += length;
            let room = &mut buffer[filled..];
            let wanted = message.left.min(room.len()).min(u32::MAX as usize);
            if wanted > 0 {
                let overlapped = self.operation.begin();
                // SAFETY: the buffer stays until the operation has ended, which is waited for: the bytes are there.
                let begun = unsafe { ReadFile(handle, room.as_mut_ptr(), wanted as u32, ptr::null_mut(), overlapped) };
                let mut outcome = self.operation.begun(handle, succeeded(begun))?;
                while outcome.is_none() {
                    outcome = self.operation.finish(handle, Deadline::Never)?;
                }
                match outcome {
                    Some(Outcome::Done(bytes) | Outcome::More(bytes)) => {
                        filled += bytes;
                        if let Some(message) = &mut self.message {
                            message.left -= bytes.min(message.left);
                        }
                    }
                    Some(Outcome::Closed) => self.ended = true,
                    Some(Outcome::TakenBack) | None => {}
                }
            }
            if self
                .message
                .as_ref()
                .is_some_and(|message| message.left == 0 && message.given == message.header.as_bytes().len())
            {
                self.message = None;
            }
        }
        Ok((filled > 0 || self.ended).then_some(filled))
    }
}

/// How many bytes the next message has, or 0 where there is none, or an empty one; `None` where the other end is closed.
fn peek(handle: HANDLE) -> io::Result<Option<usize>> {
    let mut left = 0;
    // SAFETY: nothing is read but the number of bytes.
    let succeeded = unsafe {
        PeekNamedPipe(
            handle,
            ptr::null_mut(),
            0,
            ptr::null_mut(),
            ptr::null_mut(),
            &raw mut left,
        )
    };
    if succeeded != 0 {
        return Ok(Some(left as usize));
    }
    closed(io::Error::last_os_error()).map(|_| None)
}
