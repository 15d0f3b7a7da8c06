//! Addresses and errors, as the kernel names them.

use std::ffi::OsString;
use std::io;
use std::net::SocketAddr;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use rustix::io::Errno;
use rustix::net::{SocketAddrAny, SocketAddrUnix};

use crate::Address;
use crate::address::AddressError;

/// A local address as a Unix socket's calls take it.
pub(super) fn to_unix(address: &Address) -> crate::Result<SocketAddrUnix> {
    address.check()?;
    let name = match address {
        Address::Unix(path) => SocketAddrUnix::new(path.as_path()),
        #[cfg(any(target_os = "linux", target_os = "android"))]
        Address::Abstract(name) => SocketAddrUnix::new_abstract_name(name),
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        Address::Abstract(_) => return Err(AddressError::NoAbstractNamespace(address.clone()).into()),
        Address::Pipe(_) => return Err(AddressError::NoNamedPipes(address.clone()).into()),
        Address::Tcp { .. } => Err(Errno::AFNOSUPPORT),
    };
    Ok(name.map_err(io::Error::from)?)
}

/// An address as the kernel tells it; `None` where a Unix socket has none, or for a family of another kind.
pub(super) fn from_kernel(address: SocketAddrAny) -> Option<Address> {
    if let Ok(address) = SocketAddr::try_from(address.clone()) {
        return Some(address.into());
    }
    let address = SocketAddrUnix::try_from(address).ok()?;
    #[cfg(any(target_os = "linux", target_os = "android"))]
    if let Some(name) = address.abstract_name() {
        // An unnamed socket has no name here either.
        return Some(name)
            .filter(|name| !name.is_empty())
            .map(|name| Address::Abstract(name.to_vec()));
    }
    address
        .path()
        .map(|path| Address::Unix(PathBuf::from(OsString::from_vec(path.to_bytes().to_vec()))))
}

/// The name of an error of the system, as far as one is to be expected.
#[must_use]
pub fn error_name(error: &io::Error) -> Option<&'static str> {
    Some(match Errno::from_io_error(error)? {
        Errno::ACCESS => "EACCES",
        Errno::ADDRINUSE => "EADDRINUSE",
        Errno::ADDRNOTAVAIL => "EADDRNOTAVAIL",
        Errno::AFNOSUPPORT => "EAFNOSUPPORT",
        Errno::CONNREFUSED => "ECONNREFUSED",
        Errno::CONNRESET => "ECONNRESET",
        Errno::EXIST => "EEXIST",
        Errno::FBIG => "EFBIG",
        Errno::HOSTUNREACH => "EHOSTUNREACH",
        Errno::INVAL => "EINVAL",
        Errno::ISDIR => "EISDIR",
        Errno::LOOP => "ELOOP",
        Errno::MFILE => "EMFILE",
        Errno::NETUNREACH => "ENETUNREACH",
        Errno::NFILE => "ENFILE",
        Errno::NOBUFS => "ENOBUFS",
        Errno::NODEV => "ENODEV",
        Errno::NOENT => "ENOENT",
        Errno::NOMEM => "ENOMEM",
        Errno::NOSPC => "ENOSPC",
        Errno::NOTDIR => "ENOTDIR",
        Errno::NOTSOCK => "ENOTSOCK",
        Errno::PERM => "EPERM",
        Errno::PROTOTYPE => "EPROTOTYPE",
        Errno::ROFS => "EROFS",
        Errno::TIMEDOUT => "ETIMEDOUT",
        _ => return None,
    })
}
