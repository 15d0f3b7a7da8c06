//! Events and the thread pool's waits for them.

use std::ffi::c_void;
use std::fmt;
use std::io;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::ptr;

use windows_sys::Win32::Foundation::{HANDLE, WAIT_FAILED, WAIT_OBJECT_0};
use windows_sys::Win32::System::Threading::{
    CloseThreadpoolWait, CreateEventW, CreateThreadpoolWait, INFINITE, PTP_CALLBACK_INSTANCE, PTP_WAIT, ResetEvent,
    SetEvent, SetThreadpoolWait, WaitForMultipleObjects, WaitForThreadpoolWaitCallbacks,
};

use crate::sys::Deadline;

/// An event that stays set until it is reset.
#[derive(Debug)]
pub(crate) struct Event(OwnedHandle);

impl Event {
    pub(crate) fn new() -> io::Result<Self> {
        // SAFETY: an event without a name or attributes.
        let handle = unsafe { CreateEventW(ptr::null(), 1, 0, ptr::null()) };
        if handle.is_null() {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the handle is new, and nobody else's.
        Ok(Self(unsafe { OwnedHandle::from_raw_handle(handle) }))
    }

    pub(crate) fn handle(&self) -> HANDLE {
        self.0.as_raw_handle()
    }

    pub(crate) fn set(&self) {
        // SAFETY: the handle is open. Setting an event that is can't fail.
        unsafe { SetEvent(self.handle()) };
    }

    pub(crate) fn reset(&self) {
        // SAFETY: as in `set`.
        unsafe { ResetEvent(self.handle()) };
    }

    /// Whether the event is set, or becomes so by `deadline`.
    pub(crate) fn wait(&self, deadline: Deadline) -> io::Result<bool> {
        wait_for_one(&[self.handle()], deadline)
    }
}

/// Whether one of `handles` is set, or becomes so by `deadline`.
pub(crate) fn wait_for_one(handles: &[HANDLE], deadline: Deadline) -> io::Result<bool> {
    loop {
        let left = deadline.remaining();
        // Rounded up: a wait that ends early would have to be made again.
        let milliseconds = left.map_or(INFINITE, |left| {
            u32::try_from(left.as_nanos().div_ceil(1_000_000))
                .unwrap_or(INFINITE - 1)
                .min(INFINITE - 1)
        });
        // SAFETY: the handles are open during the call.
        match unsafe { WaitForMultipleObjects(handles.len() as u32, handles.as_ptr(), 0, milliseconds) } {
            WAIT_FAILED => return Err(io::Error::last_os_error()),
            signalled if signalled < WAIT_OBJECT_0 + handles.len() as u32 => return Ok(true),
            _ if deadline.remaining().is_some_and(|left| left.is_zero()) => return Ok(false),
            _ => {}
        }
    }
}

/// A function that is called when an event is set; it returns whether to wait for the event again.
type Act = Box<dyn Fn() -> bool + Send + Sync>;

/// A wait of the system's thread pool: waiting for thousands of events needs no thread for each.
pub(crate) struct Wait {
    wait: PTP_WAIT,
    context: *mut Context,
}

struct Context {
    act: Act,
    event: HANDLE,
}

// SAFETY: the context is only read, its act may be called on any thread, and its event's handle is only passed on.
unsafe impl Send for Wait {}
// SAFETY: as above.
unsafe impl Sync for Wait {}

impl fmt::Debug for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wait")
    }
}

impl Wait {
    /// A wait for `event`, which outlives it; nothing is waited for before [`arm`](Self::arm).
    pub(crate) fn new(event: &Event, act: impl Fn() -> bool + Send + Sync + 'static) -> io::Result<Self> {
        let context = Box::into_raw(Box::new(Context {
            act: Box::new(act),
            event: event.handle(),
        }));
        // SAFETY: the context lives until the wait is closed.
        let wait = unsafe { CreateThreadpoolWait(Some(on_set), context.cast(), ptr::null()) };
        if wait == 0 {
            let error = io::Error::last_os_error();
            // SAFETY: nobody else has the context.
            drop(unsafe { Box::from_raw(context) });
            return Err(error);
        }
        Ok(Self { wait, context })
    }

    /// Calls once when the event is set: at once, where it is.
    pub(crate) fn arm(&self) {
        // SAFETY: the wait is open, and so is the event, which outlives it.
        unsafe { SetThreadpoolWait(self.wait, (*self.context).event, ptr::null()) };
    }
}

impl Drop for Wait {
    /// When this returns, nothing is called any more.
    fn drop(&mut self) {
        // SAFETY: the wait is open. A call that is under way is waited for, and it may have armed the wait anew, so both are done
        // twice. Nobody has the context after that.
        unsafe {
            for _ in 0..2 {
                SetThreadpoolWait(self.wait, ptr::null_mut(), ptr::null());
                WaitForThreadpoolWaitCallbacks(self.wait, 1);
            }
            CloseThreadpoolWait(self.wait);
            drop(Box::from_raw(self.context));
        }
    }
}

unsafe extern "system" fn on_set(_instance: PTP_CALLBACK_INSTANCE, context: *mut c_void, wait: PTP_WAIT, _result: u32) {
    // SAFETY: the context lives until the wait is closed, which waits for this call.
    unsafe {
        let context = &*context.cast::<Context>();
        if (context.act)() {
            SetThreadpoolWait(wait, context.event, ptr::null());
        }
    }
}
