//! A directory that only this user may enter.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::Mode;
use rustix::io::Errno;

use crate::Address;
use crate::address::PATH_MAX;
use crate::system_error::{Operation, SystemError};

/// The name of a socket in a private directory.
const NAME: &str = "socket";

/// A fresh directory that only this user may enter. Dropping it removes it, if it is empty, in the process that made it.
#[derive(Debug)]
pub(crate) struct PrivateDirectory {
    path: PathBuf,
    process: u32,
}

impl PrivateDirectory {
    /// Makes one where temporary files go: as Python's `tempfile`, in the first directory that lets it, of those that environment
    /// variables name and those that systems have. One in which a socket's path would be too long is as good as none.
    pub(crate) fn create() -> Result<Self, SystemError> {
        let room = PATH_MAX - "/carom-0123456789abcdef/".len() - NAME.len();
        let mut first = None;
        for parent in temporary().filter(|path| path.as_os_str().len() <= room) {
            match Self::create_in(&parent, "carom-") {
                Ok(directory) => return Ok(directory),
                Err(error) if first.is_none() || !is_no_place(&error) => {
                    let address = Address::Unix(parent);
                    let passes = is_no_place(&error);
                    let failure = SystemError::new(Operation::MakeDirectory, &address, error);
                    if !passes {
                        return Err(failure);
                    }
                    first = Some(failure);
                }
                Err(_) => {}
            }
        }
        Err(first.unwrap_or_else(|| SystemError::new(Operation::MakeDirectory, &Address::unix("/tmp"), Errno::NOENT)))
    }

    /// Makes one in `parent`, whose name begins with `prefix`.
    pub(crate) fn create_in(parent: &Path, prefix: &str) -> io::Result<Self> {
        loop {
            let path = parent.join(format!("{prefix}{:016x}", getrandom::u64()?));
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

    #[cfg(any(test, not(target_os = "linux")))]
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The path of the directory's socket.
    pub(crate) fn socket(&self) -> PathBuf {
        self.path.join(NAME)
    }

    /// Leaves the directory where it is.
    pub(crate) fn leave(&mut self) {
        self.process = 0;
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

/// Where temporary files may go, the likeliest first.
fn temporary() -> impl Iterator<Item = PathBuf> {
    let named = ["TMPDIR", "TEMP", "TMP"].into_iter().filter_map(std::env::var_os);
    let usual = ["/tmp", "/var/tmp", "/usr/tmp"].into_iter().map(OsString::from);
    named
        .filter(|path| !path.is_empty())
        .chain(usual)
        .map(|path| absolute(Path::new(&path)))
        .chain(std::iter::once_with(std::env::current_dir).flatten())
}

/// Whether another directory may do where this is why none can be made.
fn is_no_place(error: &io::Error) -> bool {
    matches!(
        Errno::from_io_error(error),
        Some(
            Errno::ACCESS
                | Errno::DQUOT
                | Errno::LOOP
                | Errno::NAMETOOLONG
                | Errno::NOENT
                | Errno::NOSPC
                | Errno::NOTDIR
                | Errno::PERM
                | Errno::ROFS
        )
    )
}

/// The path as it is now: the process may change its directory before the file is removed.
pub(super) fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}
