//! A named pipe that others connect to. Each client gets an instance of its own; one without a client is always there, and
//! waits for the next.

use std::ffi::c_void;
use std::io;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::ptr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use windows_sys::Win32::Foundation::{
    ERROR_ACCESS_DENIED, ERROR_IO_PENDING, ERROR_NO_DATA, ERROR_OPERATION_ABORTED, ERROR_PIPE_BUSY,
    ERROR_PIPE_CONNECTED, GENERIC_READ, GENERIC_WRITE, HANDLE, INVALID_HANDLE_VALUE, LocalFree,
};
use windows_sys::Win32::Networking::WinSock::WSAEADDRINUSE;
use windows_sys::Win32::Security::Authorization::{
    ConvertStringSecurityDescriptorToSecurityDescriptorW, SDDL_REVISION_1,
};
use windows_sys::Win32::Security::SECURITY_ATTRIBUTES;
use windows_sys::Win32::Storage::FileSystem::{
    CreateFileW, FILE_FLAG_FIRST_PIPE_INSTANCE, FILE_FLAG_OVERLAPPED, OPEN_EXISTING, PIPE_ACCESS_DUPLEX,
    PIPE_ACCESS_INBOUND, SECURITY_IDENTIFICATION, SECURITY_SQOS_PRESENT,
};
use windows_sys::Win32::System::IO::{CancelIoEx, GetOverlappedResult, OVERLAPPED};
use windows_sys::Win32::System::Pipes::{
    ConnectNamedPipe, CreateNamedPipeW, PIPE_READMODE_MESSAGE, PIPE_REJECT_REMOTE_CLIENTS, PIPE_TYPE_MESSAGE,
    PIPE_UNLIMITED_INSTANCES, PIPE_WAIT, SetNamedPipeHandleState,
};

use super::event::{Event, Wait};
use super::pipe::Pipe;
use super::selector::Watchers;
use crate::sys::Deadline;

/// How many bytes the system keeps of what nobody has read yet, each way.
const BUFFER: u32 = 64 * 1024;

/// A name as the system takes it.
pub(super) fn wide(name: &str) -> Vec<u16> {
    name.encode_utf16().chain([0]).collect()
}

/// A name that nobody else has.
pub(super) fn private_name() -> io::Result<String> {
    Ok(format!(
        r"\\.\pipe\carom-{}-{:016x}",
        std::process::id(),
        getrandom::u64()?
    ))
}

/// The users that may connect: this one and the system, or everyone.
struct Admission(*mut c_void);

impl Admission {
    fn new(everyone: bool) -> io::Result<Self> {
        let text = wide(if everyone {
            "D:P(A;;GA;;;OW)(A;;GA;;;SY)(A;;GRGW;;;WD)"
        } else {
            "D:P(A;;GA;;;OW)(A;;GA;;;SY)"
        });
        let mut descriptor = ptr::null_mut();
        // SAFETY: the text ends with a NUL; what is allocated is freed with this object.
        let made = unsafe {
            ConvertStringSecurityDescriptorToSecurityDescriptorW(
                text.as_ptr(),
                SDDL_REVISION_1,
                &raw mut descriptor,
                ptr::null_mut(),
            )
        };
        if made == 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(Self(descriptor))
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        // SAFETY: allocated by the system, for this object.
        unsafe { LocalFree(self.0) };
    }
}

/// Makes an instance of the pipe `name`, which nobody has connected to.
fn instance(name: &[u16], first: bool, most: u32, inbound: bool, everyone: bool) -> io::Result<OwnedHandle> {
    let admission = Admission::new(everyone)?;
    let attributes = SECURITY_ATTRIBUTES {
        nLength: size_of::<SECURITY_ATTRIBUTES>() as u32,
        lpSecurityDescriptor: admission.0,
        bInheritHandle: 0,
    };
    let access = if inbound {
        PIPE_ACCESS_INBOUND
    } else {
        PIPE_ACCESS_DUPLEX
    };
    let first = if first { FILE_FLAG_FIRST_PIPE_INSTANCE } else { 0 };
    let mode = PIPE_TYPE_MESSAGE | PIPE_READMODE_MESSAGE | PIPE_WAIT | PIPE_REJECT_REMOTE_CLIENTS;
    // SAFETY: the name ends with a NUL, and the attributes outlive the call.
    let handle = unsafe {
        CreateNamedPipeW(
            name.as_ptr(),
            access | FILE_FLAG_OVERLAPPED | first,
            mode,
            most,
            BUFFER,
            BUFFER,
            0,
            &raw const attributes,
        )
    };
    owned(handle)
}

fn owned(handle: HANDLE) -> io::Result<OwnedHandle> {
    if handle == INVALID_HANDLE_VALUE {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the handle is new, and nobody else's.
    Ok(unsafe { OwnedHandle::from_raw_handle(handle) })
}

/// Connects to the pipe `name`; `None` where all its instances have clients for now.
pub(super) fn connect(name: &[u16], write_only: bool) -> io::Result<Option<OwnedHandle>> {
    let access = if write_only {
        GENERIC_WRITE
    } else {
        GENERIC_READ | GENERIC_WRITE
    };
    // The listener may learn our identity, but not act under it.
    let flags = FILE_FLAG_OVERLAPPED | SECURITY_SQOS_PRESENT | SECURITY_IDENTIFICATION;
    // SAFETY: the name ends with a NUL.
    let handle = unsafe {
        CreateFileW(
            name.as_ptr(),
            access,
            0,
            ptr::null(),
            OPEN_EXISTING,
            flags,
            ptr::null_mut(),
        )
    };
    let handle = match owned(handle) {
        Err(error) if error.raw_os_error() == Some(ERROR_PIPE_BUSY as i32) => return Ok(None),
        handle => handle?,
    };
    if !write_only {
        read_messages(&handle)?;
    }
    Ok(Some(handle))
}

/// Has reads of `handle` stop where a message ends.
pub(super) fn read_messages(handle: &OwnedHandle) -> io::Result<()> {
    let mode = PIPE_READMODE_MESSAGE;
    // SAFETY: the handle is open, and the mode outlives the call.
    let set = unsafe { SetNamedPipeHandleState(handle.as_raw_handle(), &raw const mode, ptr::null(), ptr::null()) };
    if set == 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// Two connected ends; `one_way`: the first only receives, and the second only sends.
pub(super) fn pair(one_way: bool) -> io::Result<(Pipe, Pipe)> {
    let name = wide(&private_name()?);
    let mut waiting = Waiting::new(instance(&name, true, 1, one_way, false)?)?;
    let client = connect(&name, one_way)?.ok_or_else(|| io::Error::from_raw_os_error(ERROR_PIPE_BUSY as i32))?;
    waiting.event.wait(Deadline::Never)?;
    Ok((
        Pipe::new(waiting.take()?, true, !one_way)?,
        Pipe::new(client, !one_way, true)?,
    ))
}

/// An instance that waits for a client.
#[derive(Debug)]
struct Waiting {
    handle: Option<OwnedHandle>,
    overlapped: Box<Overlapped>,
    /// Set when there is one.
    event: Event,
    pending: bool,
}

struct Overlapped(OVERLAPPED);

// SAFETY: it is plain memory, which only the system writes to.
unsafe impl Send for Overlapped {}

impl std::fmt::Debug for Overlapped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Overlapped")
    }
}

impl Waiting {
    fn new(handle: OwnedHandle) -> io::Result<Self> {
        let mut waiting = Self {
            handle: Some(handle),
            overlapped: Box::new(Overlapped(OVERLAPPED::default())),
            event: Event::new()?,
            pending: false,
        };
        waiting.overlapped.0.hEvent = waiting.event.handle();
        waiting.ask()?;
        Ok(waiting)
    }

    /// Asks the system to tell when there is a client.
    fn ask(&mut self) -> io::Result<()> {
        // SAFETY: the memory stays until the operation has ended, or was taken back.
        let connected = unsafe { ConnectNamedPipe(self.raw(), &raw mut self.overlapped.0) };
        if connected == 0 {
            let error = io::Error::last_os_error();
            match error.raw_os_error().map(|code| code as u32) {
                Some(ERROR_IO_PENDING) => self.pending = true,
                // Another client was faster, and may be gone again: the reader will find out.
                Some(ERROR_PIPE_CONNECTED | ERROR_NO_DATA) => self.event.set(),
                _ => return Err(error),
            }
        }
        Ok(())
    }

    /// Whether there is a client.
    fn arrived(&mut self) -> io::Result<bool> {
        if !self.event.wait(Deadline::Now)? {
            return Ok(false);
        }
        if !std::mem::take(&mut self.pending) {
            return Ok(true);
        }
        let mut bytes = 0;
        // SAFETY: the operation has ended.
        let connected = unsafe { GetOverlappedResult(self.raw(), &raw const self.overlapped.0, &raw mut bytes, 0) };
        // The thread that had asked has ended, and the system takes back the operations that a thread has begun. Any other failure is for whoever
        // reads to find.
        if connected == 0 && io::Error::last_os_error().raw_os_error() == Some(ERROR_OPERATION_ABORTED as i32) {
            self.event.reset();
            self.ask()?;
            return self.event.wait(Deadline::Now);
        }
        Ok(true)
    }

    fn raw(&self) -> HANDLE {
        self.handle.as_ref().map_or(ptr::null_mut(), AsRawHandle::as_raw_handle)
    }

    /// The instance, when its client has come.
    fn take(&mut self) -> io::Result<OwnedHandle> {
        self.pending = false;
        self.handle.take().ok_or_else(|| io::ErrorKind::NotConnected.into())
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if self.pending && self.handle.is_some() {
            let mut bytes = 0;
            // SAFETY: the operation is this one's, and the system is done with its memory when the second call returns.
            unsafe {
                CancelIoEx(self.raw(), &raw const self.overlapped.0);
                GetOverlappedResult(self.raw(), &raw const self.overlapped.0, &raw mut bytes, 1);
            }
        }
    }
}

/// A named pipe that others connect to.
#[derive(Debug)]
pub(super) struct Server {
    name: String,
    everyone: bool,
    watchers: Arc<Watchers>,
    current: Mutex<Current>,
}

#[derive(Debug)]
struct Current {
    // Dropped before the event that it waits for.
    wait: Option<Wait>,
    waiting: Waiting,
}

impl Server {
    pub(super) fn bind(name: &str, mode: u32) -> io::Result<Self> {
        let everyone = mode & 0o006 == 0o006;
        let handle = instance(&wide(name), true, PIPE_UNLIMITED_INSTANCES, false, everyone).map_err(|error| {
            // The first instance of a pipe that is there already is denied.
            if error.raw_os_error() == Some(ERROR_ACCESS_DENIED as i32) {
                return io::Error::from_raw_os_error(WSAEADDRINUSE);
            }
            error
        })?;
        Ok(Self {
            name: name.to_owned(),
            everyone,
            watchers: Arc::default(),
            current: Mutex::new(Current {
                wait: None,
                waiting: Waiting::new(handle)?,
            }),
        })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    fn current(&self) -> MutexGuard<'_, Current> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next client's end, if there is one.
    pub(super) fn accept(&self) -> io::Result<Option<Pipe>> {
        let mut current = self.current();
        if !current.waiting.arrived()? {
            if !self.watchers.is_empty() {
                self.arm(&mut current)?;
            }
            return Ok(None);
        }
        // The next instance first: where there is none to be had, the client waits.
        let next = instance(&wide(&self.name), false, PIPE_UNLIMITED_INSTANCES, false, self.everyone)?;
        let next = Waiting::new(next)?;
        current.wait = None;
        let mut connected = std::mem::replace(&mut current.waiting, next);
        if !self.watchers.is_empty() {
            self.arm(&mut current)?;
        }
        Pipe::new(connected.take()?, true, true).map(Some)
    }

    /// Whether a client waits, or comes by `deadline`.
    pub(super) fn poll(&self, deadline: Deadline) -> io::Result<bool> {
        loop {
            let handle = {
                let mut current = self.current();
                if current.waiting.arrived()? {
                    return Ok(true);
                }
                current.waiting.event.handle()
            };
            if !super::event::wait_for_one(&[handle], deadline)? {
                return Ok(false);
            }
        }
    }

    pub(super) fn watchers(&self) -> &Arc<Watchers> {
        &self.watchers
    }

    /// Tells the watchers of a client that is there, or of the next one.
    pub(super) fn rearm(&self) -> io::Result<()> {
        self.arm(&mut self.current())
    }

    fn arm(&self, current: &mut Current) -> io::Result<()> {
        let wait = match current.wait.take() {
            Some(wait) => wait,
            None => {
                let watchers = Arc::clone(&self.watchers);
                Wait::new(&current.waiting.event, move || {
                    watchers.tell(true, false, false);
                    false
                })?
            }
        };
        wait.arm();
        current.wait = Some(wait);
        Ok(())
    }
}
