//! Where a listener can be reached.
//!
//! A Unix socket has a path in the file system or, on Linux, a name in the *abstract* namespace, which has no file and no
//! permissions: every process in the same network namespace may connect, so it wants an authkey. TCP has a host and a port;
//! port 0 lets the system pick one when a listener is bound.

use std::net::{Ipv6Addr, SocketAddr, SocketAddrV6};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::{fmt, io};

use crate::sys::zone;

/// How many bytes the system has for a socket's path, the terminating NUL among them (unix(7), unix(4)).
#[cfg(any(target_os = "linux", target_os = "android"))]
pub const PATH_SPACE: usize = 108;
/// How many bytes the system has for a socket's path, the terminating NUL among them (unix(7), unix(4)).
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub const PATH_SPACE: usize = 104;

/// The longest path, or abstract name, that a Unix socket can have, in bytes.
pub const PATH_MAX: usize = PATH_SPACE - 1;

/// The kind of socket that an address belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Family {
    /// A Unix socket, with a path or an abstract name.
    Unix,
    /// A named pipe of Windows.
    Pipe,
    /// TCP, version 4 or 6 of the Internet Protocol.
    Tcp,
}

/// Where a listener can be reached.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Address {
    /// A Unix socket's path.
    Unix(PathBuf),
    /// A Unix socket's name in Linux's abstract namespace, without the NUL in front.
    Abstract(Vec<u8>),
    /// A named pipe of Windows: `\\\\.\\pipe\\` and its name.
    Pipe(String),
    /// A host's name or number, and a port.
    Tcp {
        /// A name, or a number of either version; one of version 6 may have a zone: `fe80::1%eth0`.
        host: String,
        /// The port; 0 asks the system to pick one.
        port: u16,
    },
}

/// Why an address can't be used, whatever the system's state.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AddressError {
    /// An empty path or abstract name.
    #[error("the address is empty")]
    Empty,
    /// A path, or an abstract name, longer than the system has room for.
    #[error("the address {address} has {length} bytes, a Unix socket's can have {PATH_MAX}; use a shorter one")]
    TooLong {
        /// The address.
        address: Address,
        /// Its length in bytes.
        length: usize,
    },
    /// A NUL inside a path.
    #[error("the path {0} has a NUL inside")]
    Nul(Address),
    /// An abstract name, on a system that has none.
    #[error("the address {0} is in the abstract namespace, which only Linux has; use a path")]
    NoAbstractNamespace(Address),
    /// A named pipe, on a system that has none.
    #[error("the address {0} is a named pipe, which only Windows has; use a path")]
    NoNamedPipes(Address),
    /// A Unix socket's path, on Windows, where Python has none either.
    #[error("the address {0} is a Unix socket; on Windows, use a named pipe (\\\\.\\pipe\\name)")]
    NoUnixSockets(Address),
}

impl Address {
    /// A Unix socket's address: a path or, where the first byte is NUL, an abstract name, as Python writes them.
    ///
    /// ```
    /// use carom::Address;
    ///
    /// assert_eq!(Address::unix("/tmp/a.sock"), Address::Unix("/tmp/a.sock".into()));
    /// assert_eq!(Address::unix("\0name"), Address::Abstract(b"name".to_vec()));
    /// ```
    #[must_use]
    pub fn unix(path: impl AsRef<Path>) -> Self {
        let path = path.as_ref();
        match path.as_os_str().as_encoded_bytes() {
            [0, name @ ..] => Self::Abstract(name.to_vec()),
            _ => Self::Unix(path.to_owned()),
        }
    }

    /// A TCP address.
    #[must_use]
    pub fn tcp(host: impl Into<String>, port: u16) -> Self {
        Self::Tcp {
            host: host.into(),
            port,
        }
    }

    /// The kind of socket that the address belongs to.
    #[must_use]
    pub fn family(&self) -> Family {
        match self {
            Self::Unix(_) | Self::Abstract(_) => Family::Unix,
            Self::Pipe(_) => Family::Pipe,
            Self::Tcp { .. } => Family::Tcp,
        }
    }

    /// Checks what can be known without asking the system.
    ///
    /// ```
    /// use carom::Address;
    ///
    /// assert!(Address::unix("/tmp/a.sock").check().is_ok());
    /// let error = Address::unix("/tmp/".to_owned() + &"x".repeat(200)).check().unwrap_err();
    /// assert!(error.to_string().contains("has 205 bytes"));
    /// ```
    ///
    /// # Errors
    ///
    /// [`AddressError`] for a Unix socket's address that no system call would take.
    pub fn check(&self) -> Result<(), AddressError> {
        let bytes = match self {
            Self::Unix(_) | Self::Abstract(_) if cfg!(windows) => {
                return Err(AddressError::NoUnixSockets(self.clone()));
            }
            Self::Pipe(_) if !cfg!(windows) => return Err(AddressError::NoNamedPipes(self.clone())),
            Self::Pipe(name) if name.contains('\0') => return Err(AddressError::Nul(self.clone())),
            Self::Unix(path) => path.as_os_str().as_encoded_bytes(),
            Self::Abstract(_) if !cfg!(any(target_os = "linux", target_os = "android")) => {
                return Err(AddressError::NoAbstractNamespace(self.clone()));
            }
            Self::Abstract(name) => name,
            Self::Pipe(_) | Self::Tcp { .. } => return Ok(()),
        };
        if bytes.is_empty() {
            return Err(AddressError::Empty);
        }
        if matches!(self, Self::Unix(_)) && bytes.contains(&0) {
            return Err(AddressError::Nul(self.clone()));
        }
        if bytes.len() > PATH_MAX {
            return Err(AddressError::TooLong {
                address: self.clone(),
                length: bytes.len(),
            });
        }
        Ok(())
    }
}

impl FromStr for Address {
    type Err = ParseAddressError;

    /// The address that is written so, as [`Display`](fmt::Display) writes it: a path, which has a slash or begins with a dot; on Linux, an abstract
    /// name behind `\\0` or a NUL; a pipe's name, which begins with `\\\\`; otherwise a host, and a port behind the last colon.
    ///
    /// ```
    /// use carom::Address;
    ///
    /// assert_eq!("/tmp/a.sock".parse(), Ok(Address::unix("/tmp/a.sock")));
    /// assert_eq!("localhost:6000".parse(), Ok(Address::tcp("localhost", 6000)));
    /// assert_eq!("[::1]:6000".parse(), Ok(Address::tcp("::1", 6000)));
    /// assert!("localhost".parse::<Address>().is_err());
    /// ```
    fn from_str(text: &str) -> Result<Self, ParseAddressError> {
        let wrong = || ParseAddressError { text: text.to_owned() };
        if text.starts_with(r"\\") {
            return Ok(Self::Pipe(text.to_owned()));
        }
        if let Some(name) = text.strip_prefix(r"\0") {
            return unescaped(name).map(Self::Abstract).ok_or_else(wrong);
        }
        if text.starts_with(['\0', '.']) || text.contains('/') {
            return Ok(Self::unix(text));
        }
        let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
        let inner = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        // Without brackets, nothing tells the port from the last group of a number of version 6.
        let host = match inner {
            Some(inner) => inner,
            None if host.contains(':') => return Err(wrong()),
            None => host,
        };
        let port = port.parse().map_err(|_| wrong())?;
        if host.is_empty() {
            return Err(wrong());
        }
        Ok(Self::tcp(host, port))
    }
}

/// A text that is no address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no address: a socket's path has a slash, a TCP address is written host:port or [::1]:port")]
pub struct ParseAddressError {
    text: String,
}

/// The bytes that [`escape_ascii`](slice::escape_ascii) has written so.
fn unescaped(text: &str) -> Option<Vec<u8>> {
    let mut bytes = text.bytes();
    let mut name = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        name.push(match byte {
            b'\\' => match bytes.next()? {
                b't' => b'\t',
                b'r' => b'\r',
                b'n' => b'\n',
                b'x' => {
                    let digits = [bytes.next()?, bytes.next()?];
                    u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
                }
                quoted @ (b'\\' | b'\'' | b'"') => quoted,
                _ => return None,
            },
            other => other,
        });
    }
    Some(name)
}

impl From<SocketAddr> for Address {
    fn from(address: SocketAddr) -> Self {
        Self::Tcp {
            host: host_of(&address),
            port: address.port(),
        }
    }
}

/// A host's address in numbers, with its zone, if it has one: `fe80::1%eth0`.
#[must_use]
pub fn host_of(address: &SocketAddr) -> String {
    match address {
        SocketAddr::V6(address) if address.scope_id() != 0 => {
            let zone = zone::name_of(address.scope_id()).unwrap_or_else(|| address.scope_id().to_string());
            format!("{}%{zone}", address.ip())
        }
        _ => address.ip().to_string(),
    }
}

/// The address that `host` is in numbers, with or without a zone; `None` where it is a name.
///
/// ```
/// use carom::address::numeric;
///
/// assert_eq!(numeric("127.0.0.1", 80)?, Some(([127, 0, 0, 1], 80).into()));
/// assert_eq!(numeric("localhost", 80)?, None);
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
///
/// The system's error for a zone that does not exist: `ENODEV`.
pub fn numeric(host: &str, port: u16) -> io::Result<Option<SocketAddr>> {
    if let Ok(ip) = host.parse() {
        return Ok(Some(SocketAddr::new(ip, port)));
    }
    let Some((ip, zone)) = host.split_once('%') else {
        return Ok(None);
    };
    let Ok(ip) = ip.parse::<Ipv6Addr>() else {
        return Ok(None);
    };
    let index = match zone.parse() {
        Ok(index) => index,
        Err(_) => match zone::index_of(zone) {
            // The system's resolver may know.
            Err(error) if error.kind() == io::ErrorKind::Unsupported => return Ok(None),
            index => index?,
        },
    };
    Ok(Some(SocketAddrV6::new(ip, port, 0, index).into()))
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => path.as_os_str().as_encoded_bytes().utf8_chunks().try_for_each(|chunk| {
                chunk.valid().chars().try_for_each(|character| match character {
                    // Characters that would garble a terminal or a log.
                    control if control.is_control() => write!(f, "{}", control.escape_default()),
                    other => write!(f, "{other}"),
                })?;
                write!(f, "{}", chunk.invalid().escape_ascii())
            }),
            Self::Abstract(name) => write!(f, "\\0{}", name.escape_ascii()),
            Self::Pipe(name) => f.write_str(name),
            Self::Tcp { host, port } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Tcp { host, port } => write!(f, "{host}:{port}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_as_people_write_it() {
        let shown = |address: Address| address.to_string();
        assert_eq!(shown(Address::unix("/tmp/é.sock")), "/tmp/é.sock");
        assert_eq!(shown(Address::unix("/tmp/a\nb")), "/tmp/a\\nb");
        assert_eq!(shown(Address::unix("\0name")), "\\0name");
        assert_eq!(shown(Address::tcp("localhost", 80)), "localhost:80");
        assert_eq!(shown(Address::tcp("::1", 80)), "[::1]:80");
    }

    #[test]
    fn what_is_shown_is_read_as_the_same_address() {
        for address in [
            Address::unix("/tmp/é a.sock"),
            Address::unix("./a:1"),
            Address::unix("\0na me\u{7f}\\\"\n\0é"),
            Address::Pipe(r"\\.\pipe\a b".to_owned()),
            Address::tcp("localhost", 0),
            Address::tcp("127.0.0.1", 65535),
            Address::tcp("fe80::1%eth0", 80),
        ] {
            assert_eq!(address.to_string().parse(), Ok(address));
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            "name",
            ":80",
            "host:",
            "host:65536",
            "host:-1",
            "::1:80",
            "[]:80",
            "[::1]",
            r"\0a\xz1",
            r"\0\q",
        ] {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
        let error = "name".parse::<Address>().map_err(|error| error.to_string());
        assert!(error.is_err_and(|error| error.contains("\"name\" is no address")));
    }

    #[test]
    #[cfg(unix)]
    fn a_path_of_the_system_s_limit_is_the_longest() {
        assert_eq!(Address::unix("x".repeat(PATH_MAX)).check(), Ok(()));
        let address = Address::unix("x".repeat(PATH_SPACE));
        assert_eq!(
            address.check().map_err(|error| error.to_string()),
            Err(format!(
                "the address {address} has {PATH_SPACE} bytes, a Unix socket's can have {PATH_MAX}; use a shorter one"
            ))
        );
    }

    #[test]
    #[cfg(unix)]
    fn a_path_is_neither_empty_nor_has_a_nul_inside() {
        assert_eq!(Address::unix("").check(), Err(AddressError::Empty));
        assert!(matches!(Address::unix("/tmp/a\0b").check(), Err(AddressError::Nul(_))));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn an_abstract_name_may_have_any_bytes_but_not_too_many() {
        assert_eq!(Address::unix("\0a\0b").check(), Ok(()));
        assert!(matches!(
            Address::Abstract(vec![1; PATH_SPACE]).check(),
            Err(AddressError::TooLong { .. })
        ));
    }
}
