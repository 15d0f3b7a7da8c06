//! libuv watches the reactor's own descriptor, with a single poll handle. The fastest way: readiness is served on the
//! thread that uses it.
//!
//! libuv promises no ABI between Node's major versions, so only functions are used that take and give pointers and
//! integers, they are looked up in the running process, and the handle's size is asked for.

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::io;
use std::ptr;
use std::rc::Rc;

use libloading::os::unix::{Library, Symbol};
use napi::{Error, Result, check_status, sys};

use super::Driver;
use crate::environment::Environment;

/// `UV_POLL` of `uv_handle_type`.
const UV_POLL: c_int = 8;
/// `UV_READABLE` of `uv_poll_event`.
const UV_READABLE: c_int = 1;

type Handle = *mut c_void;
type PollCallback = unsafe extern "C" fn(Handle, c_int, c_int);
type CloseCallback = unsafe extern "C" fn(Handle);

/// The functions of libuv that are used.
struct Uv {
    handle_size: Symbol<unsafe extern "C" fn(c_int) -> usize>,
    poll_init: Symbol<unsafe extern "C" fn(*mut sys::uv_loop_s, Handle, c_int) -> c_int>,
    poll_start: Symbol<unsafe extern "C" fn(Handle, c_int, PollCallback) -> c_int>,
    poll_stop: Symbol<unsafe extern "C" fn(Handle) -> c_int>,
    reference: Symbol<unsafe extern "C" fn(Handle)>,
    unreference: Symbol<unsafe extern "C" fn(Handle)>,
    close: Symbol<unsafe extern "C" fn(Handle, CloseCallback)>,
}

impl Uv {
    fn find() -> std::result::Result<Self, libloading::Error> {
        let process = Library::this();
        // SAFETY: the names and signatures are those of libuv 1.x.
        unsafe {
            Ok(Self {
                handle_size: process.get("uv_handle_size")?,
                poll_init: process.get("uv_poll_init")?,
                poll_start: process.get("uv_poll_start")?,
                poll_stop: process.get("uv_poll_stop")?,
                reference: process.get("uv_ref")?,
                unreference: process.get("uv_unref")?,
                close: process.get("uv_close")?,
            })
        }
    }
}

pub(super) struct UvDriver {
    uv: Uv,
    handle: HandleMemory,
    environment: Rc<Environment>,
    hook: Cell<sys::napi_async_cleanup_hook_handle>,
}

impl UvDriver {
    pub(super) fn start(env: sys::napi_env, environment: Rc<Environment>) -> Result<Rc<Self>> {
        let uv = Uv::find().map_err(|error| Error::from_reason(format!("libuv isn't in this process: {error}")))?;
        let mut event_loop = ptr::null_mut();
        // SAFETY: called on the environment's thread, with a valid out pointer.
        check_status!(unsafe { sys::napi_get_uv_event_loop(env, &raw mut event_loop) })?;

        let fd = environment
            .fd()
            .map_err(|error| crate::status::thrown("uv_poll_init", &error))?;
        // SAFETY: the function takes a handle type and returns a size.
        let handle = HandleMemory::new(unsafe { (uv.handle_size)(UV_POLL) })?;
        // SAFETY: the loop is this environment's, the memory is large enough for the handle, the descriptor is open.
        let status = unsafe { (uv.poll_init)(event_loop, handle.handle(), fd) };
        if status != 0 {
            return Err(crate::status::thrown(
                "uv_poll_init",
                &io::Error::from_raw_os_error(-status),
            ));
        }
        let driver = Rc::new(Self {
            uv,
            handle,
            environment,
            hook: Cell::new(ptr::null_mut()),
        });
        // SAFETY: the handle is initialised. It owns one count of the driver, which `on_closed` gives back.
        unsafe {
            driver.handle.set_driver(Rc::into_raw(Rc::clone(&driver)));
            (driver.uv.poll_start)(driver.handle.handle(), UV_READABLE, on_readable);
            (driver.uv.unreference)(driver.handle.handle());
        }
        let mut hook = ptr::null_mut();
        // SAFETY: the driver outlives the hook, since the handle's count is only given back after it.
        check_status!(unsafe {
            sys::napi_add_async_cleanup_hook(env, Some(on_end), Rc::as_ptr(&driver).cast_mut().cast(), &raw mut hook)
        })?;
        driver.hook.set(hook);
        Ok(driver)
    }
}

impl UvDriver {
    /// Closes the handle, which must be open. What the handle owns comes back when it is closed.
    fn close(&self) {
        // SAFETY: the handle is open, and closed only here.
        unsafe {
            (self.uv.poll_stop)(self.handle.handle());
            (self.uv.close)(self.handle.handle(), on_closed);
        }
    }
}

impl Driver for UvDriver {
    fn keep_alive(&self, on: bool) {
        if self.environment.ended() {
            return;
        }
        let call = if on { &self.uv.reference } else { &self.uv.unreference };
        // SAFETY: the handle is open until the environment has ended.
        unsafe { call(self.handle.handle()) };
    }

    fn stop(&self) {
        if !self.environment.ended() {
            self.close();
            self.environment.abandon();
        }
    }
}

/// The part in front of a poll handle in its memory. Its alignment is the handle's.
#[repr(C, align(16))]
struct Front {
    driver: *const UvDriver,
}

/// Memory for a poll handle, with the pointer to its driver in front of it.
struct HandleMemory {
    front: *mut Front,
    layout: Layout,
}

impl HandleMemory {
    fn new(size: usize) -> Result<Self> {
        let layout = Layout::from_size_align(size_of::<Front>() + size, align_of::<Front>())
            .map_err(|error| Error::from_reason(error.to_string()))?;
        // SAFETY: the layout is not empty.
        let memory: *mut c_void = unsafe { alloc_zeroed(layout) }.cast();
        if memory.is_null() {
            return Err(crate::status::thrown(
                "malloc",
                &io::Error::from_raw_os_error(libc::ENOMEM),
            ));
        }
        Ok(Self {
            front: memory.cast(),
            layout,
        })
    }

    fn handle(&self) -> Handle {
        // SAFETY: the memory is larger than its front.
        unsafe { self.front.add(1) }.cast()
    }

    fn set_driver(&self, driver: *const UvDriver) {
        // SAFETY: the memory begins with room for it.
        unsafe { self.front.write(Front { driver }) };
    }

    /// The driver in front of `handle`.
    ///
    /// # Safety
    ///
    /// `handle` is the handle of a memory whose driver has been set.
    unsafe fn driver(handle: Handle) -> *const UvDriver {
        // SAFETY: as the caller says.
        unsafe { (*handle.cast::<Front>().sub(1)).driver }
    }
}

impl Drop for HandleMemory {
    fn drop(&mut self) {
        // SAFETY: allocated with this layout. libuv is done with the handle: it was never initialised, or is closed.
        unsafe { dealloc(self.front.cast(), self.layout) };
    }
}

/// libuv's callback: there are reports to take.
unsafe extern "C" fn on_readable(handle: Handle, _status: c_int, _events: c_int) {
    // SAFETY: the handle's count of the driver is given back only after the handle is closed; a count of our own keeps
    // the driver alive while JavaScript runs.
    let driver = unsafe {
        let driver = HandleMemory::driver(handle);
        Rc::increment_strong_count(driver);
        Rc::from_raw(driver)
    };
    driver.environment.serve();
}

/// The environment ends: the handle must be closed before, and its callback needs the event loop once more.
unsafe extern "C" fn on_end(_hook: sys::napi_async_cleanup_hook_handle, data: *mut c_void) {
    // SAFETY: `data` is the driver, alive until `on_closed`.
    let driver = unsafe { &*data.cast::<UvDriver>().cast_const() };
    // Where it was stopped before, the handle is closing already: `on_closed` removes the hook.
    if !driver.environment.ended() {
        driver.close();
        driver.environment.end();
    }
}

unsafe extern "C" fn on_closed(handle: Handle) {
    // SAFETY: libuv is done with the handle: its count of the driver comes back. The hook is removed once.
    unsafe {
        let driver = Rc::from_raw(HandleMemory::driver(handle));
        sys::napi_remove_async_cleanup_hook(driver.hook.get());
    }
}
