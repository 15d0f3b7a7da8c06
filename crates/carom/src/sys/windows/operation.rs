//! A system call that goes on when it has returned.

use std::io;

use windows_sys::Win32::Foundation::{
    ERROR_BROKEN_PIPE, ERROR_IO_PENDING, ERROR_MORE_DATA, ERROR_NO_DATA, ERROR_OPERATION_ABORTED,
    ERROR_PIPE_NOT_CONNECTED, HANDLE,
};
use windows_sys::Win32::System::IO::{CancelIoEx, GetOverlappedResult, OVERLAPPED};

use super::event::Event;
use crate::sys::Deadline;

/// The memory that the system writes about an operation, and the event that it sets at its end.
#[derive(Debug)]
pub(super) struct Operation {
    overlapped: Box<Overlapped>,
    pub(super) event: Event,
    pub(super) pending: bool,
}

/// Only the system writes here, and only while an operation is pending.
struct Overlapped(OVERLAPPED);

// SAFETY: it is plain memory, which one operation at a time uses.
unsafe impl Send for Overlapped {}

impl std::fmt::Debug for Overlapped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Overlapped")
    }
}

/// How an operation has ended.
pub(super) enum Outcome {
    /// As asked, with so many bytes.
    Done(usize),
    /// So many bytes were read, and the message has more.
    More(usize),
    /// The other end is closed.
    Closed,
    /// Not at all: the thread that had begun it has ended, and the system takes back what a thread has begun.
    TakenBack,
}

impl Operation {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            overlapped: Box::new(Overlapped(OVERLAPPED::default())),
            event: Event::new()?,
            pending: false,
        })
    }

    /// The record that the system is given for a new operation.
    pub(super) fn begin(&mut self) -> *mut OVERLAPPED {
        debug_assert!(!self.pending, "one operation at a time");
        self.overlapped.0 = OVERLAPPED::default();
        self.overlapped.0.hEvent = self.event.handle();
        &raw mut self.overlapped.0
    }

    /// The result of the call that began the operation; `None` where it is pending.
    pub(super) fn begun(&mut self, handle: HANDLE, begun: io::Result<()>) -> io::Result<Option<Outcome>> {
        if let Err(error) = begun {
            if error.raw_os_error() == Some(ERROR_IO_PENDING as i32) {
                self.pending = true;
                return Ok(None);
            }
            // Of a message that has more, the number of bytes is still to be asked for.
            if error.raw_os_error() != Some(ERROR_MORE_DATA as i32) {
                return closed(error).map(Some);
            }
        }
        self.outcome(handle).map(Some)
    }

    pub(super) fn has_ended(&self) -> io::Result<bool> {
        Ok(!self.pending || self.event.wait(Deadline::Now)?)
    }

    /// Waits by `deadline` for a pending operation; `None` where it is still pending then.
    pub(super) fn finish(&mut self, handle: HANDLE, deadline: Deadline) -> io::Result<Option<Outcome>> {
        if !self.event.wait(deadline)? {
            return Ok(None);
        }
        self.pending = false;
        self.outcome(handle).map(Some)
    }

    fn outcome(&self, handle: HANDLE) -> io::Result<Outcome> {
        let mut bytes = 0;
        // SAFETY: the operation has ended, or ends at once: its data is there.
        let succeeded = unsafe { GetOverlappedResult(handle, &raw const self.overlapped.0, &raw mut bytes, 1) };
        if succeeded != 0 {
            return Ok(Outcome::Done(bytes as usize));
        }
        let error = io::Error::last_os_error();
        if error.raw_os_error() == Some(ERROR_MORE_DATA as i32) {
            return Ok(Outcome::More(bytes as usize));
        }
        closed(error)
    }

    /// Takes a pending operation back.
    pub(super) fn cancel(&mut self, handle: HANDLE) {
        if !self.pending {
            return;
        }
        let mut bytes = 0;
        // SAFETY: the operation is this one's. Where it has ended meanwhile, there is nothing to take back. The system is done
        // with its memory when the second call returns.
        unsafe {
            CancelIoEx(handle, &raw const self.overlapped.0);
            GetOverlappedResult(handle, &raw const self.overlapped.0, &raw mut bytes, 1);
        }
        self.pending = false;
    }
}

/// The outcome that `error` is of an operation, where it is one.
pub(super) fn closed(error: io::Error) -> io::Result<Outcome> {
    match error.raw_os_error().map(|code| code as u32) {
        Some(ERROR_BROKEN_PIPE | ERROR_NO_DATA | ERROR_PIPE_NOT_CONNECTED) => Ok(Outcome::Closed),
        Some(ERROR_OPERATION_ABORTED) => Ok(Outcome::TakenBack),
        _ => Err(error),
    }
}

impl Drop for Operation {
    fn drop(&mut self) {
        debug_assert!(!self.pending, "the system still writes to this memory");
    }
}

/// The result of a system call that returns 0 where it fails.
pub(super) fn succeeded(code: i32) -> io::Result<()> {
    if code == 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}
