use crate::sys::AsFd;
use std::time::Duration;

use crate::reactor::until_readable;
use crate::sys::Deadline;
use crate::{Connection, Result};

/// Waits until a receive on one of `connections` would not wait: a whole message is there, or the end. Returns the indices
/// of those that are ready, in the order given; none on timeout, and at once where `connections` is empty. `None` waits
/// for ever, zero just looks.
///
/// ```
/// let (mut a, mut b) = carom::pipe()?;
/// let (_c, mut d) = carom::pipe()?;
/// a.send_bytes(b"first")?;
/// assert_eq!(carom::wait(&mut [&mut d, &mut b], None)?, [1]);
/// # Ok::<(), carom::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::NotReadable`](crate::Error::NotReadable) for an end that only sends, [`Error::Io`](crate::Error::Io) for what
/// the kernel reports.
pub fn wait(connections: &mut [&mut Connection], timeout: Option<Duration>) -> Result<Vec<usize>> {
    let deadline = Deadline::after(timeout);
    loop {
        let mut ready = Vec::new();
        for (index, connection) in connections.iter_mut().enumerate() {
            if connection.poll(Some(Duration::ZERO))? {
                ready.push(index);
            }
        }
        let expired = deadline.remaining().is_some_and(|left| left.is_zero());
        if expired || !ready.is_empty() || connections.is_empty() {
            return Ok(ready);
        }
        let mut awake = false;
        for connection in connections.iter_mut() {
            awake |= connection.arm();
        }
        if awake {
            continue;
        }
        let fds: Vec<_> = connections.iter().map(|connection| connection.as_fd()).collect();
        until_readable(&fds, deadline)?;
    }
}
