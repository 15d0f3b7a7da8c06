//! The form of the `address` target's inputs. Shared by the target and the replay of its corpus.

use std::ffi::OsStr;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::ffi::OsStrExt;

use carom::address::{AddressError, PATH_MAX};
use carom::{Address, Error, Listener, listener};
use rustix::io::Errno;

/// A name that a program gives to a listener.
#[derive(Debug)]
pub(crate) enum Naming<'a> {
    Unix(&'a [u8]),
    Tcp(SocketAddr),
}

impl<'a> Naming<'a> {
    /// Reads an input. All bytes mean something.
    pub(crate) fn read(bytes: &'a [u8]) -> Self {
        match bytes {
            [b'4', a, b, c, d, port @ ..] => Self::Tcp((Ipv4Addr::new(*a, *b, *c, *d), number(port)).into()),
            [b'6', rest @ ..] if rest.len() >= 16 => {
                let (host, port) = rest.split_at(16);
                let host: [u8; 16] = host.try_into().expect("sixteen bytes");
                Self::Tcp((Ipv6Addr::from(host), number(port)).into())
            }
            name => Self::Unix(name),
        }
    }

    /// The address is shown without bytes that garble a terminal, and refused where no call would take it; the kernel gives
    /// it back as it was.
    ///
    /// # Panics
    ///
    /// Panics if one of these does not hold.
    pub(crate) fn check(&self) {
        match self {
            Self::Tcp(numbers) => {
                let address = Address::from(*numbers);
                assert_eq!(address.check(), Ok(()));
                assert_eq!(address.to_string().parse(), Ok(*numbers));
            }
            Self::Unix(name) => {
                let address = Address::unix(OsStr::from_bytes(name));
                let shown = address.to_string();
                assert!(!shown.contains(|shown: char| shown.is_control()), "{shown:?}");
                check_refusal(name, &address);
                if let (Ok(()), Address::Abstract(_)) = (address.check(), &address) {
                    check_kernel(&address);
                }
            }
        }
    }
}

fn number(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |sum, byte| sum << 8 | u16::from(*byte))
}

fn check_refusal(name: &[u8], address: &Address) {
    let bytes = name.strip_prefix(b"\0").unwrap_or(name);
    let refused = address.check();
    let expected = match &refused {
        Ok(()) => !bytes.is_empty() && bytes.len() <= PATH_MAX,
        Err(AddressError::Empty) => bytes.is_empty(),
        Err(AddressError::TooLong { length, .. }) => *length == bytes.len() && *length > PATH_MAX,
        Err(AddressError::Nul(_)) => bytes == name && name.contains(&0),
        Err(_) => cfg!(not(any(target_os = "linux", target_os = "android"))),
    };
    assert!(expected, "{refused:?}");
}

/// An abstract name has no file, so that any one can be tried.
fn check_kernel(address: &Address) {
    let listener = match Listener::bind(address, listener::Options::default()) {
        Ok(listener) => listener,
        Err(Error::System(error)) if error.errno() == Some(Errno::ADDRINUSE.raw_os_error()) => return,
        Err(error) => panic!("{error}"),
    };
    let inherited = Listener::from_fd(listener.into_fd()).expect("it listens");
    assert_eq!(inherited.address(), address);
}
