//! The core, as JavaScript sees it.

use std::io;
use std::rc::Rc;
use std::time::Duration;

use carom::channel::Channel;
use carom::spin::Spin;
use carom::sys::{self, AsFd, Transport};
use napi::Env;
use napi::bindgen_prelude::{Function, Object, Result, Uint32ArraySlice};
use napi_derive::napi;

use crate::calls;
use crate::deadline::deadline;
use crate::dispatch::Dispatch;
use crate::driver::{self, Driver};
use crate::environment::Environment;
use crate::numbers;
use crate::slots::Slot;
use crate::status::{self, FailureKind};
use crate::transfer::Transfer;

/// The process at the other end of a local connection.
#[derive(Debug)]
#[napi(object)]
pub struct PeerCredentials {
    /// Process id.
    pub pid: i32,
    /// User id.
    pub uid: u32,
    /// Group id.
    pub gid: u32,
}

/// The uses that a descriptor has.
#[derive(Debug)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "properties that are independent of each other"
)]
#[napi(object)]
pub struct Opened {
    /// The connection's number.
    pub id: u32,
    /// Whether it was opened for reading.
    pub readable: bool,
    /// Whether it was opened for writing.
    pub writable: bool,
    /// Whether descriptors can be sent through it.
    pub carries_descriptors: bool,
    /// Whether it is a socket; if not, it is a FIFO, or a named pipe of Windows.
    pub socket: bool,
}

/// The connections of one JavaScript environment, by number, and the reactor that watches them. Times are in milliseconds; a
/// negative one is for ever. A negative status is -1 for nothing in time, -1000 - n for the system's error n.
#[allow(missing_debug_implementations, reason = "JavaScript's, not Rust's")]
#[napi]
pub struct Reactor {
    pub(crate) environment: Rc<Environment>,
    driver: Rc<dyn Driver>,
}

/// JavaScript has collected it: nothing watches or calls for it any more.
impl Drop for Reactor {
    fn drop(&mut self) {
        self.driver.stop();
    }
}

/// Two connected descriptors; `oneWay`: the first only receives, the second only sends.
#[napi(catch_unwind)]
pub fn socket_pair(one_way: bool) -> Result<Vec<i32>> {
    let (a, b) = sys::pair(one_way).map_err(|error| status::thrown("socketpair", &error))?;
    let give = |fd| numbers::give(fd).map_err(|error| status::thrown("socketpair", &error));
    Ok(vec![give(a)?, give(b)?])
}

#[napi]
impl Reactor {
    /// Starts the driver called `driver`. When descriptors are ready, their numbers and readiness bits (1 readable,
    /// 2 writable, 4 nothing more will arrive) are written to `reports`, and `dispatch` is called with
    /// how many there are. Both are the caller's to keep alive.
    #[napi(constructor, catch_unwind)]
    #[allow(clippy::needless_pass_by_value, reason = "what a generated constructor takes")]
    pub fn new(
        env: Env,
        driver: String,
        reports: Uint32ArraySlice<'_>,
        dispatch: Function<'_, u32, ()>,
    ) -> Result<Self> {
        crate::image::pin();
        let environment = Rc::new(Environment::new(Dispatch::new(env.raw(), &dispatch, &reports)?)?);
        let driver = driver::start(&driver, env.raw(), Rc::clone(&environment))?;
        Ok(Self { environment, driver })
    }

    /// Adopts the descriptor `fd`: messages over `limit` bytes are refused, blocking receives spin for `spin` microseconds,
    /// or adaptively where that is negative. `descriptors`: 0, the peer can send none, as far as the kernel refuses them; 1, it can
    /// send them outside the framing; 2, also with messages. Without `read_ahead`, a receive takes no more from the kernel than one
    /// message.
    #[napi(catch_unwind)]
    pub fn open(&self, fd: i32, limit: f64, spin: f64, descriptors: u32, read_ahead: bool) -> Result<Opened> {
        let fd = numbers::adopt(fd).map_err(|error| numbers::refused(fd, &error))?;
        let spin = match Duration::try_from_secs_f64(spin / 1_000_000.0) {
            Ok(duration) => Spin::fixed(duration),
            Err(_) => Spin::adaptive(),
        };
        let refused = |fd, error: &io::Error| {
            // A descriptor that could not be adopted stays the caller's.
            let number = numbers::give(fd).unwrap_or(-1);
            match error.kind() {
                io::ErrorKind::InvalidInput => status::told(
                    FailureKind::Argument,
                    format!(
                        "descriptor {number} is neither a stream socket nor a FIFO: no connection can be made of it"
                    ),
                ),
                _ => status::thrown("getsockopt", error),
            }
        };
        let kind = match sys::kind(fd.as_fd()) {
            Ok(kind) => kind,
            Err(error) => return Err(refused(fd, &error)),
        };
        let mut channel = Channel::of_kind(fd, kind, limit as u64, spin);
        let arranged = match descriptors {
            0 => channel.refuse_descriptors(),
            1 => channel.pass_descriptors(),
            _ => channel.accept_descriptors(),
        };
        if let Err(error) = arranged {
            return Err(refused(channel.into_fd(), &error));
        }
        if !read_ahead {
            channel.disable_read_ahead();
        }
        let id = self.environment.slots.borrow_mut().insert(Slot::Channel(channel));
        Ok(Opened {
            id,
            readable: kind.readable,
            writable: kind.writable,
            carries_descriptors: kind.carries_descriptors,
            socket: kind.transport == Transport::Socket,
        })
    }

    /// A number for the descriptor `fd`, to wait on. It stays the caller's.
    #[napi(catch_unwind)]
    pub fn open_watched(&self, fd: i32) -> Result<u32> {
        let fd = numbers::duplicate(fd).map_err(|error| numbers::thrown_of(fd, "fcntl", &error))?;
        Ok(self.environment.slots.borrow_mut().insert(Slot::Watched(fd)))
    }

    /// Closes a descriptor.
    #[napi(catch_unwind)]
    pub fn close(&self, id: u32) -> Result<()> {
        self.remove(id).map(drop)
    }

    /// Gives a descriptor up.
    #[napi(catch_unwind)]
    pub fn detach(&self, id: u32) -> Result<i32> {
        let fd = self
            .remove(id)?
            .into_fd()
            .ok_or_else(|| napi::Error::from_reason("there is no descriptor to give up"))?;
        numbers::give(fd).map_err(|error| status::thrown("fcntl", &error))
    }

    fn remove(&self, id: u32) -> Result<Slot> {
        let (slot, watched) = self.environment.slots.borrow_mut().remove(id)?;
        if let Some(fd) = slot.fd() {
            numbers::forget(fd);
            if watched {
                // Fails only for what isn't watched any more.
                let _ = self.environment.watching(|registry| registry.forget(fd));
            }
        }
        Ok(slot)
    }

    /// The calls that move bytes.
    #[napi(catch_unwind, ts_return_type = "Transfer")]
    pub fn transfer(&self, env: Env) -> Result<Object<'_>> {
        calls::object(
            env,
            Transfer::new(Rc::clone(&self.environment), Rc::clone(&self.driver)),
        )
    }

    /// Reports `id` when it becomes readable, or also when it becomes writable. What is ready already is reported anew.
    /// Returns 0, or a status.
    #[napi(catch_unwind)]
    pub fn watch(&self, id: u32, writable: bool) -> Result<f64> {
        let mut slots = self.environment.slots.borrow_mut();
        let watched = self
            .environment
            .watching(|registry| slots.watch(registry, id, writable));
        Ok(watched.map_or_else(|error| status::system(&error), |()| 0.0))
    }

    /// Whether something can be read from `id`, or its end, within `timeout`; `writable`: or written. Returns 1, -1, or a
    /// status.
    #[napi(catch_unwind)]
    pub fn poll(&self, id: u32, writable: bool, timeout: f64) -> Result<f64> {
        let slots = self.environment.slots.borrow();
        let ready = sys::poll_readable(slots.fd(id)?, writable, deadline(timeout));
        Ok(match ready {
            Ok(true) => 1.0,
            Ok(false) => status::NOTHING,
            Err(error) => status::system(&error),
        })
    }

    /// Waits for reports in place of the event loop, and writes them to the array that the constructor was given. Returns
    /// how many there are, or a status.
    #[napi(catch_unwind)]
    pub fn wait(&self, timeout: f64) -> Result<f64> {
        match self.environment.wait(deadline(timeout)) {
            Ok(count) => count.map(f64::from),
            Err(error) => Ok(status::system(&error)),
        }
    }

    /// How many microseconds the event loop looks for reports before it sleeps.
    #[napi(catch_unwind)]
    pub fn spin(&self, duration: f64) {
        self.environment
            .spin(Duration::try_from_secs_f64(duration / 1_000_000.0).unwrap_or_default());
    }

    /// The process at the other end of a local connection.
    #[napi(catch_unwind)]
    pub fn peer_credentials(&self, id: u32) -> Result<PeerCredentials> {
        let slots = self.environment.slots.borrow();
        let peer = sys::peer_credentials(slots.fd(id)?).map_err(|error| status::thrown("getsockopt", &error))?;
        Ok(PeerCredentials {
            pid: peer.pid,
            uid: peer.uid,
            gid: peer.gid,
        })
    }
}
