//! Numbers of this binding's own, for what has none on Windows: a descriptor there is a handle and what was read ahead from
//! it. Small numbers are those of Node's, which children inherit as `stdio`.

use std::collections::HashMap;
use std::ffi::{c_int, c_void};
use std::io;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use carom::sys::{self, AsFd, BorrowedFd, OwnedFd};
use libloading::os::windows::Library;

/// The first number of our own; Node's are smaller.
const FIRST: i32 = 1 << 20;

/// Who owns a descriptor is told by its number, in any thread of the process.
static TABLE: LazyLock<Mutex<Table>> = LazyLock::new(Mutex::default);

#[derive(Default)]
struct Table {
    descriptors: HashMap<i32, OwnedFd>,
    given: i32,
}

fn table() -> MutexGuard<'static, Table> {
    TABLE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// That a number is nobody's.
pub(crate) fn unknown() -> io::Error {
    io::Error::from_raw_os_error(windows_sys::Win32::Foundation::ERROR_INVALID_HANDLE as i32)
}

/// The number of a descriptor that is the caller's from now on.
#[allow(clippy::unnecessary_wraps, reason = "fails on other systems")]
pub(crate) fn give(fd: OwnedFd) -> io::Result<i32> {
    let mut table = table();
    let number = FIRST + table.given;
    table.given += 1;
    table.descriptors.insert(number, fd);
    Ok(number)
}

/// The number of a descriptor that was not given: none.
pub(crate) fn of(_fd: BorrowedFd<'_>) -> i32 {
    -1
}

/// The descriptor with a number, which the TypeScript layer gives up.
pub(crate) fn adopt(number: i32) -> io::Result<OwnedFd> {
    if number >= FIRST {
        return table().descriptors.remove(&number).ok_or_else(unknown);
    }
    // What was inherited stays open beside it, since only Node could close its number: for as long as the process lives.
    inherited(number)
}

/// Another descriptor of the same open file; the number stays the caller's.
pub(crate) fn duplicate(number: i32) -> io::Result<OwnedFd> {
    if number >= FIRST {
        return sys::duplicate_of(table().descriptors.get(&number).ok_or_else(unknown)?.as_fd());
    }
    inherited(number)
}

/// A descriptor that this process has inherited, by the number that Node has for it.
fn inherited(number: i32) -> io::Result<OwnedFd> {
    let process = Library::this().map_err(io::Error::other)?;
    // SAFETY: the name and the signature are libuv's.
    let handle = unsafe {
        let get: libloading::os::windows::Symbol<unsafe extern "C" fn(c_int) -> *mut c_void> =
            process.get("uv_get_osfhandle").map_err(io::Error::other)?;
        get(number)
    };
    sys::duplicate(handle as sys::RawFd)
}

/// Calls `call`, which finds that descriptors don't travel here.
pub(crate) fn borrowing<T>(_numbers: &[i32], call: impl FnOnce(&[BorrowedFd<'_>]) -> io::Result<T>) -> io::Result<T> {
    call(&[])
}
