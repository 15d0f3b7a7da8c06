//! Keeps this library loaded. When the only workers that use an addon end, Node unloads it, while threads, thread-local
//! destructors and libuv's close callbacks may still have to return into its code.

use std::ffi::c_void;
use std::sync::Once;

/// Pins this library's image in the process.
#[cfg(unix)]
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

/// Pins this library's image in the process.
#[cfg(windows)]
pub(crate) fn pin() {
    use windows_sys::Win32::System::LibraryLoader::{
        GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS, GET_MODULE_HANDLE_EX_FLAG_PIN, GetModuleHandleExW,
    };

    static PINNED: Once = Once::new();
    PINNED.call_once(|| {
        let mut module = std::ptr::null_mut();
        // SAFETY: the address is one of this image's functions, and stands for the image.
        unsafe {
            GetModuleHandleExW(
                GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_PIN,
                (pin as fn() as *const c_void).cast(),
                &raw mut module,
            );
        }
    });
}
