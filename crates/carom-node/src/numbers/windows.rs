//! Numbers of this binding's own, for what has none on Windows: a descriptor there is a handle and what was read ahead from
//! it. Small numbers are those of Node's, which a child inherits as `stdio`, and which are turned into the binding's own when
//! they are adopted.

use std::collections::HashMap;
use std::ffi::{c_int, c_void};
use std::io;
use std::ptr;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use carom::sys::{self, AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use libloading::os::windows::{Library, Symbol};
use windows_sys::Win32::Foundation::{ERROR_INVALID_HANDLE, ERROR_NOT_SUPPORTED};

/// The first number of our own; Node's are smaller.
const FIRST: i32 = 1 << 20;

/// `UV_FS` of `uv_req_type`.
const UV_FS: c_int = 6;

/// All threads of the process have one table: a number may be handed to a worker.
static TABLE: LazyLock<Mutex<Table>> = LazyLock::new(Mutex::default);

#[derive(Default)]
struct Table {
    /// Descriptors that nobody but their number stands for.
    given: HashMap<i32, OwnedFd>,
    /// The handles of those that have been adopted, which their number still stands for in `spawn`.
    adopted: HashMap<i32, RawFd>,
    next: i32,
}

fn table() -> MutexGuard<'static, Table> {
    TABLE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// That a number is nobody's.
pub(crate) fn unknown() -> io::Error {
    io::Error::from_raw_os_error(ERROR_INVALID_HANDLE as i32)
}

/// The number of a descriptor that is the caller's from now on.
#[allow(clippy::unnecessary_wraps, reason = "fails on other systems")]
pub(crate) fn give(fd: OwnedFd) -> io::Result<i32> {
    let mut table = table();
    let number = FIRST + table.next;
    table.next += 1;
    table.given.insert(number, fd);
    Ok(number)
}

/// The number of a descriptor that was not given: none.
pub(crate) fn of(_fd: BorrowedFd<'_>) -> i32 {
    -1
}

/// The descriptor with a number, which the TypeScript layer gives up.
pub(crate) fn adopt(number: i32) -> io::Result<OwnedFd> {
    let fd = if number >= FIRST {
        table().given.remove(&number).ok_or_else(unknown)?
    } else {
        let uv = Uv::find()?;
        let fd = sys::duplicate(uv.handle(number)?)?;
        uv.close(number);
        fd
    };
    table().adopted.insert(number, fd.as_raw_fd());
    Ok(fd)
}

/// A descriptor that was adopted is about to be closed, or given again.
pub(crate) fn forget(fd: BorrowedFd<'_>) {
    table().adopted.retain(|_, handle| *handle != fd.as_raw_fd());
}

/// A descriptor that was made here has an owner: its number is not known outside before it is given.
pub(crate) fn keep(_fd: BorrowedFd<'_>) {}

/// Another descriptor of the same open file; the number stays the caller's.
pub(crate) fn duplicate(number: i32) -> io::Result<OwnedFd> {
    sys::duplicate(handle(number)?)
}

/// Closes the descriptor of a number that has not been adopted.
pub(crate) fn close(number: i32) -> io::Result<()> {
    if number < FIRST {
        Uv::find()?.close(number);
        return Ok(());
    }
    // Closing may wait, and must not keep the table.
    let closed = table().given.remove(&number);
    closed.map(drop).ok_or_else(unknown)
}

/// A number of Node's for another handle of the same open file, which a child can inherit. It is the caller's, which closes it as
/// a file's.
pub(crate) fn inheritable(number: i32) -> io::Result<i32> {
    Uv::find()?.open(sys::duplicate_handle(handle(number)?)?)
}

fn handle(number: i32) -> io::Result<RawFd> {
    if number < FIRST {
        return Uv::find()?.handle(number);
    }
    let table = table();
    let given = table.given.get(&number).map(|fd| fd.as_fd().as_raw_fd());
    given
        .or_else(|| table.adopted.get(&number).copied())
        .ok_or_else(unknown)
}

/// Calls `call`, which finds that descriptors don't travel here.
pub(crate) fn borrowing<T>(_numbers: &[i32], call: impl FnOnce(&[BorrowedFd<'_>]) -> io::Result<T>) -> io::Result<T> {
    call(&[])
}

/// libuv's functions for the numbers of files, in the process that has loaded this library.
struct Uv {
    get: Symbol<unsafe extern "C" fn(c_int) -> *mut c_void>,
    open: Symbol<unsafe extern "C" fn(*mut c_void) -> c_int>,
    request_size: Symbol<unsafe extern "C" fn(c_int) -> usize>,
    close: Symbol<unsafe extern "C" fn(*mut c_void, *mut c_void, c_int, *mut c_void) -> c_int>,
    cleanup: Symbol<unsafe extern "C" fn(*mut c_void)>,
}

impl Uv {
    fn find() -> io::Result<Self> {
        let found = || -> Result<Self, libloading::Error> {
            let process = Library::this()?;
            // SAFETY: the names and signatures are those of libuv 1.x.
            unsafe {
                Ok(Self {
                    get: process.get(b"uv_get_osfhandle")?,
                    open: process.get(b"uv_open_osfhandle")?,
                    request_size: process.get(b"uv_req_size")?,
                    close: process.get(b"uv_fs_close")?,
                    cleanup: process.get(b"uv_fs_req_cleanup")?,
                })
            }
        };
        // A runtime that is not Node.
        found().map_err(|_| io::Error::from_raw_os_error(ERROR_NOT_SUPPORTED as i32))
    }

    fn handle(&self, number: i32) -> io::Result<RawFd> {
        // SAFETY: a number that stands for nothing has no handle.
        match unsafe { (self.get)(number) as RawFd } {
            // Taken for a handle, the first would be this process itself.
            -1 | -2 => Err(unknown()),
            handle => Ok(handle),
        }
    }

    /// A number for `handle`, which is closed with it.
    fn open(&self, handle: RawFd) -> io::Result<i32> {
        // SAFETY: the handle is nobody else's.
        let number = unsafe { (self.open)(handle as *mut c_void) };
        if number < 0 {
            return Err(unknown());
        }
        Ok(number)
    }

    fn close(&self, number: i32) {
        // SAFETY: the request is as large as libuv says, aligned for anything, and without a callback the call is done when it
        // returns; it needs no loop then.
        unsafe {
            let mut request = vec![0_u128; (self.request_size)(UV_FS).div_ceil(size_of::<u128>())];
            let request = request.as_mut_ptr().cast();
            (self.close)(ptr::null_mut(), request, number, ptr::null_mut());
            (self.cleanup)(request);
        }
    }
}
