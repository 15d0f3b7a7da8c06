//! An end of a named pipe in message mode.
//!
//! There, one write is one message, and no header goes in front of it. The rest of the crate lives on a stream of frames, so an
//! end is given and gives that: a header is written to nobody, and what it announces leaves as one message; a message that arrives is
//! given with the header that it would have had. Python's ends, on the other side, see none of it.

use std::io::{self, IoSlice};
use std::os::windows::io::{AsRawHandle, OwnedHandle};
use std::ptr;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use windows_sys::Win32::Foundation::HANDLE;

use super::event::{Wait, wait_for_one};
use super::selector::Watchers;
use crate::sys::Deadline;

mod input;
mod output;

use input::Input;
use output::Output;

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

impl Pipe {
    /// `handle` was made for overlapped operations, and reads messages.
    pub(super) fn new(handle: OwnedHandle, readable: bool, writable: bool) -> io::Result<Self> {
        Ok(Self {
            waits: OnceLock::new(),
            watchers: Arc::default(),
            input: Mutex::new(Input::new()?),
            output: Mutex::new(Output::new()?),
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

    /// Reads what is there into `buffer`, as frames: `Some(0)` is the end, `None` that nothing came by `deadline`.
    pub(super) fn receive(&self, buffer: &mut [u8], deadline: Deadline) -> io::Result<Option<usize>> {
        let mut input = self.input();
        let received = input.receive(self.handle(), buffer, deadline)?;
        self.await_more(&input);
        Ok(received)
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
                let length = match output.take(self.handle(), bytes, deadline) {
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

    /// Whether there is something to receive, or the end, by `deadline`; with `or_writable`, or room to write.
    pub(super) fn poll(&self, readable: bool, writable: bool, deadline: Deadline) -> io::Result<bool> {
        loop {
            if readable && self.input().look(self.handle(), Deadline::Now)? {
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
            if input.look(self.handle(), Deadline::Now)? {
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
        output.linger(handle);
    }
}
