//! Memory for a handle of libuv, whose size is asked for.

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::ffi::c_int;
use std::io;

use napi::{Error, Result};

use super::UvDriver;
use super::functions::{Handle, Uv};

/// The part in front of a handle in its memory. Its alignment is the handle's.
#[repr(C, align(16))]
struct Front {
    driver: *const UvDriver,
}

/// Memory for a handle, with the pointer to its driver in front of it.
pub(super) struct HandleMemory {
    front: *mut Front,
    layout: Layout,
}

impl HandleMemory {
    /// Memory for a handle of `kind`.
    pub(super) fn new(uv: &Uv, kind: c_int) -> Result<Self> {
        // SAFETY: the function takes a handle type and returns a size.
        let size = unsafe { (uv.handle_size)(kind) };
        let layout = Layout::from_size_align(size_of::<Front>() + size, align_of::<Front>())
            .map_err(|error| Error::from_reason(error.to_string()))?;
        // SAFETY: the layout is not empty.
        let memory = unsafe { alloc_zeroed(layout) };
        if memory.is_null() {
            return Err(crate::status::thrown(
                "malloc",
                &io::Error::from_raw_os_error(libc::ENOMEM),
            ));
        }
        #[allow(clippy::cast_ptr_alignment, reason = "the layout has the front's alignment")]
        let front = memory.cast();
        Ok(Self { front, layout })
    }

    pub(super) fn handle(&self) -> Handle {
        // SAFETY: the memory is larger than its front.
        unsafe { self.front.add(1) }.cast()
    }

    pub(super) fn set_driver(&self, driver: *const UvDriver) {
        // SAFETY: the memory begins with room for it.
        unsafe { self.front.write(Front { driver }) };
    }

    /// The driver in front of `handle`.
    ///
    /// # Safety
    ///
    /// `handle` is the handle of a memory whose driver has been set.
    pub(super) unsafe fn driver(handle: Handle) -> *const UvDriver {
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
