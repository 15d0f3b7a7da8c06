//! A Unix stream socket and the system calls on it, without anything around them.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::time::{Duration, Instant};

use crate::options::Options;
use crate::stream::Stream;

/// One end of a socketpair.
#[derive(Debug)]
pub(crate) struct Socket {
    fd: OwnedFd,
    /// How long a receive looks for data before it sleeps.
    spin: Duration,
}

impl Socket {
    /// Both ends of a new pair.
    pub(crate) fn pair(options: &Options) -> io::Result<(Self, Self)> {
        let mut fds = [0; 2];
        // SAFETY: `fds` has room for the two descriptors that socketpair writes.
        check(unsafe { libc::socketpair(libc::AF_UNIX, libc::SOCK_STREAM, 0, fds.as_mut_ptr()) } as isize)?;
        let [a, b] = fds.map(|fd| Self {
            // SAFETY: socketpair has just opened it, and nothing else owns it.
            fd: unsafe { OwnedFd::from_raw_fd(fd) },
            spin: options.spin,
        });
        if options.send_buffer > 0 {
            a.set_send_buffer(options.send_buffer)?;
            b.set_send_buffer(options.send_buffer)?;
        }
        Ok((a, b))
    }

    /// The kernel grants what `net.core.wmem_max` allows, without an error for more.
    fn set_send_buffer(&self, bytes: libc::c_int) -> io::Result<()> {
        // SAFETY: the option's value is a C int, of which the address and the size are given.
        check(unsafe {
            libc::setsockopt(
                self.fd.as_raw_fd(),
                libc::SOL_SOCKET,
                libc::SO_SNDBUF,
                (&raw const bytes).cast(),
                size_of_val(&bytes) as libc::socklen_t,
            )
        } as isize)?;
        Ok(())
    }

    fn receive_with(&self, into: &mut [u8], flags: libc::c_int) -> io::Result<usize> {
        // SAFETY: the pointer and the length are those of a live slice that no other code may touch.
        check(unsafe { libc::recv(self.fd.as_raw_fd(), into.as_mut_ptr().cast(), into.len(), flags) })
    }
}

impl Stream for Socket {
    /// Sleeps while the kernel's buffer is full.
    fn send(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            // SAFETY: the pointer and the length are those of a live slice.
            let sent =
                check(unsafe { libc::send(self.fd.as_raw_fd(), bytes.as_ptr().cast(), bytes.len(), NO_SIGNAL) })?;
            bytes = &bytes[sent..];
        }
        Ok(())
    }

    fn receive(&self, into: &mut [u8]) -> io::Result<usize> {
        if !self.spin.is_zero() {
            let start = Instant::now();
            while start.elapsed() < self.spin {
                match self.receive_with(into, libc::MSG_DONTWAIT) {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => std::hint::spin_loop(),
                    done => return done,
                }
            }
        }
        self.receive_with(into, 0)
    }

    fn close(self) {}
}

/// A peer that has gone is an error to report, not a signal to die of. macOS has no such flag; there the signal is left.
#[cfg(any(target_os = "linux", target_os = "android"))]
const NO_SIGNAL: libc::c_int = libc::MSG_NOSIGNAL;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const NO_SIGNAL: libc::c_int = 0;

fn check(result: isize) -> io::Result<usize> {
    usize::try_from(result).map_err(|_| io::Error::last_os_error())
}
