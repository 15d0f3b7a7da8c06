//! Named segments of memory: mappings of the paging file. A name is gone with the last handle and view of its segment.

use std::io;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::ptr::{self, NonNull};

use windows_sys::Win32::Foundation::{ERROR_ALREADY_EXISTS, GetLastError, INVALID_HANDLE_VALUE};
use windows_sys::Win32::System::Memory::{
    CreateFileMappingW, FILE_MAP_READ, FILE_MAP_WRITE, MEMORY_BASIC_INFORMATION, MEMORY_MAPPED_VIEW_ADDRESS,
    MapViewOfFile, OpenFileMappingW, PAGE_READWRITE, UnmapViewOfFile, VirtualQuery,
};

/// The beginning of names that nobody has chosen, as in `CPython`.
pub(crate) const PREFIX: &str = "wnsm_";

/// The longest name, in bytes.
pub(crate) const NAME_MAX: usize = 255;

/// A mapping of a whole segment, which keeps its name.
#[derive(Debug)]
pub(crate) struct Mapping {
    start: NonNull<u8>,
    size: usize,
    _handle: OwnedHandle,
}

// SAFETY: the mapping is the process's, whichever thread uses it or ends it.
unsafe impl Send for Mapping {}
// SAFETY: as above; that others write the memory is said where it is handed out.
unsafe impl Sync for Mapping {}

impl Mapping {
    /// Makes a segment of a name that nothing has, with memory for all of it. `size` is not 0.
    pub(crate) fn create(name: &str, size: usize) -> Result<Self, (&'static str, io::Error)> {
        let name = wide(name);
        // SAFETY: the name ends with a zero. The paging file has room for the segment, or the call fails.
        let (handle, error) = unsafe {
            let handle = CreateFileMappingW(
                INVALID_HANDLE_VALUE,
                ptr::null(),
                PAGE_READWRITE,
                (size as u64 >> 32) as u32,
                size as u32,
                name.as_ptr(),
            );
            (handle, GetLastError())
        };
        let handle = owned(handle).ok_or_else(|| ("CreateFileMapping", io::Error::from_raw_os_error(error as i32)))?;
        if error == ERROR_ALREADY_EXISTS {
            // Some other mapping of that name has been opened.
            return Err(("CreateFileMapping", io::Error::from_raw_os_error(error as i32)));
        }
        Self::of(handle, Some(size))
    }

    /// Maps a segment: all of it, whose size is asked of the system, in whole pages.
    pub(crate) fn open(name: &str) -> Result<Self, (&'static str, io::Error)> {
        let name = wide(name);
        // SAFETY: the name ends with a zero.
        let handle = owned(unsafe { OpenFileMappingW(FILE_MAP_READ | FILE_MAP_WRITE, 0, name.as_ptr()) })
            .ok_or_else(|| ("OpenFileMapping", io::Error::last_os_error()))?;
        Self::of(handle, None)
    }

    fn of(handle: OwnedHandle, size: Option<usize>) -> Result<Self, (&'static str, io::Error)> {
        // SAFETY: a new view of a mapping that this process has open.
        let view = unsafe { MapViewOfFile(handle.as_raw_handle(), FILE_MAP_READ | FILE_MAP_WRITE, 0, 0, 0) };
        let start = NonNull::new(view.Value.cast()).ok_or_else(|| ("MapViewOfFile", io::Error::last_os_error()))?;
        let mut mapping = Self {
            start,
            size: 0,
            _handle: handle,
        };
        mapping.size = match size {
            Some(size) => size,
            None => region(start)?,
        };
        Ok(mapping)
    }

    pub(crate) fn start(&self) -> NonNull<u8> {
        self.start
    }

    pub(crate) fn size(&self) -> usize {
        self.size
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: mapped by this object, which lent the memory for its own life only.
        unsafe {
            UnmapViewOfFile(MEMORY_MAPPED_VIEW_ADDRESS {
                Value: self.start.as_ptr().cast(),
            });
        }
    }
}

/// There is no name to remove: it goes with the last process that has the segment open.
#[allow(clippy::unnecessary_wraps, reason = "as on Unix")]
pub(crate) fn unlink(_name: &str) -> Result<(), (&'static str, io::Error)> {
    Ok(())
}

fn owned(handle: *mut std::ffi::c_void) -> Option<OwnedHandle> {
    // SAFETY: a handle that the system has just given to this process, and that nobody else has.
    (!handle.is_null()).then(|| unsafe { OwnedHandle::from_raw_handle(handle) })
}

/// How many bytes the view at `start` has.
fn region(start: NonNull<u8>) -> Result<usize, (&'static str, io::Error)> {
    let mut information = MEMORY_BASIC_INFORMATION::default();
    let size = size_of::<MEMORY_BASIC_INFORMATION>();
    // SAFETY: `information` is written where, and as far as, the call is told.
    if unsafe { VirtualQuery(start.as_ptr().cast(), &raw mut information, size) } == 0 {
        return Err(("VirtualQuery", io::Error::last_os_error()));
    }
    Ok(information.RegionSize)
}

fn wide(name: &str) -> Vec<u16> {
    name.encode_utf16().chain([0]).collect()
}
