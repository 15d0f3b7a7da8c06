//! The file that a listener has made, which goes with it.

use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, FileType, Mode, Stat};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketType};

use super::socket;
use crate::address::PATH_MAX;

/// What a socket is called in a private directory.
const NAME: &str = "socket";

/// A socket's file. Dropping it removes the file, in the process that made it, if it is still there: a path may have come
/// to name somebody else's file.
#[derive(Debug)]
pub(crate) struct SocketFile {
    path: PathBuf,
    device: u64,
    inode: u64,
    process: u32,
    /// Removed after the file.
    directory: Option<PrivateDirectory>,
}

impl SocketFile {
    /// Takes charge of the file that `bind(2)` has just made at `path`.
    pub(crate) fn made(path: &Path, directory: Option<PrivateDirectory>) -> io::Result<Self> {
        let stat = lstat(path).inspect_err(|_| {
            // Later, nobody could tell whose it is. The failure is what the caller is told.
            let _ = rustix::fs::unlink(path);
        })?;
        let (device, inode) = identity(&stat);
        Ok(Self {
            path: absolute(path),
            device,
            inode,
            process: std::process::id(),
            directory,
        })
    }

    /// Gives the file the permissions `mode`, which the process' umask may have narrowed when it was made.
    pub(crate) fn set_mode(&self, mode: u32) -> io::Result<()> {
        if Mode::from_raw_mode(lstat(&self.path)?.st_mode).bits() & 0o7777 != mode as rustix::fs::RawMode {
            rustix::fs::chmod(&self.path, Mode::from_bits_truncate(mode as rustix::fs::RawMode))?;
        }
        Ok(())
    }

    /// Leaves the file and its directory where they are.
    pub(crate) fn leave(mut self) {
        self.process = 0;
        if let Some(directory) = &mut self.directory {
            directory.process = 0;
        }
    }

    /// Removes the file. One that is gone, or isn't this one any more, is no error.
    pub(crate) fn remove(&mut self) -> io::Result<()> {
        if self.process != std::process::id() {
            return Ok(());
        }
        self.process = 0;
        match lstat(&self.path) {
            Ok(stat) if identity(&stat) == (self.device, self.inode) => gone_is_fine(rustix::fs::unlink(&self.path)),
            Ok(_) | Err(Errno::NOENT | Errno::NOTDIR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        // Nobody is left to be told.
        let _ = self.remove();
    }
}

/// A fresh directory that only this user may enter. Dropping it removes it, if it is empty, in the process that made it.
#[derive(Debug)]
pub(crate) struct PrivateDirectory {
    path: PathBuf,
    process: u32,
}

impl PrivateDirectory {
    /// Makes one in the directory for temporary files, or in `/tmp` where a socket's path there would be too long.
    pub(crate) fn create() -> io::Result<Self> {
        let parent = std::env::temp_dir();
        let room = PATH_MAX - "/carom-0123456789abcdef/".len() - NAME.len();
        let parent = if parent.as_os_str().len() <= room {
            parent
        } else {
            PathBuf::from("/tmp")
        };
        loop {
            let path = parent.join(format!("carom-{:016x}", getrandom::u64()?));
            match rustix::fs::mkdir(&path, Mode::RWXU) {
                Ok(()) => {
                    return Ok(Self {
                        path: absolute(&path),
                        process: std::process::id(),
                    });
                }
                Err(Errno::EXIST) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// The path of the directory's socket.
    pub(crate) fn socket(&self) -> PathBuf {
        self.path.join(NAME)
    }
}

impl Drop for PrivateDirectory {
    fn drop(&mut self) {
        if self.process == std::process::id() {
            // Not empty, or gone: not ours to mend.
            let _ = rustix::fs::rmdir(&self.path);
        }
    }
}

/// What keeps a socket from being bound to `path`.
pub(crate) fn occupant(path: &Path, address: &SocketAddrUnix) -> Option<&'static str> {
    if FileType::from_raw_mode(lstat(path).ok()?.st_mode) != FileType::Socket {
        return Some("a file that is no socket is there; use another path");
    }
    // Connecting a socket of another type tells a live socket (EPROTOTYPE) from a dead one (ECONNREFUSED), without a
    // connection that its listener would have to accept.
    let probe = socket::create_of(AddressFamily::UNIX, SocketType::DGRAM).ok()?;
    match rustix::net::connect(&probe, address) {
        Err(Errno::CONNREFUSED) => Some("a socket file is left there, and nobody listens; remove it"),
        _ => None,
    }
}

fn lstat(path: &Path) -> rustix::io::Result<Stat> {
    rustix::fs::statat(CWD, path, AtFlags::SYMLINK_NOFOLLOW)
}

// The fields' types differ between systems.
#[allow(clippy::unnecessary_cast, clippy::useless_conversion)]
fn identity(stat: &Stat) -> (u64, u64) {
    (stat.st_dev as u64, stat.st_ino as u64)
}

/// The path as it is now: the process may change its directory before the file is removed.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

fn gone_is_fine(result: rustix::io::Result<()>) -> io::Result<()> {
    match result {
        Err(Errno::NOENT) => Ok(()),
        result => Ok(result?),
    }
}
