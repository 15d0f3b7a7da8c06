//! Addresses as JavaScript has them: a string for a Unix socket, an object for TCP.

use std::net::SocketAddr;

use carom::Address;
use carom::address::host_of;
use carom::listener::PeerAddress;
use napi::Either;
use napi_derive::napi;

/// A TCP address.
#[derive(Debug)]
#[napi(object)]
pub struct HostPort {
    /// A host's name, or its address in numbers.
    pub host: String,
    /// The port.
    pub port: u16,
}

/// A path, a Linux abstract name behind a NUL, or a TCP address.
#[napi]
pub type JsAddress = Either<String, HostPort>;

pub(crate) fn from_js(address: JsAddress) -> Address {
    match address {
        // As Python tells them apart, on every system.
        Either::A(name) if name.starts_with(r"\\") => Address::Pipe(name),
        Either::A(path) => Address::unix(path),
        Either::B(HostPort { host, port }) => Address::tcp(host, port),
    }
}

pub(crate) fn to_js(address: &Address) -> JsAddress {
    match address {
        Address::Unix(path) => Either::A(String::from_utf8_lossy(path.as_os_str().as_encoded_bytes()).into_owned()),
        Address::Abstract(name) => Either::A(format!("\0{}", String::from_utf8_lossy(name))),
        Address::Pipe(name) => Either::A(name.clone()),
        Address::Tcp { host, port } => Either::B(HostPort {
            host: host.clone(),
            port: *port,
        }),
        other => Either::A(other.to_string()),
    }
}

/// The empty string for a Unix peer without a name.
pub(crate) fn peer_to_js(peer: &PeerAddress) -> JsAddress {
    match peer {
        PeerAddress::Named(address) => to_js(address),
        PeerAddress::Unnamed => Either::A(String::new()),
    }
}

impl From<SocketAddr> for HostPort {
    fn from(address: SocketAddr) -> Self {
        Self {
            host: host_of(&address),
            port: address.port(),
        }
    }
}
