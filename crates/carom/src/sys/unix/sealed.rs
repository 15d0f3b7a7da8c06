//! Memory that is shared by its descriptor, and that nobody can take away: a sealed memfd (`memfd_create(2)`,
//! `F_GET_SEALS(2const)`).
//!
//! A process that touches a page behind the end of a mapped file is killed by `SIGBUS`, so a peer that could make the file shorter could
//! kill this process. The seals `SHRINK` and `GROW` forbid it for good, and `SEAL` says that no more seals come. A file of huge
//! pages can have them too, and then faults where a hole was punched and no huge page is free: only tmpfs is accepted, where a hole
//! reads as zeroes.

use rustix::fs::{MemfdFlags, OFlags, SealFlags};
use rustix::io::Errno;

use super::shared_memory::{Mapping, allocate};
use crate::sys::{BorrowedFd, OwnedFd, SealedError};

/// Whether this system may have such memory.
pub(crate) const EXISTS: bool = true;

/// The seals that keep the size as it is.
const SEALS: SealFlags = SealFlags::SHRINK.union(SealFlags::GROW).union(SealFlags::SEAL);

/// The seals that forbid a shared mapping that is written.
const READ_ONLY: SealFlags = SealFlags::WRITE.union(SealFlags::FUTURE_WRITE);

/// The file system of memfds without huge pages: `TMPFS_MAGIC` (statfs(2)).
const TMPFS: i64 = 0x0102_1994;

/// Makes memory of `size` bytes, all of them 0, which the system has from now on.
pub(crate) fn create(size: usize) -> Result<OwnedFd, SealedError> {
    let fd = memfd().map_err(|errno| match errno {
        // A kernel without such memory, or a sandbox that forbids it.
        Errno::NOSYS | Errno::INVAL | Errno::PERM | Errno::ACCESS => SealedError::Missing,
        errno => SealedError::of("memfd_create", errno),
    })?;
    allocate(&fd, size).map_err(|(syscall, error)| SealedError::of(syscall, error))?;
    rustix::fs::fcntl_add_seals(&fd, SEALS).map_err(|errno| SealedError::of("fcntl", errno))?;
    Ok(fd)
}

fn memfd() -> rustix::io::Result<OwnedFd> {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    match rustix::fs::memfd_create(c"carom", flags | MemfdFlags::NOEXEC_SEAL) {
        // The flag is new in Linux 6.3.
        Err(Errno::INVAL) => rustix::fs::memfd_create(c"carom", flags),
        made => made,
    }
}

/// The size of what a peer has sent, if it is memory whose size can't change, and which can be read and written.
pub(crate) fn check(fd: BorrowedFd<'_>) -> Result<u64, SealedError> {
    let seals = match rustix::fs::fcntl_get_seals(fd) {
        // A file that can't have any, or a descriptor that only names one (`O_PATH`).
        Err(Errno::INVAL | Errno::BADF) => SealFlags::empty(),
        seals => seals.map_err(|errno| SealedError::of("fcntl", errno))?,
    };
    if !seals.contains(SEALS) || !is_tmpfs(fd)? {
        return Err(SealedError::NotSealed);
    }
    let flags = rustix::fs::fcntl_getfl(fd).map_err(|errno| SealedError::of("fcntl", errno))?;
    if seals.intersects(READ_ONLY) || flags & OFlags::RWMODE != OFlags::RDWR {
        return Err(SealedError::NotWritable);
    }
    let status = rustix::fs::fstat(fd).map_err(|errno| SealedError::of("fstat", errno))?;
    Ok(status.st_size as u64)
}

fn is_tmpfs(fd: BorrowedFd<'_>) -> Result<bool, SealedError> {
    let status = rustix::fs::fstatfs(fd).map_err(|errno| SealedError::of("fstatfs", errno))?;
    #[allow(clippy::unnecessary_cast, reason = "its type differs from processor to processor")]
    Ok(status.f_type as i64 == TMPFS)
}

/// Maps all of it.
pub(crate) fn map(fd: BorrowedFd<'_>, size: usize) -> Result<Mapping, SealedError> {
    Mapping::of(&fd, size).map_err(|(syscall, error)| SealedError::of(syscall, error))
}
