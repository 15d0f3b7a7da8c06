//! Keeps this library loaded. When the only workers that use an addon end, Node unloads it, while threads, thread-local
//! destructors and libuv's close callbacks may still have to return into its code.

use std::ffi::c_void;
use std::sync::Once;

/// Pins this library's image in the process.
pub(crate) fn pin() {
    static PINNED: Once = Once::new();
    PINNED.call_once(|| {
        let mut info = std::mem::MaybeUninit::<libc::Dl_info>::uninit();
        // SAFETY: the address is one of this image's functions, and `info` is written where the call says so. Opening an
        // image that is loaded already runs no code of it.
        unsafe {
            if libc::dladdr(pin as fn() as *const c_void, info.as_mut_ptr()) != 0 {
                let name = (*info.as_ptr()).dli_fname;
                libc::dlopen(name, libc::RTLD_LAZY | libc::RTLD_NOLOAD | libc::RTLD_NODELETE);
            }
        }
    });
}
