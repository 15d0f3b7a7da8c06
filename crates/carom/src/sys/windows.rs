//! The system calls on Windows.
//!
//! A descriptor is a TCP socket, an end of a named pipe, or a named pipe that others connect to. What the system tells on
//! Unix by a descriptor's number, the object here keeps beside its handle: what it has read ahead, and what is pending.

use std::collections::HashSet;
use std::io::{self, IoSlice};
use std::mem::ManuallyDrop;
use std::net::TcpStream;
use std::os::windows::io::{
    AsRawSocket, BorrowedHandle, FromRawHandle, FromRawSocket, IntoRawHandle, OwnedHandle, RawHandle, RawSocket,
};
use std::sync::Arc;

use socket2::Socket as RawSocketObject;
use windows_sys::Win32::System::Pipes::{GetNamedPipeInfo, PIPE_TYPE_MESSAGE};

use super::{Arrival, Arrived, Beside, Credentials, Deadline, Kind, Transport};

pub(crate) mod child;
mod event;
pub(crate) mod local;
mod names;
mod operation;
pub(crate) mod pages;
mod pipe;
pub(crate) mod selector;
mod server;
pub(crate) mod shared_memory;
mod socket;
pub(crate) mod tcp;
mod write;
pub(crate) mod zone;

pub use names::error_name;

use pipe::Pipe;
use selector::{Port, Watchers};
use server::Server;
use socket::Socket;

/// A handle's or a socket's number.
pub type RawFd = isize;

/// How many descriptors this process may have open: the system sets no limit.
#[must_use]
pub fn descriptors_max() -> usize {
    usize::MAX
}

/// A descriptor that is closed with this object.
#[derive(Debug)]
pub struct OwnedFd(Object);

#[derive(Debug)]
enum Object {
    Socket(Socket),
    Pipe(Pipe),
    Server(Server),
}

/// Somebody's descriptor.
#[derive(Debug, Clone, Copy)]
pub struct BorrowedFd<'a>(&'a OwnedFd);

/// An object that has a descriptor.
pub trait AsFd {
    /// The descriptor.
    fn as_fd(&self) -> BorrowedFd<'_>;
}

/// An object that has a number.
pub trait AsRawFd {
    /// The number, which stays the object's.
    fn as_raw_fd(&self) -> RawFd;
}

/// Waits by `deadline` until one of `fds` has something to read, or has ended.
pub(crate) fn until_readable(fds: &[BorrowedFd<'_>], deadline: Deadline) -> io::Result<()> {
    let mut selector = selector::Selector::new()?;
    let registry = selector.registry()?;
    let mut watched = HashSet::new();
    for (token, fd) in fds.iter().enumerate().filter(|(_, fd)| watched.insert(fd.as_raw_fd())) {
        registry.watch(*fd, token, false)?;
    }
    selector.poll(deadline, |_| ()).map(drop)
}

impl AsFd for OwnedFd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        BorrowedFd(self)
    }
}

impl<T: AsFd> AsFd for Arc<T> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        (**self).as_fd()
    }
}

impl AsFd for BorrowedFd<'_> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        *self
    }
}

/// Takes a stream, which never waits in a call from then on.
impl TryFrom<TcpStream> for OwnedFd {
    type Error = io::Error;

    fn try_from(stream: TcpStream) -> io::Result<Self> {
        Socket::new(stream.into()).map(|socket| Self(Object::Socket(socket)))
    }
}

impl AsRawFd for OwnedFd {
    fn as_raw_fd(&self) -> RawFd {
        match &self.0 {
            Object::Socket(socket) => socket.raw().as_raw_socket() as RawFd,
            Object::Pipe(pipe) => pipe.handle() as RawFd,
            Object::Server(server) => std::ptr::from_ref(server) as RawFd,
        }
    }
}

impl AsRawFd for BorrowedFd<'_> {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

impl BorrowedFd<'_> {
    fn watchers(&self) -> &Arc<Watchers> {
        match &self.0.0 {
            Object::Socket(socket) => socket.watchers(),
            Object::Pipe(pipe) => pipe.watchers(),
            Object::Server(server) => server.watchers(),
        }
    }

    fn watch(&self, port: &Arc<Port>, token: usize, writable: bool) -> io::Result<()> {
        self.watchers().add(port, token, writable);
        match &self.0.0 {
            Object::Socket(socket) => socket.rearm(),
            Object::Pipe(pipe) => pipe.rearm(),
            Object::Server(server) => server.rearm(),
        }
    }

    fn poll(self, readable: bool, writable: bool, deadline: Deadline) -> io::Result<bool> {
        match &self.0.0 {
            Object::Socket(socket) => socket.poll(readable, writable, deadline),
            Object::Pipe(pipe) => pipe.poll(readable, writable, deadline),
            Object::Server(server) => server.poll(deadline),
        }
    }
}

fn unsupported(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::Unsupported, format!("{what}: not on Windows"))
}

/// Takes ownership of an open handle: a socket, or an end of a named pipe in message mode that was made for overlapped
/// operations, as Python's are.
///
/// # Errors
///
/// The system's error for a handle that is neither.
///
/// # Safety
///
/// Nobody else may own `fd`: it is closed with the returned value.
pub unsafe fn adopt(fd: RawFd) -> io::Result<OwnedFd> {
    if recognize(fd)? == Transport::Socket {
        // SAFETY: the handle is an open socket's, and the caller gives its ownership up.
        let socket = unsafe { RawSocketObject::from_raw_socket(fd as RawSocket) };
        return Socket::new(socket).map(|socket| OwnedFd(Object::Socket(socket)));
    }
    // SAFETY: the handle is an open pipe's, and the caller gives its ownership up.
    let handle = unsafe { OwnedHandle::from_raw_handle(fd as RawHandle) };
    let (readable, writable) = (server::read_messages(&handle).is_ok(), true);
    Pipe::new(handle, readable, writable).map(|pipe| OwnedFd(Object::Pipe(pipe)))
}

/// The kind of an open handle that can be adopted.
fn recognize(fd: RawFd) -> io::Result<Transport> {
    // SAFETY: asked for its type only; the number may be anybody's until it is known to be a socket.
    let socket = ManuallyDrop::new(unsafe { RawSocketObject::from_raw_socket(fd as RawSocket) });
    if socket.r#type().is_ok() {
        return Ok(Transport::Socket);
    }
    let mut flags = 0;
    // SAFETY: a number that is no pipe's is refused.
    let known = unsafe {
        GetNamedPipeInfo(
            fd as RawHandle,
            &raw mut flags,
            std::ptr::null_mut(),
            std::ptr::null_mut(),
            std::ptr::null_mut(),
        )
    };
    if known == 0 {
        return Err(io::Error::last_os_error());
    }
    if flags & PIPE_TYPE_MESSAGE == 0 {
        return Err(unsupported("a pipe of bytes, without messages"));
    }
    Ok(Transport::File)
}

/// Another descriptor of the same open file.
///
/// # Errors
///
/// The system's error for a number that is no pipe's.
pub fn duplicate(fd: RawFd) -> io::Result<OwnedFd> {
    // Before there is a handle that somebody has to close.
    recognize(fd)?;
    // SAFETY: the handle is new, and nobody else's.
    unsafe { adopt(duplicate_handle(fd)?) }
}

/// Another handle of the same open file, which is the caller's.
///
/// # Errors
///
/// The system's error for a number that is no handle's.
pub fn duplicate_handle(fd: RawFd) -> io::Result<RawFd> {
    // SAFETY: borrowed for one call, which fails cleanly where the number isn't open.
    let handle = unsafe { BorrowedHandle::borrow_raw(fd as RawHandle) }.try_clone_to_owned()?;
    Ok(handle.into_raw_handle() as RawFd)
}

/// Finds out what `fd` can be used for.
///
/// # Errors
///
/// None; on other systems, what the system calls report.
#[allow(clippy::unnecessary_wraps, reason = "fails on other systems")]
pub fn kind(fd: BorrowedFd<'_>) -> io::Result<Kind> {
    let (transport, readable, writable) = match &fd.0.0 {
        Object::Socket(_) => (Transport::Socket, true, true),
        Object::Pipe(pipe) => (Transport::File, pipe.readable, pipe.writable),
        Object::Server(_) => return Err(io::ErrorKind::InvalidInput.into()),
    };
    Ok(Kind {
        transport,
        carries_descriptors: false,
        readable,
        writable,
    })
}

/// A connected pair of ends of a named pipe; `one_way`: the first only receives, and the second only sends.
///
/// # Errors
///
/// The system's error.
pub fn pair(one_way: bool) -> io::Result<(OwnedFd, OwnedFd)> {
    let (a, b) = server::pair(one_way)?;
    Ok((OwnedFd(Object::Pipe(a)), OwnedFd(Object::Pipe(b))))
}

/// Whether there is something to read from `fd`, or it has ended, by `deadline`; with `or_writable`, or room to write.
///
/// # Errors
///
/// The system's error.
pub fn poll_readable(fd: BorrowedFd<'_>, or_writable: bool, deadline: Deadline) -> io::Result<bool> {
    fd.poll(true, or_writable, deadline)
}

/// Whether there is room to write to `fd`, or nobody to read it, by `deadline`; a socket that connects has then done so, or
/// failed.
///
/// # Errors
///
/// The system's error.
pub fn poll_writable(fd: BorrowedFd<'_>, deadline: Deadline) -> io::Result<bool> {
    fd.poll(false, true, deadline)
}

/// Reads what is there into `buffer`: `Some(0)` is the end of the stream, `None` that nothing came by `deadline`.
///
/// # Errors
///
/// The system's error.
pub fn receive(
    fd: BorrowedFd<'_>,
    _transport: Transport,
    buffer: &mut [u8],
    deadline: Deadline,
) -> io::Result<Option<usize>> {
    match &fd.0.0 {
        Object::Socket(socket) => socket.receive(buffer, deadline),
        Object::Pipe(pipe) => pipe.receive(buffer, deadline),
        Object::Server(_) => Err(io::ErrorKind::InvalidInput.into()),
    }
}

/// Writes what the system takes of `slices`, in order, by `deadline`: all of it, or a part where the time is up.
///
/// # Errors
///
/// The system's error; an error of kind [`BrokenPipe`](io::ErrorKind::BrokenPipe) where the peer is gone. Where a part had
/// been taken before, that part is returned, and the error comes from the next call.
pub fn send(
    fd: BorrowedFd<'_>,
    _transport: Transport,
    slices: &mut [IoSlice<'_>],
    deadline: Deadline,
) -> io::Result<usize> {
    match &fd.0.0 {
        Object::Socket(socket) => socket.send(slices, deadline),
        Object::Pipe(pipe) => pipe.send(slices, deadline),
        Object::Server(_) => Err(io::ErrorKind::InvalidInput.into()),
    }
}

/// Whether the peer has closed its end, as far as can be seen without reading: not told here.
#[allow(clippy::unnecessary_wraps, reason = "fails on other systems")]
pub(crate) fn peer_has_gone(_fd: BorrowedFd<'_>) -> io::Result<bool> {
    Ok(false)
}

/// The errors of a socket whose peer has gone: of a send, and of a receive that finds that something was not read.
pub(crate) const GONE: (i32, i32) = {
    use windows_sys::Win32::Networking::WinSock::{WSAECONNRESET, WSAESHUTDOWN};
    (WSAESHUTDOWN, WSAECONNRESET)
};

/// The process at the other end: not told here.
///
/// # Errors
///
/// Always.
pub fn peer_credentials(_fd: BorrowedFd<'_>) -> io::Result<Credentials> {
    Err(unsupported("the user and group of a peer"))
}

/// The most descriptors that go with one message.
pub const FDS_MAX: usize = 0;

/// Reads bytes and descriptors: no descriptor here carries any.
///
/// # Errors
///
/// Always.
pub fn receive_with_fds(_fd: BorrowedFd<'_>, _buffer: &mut [u8], _deadline: Deadline) -> io::Result<Option<Arrived>> {
    Err(unsupported("descriptors in messages"))
}

/// The behaviour of this system.
pub const BESIDE: Beside = Beside::Last;

/// As [`receive`], from a socket.
///
/// # Errors
///
/// The same as for [`receive`].
pub fn receive_without_fds(fd: BorrowedFd<'_>, buffer: &mut [u8], deadline: Deadline) -> io::Result<Option<usize>> {
    receive(fd, Transport::Socket, buffer, deadline)
}

/// Has a socket take descriptors, or refuse them: none arrive here.
///
/// # Errors
///
/// None.
#[allow(clippy::unnecessary_wraps, reason = "fails on other systems")]
pub fn pass_rights(_fd: BorrowedFd<'_>, _on: bool) -> io::Result<()> {
    Ok(())
}

/// The objects that may be made of a descriptor which a peer has sent: none arrive here.
#[allow(clippy::must_use_candidate, reason = "as on other systems")]
pub fn arrival(_fd: BorrowedFd<'_>) -> Arrival {
    Arrival::Other
}

/// Whether calls on `fd` don't wait: they are asked not to one by one.
#[must_use]
pub fn is_nonblocking(_fd: BorrowedFd<'_>) -> bool {
    true
}

/// Closes descriptors that a peer has sent.
pub fn close_aside(fds: impl IntoIterator<Item = OwnedFd>) {
    fds.into_iter().for_each(drop);
}

/// Closes a socket or pipe.
pub(crate) fn close_socket(fd: OwnedFd) {
    drop(fd);
}

/// Sends bytes and descriptors: no descriptor here carries any.
///
/// # Errors
///
/// Always.
pub fn send_with_fds(
    _fd: BorrowedFd<'_>,
    _slices: &[IoSlice<'_>],
    _fds: &[BorrowedFd<'_>],
    _deadline: Deadline,
) -> io::Result<usize> {
    Err(unsupported("descriptors in messages"))
}
