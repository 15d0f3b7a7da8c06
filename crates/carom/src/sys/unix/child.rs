//! A child process, and a process that ends with its parent.

use std::io;
use std::thread;
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, getpid, kill_process, waitid};
#[cfg(target_os = "linux")]
use rustix::process::{PidfdFlags, pidfd_open, pidfd_send_signal};

use crate::child::Exit;
use crate::sys::{AsFd, OwnedFd};

/// A child, by its number and, where the kernel has one, a handle.
#[derive(Debug)]
pub(crate) struct Process {
    pid: Pid,
    /// A pidfd: the kernel's own name of this very process. Linux has it from 5.4 on, where nothing forbids it.
    handle: Option<OwnedFd>,
}

impl Process {
    pub(crate) fn open(pid: u32) -> io::Result<Self> {
        let process = Self::by_number(pid)?;
        let handle = handle(process.pid)?;
        Ok(Self { handle, ..process })
    }

    pub(crate) fn by_number(pid: u32) -> io::Result<Self> {
        let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).ok_or(Errno::CHILD)?;
        Ok(Self { pid, handle: None })
    }

    pub(crate) fn exit(&self) -> io::Result<Option<Exit>> {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        let status = loop {
            match waitid(self.id(), options) {
                Err(Errno::INTR) => {}
                status => break status?,
            }
        };
        Ok(status.and_then(|status| {
            let code = status.exit_status().map(|code| Exit::Code(code as u32));
            code.or_else(|| status.terminating_signal().map(Exit::Signal))
        }))
    }

    /// Blocks until the child has ended, or has been reaped.
    pub(crate) fn wait(&self) {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        while matches!(waitid(self.id(), options), Err(Errno::INTR)) {}
    }

    pub(crate) fn signal(&self, signal: i32) -> io::Result<()> {
        let signal = Signal::from_named_raw(signal).ok_or(Errno::INVAL)?;
        #[cfg(target_os = "linux")]
        if let Some(handle) = &self.handle {
            return Ok(pidfd_send_signal(handle, signal)?);
        }
        // As long as the child has not been reaped, its number is its own: a zombie keeps it.
        match self.exit() {
            Ok(None) => Ok(kill_process(self.pid, signal)?),
            Ok(Some(_)) => Ok(()),
            Err(_) => Err(Errno::SRCH.into()),
        }
    }

    /// A descriptor that tells by itself when the child has ended, if there is one.
    pub(crate) fn pollable(&self) -> Option<io::Result<OwnedFd>> {
        let handle = self.handle.as_ref()?;
        Some(rustix::io::fcntl_dupfd_cloexec(handle.as_fd(), 3).map_err(io::Error::from))
    }

    fn id(&self) -> WaitId<'_> {
        #[cfg(target_os = "linux")]
        if let Some(handle) = &self.handle {
            return WaitId::PidFd(handle.as_fd());
        }
        WaitId::Pid(self.pid)
    }
}

/// A handle of the process; `None` where the kernel has none, or may not give one, or where the child was reaped already.
#[cfg(target_os = "linux")]
fn handle(pid: Pid) -> io::Result<Option<OwnedFd>> {
    let handle = match pidfd_open(pid, PidfdFlags::empty()) {
        Ok(handle) => handle,
        Err(Errno::NOSYS | Errno::PERM | Errno::ACCESS | Errno::SRCH) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    // Linux 5.3 has such handles, and can't wait for them.
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    let unusable = matches!(waitid(WaitId::PidFd(handle.as_fd()), options), Err(Errno::INVAL));
    Ok((!unusable).then_some(handle))
}

#[cfg(not(target_os = "linux"))]
#[allow(clippy::unnecessary_wraps, reason = "fails on other systems")]
fn handle(_pid: Pid) -> io::Result<Option<OwnedFd>> {
    Ok(None)
}

/// Ends this process: it gets `SIGTERM`, and `SIGKILL` where it still runs after `grace`.
pub(crate) fn end_this(grace: Duration) {
    let _ = kill_process(getpid(), Signal::TERM);
    thread::sleep(grace);
    let _ = kill_process(getpid(), Signal::KILL);
}
