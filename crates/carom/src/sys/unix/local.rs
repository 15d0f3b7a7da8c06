//! Listening at, and reaching, what only this machine can: Unix sockets.

use std::borrow::Cow;
use std::io;
use std::path::Path;

use rustix::io::Errno;
use rustix::net::{SocketAddrUnix, SocketType, sockopt};

use super::bind;
use super::names::{from_kernel, to_unix};
use super::private_directory::PrivateDirectory;
use super::replace::{Occupant, replace};
use super::{AsFd, BorrowedFd, OwnedFd, socket};
use crate::listener::Options;
use crate::system_error::{Operation, SystemError};
use crate::{Address, Result};

pub(crate) use super::socket_file::SocketFile;

/// A socket that is bound to a local address and does not listen yet, and the file that was made for it.
pub(crate) fn bind(address: &Address, options: Options) -> Result<(OwnedFd, Option<SocketFile>)> {
    if let Address::Unix(path) = address {
        return bind_path(path, address, None, options).map(|(fd, file)| (fd, Some(file)));
    }
    let name = to_unix(address)?;
    let fd = socket::create_local(options.descriptors)?;
    rustix::net::bind(&fd, &name).map_err(|error| SystemError::new(Operation::Bind, address, error))?;
    Ok((fd, None))
}

/// As [`bind`], in a fresh directory that only this user may enter.
pub(crate) fn bind_private(options: Options) -> Result<(OwnedFd, Option<SocketFile>, Address)> {
    let directory = PrivateDirectory::create()?;
    let path = directory.socket();
    let address = Address::Unix(path.clone());
    let (fd, file) = bind_path(&path, &address, Some(directory), options)?;
    Ok((fd, Some(file), address))
}

fn bind_path(
    path: &Path,
    address: &Address,
    directory: Option<PrivateDirectory>,
    options: Options,
) -> Result<(OwnedFd, SocketFile)> {
    let name = to_unix(address)?;
    let fd = socket::create_local(options.descriptors)?;
    let try_to_bind = || bind::bind(fd.as_fd(), path, &name, options.mode);
    let bound = try_to_bind().or_else(|error| {
        if options.replace && is_in_use(&error) {
            replace(path, &name, try_to_bind)
        } else {
            Err(error)
        }
    });
    bound.map_err(|error| {
        let found = obstacle(path, &name, &error);
        SystemError::new(Operation::Bind, address, error).because(found)
    })?;
    let file = SocketFile::made(path, directory)?;
    Ok((fd, file))
}

/// The obstacle to binding a socket to `path`, and the way out.
fn obstacle(path: &Path, name: &SocketAddrUnix, error: &io::Error) -> Option<Cow<'static, str>> {
    let directory = || Address::Unix(path.parent().unwrap_or(path).to_owned());
    match Errno::from_io_error(error)? {
        Errno::ADDRINUSE => Occupant::of(path, name)?.words().map(Cow::Borrowed),
        Errno::ACCESS => Some(Cow::Owned(format!(
            "this user may not make files in {}; use another directory, or change its permissions",
            directory()
        ))),
        Errno::ROFS => Some(Cow::Owned(format!(
            "{} is on a file system that is read-only; use another directory",
            directory()
        ))),
        Errno::NOENT => Some(Cow::Owned(format!("there is no directory {}; create it", directory()))),
        _ => None,
    }
}

fn is_in_use(error: &io::Error) -> bool {
    Errno::from_io_error(error) == Some(Errno::ADDRINUSE)
}

/// Begins to listen.
pub(crate) fn listen(fd: BorrowedFd<'_>, backlog: i32) -> io::Result<()> {
    Ok(rustix::net::listen(fd, backlog)?)
}

/// The address of `fd`, a socket that listens.
pub(crate) fn listening(fd: BorrowedFd<'_>) -> io::Result<Address> {
    if sockopt::socket_type(fd)? != SocketType::STREAM {
        return Err(Errno::PROTOTYPE.into());
    }
    // Apple's systems don't tell; there, `accept` fails.
    #[cfg(not(target_vendor = "apple"))]
    if !sockopt::socket_acceptconn(fd)? {
        return Err(Errno::INVAL.into());
    }
    address(fd)?.ok_or_else(|| Errno::AFNOSUPPORT.into())
}

/// The address that `fd` is bound to.
pub(crate) fn address(fd: BorrowedFd<'_>) -> io::Result<Option<Address>> {
    Ok(from_kernel(rustix::net::getsockname(fd)?))
}

/// Accepts one connection, whose socket is close-on-exec and blocking, and its peer, where that has a name; `None`
/// where no more is waiting.
pub(crate) fn accept(fd: BorrowedFd<'_>) -> io::Result<Option<(OwnedFd, Option<Address>)>> {
    Ok(socket::accept(fd)?.map(|(socket, peer)| (socket, peer.and_then(from_kernel))))
}

/// The address that a connection is made to.
#[derive(Debug)]
pub(crate) struct Name(Box<SocketAddrUnix>);

impl Name {
    pub(crate) fn new(address: &Address) -> Result<Self> {
        to_unix(address).map(|name| Self(Box::new(name)))
    }

    /// Connects; `None` where the listener has no room for now. `descriptors`: the socket takes those that the listener sends.
    pub(crate) fn connect(&self, descriptors: bool) -> io::Result<Option<OwnedFd>> {
        let fd = socket::create_local(descriptors)?;
        loop {
            match rustix::net::connect(&fd, self.0.as_ref()) {
                Ok(()) => break,
                Err(Errno::AGAIN) => return Ok(None),
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        socket::set_blocking(fd.as_fd(), true)?;
        Ok(Some(fd))
    }
}
