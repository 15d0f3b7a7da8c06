//! A child process, and a process that ends with its parent.

use std::io;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::time::Duration;

use windows_sys::Win32::Foundation::ERROR_NOT_SUPPORTED;
use windows_sys::Win32::System::Threading::{
    GetExitCodeProcess, OpenProcess, PROCESS_QUERY_LIMITED_INFORMATION, PROCESS_SYNCHRONIZE,
};

use super::event::wait_for_one;
use crate::child::Exit;
use crate::sys::{Deadline, OwnedFd};

/// A child. While its handle is open, no other process gets its number.
#[derive(Debug)]
pub(crate) struct Process(OwnedHandle);

impl Process {
    pub(crate) fn open(pid: u32) -> io::Result<Self> {
        // SAFETY: asks for a handle of a process, whichever has the number.
        let handle = unsafe { OpenProcess(PROCESS_SYNCHRONIZE | PROCESS_QUERY_LIMITED_INFORMATION, 0, pid) };
        if handle.is_null() {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the handle is new, and nobody else's.
        Ok(Self(unsafe { OwnedHandle::from_raw_handle(handle) }))
    }

    pub(crate) fn exit(&self) -> io::Result<Option<Exit>> {
        if !wait_for_one(&[self.0.as_raw_handle()], Deadline::Now)? {
            return Ok(None);
        }
        let mut code = 0;
        // SAFETY: the handle is open.
        if unsafe { GetExitCodeProcess(self.0.as_raw_handle(), &raw mut code) } == 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(Some(Exit::Code(code)))
    }

    /// Blocks until the child has ended.
    pub(crate) fn wait(&self) {
        // Fails for no handle that is open.
        let _ = wait_for_one(&[self.0.as_raw_handle()], Deadline::Never);
    }

    #[allow(clippy::unused_self, reason = "used on other systems")]
    pub(crate) fn signal(&self, _signal: i32) -> io::Result<()> {
        Err(io::Error::from_raw_os_error(ERROR_NOT_SUPPORTED as i32))
    }

    /// A descriptor that tells by itself when the child has ended: a process's handle is none.
    #[allow(clippy::unused_self, reason = "used on other systems")]
    pub(crate) fn pollable(&self) -> Option<io::Result<OwnedFd>> {
        None
    }
}

/// Ends this process. There is nobody who could be asked first.
pub(crate) fn end_this(_grace: Duration) {
    std::process::exit(1);
}
