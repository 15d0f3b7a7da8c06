use std::borrow::Cow;
use std::{fmt, io};

use crate::{Address, sys};

/// The operation during which a system call failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Operation {
    /// Looking a host's name up.
    Resolve,
    /// Connecting.
    Connect,
    /// Making the directory of a private address.
    MakeDirectory,
    /// Giving a listener its address.
    Bind,
    /// Beginning to listen.
    Listen,
    /// Accepting a connection.
    Accept,
}

impl Operation {
    /// The name of the call.
    #[must_use]
    pub fn syscall(self) -> &'static str {
        match self {
            Self::Resolve => "getaddrinfo",
            Self::Connect => "connect",
            Self::MakeDirectory => "mkdir",
            Self::Bind => "bind",
            Self::Listen => "listen",
            Self::Accept => "accept",
        }
    }
}

/// A system call on an address failed.
///
/// The message names the call, the address and, where there is one, the way out:
/// `connect /tmp/x.sock: no such socket (ENOENT); is the listener running?`
#[derive(Debug)]
pub struct SystemError {
    operation: Operation,
    address: Address,
    source: io::Error,
    found: Option<Cow<'static, str>>,
}

impl SystemError {
    pub(crate) fn new(operation: Operation, address: &Address, source: impl Into<io::Error>) -> Self {
        Self {
            operation,
            address: address.clone(),
            source: source.into(),
            found: None,
        }
    }

    #[cfg(unix)]
    /// Says what was found at the address, and the way out, instead of what the error number alone says.
    pub(crate) fn because(mut self, found: Option<Cow<'static, str>>) -> Self {
        self.found = found;
        self
    }

    /// The operation.
    #[must_use]
    pub fn operation(&self) -> Operation {
        self.operation
    }

    /// The address.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// The system's error number; `None` where a host's name could not be looked up.
    #[must_use]
    pub fn errno(&self) -> Option<i32> {
        self.source.raw_os_error()
    }

    /// The kind of the system's error.
    #[must_use]
    pub fn kind(&self) -> io::ErrorKind {
        self.source.kind()
    }

    /// The finding at the address and the way out, where more is known than the error number says.
    #[must_use]
    pub fn found(&self) -> Option<&str> {
        self.found.as_deref()
    }
}

impl fmt::Display for SystemError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: ", self.operation.syscall(), self.address)?;
        let name = sys::error_name(&self.source);
        let (words, remedy) = self
            .found()
            .or(name.and_then(|name| words(self.operation, name)))
            .map_or((None, None), |found| {
                found
                    .split_once("; ")
                    .map_or((Some(found), None), |(words, remedy)| (Some(words), Some(remedy)))
            });
        match (words, name) {
            (Some(words), Some(name)) => write!(f, "{words} ({name})")?,
            (Some(words), None) => f.write_str(words)?,
            (None, Some(name)) => {
                let text = self.source.to_string();
                write!(
                    f,
                    "{} ({name})",
                    text.split(" (os error").next().unwrap_or(&text).to_lowercase()
                )?;
            }
            (None, None) if self.operation == Operation::Resolve => {
                let text = self.source.to_string();
                let detail = text
                    .strip_prefix("failed to lookup address information: ")
                    .unwrap_or(&text);
                write!(f, "the host's name can't be looked up ({detail}); is it right?")?;
            }
            (None, None) => self.source.fmt(f)?,
        }
        remedy.map_or(Ok(()), |remedy| write!(f, "; {remedy}"))
    }
}

impl std::error::Error for SystemError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

/// The meaning of an error here, and the way out.
fn words(operation: Operation, error: &str) -> Option<&'static str> {
    use Operation::{Accept, Bind, Connect, Listen, MakeDirectory, Resolve};
    Some(match (operation, error) {
        (Connect, "ENOENT") if cfg!(windows) => "no such pipe; is the listener running?",
        (Connect, "ENOENT") => "no such socket; is the listener running?",
        (Connect, "ECONNREFUSED") => "nobody listens there; is the listener running?",
        (Connect, "EACCES") if cfg!(windows) => {
            "permission denied; a pipe admits its owner only, unless the listener widens it"
        }
        (Connect, "EACCES") => "permission denied; a socket file admits its owner only, unless the listener widens it",
        (Connect, "EPROTOTYPE") => "a socket of another kind is there",
        (Connect, "ETIMEDOUT") => "the host does not answer; are the address and the firewall right?",
        (Bind | Listen, "EADDRINUSE") => "somebody listens there already",
        (Bind, "ENOENT") => "no such directory; create it",
        (Bind, "EACCES" | "EROFS") => "this address is not for this user to listen on",
        (Resolve, "ENODEV") => "this machine has no network interface of that name; is the zone behind the % right?",
        (MakeDirectory, _) => {
            "no directory for the socket can be made there; set TMPDIR, or give the listener an address"
        }
        (Bind, "EADDRNOTAVAIL") => "this machine does not have that address",
        (Accept, "EMFILE" | "ENFILE") => "no descriptor is left; the connection waits, close some or raise the limit",
        _ => return None,
    })
}

#[cfg(all(test, unix))]
mod tests {
    use rustix::io::Errno;

    use super::*;

    fn shown(operation: Operation, errno: Errno) -> String {
        SystemError::new(operation, &Address::unix("/tmp/x.sock"), errno).to_string()
    }

    #[test]
    fn an_error_names_the_call_the_address_and_the_way_out() {
        assert_eq!(
            shown(Operation::Connect, Errno::NOENT),
            "connect /tmp/x.sock: no such socket (ENOENT); is the listener running?"
        );
        assert_eq!(
            shown(Operation::Bind, Errno::ADDRINUSE),
            "bind /tmp/x.sock: somebody listens there already (EADDRINUSE)"
        );
        assert_eq!(
            shown(Operation::Bind, Errno::NOTDIR),
            "bind /tmp/x.sock: not a directory (ENOTDIR)"
        );
        assert_eq!(
            shown(Operation::Accept, Errno::IO),
            "accept /tmp/x.sock: Input/output error (os error 5)"
        );
    }

    #[test]
    fn an_error_keeps_its_number() {
        let error = SystemError::new(Operation::Connect, &Address::tcp("::1", 1), Errno::CONNREFUSED);
        assert_eq!(error.errno(), Some(Errno::CONNREFUSED.raw_os_error()));
        assert!(
            error
                .to_string()
                .starts_with("connect [::1]:1: nobody listens there (ECONNREFUSED)"),
            "{error}"
        );
    }
}
