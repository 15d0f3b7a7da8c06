//! Binding a socket to a path so that its file has the permissions that it is to have, at once and whatever the umask is.
//!
//! The umask belongs to the whole process, so it can't be changed for this; and `chmod` by the path, once the file is there,
//! reaches any file that a user who may write the directory has put in its place.

#[cfg(not(target_os = "linux"))]
pub(super) use elsewhere::bind_and_move as bind;
#[cfg(target_os = "linux")]
pub(super) use linux::bind;

#[cfg(target_os = "linux")]
mod linux {
    use std::path::Path;
    use std::{io, thread};

    use rustix::fs::{CWD, FileType, Mode, OFlags};
    use rustix::net::SocketAddrUnix;
    use rustix::thread::UnshareFlags;

    use super::super::socket_file::lstat;
    use super::super::{BorrowedFd, OwnedFd};

    /// The permissions that a umask takes, mostly.
    const OTHERS: Mode = Mode::RWXG.union(Mode::RWXO);

    /// Binds `fd` to `name`, which is `path`. The file gets the socket's own mode, less the umask (`unix_bind` in the kernel).
    pub(crate) fn bind(fd: BorrowedFd<'_>, path: &Path, name: &SocketAddrUnix, mode: u32) -> io::Result<()> {
        let mode = Mode::from_bits_truncate(mode);
        rustix::fs::fchmod(fd, mode)?;
        if mode.intersects(OTHERS)
            && let Some(bound) = bind_without_umask(fd, name)
        {
            return Ok(bound?);
        }
        rustix::net::bind(fd, name)?;
        has_mode(path, mode)
            .and_then(|has| if has { Ok(()) } else { widen(path, mode) })
            .inspect_err(|_| {
                // The failure is what the caller is told; the path must be free for another attempt.
                let _ = rustix::fs::unlink(path);
            })
    }

    fn has_mode(path: &Path, mode: Mode) -> io::Result<bool> {
        Ok(Mode::from_raw_mode(lstat(path)?.st_mode).contains(mode))
    }

    /// Binds in a thread with a umask of its own; `None` where the system lets no thread have one.
    fn bind_without_umask(fd: BorrowedFd<'_>, name: &SocketAddrUnix) -> Option<rustix::io::Result<()>> {
        thread::scope(|scope| {
            let bind = || {
                // SAFETY: what is parted is the umask and the directory. Descriptors, which `unshare` could part too, stay shared.
                unsafe { rustix::thread::unshare_unsafe(UnshareFlags::FS) }.ok()?;
                rustix::process::umask(Mode::empty());
                Some(rustix::net::bind(fd, name))
            };
            let thread = thread::Builder::new().spawn_scoped(scope, bind).ok()?;
            thread.join().ok()?
        })
    }

    /// Gives the file what the umask has taken: through a descriptor of the file itself, and only if it is a socket that nobody can
    /// have put there from elsewhere.
    fn widen(path: &Path, mode: Mode) -> io::Result<()> {
        let file: OwnedFd = rustix::fs::openat(
            CWD,
            path,
            OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC,
            Mode::empty(),
        )?;
        let stat = rustix::fs::fstat(&file)?;
        let is_ours = FileType::from_raw_mode(stat.st_mode) == FileType::Socket
            && stat.st_nlink == 1
            && stat.st_uid == rustix::process::geteuid().as_raw();
        if is_ours {
            use std::os::fd::AsRawFd;
            rustix::fs::chmod(format!("/proc/self/fd/{}", file.as_raw_fd()), mode)?;
        }
        Ok(())
    }

    #[cfg(test)]
    mod tests {
        use super::*;
        use crate::sys::AsFd;

        #[test]
        fn a_file_s_mode_is_the_socket_s_whatever_the_umask_is() -> io::Result<()> {
            let directory =
                super::super::super::private_directory::PrivateDirectory::create_in(&std::env::temp_dir(), "c")?;
            let path = directory.socket();
            for bind in [bind, |fd: BorrowedFd<'_>, path: &Path, name: &SocketAddrUnix, mode| {
                rustix::fs::fchmod(fd, Mode::from_bits_truncate(mode))?;
                rustix::net::bind(fd, name)?;
                widen(path, Mode::from_bits_truncate(mode))
            }] {
                for mode in [0o600, 0o666, 0o777, 0o060] {
                    let fd = super::super::super::socket::create(rustix::net::AddressFamily::UNIX)?;
                    bind(fd.as_fd(), &path, &SocketAddrUnix::new(&path)?, mode)?;
                    assert_eq!(rustix::fs::lstat(&path)?.st_mode & 0o7777, mode);
                    rustix::fs::unlink(&path)?;
                }
            }
            Ok(())
        }
    }
}

/// Where a socket's file has a mode of its own only after `bind(2)`.
#[cfg(any(test, not(target_os = "linux")))]
mod elsewhere {
    use std::io;
    use std::path::Path;

    use rustix::fs::{AtFlags, CWD, Mode, OFlags};
    use rustix::io::Errno;
    use rustix::net::SocketAddrUnix;

    use super::super::private_directory::PrivateDirectory;
    use super::super::{BorrowedFd, OwnedFd};

    /// Binds `fd` in a directory that only this user may enter, gives the file its mode there, and moves it to `path`. What the
    /// kernel says that the socket is bound to is its first path.
    pub(crate) fn bind_and_move(fd: BorrowedFd<'_>, path: &Path, _name: &SocketAddrUnix, mode: u32) -> io::Result<()> {
        let parent = path
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        let directory = PrivateDirectory::create_in(parent, ".")?;
        // A user who may write `parent` may put another directory in its place: from here on, it is this one or none.
        let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let handle: OwnedFd = rustix::fs::open(directory.path(), flags, Mode::empty())?;
        let stat = rustix::fs::fstat(&handle)?;
        if stat.st_uid != rustix::process::geteuid().as_raw() || stat.st_mode & 0o077 != 0 {
            return Err(Errno::PERM.into());
        }
        let socket = directory.socket();
        let name = socket.file_name().unwrap_or_default();
        rustix::net::bind(fd, &SocketAddrUnix::new(&socket)?)?;
        let moved = rustix::fs::chmodat(
            &handle,
            name,
            Mode::from_bits_truncate(mode as rustix::fs::RawMode),
            AtFlags::empty(),
        )
        .and_then(|()| rustix::fs::linkat(&handle, name, CWD, path, AtFlags::empty()));
        let _ = rustix::fs::unlinkat(&handle, name, AtFlags::empty());
        moved.map_err(|error| if error == Errno::EXIST { Errno::ADDRINUSE } else { error })?;
        Ok(())
    }

    #[cfg(test)]
    mod tests {
        use super::super::super::{AsFd, socket};
        use super::*;

        #[test]
        fn a_socket_is_moved_to_its_path_with_its_mode_and_is_reached_there() -> io::Result<()> {
            let directory = PrivateDirectory::create_in(&std::env::temp_dir(), "c")?;
            let path = directory.path().join("there");
            let name = SocketAddrUnix::new(&path)?;
            let bound = socket::create(rustix::net::AddressFamily::UNIX)?;
            bind_and_move(bound.as_fd(), &path, &name, 0o666)?;
            assert_eq!(rustix::fs::lstat(&path)?.st_mode & 0o7777, 0o666);
            rustix::net::listen(&bound, 1)?;
            let client = socket::create(rustix::net::AddressFamily::UNIX)?;
            rustix::net::connect(&client, &name)?;
            let second = socket::create(rustix::net::AddressFamily::UNIX)?;
            let error = bind_and_move(second.as_fd(), &path, &name, 0o600).map_err(|error| error.raw_os_error());
            assert_eq!(error, Err(Some(Errno::ADDRINUSE.raw_os_error())));
            rustix::fs::unlink(&path)?;
            // Nothing of either is left, so that the directory can be removed.
            assert_eq!(std::fs::read_dir(directory.path())?.count(), 0);
            Ok(())
        }
    }
}
