//! Taking the place of a socket file at which nobody listens any more: a process that was killed has left it.

use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::fs::{FileType, FlockOperation, Mode, OFlags};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketType};

use super::socket_file::{identity, lstat};
use super::{OwnedFd, socket};

/// How long the lock of a directory is waited for. It is held for the time of three system calls.
const PATIENCE: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(1);

/// The obstacles to binding a socket to a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Occupant {
    /// A file of another kind.
    NoSocket,
    /// A socket that some process has, listening or about to.
    Alive,
    /// A socket's file that no process has any more.
    Left,
}

impl Occupant {
    /// The obstacle at `path`, whose address is `name`; `None` where nothing is, or where nobody can tell.
    pub(super) fn of(path: &Path, name: &SocketAddrUnix) -> Option<Self> {
        if FileType::from_raw_mode(lstat(path).ok()?.st_mode) != FileType::Socket {
            return Some(Self::NoSocket);
        }
        // Connecting a socket of another type tells a file that some process has bound (EPROTOTYPE) from one that none has
        // (ECONNREFUSED), without a connection that its listener would have to accept.
        let probe = socket::create_of(AddressFamily::UNIX, SocketType::DGRAM).ok()?;
        match rustix::net::connect(&probe, name) {
            Err(Errno::CONNREFUSED) => Some(Self::Left),
            Err(Errno::PROTOTYPE) => Some(Self::Alive),
            _ => None,
        }
    }

    /// The finding, and the way out.
    pub(super) fn words(self) -> Option<&'static str> {
        match self {
            Self::NoSocket => Some("a file that is no socket is there; use another path"),
            Self::Left => Some("a socket file is left there, and nobody listens; remove it, or use the option replace"),
            Self::Alive => None,
        }
    }
}

/// Binds by `bind`, which has failed since `path` is occupied, in the place of what is left there. Of two processes that do so at
/// once, the second finds the first one's socket: both look, remove and bind under a lock on the directory.
pub(super) fn replace(path: &Path, name: &SocketAddrUnix, bind: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
    let _lock = lock_directory_of(path)?;
    let found = lstat(path);
    if Occupant::of(path, name) != Some(Occupant::Left) {
        // Nothing may be there by now. If not, `bind` says that the path is in use.
        return bind();
    }
    // A program that knows no lock may have put a socket of its own there since.
    if found.map(|stat| identity(&stat)) == lstat(path).map(|stat| identity(&stat)) {
        match rustix::fs::unlink(path) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(error) => return Err(error.into()),
        }
    }
    bind()
}

/// Locks the directory that `path` is in, until the descriptor is closed.
fn lock_directory_of(path: &Path) -> io::Result<OwnedFd> {
    let parent = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let directory = rustix::fs::open(
        parent,
        OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC,
        Mode::empty(),
    )?;
    let begin = Instant::now();
    loop {
        match rustix::fs::flock(&directory, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(directory),
            // A program that keeps the lock must not keep this one waiting for ever.
            Err(Errno::AGAIN) if begin.elapsed() < PATIENCE => std::thread::sleep(PAUSE),
            Err(Errno::AGAIN) => return Err(Errno::ADDRINUSE.into()),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}
