//! How a child process has ended, and a process that ends with its parent.

use std::io;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::time::Duration;

use windows_sys::Win32::System::Threading::{
    GetExitCodeProcess, OpenProcess, PROCESS_QUERY_LIMITED_INFORMATION, PROCESS_SYNCHRONIZE,
};

use super::event::wait_for_one;
use crate::child::Exit;
use crate::sys::Deadline;

pub(crate) fn exit_of(pid: u32, deadline: Deadline) -> io::Result<Option<Exit>> {
    // SAFETY: asks for a handle of a process, whichever has the number.
    let handle = unsafe { OpenProcess(PROCESS_SYNCHRONIZE | PROCESS_QUERY_LIMITED_INFORMATION, 0, pid) };
    if handle.is_null() {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the handle is new, and nobody else's.
    let handle = unsafe { OwnedHandle::from_raw_handle(handle) };
    if !wait_for_one(&[handle.as_raw_handle()], deadline)? {
        return Ok(None);
    }
    let mut code = 0;
    // SAFETY: the handle is open.
    if unsafe { GetExitCodeProcess(handle.as_raw_handle(), &raw mut code) } == 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(Some(Exit::Code(code)))
}

/// Ends this process. There is nobody who could be asked first.
pub(crate) fn end_this(_grace: Duration) {
    std::process::exit(1);
}
