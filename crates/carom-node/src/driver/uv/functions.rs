//! The functions of libuv that are used. It promises no ABI between Node's major versions, so they are those that take and give
//! pointers and integers, and they are looked up in the running process.

use std::ffi::{c_int, c_void};

use libloading::os::unix::{Library, Symbol};
use napi::sys;

/// `UV_POLL` and `UV_PREPARE` of `uv_handle_type`.
pub(super) const UV_POLL: c_int = 8;
pub(super) const UV_PREPARE: c_int = 9;
/// `UV_READABLE` of `uv_poll_event`.
pub(super) const UV_READABLE: c_int = 1;

pub(super) type Loop = *mut sys::uv_loop_s;
/// A handle of any type.
pub(super) type Handle = *mut c_void;
pub(super) type PollCallback = unsafe extern "C" fn(Handle, c_int, c_int);
pub(super) type Callback = unsafe extern "C" fn(Handle);

pub(super) struct Uv {
    pub(super) handle_size: Symbol<unsafe extern "C" fn(c_int) -> usize>,
    pub(super) poll_init: Symbol<unsafe extern "C" fn(Loop, Handle, c_int) -> c_int>,
    pub(super) poll_start: Symbol<unsafe extern "C" fn(Handle, c_int, PollCallback) -> c_int>,
    pub(super) poll_stop: Symbol<unsafe extern "C" fn(Handle) -> c_int>,
    pub(super) prepare_init: Symbol<unsafe extern "C" fn(Loop, Handle) -> c_int>,
    pub(super) prepare_start: Symbol<unsafe extern "C" fn(Handle, Callback) -> c_int>,
    pub(super) prepare_stop: Symbol<unsafe extern "C" fn(Handle) -> c_int>,
    pub(super) reference: Symbol<unsafe extern "C" fn(Handle)>,
    pub(super) unreference: Symbol<unsafe extern "C" fn(Handle)>,
    pub(super) close: Symbol<unsafe extern "C" fn(Handle, Callback)>,
    pub(super) backend_fd: Symbol<unsafe extern "C" fn(Loop) -> c_int>,
    pub(super) backend_timeout: Symbol<unsafe extern "C" fn(Loop) -> c_int>,
    pub(super) now: Symbol<unsafe extern "C" fn(Loop) -> u64>,
    pub(super) update_time: Symbol<unsafe extern "C" fn(Loop)>,
    pub(super) hrtime: Symbol<unsafe extern "C" fn() -> u64>,
}

impl Uv {
    pub(super) fn find() -> Result<Self, libloading::Error> {
        let process = Library::this();
        // SAFETY: the names and signatures are those of libuv 1.x.
        unsafe {
            Ok(Self {
                handle_size: process.get("uv_handle_size")?,
                poll_init: process.get("uv_poll_init")?,
                poll_start: process.get("uv_poll_start")?,
                poll_stop: process.get("uv_poll_stop")?,
                prepare_init: process.get("uv_prepare_init")?,
                prepare_start: process.get("uv_prepare_start")?,
                prepare_stop: process.get("uv_prepare_stop")?,
                reference: process.get("uv_ref")?,
                unreference: process.get("uv_unref")?,
                close: process.get("uv_close")?,
                backend_fd: process.get("uv_backend_fd")?,
                backend_timeout: process.get("uv_backend_timeout")?,
                now: process.get("uv_now")?,
                update_time: process.get("uv_update_time")?,
                hrtime: process.get("uv_hrtime")?,
            })
        }
    }
}
