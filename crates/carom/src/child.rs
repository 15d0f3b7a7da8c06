//! Child processes: starting one with connections, how one has ended, and a child that ends with its parent.

use std::io;
use std::sync::Arc;
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

/// A child process that somebody else has started (libuv, [`std::process::Command`]), and reaps.
///
/// Every question goes to the process itself, never of a descriptor that the process could close. Where the system
/// has handles of processes (Linux 5.4, Windows), they mean this very process, also when its number has gone to another.
///
/// ```
/// use carom::child::{Child, Exit};
/// use carom::sys::{AsFd, Deadline, poll_readable};
///
/// let mut started = std::process::Command::new("sh").args(["-c", "exit 3"]).spawn()?;
/// let child = Child::open(started.id())?;
/// let sentinel = child.sentinel()?;
/// assert!(poll_readable(sentinel.as_fd(), false, Deadline::Never)?);
/// assert_eq!(child.exit()?, Some(Exit::Code(3)));
/// assert_eq!(started.wait()?.code(), Some(3));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Child(Arc<sys::child::Process>);

impl Child {
    /// The child `pid`, which nobody has reaped yet: the program that has just started it knows that.
    ///
    /// # Errors
    ///
    /// `EMFILE` and the like, where the system has no handle left.
    pub fn open(pid: u32) -> io::Result<Self> {
        sys::child::Process::open(pid).map(|process| Self(Arc::new(process)))
    }

    /// How it has ended; `None` while it runs. Never waits. The child stays a zombie: the program that started it reaps it and learns
    /// the same.
    ///
    /// # Errors
    ///
    /// `ECHILD` where it has been reaped.
    pub fn exit(&self) -> io::Result<Option<Exit>> {
        self.0.exit()
    }

    /// Sends the signal with this number. A child that has ended gets none, nor does a process that has its number by now.
    ///
    /// # Errors
    ///
    /// `ESRCH` where it has been reaped; `EINVAL` for no signal; on Windows, where there are none, an error.
    pub fn signal(&self, signal: i32) -> io::Result<()> {
        self.0.signal(signal)
    }

    /// A new descriptor that is readable once the child has ended, and ever after; nothing is to be read from it.
    ///
    /// # Errors
    ///
    /// The error of making descriptors or, where the system has no such handle, a thread.
    pub fn sentinel(&self) -> io::Result<OwnedFd> {
        if let Some(handle) = self.0.pollable() {
            return handle;
        }
        // A thread waits for the child, and holds the other end until then.
        let (sentinel, held) = sys::pair(false)?;
        let process = Arc::clone(&self.0);
        thread::Builder::new().name("carom-child".to_owned()).spawn(move || {
            process.wait();
            drop(held);
        })?;
        Ok(sentinel)
    }
}

/// Starts a program that has each of these connections under the number given: a program of this library's takes it by [`inherited`], any
/// other as the descriptor of that number, Python's as `Connection(number)`.
///
/// No other process has them, before or after: they are close-on-exec here and in the programs that other threads start meanwhile, and this
/// process has closed its own when the call returns. So the other end of each sees the end of the stream when the child ends.
///
/// ```
/// use std::process::Command;
///
/// let (mut ours, theirs) = carom::pipe()?;
/// let mut program = Command::new("sh");
/// program.args(["-c", r"printf '\0\0\0\2hi' >&3"]);
/// let mut child = carom::child::spawn(program, [(3, theirs)])?;
/// assert_eq!(ours.recv_bytes()?, b"hi");
/// assert!(matches!(ours.recv_bytes(), Err(carom::Error::Eof)));
/// child.wait()?;
/// # Ok::<(), carom::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::Io`](crate::Error::Io) as of [`Command::spawn`](std::process::Command::spawn); `EINVAL` for a negative number, two connections
/// under one number, and a connection that holds messages which were received or accepted, or goes through shared memory that is in use.
#[cfg(unix)]
pub fn spawn(
    command: std::process::Command,
    connections: impl IntoIterator<Item = (std::os::fd::RawFd, crate::Connection)>,
) -> crate::Result<std::process::Child> {
    let fds = connections
        .into_iter()
        .map(|(number, connection)| match connection.into_fd() {
            Ok(fd) => Ok((number, fd)),
            Err(_) => Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "the connection is in use: the child would not get what it holds",
            )),
        })
        .collect::<io::Result<Vec<_>>>()?;
    Ok(sys::spawn::spawn(command, fds)?)
}

/// The connection that the program which has [started](spawn) this one has given it under this number. It can be taken once.
///
/// # Errors
///
/// [`Error::Io`](crate::Error::Io), of the kind [`NotFound`](io::ErrorKind::NotFound), where this program was not started so, or has
/// taken that connection already.
#[cfg(unix)]
pub fn inherited(number: std::os::fd::RawFd) -> crate::Result<crate::Connection> {
    crate::Connection::new(sys::spawn::inherited(number)?)
}

/// Ends this process when the other end of `fd` is closed, whatever it is doing then: a parent that holds that end, and
/// never writes to it, takes its child along when it ends, even by `SIGKILL`.
///
/// The process gets `SIGTERM`, and `SIGKILL` where it still runs after `grace`. A thread watches the descriptor, which it
/// owns, for the process's lifetime.
///
/// # Errors
///
/// The error of starting a thread.
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
    #[cfg(unix)]
    use std::process::Stdio;

    use super::*;
    use crate::sys::{AsFd, Deadline};

    fn ended(sentinel: &OwnedFd, deadline: Deadline) -> io::Result<bool> {
        sys::poll_readable(sentinel.as_fd(), false, deadline)
    }

    #[cfg(unix)]
    /// The child in both ways to know it: by a handle of the system's, and by its number alone.
    fn both(pid: u32) -> io::Result<[Child; 2]> {
        let numbered = Child(Arc::new(sys::child::Process::by_number(pid)?));
        Ok([Child::open(pid)?, numbered])
    }

    #[test]
    #[cfg(windows)]
    fn tells_a_code_of_32_bits() -> io::Result<()> {
        for code in [7, 0xC000_0005] {
            let mut started = Command::new("cmd")
                .args(["/c", &format!("exit {}", code as i32)])
                .spawn()?;
            let child = Child::open(started.id())?;
            assert!(ended(&child.sentinel()?, Deadline::Never)?);
            assert_eq!(child.exit()?, Some(Exit::Code(code)));
            started.wait()?;
        }
        Ok(())
    }

    #[test]
    #[cfg(unix)]
    fn tells_a_code_and_leaves_the_child_to_be_reaped() -> io::Result<()> {
        let mut started = Command::new("sh").args(["-c", "exit 7"]).spawn()?;
        for child in both(started.id())? {
            assert!(ended(&child.sentinel()?, Deadline::Never)?);
            assert_eq!(child.exit()?, Some(Exit::Code(7)));
        }
        assert_eq!(started.wait()?.code(), Some(7));
        Ok(())
    }

    #[test]
    #[cfg(unix)]
    fn tells_a_signal_once_the_child_has_ended_and_nothing_before() -> io::Result<()> {
        for n in 0..2 {
            let mut started = Command::new("sleep").arg("600").spawn()?;
            let child = &both(started.id())?[n];
            let sentinel = child.sentinel()?;
            assert_eq!(child.exit()?, None);
            assert!(!ended(&sentinel, Deadline::Now)?);
            child.signal(libc::SIGKILL)?;
            assert!(ended(&sentinel, Deadline::Never)?);
            assert_eq!(child.exit()?, Some(Exit::Signal(libc::SIGKILL)));
            started.wait()?;
        }
        Ok(())
    }

    #[test]
    #[cfg(unix)]
    fn is_not_deceived_by_a_child_that_closes_its_descriptors() -> io::Result<()> {
        let program = "exec 0<&- 1>&- 2>&- 3>&- 4>&- 5>&-; kill -STOP $$; exit 5";
        let mut started = Command::new("sh").args(["-c", program]).spawn()?;
        for child in both(started.id())? {
            let sentinel = child.sentinel()?;
            assert_eq!(child.exit()?, None);
            assert!(!ended(&sentinel, Deadline::Now)?);
        }
        started.kill()?;
        started.wait()?;
        Ok(())
    }

    #[test]
    #[cfg(unix)]
    fn a_child_that_was_reaped_has_ended_and_gets_no_signal() -> io::Result<()> {
        let mut started = Command::new("cat").stdin(Stdio::piped()).spawn()?;
        let children = both(started.id())?;
        let sentinels = [children[0].sentinel()?, children[1].sentinel()?];
        drop(started.stdin.take());
        started.wait()?;
        for (child, sentinel) in children.iter().zip(&sentinels) {
            assert!(ended(sentinel, Deadline::Never)?);
            let error = child.exit().map(drop);
            assert_eq!(error.err().and_then(|error| error.raw_os_error()), Some(libc::ECHILD));
            let error = child.signal(libc::SIGTERM);
            assert_eq!(error.err().and_then(|error| error.raw_os_error()), Some(libc::ESRCH));
        }
        Ok(())
    }
}
