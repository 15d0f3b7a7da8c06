//! Child processes: how one has ended, and a child that ends with its parent.

use std::io;
use std::thread;
use std::time::Duration;

use crate::sys::{self, AsFd, Deadline, OwnedFd};

/// How a process has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// It exited with this code: on Unix 0 to 255; on Windows, a process that crashed has its exception's, 0xC0000005 say.
    Code(u32),
    /// It was ended by this signal.
    Signal(i32),
}

/// How the child `pid` has ended, or does by `deadline`; `None` where it still runs then.
///
/// The child stays a zombie: whoever started it (libuv, [`std::process::Child`]) reaps it and learns the same. It is meant
/// for a child that is about to end, since another one has told so by closing a descriptor: it is looked at in growing
/// intervals of a few milliseconds at most, as `waitid(2)` knows no time limit.
///
/// ```
/// use carom::child::{Exit, exit_of};
/// use carom::sys::Deadline;
///
/// let mut child = std::process::Command::new("sh").args(["-c", "exit 3"]).spawn()?;
/// assert_eq!(exit_of(child.id(), Deadline::Never)?, Some(Exit::Code(3)));
/// assert_eq!(child.wait()?.code(), Some(3));
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
///
/// `ECHILD` where `pid` is no child of this process, or has been reaped.
pub fn exit_of(pid: u32, deadline: Deadline) -> io::Result<Option<Exit>> {
    sys::child::exit_of(pid, deadline)
}

/// Ends this process when the other end of `fd` is closed, whatever it is doing then: a parent that holds that end, and
/// never writes to it, takes its child along when it ends, even by `SIGKILL`.
///
/// The process gets `SIGTERM`, and `SIGKILL` where it still runs after `grace`. A thread watches the descriptor, which it
/// owns, for the process's lifetime.
///
/// # Errors
///
/// What starting a thread reports.
pub fn end_with(fd: OwnedFd, grace: Duration) -> io::Result<()> {
    thread::Builder::new().name("carom-parent".to_owned()).spawn(move || {
        // Where the descriptor can't be watched, the parent can't be either: better an early end than a leftover.
        let _ = sys::poll_readable(fd.as_fd(), false, Deadline::Never);
        sys::child::end_this(grace);
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    #[cfg(windows)]
    fn tells_a_code_of_32_bits() -> io::Result<()> {
        for code in [7, 0xC000_0005] {
            let mut child = Command::new("cmd")
                .args(["/c", &format!("exit {}", code as i32)])
                .spawn()?;
            assert_eq!(exit_of(child.id(), Deadline::Never)?, Some(Exit::Code(code)));
            child.wait()?;
        }
        Ok(())
    }

    #[test]
    #[cfg(unix)]
    fn tells_a_code_and_leaves_the_child_to_be_reaped() -> io::Result<()> {
        let mut child = Command::new("sh").args(["-c", "exit 7"]).spawn()?;
        for _ in 0..2 {
            assert_eq!(exit_of(child.id(), Deadline::Never)?, Some(Exit::Code(7)));
        }
        assert_eq!(child.wait()?.code(), Some(7));
        Ok(())
    }

    #[test]
    #[cfg(unix)]
    fn tells_a_signal_once_the_child_has_ended_and_nothing_before() -> io::Result<()> {
        let mut child = Command::new("sleep").arg("600").spawn()?;
        assert_eq!(exit_of(child.id(), Deadline::Now)?, None);
        child.kill()?;
        assert_eq!(exit_of(child.id(), Deadline::Never)?, Some(Exit::Signal(9)));
        child.wait()?;
        Ok(())
    }

    #[test]
    #[cfg(unix)]
    fn knows_no_child_that_was_reaped() -> io::Result<()> {
        let mut child = Command::new("true").spawn()?;
        child.wait()?;
        let error = exit_of(child.id(), Deadline::Now).map(drop);
        assert_eq!(error.err().and_then(|error| error.raw_os_error()), Some(libc::ECHILD));
        Ok(())
    }
}
