//! Child processes.

use std::cell::RefCell;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use carom::child::{self, Exit};
use carom::sys::OwnedFd;
use napi::bindgen_prelude::Result;
use napi_derive::napi;

use crate::numbers;
use crate::status;

/// How a process has ended: one of the two is there.
#[derive(Debug)]
#[napi(object)]
pub struct Exited {
    /// The code that it exited with.
    pub code: Option<u32>,
    /// The number of the signal that ended it.
    pub signal: Option<i32>,
}

/// A child process that somebody else has started, and reaps.
#[derive(Debug)]
#[napi]
pub struct Child {
    process: RefCell<Option<child::Child>>,
    /// The number of its sentinel, which is this object's.
    sentinel: RefCell<Option<i32>>,
    /// The child may end when this is closed.
    lifeline: RefCell<Option<OwnedFd>>,
}

#[napi]
impl Child {
    /// The child `pid`, which has just been started. The descriptor `lifeline`, which this takes unless it fails, is held open
    /// until `close`, or until the environment ends.
    #[napi(constructor, catch_unwind)]
    pub fn new(pid: u32, lifeline: Option<i32>) -> Result<Self> {
        let child = child::Child::open(pid).map_err(|error| status::thrown("pidfd_open", &error))?;
        let lifeline = lifeline
            .map(numbers::adopt)
            .transpose()
            .map_err(|error| status::thrown("fcntl", &error))?;
        Ok(Self {
            process: RefCell::new(Some(child)),
            sentinel: RefCell::default(),
            lifeline: RefCell::new(lifeline),
        })
    }

    /// How it has ended; `null` while it runs. Never waits. It is not reaped. Fails with `ECHILD` where somebody has.
    #[napi(catch_unwind)]
    pub fn exit(&self) -> Result<Option<Exited>> {
        let exit = self.asked("waitid", child::Child::exit)?;
        Ok(exit.map(|exit| match exit {
            Exit::Code(code) => Exited {
                code: Some(code),
                signal: None,
            },
            Exit::Signal(signal) => Exited {
                code: None,
                signal: Some(signal),
            },
        }))
    }

    /// Sends the signal with this number, to no process but this one. Fails with `ESRCH` where it has been reaped.
    #[napi(catch_unwind)]
    pub fn signal(&self, signal: i32) -> Result<()> {
        self.asked("kill", |child| child.signal(signal))
    }

    /// The number of a descriptor that is readable once the child has ended, and ever after. It stays this object's.
    #[napi(catch_unwind)]
    pub fn sentinel(&self) -> Result<i32> {
        if let Some(number) = *self.sentinel.borrow() {
            return Ok(number);
        }
        let number = self.asked("dup", |child| child.sentinel().and_then(numbers::give))?;
        *self.sentinel.borrow_mut() = Some(number);
        Ok(number)
    }

    fn asked<T>(&self, syscall: &'static str, ask: impl FnOnce(&child::Child) -> io::Result<T>) -> Result<T> {
        let child = self.process.borrow();
        child
            .as_ref()
            .ok_or_else(numbers::unknown)
            .and_then(ask)
            .map_err(|error| status::thrown(syscall, &error))
    }

    /// Closes its descriptors: it can no longer be asked.
    #[napi(catch_unwind)]
    pub fn close(&self) {
        self.process.take();
        self.lifeline.take();
        if let Some(number) = self.sentinel.take() {
            // Fails for what isn't open.
            let _ = numbers::close(number);
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.close();
    }
}

/// Ends this process when the other end of the descriptor `fd`, which it takes, is closed: by `SIGTERM`, and by `SIGKILL`
/// where it still runs after `grace` milliseconds.
#[napi(catch_unwind)]
pub fn end_with(fd: i32, grace: f64) -> Result<()> {
    let fd = numbers::adopt(fd).map_err(|error| status::thrown("fcntl", &error))?;
    let grace = Duration::try_from_secs_f64(grace / 1000.0).unwrap_or_default();
    child::end_with(fd, grace).map_err(|error| status::thrown("pthread_create", &error))
}

/// All threads of a process share it, as they do this library.
static STARTING: AtomicBool = AtomicBool::new(false);

/// Says whether this process is a child that still imports its target's module.
#[napi(catch_unwind)]
pub fn set_starting(starting: bool) {
    STARTING.store(starting, Ordering::Relaxed);
}

/// Whether this process is a child that still imports its target's module.
#[napi(catch_unwind)]
pub fn is_starting() -> bool {
    STARTING.load(Ordering::Relaxed)
}
