//! Named segments of memory: `shm_open(3)`, and mappings of what it opens.

use std::io;
use std::ptr::{self, NonNull};

use rustix::fs::Mode;
use rustix::io::Errno;
use rustix::mm::{MapFlags, ProtFlags};
use rustix::shm;

use super::{AsFd, OwnedFd};

/// The beginning of names that nobody has chosen, as in `CPython`.
pub(crate) const PREFIX: &str = "psm_";

/// The longest name, in bytes, without the slash that the system wants before it.
pub(crate) const NAME_MAX: usize = if cfg!(target_vendor = "apple") { 30 } else { 255 };

/// A mapping of a whole segment. The name may be gone while it lives, and the mapping while the name does.
#[derive(Debug)]
pub(crate) struct Mapping {
    start: NonNull<u8>,
    size: usize,
}

// SAFETY: the mapping is the process's, whichever thread uses it or ends it.
unsafe impl Send for Mapping {}
// SAFETY: as above; that others write the memory is said where it is handed out.
unsafe impl Sync for Mapping {}

impl Mapping {
    /// Makes a segment of a name that nothing has, with memory for all of it. `size` is not 0.
    pub(crate) fn create(name: &str, size: usize) -> Result<Self, (&'static str, io::Error)> {
        let flags = shm::OFlags::CREATE | shm::OFlags::EXCL | shm::OFlags::RDWR;
        let fd = shm::open(path(name), flags, Mode::RUSR | Mode::WUSR).map_err(|errno| ("shm_open", errno.into()))?;
        allocate(&fd, size)
            .and_then(|()| Self::of(&fd, size))
            .inspect_err(|_| drop(unlink(name)))
    }

    /// Maps a segment: all of the file, whose size is asked of the system.
    pub(crate) fn open(name: &str) -> Result<Self, (&'static str, io::Error)> {
        let fd = shm::open(path(name), shm::OFlags::RDWR, Mode::empty()).map_err(|errno| ("shm_open", errno.into()))?;
        let status = rustix::fs::fstat(&fd).map_err(|errno| ("fstat", errno.into()))?;
        let size = usize::try_from(status.st_size).map_err(|_| ("fstat", Errno::FBIG.into()))?;
        Self::of(&fd, size)
    }

    /// Maps all of a file of `size` bytes.
    pub(crate) fn of(fd: &impl AsFd, size: usize) -> Result<Self, (&'static str, io::Error)> {
        // SAFETY: a new mapping, at an address of the kernel's choice.
        let start = unsafe {
            rustix::mm::mmap(
                ptr::null_mut(),
                size,
                ProtFlags::READ | ProtFlags::WRITE,
                MapFlags::SHARED,
                fd,
                0,
            )
        }
        .map_err(|errno| ("mmap", errno.into()))?;
        let start = NonNull::new(start.cast()).ok_or(("mmap", Errno::NOMEM.into()))?;
        Ok(Self { start, size })
    }

    pub(crate) fn start(&self) -> NonNull<u8> {
        self.start
    }

    pub(crate) fn size(&self) -> usize {
        self.size
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: mapped by this object, which lent the memory for its own life only.
        let _ = unsafe { rustix::mm::munmap(self.start.as_ptr().cast(), self.size) };
    }
}

/// Removes the name of a segment. Its memory is given back with its last mapping.
pub(crate) fn unlink(name: &str) -> Result<(), (&'static str, io::Error)> {
    shm::unlink(path(name)).map_err(|errno| ("shm_unlink", errno.into()))
}

fn path(name: &str) -> String {
    format!("/{name}")
}

/// Gives the new file its size, and the memory for it. A page that is only promised is a `SIGBUS` where it is first touched, if
/// there is no room any more.
pub(super) fn allocate(fd: &OwnedFd, size: usize) -> Result<(), (&'static str, io::Error)> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    assert_room(fd, size)?;
    rustix::fs::ftruncate(fd, size as u64).map_err(|errno| ("ftruncate", errno.into()))?;
    // Elsewhere, such memory is backed by the swap as any other is.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    loop {
        match rustix::fs::fallocate(fd, rustix::fs::FallocateFlags::empty(), 0, size as u64) {
            Ok(()) => break,
            // The kernel gives back what it has allocated when a signal comes, and begins anew.
            Err(Errno::INTR) => {}
            Err(errno) => return Err(("fallocate", errno.into())),
        }
    }
    Ok(())
}

/// Fails where the file system says that it has no room, before it is filled up to the last page.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn assert_room(fd: &OwnedFd, size: usize) -> Result<(), (&'static str, io::Error)> {
    let status = rustix::fs::fstatvfs(fd).map_err(|errno| ("fstatvfs", errno.into()))?;
    let room = status.f_bavail.saturating_mul(status.f_frsize);
    // A tmpfs without a limit says that it has no blocks at all.
    if status.f_blocks > 0 && room < size as u64 {
        return Err(("fallocate", Errno::NOSPC.into()));
    }
    Ok(())
}
