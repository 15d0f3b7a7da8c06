//! The half of a named pipe that is written: frames become its messages.

use std::io;
use std::os::windows::io::{AsRawHandle, OwnedHandle};

use windows_sys::Win32::Foundation::{ERROR_BROKEN_PIPE, HANDLE};

use super::super::operation::{Operation, Outcome};
use super::super::write::{Write, room};
use crate::frame::{FrameError, read_header};
use crate::sys::Deadline;

/// The writing half.
#[derive(Debug)]
pub(super) struct Output {
    pub(super) operation: Operation,
    /// The bytes of a pending write: the system reads them.
    flight: Vec<u8>,
    /// The bytes that were taken of a frame which is not whole.
    frame: Vec<u8>,
    /// The last byte of the frame in flight has not been taken: a caller that has given all of it is to know that the system has it.
    held: bool,
    /// The other end is closed: nobody will read what is written.
    ended: bool,
}

impl Output {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            operation: Operation::new()?,
            flight: Vec::new(),
            frame: Vec::new(),
            held: false,
            ended: false,
        })
    }

    /// How much of what has completed a frame is taken for now.
    fn hold(&mut self, length: usize) -> usize {
        self.held = self.operation.pending;
        length - usize::from(self.held)
    }

    /// Takes some of `bytes`; none where a write is pending by `deadline`.
    pub(super) fn take(&mut self, handle: HANDLE, bytes: &[u8], deadline: Deadline) -> io::Result<usize> {
        if self.operation.pending {
            match self.operation.finish(handle, deadline)? {
                None => return Ok(0),
                Some(Outcome::Closed | Outcome::TakenBack) => self.ended = true,
                Some(_) => {}
            }
        }
        if self.ended {
            return Err(broken());
        }
        if std::mem::take(&mut self.held) {
            return Ok(1);
        }
        let header = read_header(&self.frame).map_err(malformed)?;
        let Some(header) = header else {
            // One form of a header has 4 bytes, the other 12.
            let whole = if self.frame.len() < 4 { 4 } else { 12 };
            let length = bytes.len().min(whole - self.frame.len());
            self.frame.extend_from_slice(&bytes[..length]);
            if read_header(&self.frame)
                .map_err(malformed)?
                .is_some_and(|header| header.payload == 0)
            {
                self.leave(handle, &[], length, deadline)?;
                return Ok(self.hold(length));
            }
            return Ok(length);
        };
        let size = usize::try_from(header.payload).unwrap_or(usize::MAX);
        let missing = size.saturating_add(header.header) - self.frame.len();
        if self.frame.len() == header.header && bytes.len() >= missing {
            self.leave(handle, &bytes[..missing], 0, deadline)?;
            return Ok(self.hold(missing));
        }
        let length = bytes.len().min(missing);
        self.frame.extend_from_slice(&bytes[..length]);
        if length == missing {
            let frame = std::mem::take(&mut self.frame);
            let left = self.leave(handle, &frame[header.header..], 0, deadline);
            if left.is_err() {
                self.frame = frame;
                self.frame.truncate(header.header + size - length);
            }
            left?;
            return Ok(self.hold(length));
        }
        Ok(length)
    }

    /// Writes the message of a whole frame. Where that fails, the last `length` bytes of what was taken of it are given again.
    fn leave(&mut self, handle: HANDLE, message: &[u8], length: usize, deadline: Deadline) -> io::Result<()> {
        let written = self.write(handle, message, deadline);
        let kept = if written.is_ok() { 0 } else { self.frame.len() - length };
        self.frame.truncate(kept);
        written
    }

    /// Writes a message. It may be pending afterwards, except where `deadline` is never.
    fn write(&mut self, handle: HANDLE, message: &[u8], deadline: Deadline) -> io::Result<()> {
        let length = u32::try_from(message.len())
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, "a named pipe's message has at most 4 GiB"))?;
        // A caller that doesn't wait for the end of the write takes its memory back before it, and may end before it too.
        let memory = if deadline == Deadline::Never {
            message.as_ptr()
        } else {
            self.flight.clear();
            self.flight.extend_from_slice(message);
            self.flight.as_ptr()
        };
        let may_outlast = deadline != Deadline::Never && room(handle) <= length;
        let write = Write {
            handle,
            memory,
            length,
            overlapped: self.operation.begin(),
        };
        // SAFETY: the memory stays until the write has ended: it is waited for, or the memory is the output's.
        let begun = unsafe {
            if may_outlast {
                write.begin_for_good()
            } else {
                write.begin()
            }
        };
        let mut outcome = self.operation.begun(handle, begun)?;
        while outcome.is_none() && deadline == Deadline::Never {
            outcome = self.operation.finish(handle, deadline)?;
        }
        if matches!(outcome, Some(Outcome::Closed | Outcome::TakenBack)) {
            // Each call says so from now on: of this frame, a part may have been taken.
            self.ended = true;
            return Err(broken());
        }
        Ok(())
    }

    /// Lets a pending write go on by itself: bytes that were taken are delivered while the other end lives, as a socket's kernel
    /// does. Where it can't, the write is taken back.
    pub(super) fn linger(&mut self, handle: OwnedHandle) {
        if !self.operation.pending {
            return;
        }
        let Ok(fresh) = Operation::new() else {
            self.operation.cancel(handle.as_raw_handle());
            return;
        };
        let linger = Linger {
            operation: std::mem::replace(&mut self.operation, fresh),
            _flight: std::mem::take(&mut self.flight),
            handle,
        };
        // Without a thread, the write is taken back.
        let _ = std::thread::Builder::new()
            .name("carom-linger".to_owned())
            .spawn(move || linger.finish());
    }
}

fn broken() -> io::Error {
    io::Error::from_raw_os_error(ERROR_BROKEN_PIPE as i32)
}

fn malformed(error: FrameError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, error)
}

/// A write that outlives its end.
struct Linger {
    operation: Operation,
    _flight: Vec<u8>,
    handle: OwnedHandle,
}

impl Linger {
    fn finish(mut self) {
        let _ = self.operation.finish(self.handle.as_raw_handle(), Deadline::Never);
    }
}

impl Drop for Linger {
    fn drop(&mut self) {
        self.operation.cancel(self.handle.as_raw_handle());
    }
}
