//! Listening at, and reaching, what only this machine can: named pipes.

use std::io;

use windows_sys::Win32::Networking::WinSock::WSAEINVAL;

use super::server::{self, Server, wide};
use super::{BorrowedFd, Object, OwnedFd, Pipe, Socket};
use crate::address::AddressError;
use crate::listener::Options;
use crate::system_error::{Operation, SystemError};
use crate::{Address, Result};

/// The file that a listener has made: there is none.
#[derive(Debug)]
pub(crate) enum SocketFile {}

impl SocketFile {
    pub(crate) fn leave(self) {
        match self {}
    }

    pub(crate) fn remove(&mut self) -> io::Result<()> {
        match *self {}
    }
}

/// A named pipe that others connect to from now on.
pub(crate) fn bind(address: &Address, options: Options) -> Result<(OwnedFd, Option<SocketFile>)> {
    address.check()?;
    let Address::Pipe(name) = address else {
        return Err(AddressError::NoUnixSockets(address.clone()).into());
    };
    let server = Server::bind(name, options.mode).map_err(|error| SystemError::new(Operation::Bind, address, error))?;
    Ok((OwnedFd(Object::Server(server)), None))
}

/// As [`bind`], with a name that nobody else has.
pub(crate) fn bind_private(options: Options) -> Result<(OwnedFd, Option<SocketFile>, Address)> {
    let address = Address::Pipe(server::private_name()?);
    let (fd, file) = bind(&address, options)?;
    Ok((fd, file, address))
}

/// Begins to listen. A named pipe does so from the start, for as many clients as come.
pub(crate) fn listen(fd: BorrowedFd<'_>, backlog: i32) -> io::Result<()> {
    match &fd.0.0 {
        Object::Socket(socket) => socket.raw().listen(backlog),
        Object::Server(_) => Ok(()),
        Object::Pipe(_) => Err(io::Error::from_raw_os_error(WSAEINVAL)),
    }
}

/// The address of `fd`, a socket that listens.
pub(crate) fn listening(fd: BorrowedFd<'_>) -> io::Result<Address> {
    address(fd)?.ok_or_else(|| io::Error::from_raw_os_error(WSAEINVAL))
}

/// The address that `fd` is bound to.
pub(crate) fn address(fd: BorrowedFd<'_>) -> io::Result<Option<Address>> {
    match &fd.0.0 {
        Object::Socket(socket) => Ok(socket.raw().local_addr()?.as_socket().map(Address::from)),
        Object::Server(server) => Ok(Some(Address::Pipe(server.name().to_owned()))),
        Object::Pipe(_) => Ok(None),
    }
}

/// Accepts one connection, and tells its peer, where that has a name; `None` where no more is waiting.
pub(crate) fn accept(fd: BorrowedFd<'_>) -> io::Result<Option<(OwnedFd, Option<Address>)>> {
    match &fd.0.0 {
        Object::Socket(socket) => match socket.raw().accept() {
            Ok((accepted, peer)) => {
                accepted.set_tcp_nodelay(true)?;
                let accepted = OwnedFd(Object::Socket(Socket::new(accepted)?));
                Ok(Some((accepted, peer.as_socket().map(Address::from))))
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            // Errors of one connection, which is gone.
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted
                ) =>
            {
                Ok(None)
            }
            Err(error) => Err(error),
        },
        Object::Server(server) => Ok(server.accept()?.map(|pipe| (OwnedFd(Object::Pipe(pipe)), None))),
        Object::Pipe(_) => Err(io::Error::from_raw_os_error(WSAEINVAL)),
    }
}

/// The address that a connection is made to.
#[derive(Debug)]
pub(crate) struct Name(Vec<u16>);

impl Name {
    pub(crate) fn new(address: &Address) -> Result<Self> {
        address.check()?;
        match address {
            Address::Pipe(name) => Ok(Self(wide(name))),
            _ => Err(AddressError::NoUnixSockets(address.clone()).into()),
        }
    }

    /// Connects; `None` where the listener has no room for now.
    pub(crate) fn connect(&self, _descriptors: bool) -> io::Result<Option<OwnedFd>> {
        let Some(handle) = server::connect(&self.0, false)? else {
            return Ok(None);
        };
        Ok(Some(OwnedFd(Object::Pipe(Pipe::new(handle, true, true)?))))
    }
}
