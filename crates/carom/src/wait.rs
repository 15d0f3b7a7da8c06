//! Waiting for many things at once.

use std::time::Duration;

use crate::sys::{self, AsFd, BorrowedFd, Deadline, OwnedFd};
use crate::{Connection, Listener, Receiver, Result};

/// What [`wait`] waits for: a [`Connection`] or the [`Receiver`] of one, until a receive would not wait; a [`Listener`], until an accept would
/// not; any other descriptor, as an [`OwnedFd`] or a [`BorrowedFd`], until it is readable or has ended.
///
/// No other type can implement it.
pub trait Waitable: AsFd + sealed::Sealed {
    /// Whether there is nothing to wait for.
    #[doc(hidden)]
    #[allow(clippy::missing_errors_doc, reason = "called here only")]
    fn is_ready(&mut self) -> Result<bool>;

    /// Says that a sleep follows, until the descriptor is readable. Returns true where it must not.
    #[doc(hidden)]
    fn arm(&mut self) -> bool {
        false
    }
}

mod sealed {
    #[allow(unnameable_types, reason = "so that no other type can be waited for")]
    pub trait Sealed {}
    impl Sealed for crate::Connection {}
    impl Sealed for crate::Receiver {}
    impl Sealed for crate::Listener {}
    impl Sealed for crate::sys::OwnedFd {}
    impl Sealed for crate::sys::BorrowedFd<'_> {}
}

impl Waitable for Connection {
    fn is_ready(&mut self) -> Result<bool> {
        self.poll(Some(Duration::ZERO))
    }

    fn arm(&mut self) -> bool {
        self.arm_to_receive()
    }
}

impl Waitable for Receiver {
    fn is_ready(&mut self) -> Result<bool> {
        self.poll(Some(Duration::ZERO))
    }
}

impl Waitable for Listener {
    fn is_ready(&mut self) -> Result<bool> {
        readable(self)
    }
}

impl Waitable for OwnedFd {
    fn is_ready(&mut self) -> Result<bool> {
        readable(self)
    }
}

impl Waitable for BorrowedFd<'_> {
    fn is_ready(&mut self) -> Result<bool> {
        readable(self)
    }
}

fn readable(fd: &impl AsFd) -> Result<bool> {
    Ok(sys::poll_readable(fd.as_fd(), false, Deadline::Now)?)
}

/// Waits until one of `objects` is ready: until a receive on a connection, or an accept on a listener, would not wait, or a descriptor is
/// readable. Returns the indices of those that are, in the order given; none on timeout, and at once where `objects` is empty. `None`
/// waits for ever, zero just looks.
///
/// Nothing is kept between two calls. Each costs a look at every object, and where none is ready, one system call for all of them; a
/// program with thousands of connections that are mostly silent has the [`reactor`](crate::reactor).
///
/// ```
/// use std::os::fd::AsFd;
///
/// use carom::{Deadline, Listener, listener};
///
/// # #[cfg(unix)] {
/// let (mut a, mut b) = carom::pipe()?;
/// let mut listener = Listener::bind_private(listener::Options::new())?;
/// let (_quiet, stream) = std::os::unix::net::UnixStream::pair()?;
///
/// a.send_bytes(b"first")?;
/// assert_eq!(carom::wait(&mut [&mut listener, &mut b, &mut stream.as_fd()], None)?, [1]);
///
/// let _client = carom::connect(listener.address(), None, Deadline::Never)?;
/// assert_eq!(carom::wait(&mut [&mut listener, &mut b], None)?, [0, 1]);
/// # }
/// # Ok::<(), carom::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::NotReadable`](crate::Error::NotReadable) for an end that only sends, [`Error::Io`](crate::Error::Io) for what
/// the kernel reports.
pub fn wait(objects: &mut [&mut dyn Waitable], timeout: Option<Duration>) -> Result<Vec<usize>> {
    let deadline = Deadline::after(timeout);
    loop {
        let mut ready = Vec::new();
        for (index, object) in objects.iter_mut().enumerate() {
            if object.is_ready()? {
                ready.push(index);
            }
        }
        let expired = deadline.remaining().is_some_and(|left| left.is_zero());
        if expired || !ready.is_empty() || objects.is_empty() {
            return Ok(ready);
        }
        let mut awake = false;
        for object in objects.iter_mut() {
            awake |= object.arm();
        }
        if awake {
            continue;
        }
        let fds: Vec<_> = objects.iter().map(|object| object.as_fd()).collect();
        sys::until_readable(&fds, deadline)?;
    }
}
