//! libuv watches the reactor's own descriptor, with a single poll handle. The fastest way: readiness is served on the
//! thread that uses it.
//!
//! Where the loop is to look for more before it sleeps, a prepare handle does that: libuv calls it when all else that was due
//! has been served. What is due next, and what happens meanwhile, libuv is asked for.

mod functions;
mod handle;

use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::io;
use std::os::fd::BorrowedFd;
use std::ptr;
use std::rc::Rc;
use std::time::Duration;

use carom::sys::{Deadline, poll_readable};
use napi::{Error, Result, check_status, sys};

use super::Driver;
use crate::environment::{Environment, OtherHandles};
use functions::{Handle, Loop, UV_POLL, UV_PREPARE, UV_READABLE, Uv};
use handle::HandleMemory;

pub(super) struct UvDriver {
    uv: Uv,
    event_loop: Loop,
    poll: HandleMemory,
    prepare: HandleMemory,
    /// Whether the prepare handle is active.
    searching: Cell<bool>,
    /// How many handles are not closed.
    open: Cell<u32>,
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
        let poll = HandleMemory::new(&uv, UV_POLL)?;
        let prepare = HandleMemory::new(&uv, UV_PREPARE)?;
        // SAFETY: the loop is this environment's, the memory is large enough for the handle, the descriptor is open.
        let status = unsafe { (uv.poll_init)(event_loop, poll.handle(), fd) };
        if status != 0 {
            return Err(crate::status::thrown(
                "uv_poll_init",
                &io::Error::from_raw_os_error(-status),
            ));
        }
        let driver = Rc::new(Self {
            uv,
            event_loop,
            poll,
            prepare,
            searching: Cell::new(false),
            open: Cell::new(2),
            environment,
            hook: Cell::new(ptr::null_mut()),
        });
        // SAFETY: the handles' memory is large enough; neither function can fail where it is given a callback. Each handle owns one
        // count of the driver, which `on_closed` gives back.
        unsafe {
            (driver.uv.prepare_init)(event_loop, driver.prepare.handle());
            for memory in [&driver.poll, &driver.prepare] {
                memory.set_driver(Rc::into_raw(Rc::clone(&driver)));
            }
            (driver.uv.poll_start)(driver.poll.handle(), UV_READABLE, on_readable);
            for memory in [&driver.poll, &driver.prepare] {
                (driver.uv.unreference)(memory.handle());
            }
        }
        let mut hook = ptr::null_mut();
        // SAFETY: the driver outlives the hook, since the handles' counts are only given back after it.
        check_status!(unsafe {
            sys::napi_add_async_cleanup_hook(env, Some(on_end), Rc::as_ptr(&driver).cast_mut().cast(), &raw mut hook)
        })?;
        driver.hook.set(hook);
        driver.environment.allow_search();
        Ok(driver)
    }

    /// Closes the handles, which must be open. What they own comes back when they are closed.
    fn close(&self) {
        // SAFETY: the handles are open, and closed only here.
        unsafe {
            (self.uv.poll_stop)(self.poll.handle());
            (self.uv.close)(self.poll.handle(), on_closed);
            (self.uv.close)(self.prepare.handle(), on_closed);
        }
    }

    /// Has the prepare handle called before the loop sleeps, or no more.
    fn update_prepare(&self) {
        let searches = self.environment.searches();
        if searches == self.searching.get() || self.environment.ended() {
            return;
        }
        self.searching.set(searches);
        // SAFETY: the handle is open until the environment has ended.
        unsafe {
            if searches {
                (self.uv.prepare_start)(self.prepare.handle(), on_prepare);
            } else {
                (self.uv.prepare_stop)(self.prepare.handle());
            }
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
        unsafe { call(self.poll.handle()) };
    }

    fn stop(&self) {
        if !self.environment.ended() {
            self.close();
            self.environment.abandon();
        }
    }
}

impl OtherHandles for UvDriver {
    fn patience(&self) -> Duration {
        // SAFETY: the loop is alive while it calls back.
        unsafe {
            // Zero where an immediate waits, a handle is being closed, or nothing keeps the loop alive; negative for ever.
            match (self.uv.backend_timeout)(self.event_loop) {
                0 => Duration::ZERO,
                timeout @ 1.. => {
                    // The loop's time stands still while it calls back.
                    let due = (self.uv.now)(self.event_loop) + u64::from(timeout.unsigned_abs());
                    let now = (self.uv.hrtime)();
                    Duration::from_nanos(due.saturating_mul(1_000_000).saturating_sub(now))
                }
                ..0 => Duration::MAX,
            }
        }
    }

    fn ready(&self) -> bool {
        // SAFETY: the loop is alive while it calls back, and keeps its descriptor.
        let fd = unsafe { BorrowedFd::borrow_raw((self.uv.backend_fd)(self.event_loop)) };
        // Where it can't be asked, the loop asks itself.
        poll_readable(fd, false, Deadline::Now).unwrap_or(true)
    }
}

/// The driver of `handle`, alive while JavaScript runs.
///
/// # Safety
///
/// `handle` is one of a driver's, and not closed.
unsafe fn driver_of(handle: Handle) -> Rc<UvDriver> {
    // SAFETY: the handle's count of the driver is given back only after the handle is closed.
    unsafe {
        let driver = HandleMemory::driver(handle);
        Rc::increment_strong_count(driver);
        Rc::from_raw(driver)
    }
}

/// libuv's callback: there are reports to take.
unsafe extern "C" fn on_readable(handle: Handle, _status: c_int, _events: c_int) {
    // SAFETY: libuv calls for open handles only.
    let driver = unsafe { driver_of(handle) };
    driver.environment.serve();
    driver.update_prepare();
}

/// libuv's callback: the loop is about to sleep.
unsafe extern "C" fn on_prepare(handle: Handle) {
    // SAFETY: libuv calls for open handles only.
    let driver = unsafe { driver_of(handle) };
    driver.environment.search(&*driver);
    // SAFETY: the loop is alive while it calls back. It would sleep past its next timer by the time that was spent here.
    unsafe { (driver.uv.update_time)(driver.event_loop) };
    driver.update_prepare();
}

/// The environment ends: the handles must be closed before, and their callbacks need the event loop once more.
unsafe extern "C" fn on_end(_hook: sys::napi_async_cleanup_hook_handle, data: *mut c_void) {
    // SAFETY: `data` is the driver, alive until `on_closed`.
    let driver = unsafe { &*data.cast::<UvDriver>().cast_const() };
    // Where it was stopped before, the handles are closing already: `on_closed` removes the hook.
    if !driver.environment.ended() {
        driver.close();
        driver.environment.end();
    }
}

unsafe extern "C" fn on_closed(handle: Handle) {
    // SAFETY: libuv is done with the handle: its count of the driver comes back. The hook is removed once, when both are closed.
    unsafe {
        let driver = Rc::from_raw(HandleMemory::driver(handle));
        driver.open.set(driver.open.get() - 1);
        if driver.open.get() == 0 {
            sys::napi_remove_async_cleanup_hook(driver.hook.get());
        }
    }
}
