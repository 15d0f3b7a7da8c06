//! How a child process has ended, and a process that ends with its parent.

use std::io;
use std::thread;
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, getpid, kill_process, waitid};

use crate::child::Exit;
use crate::sys::Deadline;

/// The longest sleep between two looks, once the child is known to be about to end.
const PAUSE_MAX: Duration = Duration::from_millis(5);

pub(crate) fn exit_of(pid: u32, deadline: Deadline) -> io::Result<Option<Exit>> {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).ok_or(Errno::CHILD)?;
    let mut pause = Duration::from_micros(20);
    loop {
        match waitid(
            WaitId::Pid(pid),
            WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT,
        ) {
            Ok(Some(status)) => {
                let code = status.exit_status().map(|code| Exit::Code(code as u32));
                return Ok(code.or_else(|| status.terminating_signal().map(Exit::Signal)));
            }
            Ok(None) => {}
            Err(Errno::INTR) => continue,
            Err(error) => return Err(error.into()),
        }
        let left = deadline.remaining().unwrap_or(Duration::MAX);
        if left.is_zero() {
            return Ok(None);
        }
        thread::sleep(pause.min(left));
        pause = (pause * 2).min(PAUSE_MAX);
    }
}

/// Ends this process: it gets `SIGTERM`, and `SIGKILL` where it still runs after `grace`.
pub(crate) fn end_this(grace: Duration) {
    let _ = kill_process(getpid(), Signal::TERM);
    thread::sleep(grace);
    let _ = kill_process(getpid(), Signal::KILL);
}
