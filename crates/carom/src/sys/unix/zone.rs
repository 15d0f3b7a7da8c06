//! The zones of IPv6 addresses: a link-local one means something on one interface only.

#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) use linux::{index_of, name_of};

#[cfg(any(target_os = "linux", target_os = "android"))]
mod linux {
    use std::io;

    use rustix::net::{AddressFamily, netdevice};

    use super::super::socket;

    /// The number of the interface called `name`.
    pub(crate) fn index_of(name: &str) -> io::Result<u32> {
        let any = socket::create(AddressFamily::UNIX)?;
        Ok(netdevice::name_to_index(&any, name)?)
    }

    /// The name of the interface with the number `index`, if there is one.
    pub(crate) fn name_of(index: u32) -> Option<String> {
        let any = socket::create(AddressFamily::UNIX).ok()?;
        netdevice::index_to_name(&any, index).ok()
    }
}

/// The number of the interface called `name`: here, only the system's resolver knows it.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) fn index_of(_name: &str) -> std::io::Result<u32> {
    Err(std::io::ErrorKind::Unsupported.into())
}

/// The name of the interface with the number `index`, which does as well.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) fn name_of(_index: u32) -> Option<String> {
    None
}
