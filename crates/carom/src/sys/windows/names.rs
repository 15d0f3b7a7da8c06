//! Errors, as the rest of the world names them.

use std::io;

use windows_sys::Win32::Foundation::{
    ERROR_ACCESS_DENIED, ERROR_ALREADY_EXISTS, ERROR_BROKEN_PIPE, ERROR_COMMITMENT_LIMIT, ERROR_FILE_NOT_FOUND,
    ERROR_INVALID_HANDLE, ERROR_NO_DATA, ERROR_NOT_ENOUGH_MEMORY, ERROR_NOT_SUPPORTED, ERROR_PATH_NOT_FOUND,
    ERROR_PIPE_BUSY, ERROR_PIPE_NOT_CONNECTED, ERROR_TOO_MANY_OPEN_FILES,
};
use windows_sys::Win32::Networking::WinSock as winsock;

/// The name of an error of the system, as far as one is to be expected.
#[must_use]
pub fn error_name(error: &io::Error) -> Option<&'static str> {
    let code = error.raw_os_error()?;
    Some(match code as u32 {
        ERROR_FILE_NOT_FOUND | ERROR_PATH_NOT_FOUND => "ENOENT",
        ERROR_ACCESS_DENIED => "EACCES",
        ERROR_INVALID_HANDLE => "EBADF",
        ERROR_ALREADY_EXISTS => "EEXIST",
        // The paging file has no room.
        ERROR_COMMITMENT_LIMIT => "ENOSPC",
        ERROR_NOT_ENOUGH_MEMORY => "ENOMEM",
        ERROR_TOO_MANY_OPEN_FILES => "EMFILE",
        ERROR_NOT_SUPPORTED => "ENOTSUP",
        ERROR_PIPE_BUSY => "EBUSY",
        ERROR_BROKEN_PIPE | ERROR_NO_DATA | ERROR_PIPE_NOT_CONNECTED => "EPIPE",
        _ => match code {
            winsock::WSAEACCES => "EACCES",
            winsock::WSAEADDRINUSE => "EADDRINUSE",
            winsock::WSAEADDRNOTAVAIL => "EADDRNOTAVAIL",
            winsock::WSAEAFNOSUPPORT => "EAFNOSUPPORT",
            winsock::WSAECONNABORTED => "ECONNABORTED",
            winsock::WSAECONNREFUSED => "ECONNREFUSED",
            winsock::WSAECONNRESET => "ECONNRESET",
            winsock::WSAEHOSTUNREACH => "EHOSTUNREACH",
            winsock::WSAEINVAL => "EINVAL",
            winsock::WSAEMFILE => "EMFILE",
            winsock::WSAENETUNREACH => "ENETUNREACH",
            winsock::WSAENOBUFS => "ENOBUFS",
            winsock::WSAENOTSOCK => "ENOTSOCK",
            winsock::WSAETIMEDOUT => "ETIMEDOUT",
            _ => return None,
        },
    })
}
