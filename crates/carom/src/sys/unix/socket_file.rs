//! The file that a listener has made, which goes with it.

use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Stat};
use rustix::io::Errno;

use super::private_directory::{PrivateDirectory, absolute};

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

    /// Leaves the file and its directory where they are.
    pub(crate) fn leave(mut self) {
        self.process = 0;
        if let Some(directory) = &mut self.directory {
            directory.leave();
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

pub(super) fn lstat(path: &Path) -> rustix::io::Result<Stat> {
    rustix::fs::statat(CWD, path, AtFlags::SYMLINK_NOFOLLOW)
}

// The fields' types differ between systems.
#[allow(clippy::unnecessary_cast, clippy::useless_conversion)]
pub(super) fn identity(stat: &Stat) -> (u64, u64) {
    (stat.st_dev as u64, stat.st_ino as u64)
}

fn gone_is_fine(result: rustix::io::Result<()>) -> io::Result<()> {
    match result {
        Err(Errno::NOENT) => Ok(()),
        result => Ok(result?),
    }
}
