//! The zones of IPv6 addresses: on Windows, they are numbers.

use std::io;

/// The number of the interface called `name`: only the system's resolver knows it.
pub(crate) fn index_of(_name: &str) -> io::Result<u32> {
    Err(io::ErrorKind::Unsupported.into())
}

/// The name of the interface with the number `index`, which does as well.
pub(crate) fn name_of(_index: u32) -> Option<String> {
    None
}
