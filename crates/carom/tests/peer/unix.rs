//! Tests for systems with descriptors: FIFOs, flags, children that inherit.

use std::io;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};

use carom::Connection;

use super::example;

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

/// Raises the soft limit of open descriptors by `count`, if the hard limit allows.
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

/// A descriptor from its number, for one without another owner.
pub(crate) fn own(number: i32) -> OwnedFd {
    assert!(number >= 0, "{}", io::Error::last_os_error());
    // SAFETY: the caller has just got it from the kernel.
    unsafe { OwnedFd::from_raw_fd(number) }
}
