//! The other end of a connection: bytes on a socket, or another process.
#![allow(dead_code, reason = "each test binary uses a part")]

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command};
use std::time::Duration;

use carom::Connection;
use carom::spin::Spin;

/// A connection, and its peer as a plain socket.
pub(crate) fn socket() -> (Connection, UnixStream) {
    let (ours, theirs) = UnixStream::pair().unwrap();
    (Connection::new(ours.into()).unwrap(), theirs)
}

/// As [`socket`], with the longest message that is received.
pub(crate) fn socket_with_limit(limit: u64) -> (Connection, UnixStream) {
    let (ours, theirs) = UnixStream::pair().unwrap();
    (
        Connection::with_options(ours.into(), limit, Spin::fixed(Duration::ZERO)).unwrap(),
        theirs,
    )
}

/// The ends of a FIFO, as `pipe(2)` makes it: the first receives.
pub(crate) fn fifo() -> (Connection, Connection) {
    let (reader, writer) = io::pipe().unwrap();
    (
        Connection::new(reader.into()).unwrap(),
        Connection::new(writer.into()).unwrap(),
    )
}

/// Another descriptor of the connection's open file.
pub(crate) fn duplicate(connection: &Connection) -> OwnedFd {
    connection.as_fd().try_clone_to_owned().unwrap()
}

/// A payload of which no two stretches are alike.
pub(crate) fn payload(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at ^ (at >> 8) ^ (at >> 16)) as u8).collect()
}

/// A frame in the form that senders use for it.
pub(crate) fn frame(message: &[u8]) -> Vec<u8> {
    [&(message.len() as u32).to_be_bytes()[..], message].concat()
}

/// A frame in the 64-bit form.
pub(crate) fn long_frame(message: &[u8]) -> Vec<u8> {
    [
        &(-1_i32).to_be_bytes()[..],
        &(message.len() as u64).to_be_bytes(),
        message,
    ]
    .concat()
}

/// Reads one frame in the short form from a plain stream.
pub(crate) fn read_frame(stream: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut header = [0; 4];
    stream.read_exact(&mut header)?;
    let mut message = vec![0; u32::from_be_bytes(header) as usize];
    stream.read_exact(&mut message)?;
    Ok(message)
}

/// Writes `stream` in pieces of the lengths that `pieces` has in turn.
pub(crate) fn write_in_pieces(to: &mut impl Write, mut stream: &[u8], pieces: &[usize]) -> io::Result<()> {
    let mut pieces = pieces.iter().cycle();
    while !stream.is_empty() {
        let length = pieces.next().copied().unwrap_or(usize::MAX).clamp(1, stream.len());
        to.write_all(&stream[..length])?;
        stream = &stream[length..];
    }
    Ok(())
}

/// Where cargo has put an example: beside the tests. Cargo names no variable for it.
pub(crate) fn example(name: &str) -> PathBuf {
    let mut path = std::env::current_exe().unwrap();
    path.pop();
    path.pop();
    path.extend(["examples", name]);
    assert!(
        path.exists(),
        "{} is missing: `cargo build --examples` builds it",
        path.display()
    );
    path
}

/// Starts a program with `end` as its descriptor 3.
pub(crate) fn start_with_3(mut command: Command, end: OwnedFd) -> Child {
    let number = end.as_raw_fd();
    // SAFETY: dup2(2) and fcntl(2) are async-signal-safe, and `end` is open until the child has been started.
    unsafe {
        command.pre_exec(move || {
            // dup2 leaves the close-on-exec flag of the copy clear, but makes no copy where the number is the same.
            let status = if number == 3 {
                libc::fcntl(3, libc::F_SETFD, 0)
            } else {
                libc::dup2(number, 3)
            };
            if status < 0 {
                Err(io::Error::last_os_error())
            } else {
                Ok(())
            }
        });
    }
    let child = command.spawn().unwrap();
    drop(end);
    child
}

/// A process that sends every message back, and our end of the connection to it.
pub(crate) fn echo_process() -> (UnixStream, Child) {
    let (ours, theirs) = UnixStream::pair().unwrap();
    (ours, start_with_3(Command::new(example("inherited")), theirs.into()))
}

/// Whether the open file behind a descriptor is in blocking mode.
pub(crate) fn blocking(fd: impl AsFd) -> bool {
    !rustix::fs::fcntl_getfl(fd)
        .unwrap()
        .contains(rustix::fs::OFlags::NONBLOCK)
}

/// Whether a descriptor is closed when another program is executed.
pub(crate) fn close_on_exec(fd: impl AsFd) -> bool {
    rustix::io::fcntl_getfd(fd)
        .unwrap()
        .contains(rustix::io::FdFlags::CLOEXEC)
}

/// The soft limit of open descriptors, raised to what `count` more need, if the hard limit allows.
pub(crate) fn allow_descriptors(count: u64) -> bool {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: the pointer is valid for the call.
    assert_eq!(unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) }, 0);
    if limit.rlim_max < count + 256 {
        return false;
    }
    limit.rlim_cur = limit.rlim_cur.max(count + 256);
    // SAFETY: as above.
    unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) == 0 }
}

/// A descriptor from its number, for what nobody else owns.
pub(crate) fn own(number: i32) -> OwnedFd {
    assert!(number >= 0, "{}", io::Error::last_os_error());
    // SAFETY: the caller has just got it from the kernel.
    unsafe { OwnedFd::from_raw_fd(number) }
}
