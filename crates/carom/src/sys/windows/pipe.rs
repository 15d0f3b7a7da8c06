//! An end of a named pipe in message mode.
//!
//! There, one write is one message, and no header goes in front of it. The rest of the crate lives on a stream of frames, so an
//! end is given and gives that: a header is written to nobody, and what it announces leaves as one message; a message that arrives is
//! given with the header that it would have had. Python's ends, on the other side, see none of it.

use std::io::{self, IoSlice};
use std::os::windows::io::{AsRawHandle, OwnedHandle};
use std::ptr;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use windows_sys::Win32::Foundation::{
    ERROR_BROKEN_PIPE, ERROR_IO_PENDING, ERROR_MORE_DATA, ERROR_NO_DATA, ERROR_OPERATION_ABORTED,
    ERROR_PIPE_NOT_CONNECTED, HANDLE,
};
use windows_sys::Win32::Storage::FileSystem::ReadFile;
use windows_sys::Win32::System::IO::{CancelIoEx, GetOverlappedResult, OVERLAPPED};
use windows_sys::Win32::System::Pipes::PeekNamedPipe;

use super::event::{Event, Wait, wait_for_one};
use super::selector::Watchers;
use super::write::{Write, room};
use crate::frame::{FrameError, Header, read_header};
use crate::sys::Deadline;

/// The memory that the system writes about an operation, and the event that it sets at its end.
#[derive(Debug)]
struct Operation {
    overlapped: Box<Overlapped>,
    event: Event,
    pending: bool,
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
enum Outcome {
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
    fn new() -> io::Result<Self> {
        Ok(Self {
            overlapped: Box::new(Overlapped(OVERLAPPED::default())),
            event: Event::new()?,
            pending: false,
        })
    }

    /// The record that the system is given for a new operation.
    fn begin(&mut self) -> *mut OVERLAPPED {
        debug_assert!(!self.pending, "one operation at a time");
        self.overlapped.0 = OVERLAPPED::default();
        self.overlapped.0.hEvent = self.event.handle();
        &raw mut self.overlapped.0
    }

    /// The result of the call that began the operation; `None` where it is pending.
    fn begun(&mut self, handle: HANDLE, begun: io::Result<()>) -> io::Result<Option<Outcome>> {
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

    fn has_ended(&self) -> io::Result<bool> {
        Ok(!self.pending || self.event.wait(Deadline::Now)?)
    }

    /// Waits by `deadline` for a pending operation; `None` where it is still pending then.
    fn finish(&mut self, handle: HANDLE, deadline: Deadline) -> io::Result<Option<Outcome>> {
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
    fn cancel(&mut self, handle: HANDLE) {
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

fn closed(error: io::Error) -> io::Result<Outcome> {
    match error.raw_os_error().map(|code| code as u32) {
        Some(ERROR_BROKEN_PIPE | ERROR_NO_DATA | ERROR_PIPE_NOT_CONNECTED) => Ok(Outcome::Closed),
        Some(ERROR_OPERATION_ABORTED) => Ok(Outcome::TakenBack),
        _ => Err(error),
    }
}

/// The reading half.
#[derive(Debug)]
struct Input {
    /// Asks for a message: a read of nothing, which ends when there is one; or reads one that is there.
    operation: Operation,
    message: Option<Message>,
    ended: bool,
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

/// The writing half.
#[derive(Debug)]
struct Output {
    operation: Operation,
    /// The bytes of a pending write: the system reads them.
    flight: Vec<u8>,
    /// The bytes that were taken of a frame which is not whole.
    frame: Vec<u8>,
    /// The last byte of the frame in flight has not been taken: a caller that has given all of it is to know that the system has it.
    held: bool,
    /// The other end is closed: nobody will read what is written.
    ended: bool,
}

/// An end of a named pipe in message mode.
#[derive(Debug)]
pub(super) struct Pipe {
    // Dropped first: nothing is called after that.
    waits: OnceLock<[Wait; 2]>,
    watchers: Arc<Watchers>,
    input: Mutex<Input>,
    output: Mutex<Output>,
    handle: Option<OwnedHandle>,
    pub(super) readable: bool,
    pub(super) writable: bool,
}

impl Output {
    /// How much of what has completed a frame is taken for now.
    fn hold(&mut self, length: usize) -> usize {
        self.held = self.operation.pending;
        length - usize::from(self.held)
    }
}

impl Pipe {
    /// `handle` was made for overlapped operations, and reads messages.
    pub(super) fn new(handle: OwnedHandle, readable: bool, writable: bool) -> io::Result<Self> {
        Ok(Self {
            waits: OnceLock::new(),
            watchers: Arc::default(),
            input: Mutex::new(Input {
                operation: Operation::new()?,
                message: None,
                ended: false,
            }),
            output: Mutex::new(Output {
                operation: Operation::new()?,
                flight: Vec::new(),
                frame: Vec::new(),
                held: false,
                ended: false,
            }),
            handle: Some(handle),
            readable,
            writable,
        })
    }

    pub(super) fn handle(&self) -> HANDLE {
        self.handle.as_ref().map_or(ptr::null_mut(), AsRawHandle::as_raw_handle)
    }

    fn input(&self) -> MutexGuard<'_, Input> {
        self.input.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn output(&self) -> MutexGuard<'_, Output> {
        self.output.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there is something to give, or the end, by `deadline`. Where not, a read of nothing is pending.
    fn look(&self, input: &mut Input, deadline: Deadline) -> io::Result<bool> {
        loop {
            if input.message.is_some() || input.ended {
                return Ok(true);
            }
            let outcome = if input.operation.pending {
                input.operation.finish(self.handle(), deadline)?
            } else {
                match self.peek()? {
                    None => Some(Outcome::Closed),
                    Some(0) => {
                        let overlapped = input.operation.begin();
                        // SAFETY: nothing is read, and the operation's memory stays until it has ended.
                        let begun = unsafe {
                            ReadFile(
                                self.handle(),
                                ptr::NonNull::dangling().as_ptr(),
                                0,
                                ptr::null_mut(),
                                overlapped,
                            )
                        };
                        match input.operation.begun(self.handle(), succeeded(begun))? {
                            None if deadline == Deadline::Now => return Ok(false),
                            None => continue,
                            outcome => outcome,
                        }
                    }
                    Some(size) => {
                        input.message = Some(Message::new(size));
                        continue;
                    }
                }
            };
            match outcome {
                None => return Ok(false),
                // A read of nothing that succeeds has taken an empty message.
                Some(Outcome::Done(_)) => input.message = Some(Message::new(0)),
                Some(Outcome::More(_)) => input.message = self.peek()?.map(Message::new),
                Some(Outcome::Closed) => input.ended = true,
                // It has read nothing: this thread asks anew.
                Some(Outcome::TakenBack) => {}
            }
        }
    }

    /// How many bytes the next message has, or 0 where there is none, or an empty one; `None` where the other end is closed.
    fn peek(&self) -> io::Result<Option<usize>> {
        let mut left = 0;
        // SAFETY: nothing is read but the number of bytes.
        let succeeded = unsafe {
            PeekNamedPipe(
                self.handle(),
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

    /// Reads what is there into `buffer`, as frames: `Some(0)` is the end, `None` that nothing came by `deadline`.
    pub(super) fn receive(&self, buffer: &mut [u8], deadline: Deadline) -> io::Result<Option<usize>> {
        let mut input = self.input();
        let mut filled = 0;
        while filled < buffer.len() {
            let deadline = if filled == 0 { deadline } else { Deadline::Now };
            match self.look(&mut input, deadline) {
                Ok(true) => {}
                Ok(false) => break,
                // Bytes that were read before are given first; the error comes again.
                Err(_) if filled > 0 => break,
                Err(error) => return Err(error),
            }
            let Some(message) = &mut input.message else { break };
            let header = &message.header.as_bytes()[message.given..];
            let length = header.len().min(buffer.len() - filled);
            buffer[filled..filled + length].copy_from_slice(&header[..length]);
            message.given += length;
            filled += length;
            let room = &mut buffer[filled..];
            let wanted = message.left.min(room.len()).min(u32::MAX as usize);
            if wanted > 0 {
                let overlapped = input.operation.begin();
                // SAFETY: the buffer stays until the operation has ended, which is waited for: the bytes are there.
                let begun = unsafe {
                    ReadFile(
                        self.handle(),
                        room.as_mut_ptr(),
                        wanted as u32,
                        ptr::null_mut(),
                        overlapped,
                    )
                };
                let mut outcome = input.operation.begun(self.handle(), succeeded(begun))?;
                while outcome.is_none() {
                    outcome = input.operation.finish(self.handle(), Deadline::Never)?;
                }
                match outcome {
                    Some(Outcome::Done(bytes) | Outcome::More(bytes)) => {
                        filled += bytes;
                        if let Some(message) = &mut input.message {
                            message.left -= bytes.min(message.left);
                        }
                    }
                    Some(Outcome::Closed) => input.ended = true,
                    Some(Outcome::TakenBack) | None => {}
                }
            }
            if input
                .message
                .as_ref()
                .is_some_and(|message| message.left == 0 && message.given == message.header.as_bytes().len())
            {
                input.message = None;
            }
        }
        self.await_more(&input);
        Ok((filled > 0 || input.ended).then_some(filled))
    }

    /// Tells the watchers of what comes next.
    fn await_more(&self, input: &Input) {
        if self.watchers.is_empty() {
            return;
        }
        if input.operation.pending {
            if let Some([read, _]) = self.waits.get() {
                read.arm();
            }
        } else if input.ended {
            self.watchers.tell(true, true, true);
        }
    }

    /// Takes what it can of `slices`, which are frames, by `deadline`.
    pub(super) fn send(&self, slices: &[IoSlice<'_>], deadline: Deadline) -> io::Result<usize> {
        let mut output = self.output();
        let mut taken = 0;
        for slice in slices {
            let mut bytes: &[u8] = slice;
            while !bytes.is_empty() {
                let length = match self.take(&mut output, bytes, deadline) {
                    Ok(length) => length,
                    // A part was taken: the error comes with the next call.
                    Err(_) if taken > 0 => return Ok(taken),
                    Err(error) => return Err(error),
                };
                if length == 0 {
                    if self.watchers.want_writable() {
                        if let Some([_, write]) = self.waits.get() {
                            write.arm();
                        }
                    }
                    return Ok(taken);
                }
                taken += length;
                bytes = &bytes[length..];
            }
        }
        Ok(taken)
    }

    /// Takes some of `bytes`; none where a write is pending by `deadline`.
    fn take(&self, output: &mut Output, bytes: &[u8], deadline: Deadline) -> io::Result<usize> {
        if output.operation.pending {
            match output.operation.finish(self.handle(), deadline)? {
                None => return Ok(0),
                Some(Outcome::Closed | Outcome::TakenBack) => output.ended = true,
                Some(_) => {}
            }
        }
        if output.ended {
            return Err(broken());
        }
        if std::mem::take(&mut output.held) {
            return Ok(1);
        }
        let header = read_header(&output.frame).map_err(malformed)?;
        let Some(header) = header else {
            // One form of a header has 4 bytes, the other 12.
            let whole = if output.frame.len() < 4 { 4 } else { 12 };
            let length = bytes.len().min(whole - output.frame.len());
            output.frame.extend_from_slice(&bytes[..length]);
            if read_header(&output.frame)
                .map_err(malformed)?
                .is_some_and(|header| header.payload == 0)
            {
                self.leave(output, &[], length, deadline)?;
                return Ok(output.hold(length));
            }
            return Ok(length);
        };
        let size = usize::try_from(header.payload).unwrap_or(usize::MAX);
        let missing = size.saturating_add(header.header) - output.frame.len();
        if output.frame.len() == header.header && bytes.len() >= missing {
            self.leave(output, &bytes[..missing], 0, deadline)?;
            return Ok(output.hold(missing));
        }
        let length = bytes.len().min(missing);
        output.frame.extend_from_slice(&bytes[..length]);
        if length == missing {
            let frame = std::mem::take(&mut output.frame);
            let left = self.leave(output, &frame[header.header..], 0, deadline);
            if left.is_err() {
                output.frame = frame;
                output.frame.truncate(header.header + size - length);
            }
            left?;
            return Ok(output.hold(length));
        }
        Ok(length)
    }

    /// Writes the message of a whole frame. Where that fails, the last `length` bytes of what was taken of it are given again.
    fn leave(&self, output: &mut Output, message: &[u8], length: usize, deadline: Deadline) -> io::Result<()> {
        let written = self.write(output, message, deadline);
        let kept = if written.is_ok() {
            0
        } else {
            output.frame.len() - length
        };
        output.frame.truncate(kept);
        written
    }

    /// Writes a message. It may be pending afterwards, except where `deadline` is never.
    fn write(&self, output: &mut Output, message: &[u8], deadline: Deadline) -> io::Result<()> {
        let length = u32::try_from(message.len())
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, "a named pipe's message has at most 4 GiB"))?;
        // A caller that doesn't wait for the end of the write takes its memory back before it, and may end before it too.
        let memory = if deadline == Deadline::Never {
            message.as_ptr()
        } else {
            output.flight.clear();
            output.flight.extend_from_slice(message);
            output.flight.as_ptr()
        };
        let may_outlast = deadline != Deadline::Never && room(self.handle()) <= length;
        let write = Write {
            handle: self.handle(),
            memory,
            length,
            overlapped: output.operation.begin(),
        };
        // SAFETY: the memory stays until the write has ended: it is waited for, or the memory is the output's.
        let begun = unsafe {
            if may_outlast {
                write.begin_for_good()
            } else {
                write.begin()
            }
        };
        let mut outcome = output.operation.begun(self.handle(), begun)?;
        while outcome.is_none() && deadline == Deadline::Never {
            outcome = output.operation.finish(self.handle(), deadline)?;
        }
        if matches!(outcome, Some(Outcome::Closed | Outcome::TakenBack)) {
            // Each call says so from now on: of this frame, a part may have been taken.
            output.ended = true;
            return Err(broken());
        }
        Ok(())
    }

    /// Whether there is something to receive, or the end, by `deadline`; with `or_writable`, or room to write.
    pub(super) fn poll(&self, readable: bool, writable: bool, deadline: Deadline) -> io::Result<bool> {
        loop {
            if readable && self.look(&mut self.input(), Deadline::Now)? {
                return Ok(true);
            }
            if writable && self.output().operation.has_ended()? {
                return Ok(true);
            }
            let mut events = Vec::with_capacity(2);
            if readable {
                events.push(self.input().operation.event.handle());
            }
            if writable {
                events.push(self.output().operation.event.handle());
            }
            // A read that was taken back has ended too, without anything to read.
            if !wait_for_one(&events, deadline)? {
                return Ok(false);
            }
        }
    }

    pub(super) fn watchers(&self) -> &Arc<Watchers> {
        &self.watchers
    }

    /// Tells the watchers of what is there now, and of what comes.
    pub(super) fn rearm(&self) -> io::Result<()> {
        if self.waits.get().is_none() {
            let tell = |readable: bool| {
                let watchers = Arc::clone(&self.watchers);
                move || {
                    watchers.tell(readable, !readable, false);
                    false
                }
            };
            let read = Wait::new(&self.input().operation.event, tell(true))?;
            let write = Wait::new(&self.output().operation.event, tell(false))?;
            // Where another thread was faster, its waits are as good.
            let _ = self.waits.set([read, write]);
        }
        if self.readable {
            let mut input = self.input();
            if self.look(&mut input, Deadline::Now)? {
                self.watchers.tell(true, false, input.ended);
            }
            self.await_more(&input);
        }
        if self.watchers.want_writable() {
            if self.output().operation.pending {
                if let Some([_, write]) = self.waits.get() {
                    write.arm();
                }
            } else {
                self.watchers.tell(false, true, false);
            }
        }
        Ok(())
    }
}

fn succeeded(code: i32) -> io::Result<()> {
    if code == 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

fn broken() -> io::Error {
    io::Error::from_raw_os_error(ERROR_BROKEN_PIPE as i32)
}

fn malformed(error: FrameError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, error)
}

impl Drop for Pipe {
    fn drop(&mut self) {
        self.waits.take();
        let (Some(handle), input) = (self.handle.take(), self.input.get_mut()) else {
            return;
        };
        input
            .unwrap_or_else(PoisonError::into_inner)
            .operation
            .cancel(handle.as_raw_handle());
        let output = self.output.get_mut().unwrap_or_else(PoisonError::into_inner);
        if !output.operation.pending {
            return;
        }
        // Bytes that were taken are delivered while the other end lives, as a socket's kernel does: a thread waits for that.
        let Ok(fresh) = Operation::new() else {
            output.operation.cancel(handle.as_raw_handle());
            return;
        };
        let linger = Linger {
            operation: std::mem::replace(&mut output.operation, fresh),
            _flight: std::mem::take(&mut output.flight),
            handle,
        };
        // Without a thread, the write is taken back.
        let _ = std::thread::Builder::new()
            .name("carom-linger".to_owned())
            .spawn(move || linger.finish());
    }
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

impl Drop for Operation {
    fn drop(&mut self) {
        debug_assert!(!self.pending, "the system still writes to this memory");
    }
}
