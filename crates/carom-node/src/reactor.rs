//! The core, as JavaScript sees it.

use std::io;
use std::rc::Rc;
use std::time::Duration;

use carom::channel::Channel;
use carom::ring::{self, RingRole, Side};
use carom::spin::Spin;
use carom::sys::{self, AsFd, Deadline, OwnedFd, Transport};
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

/// How to open a connection.
#[derive(Debug)]
#[napi(object, object_to_js = false)]
pub struct OpenOptions {
    /// The longest message that is received, in bytes.
    pub limit: f64,
    /// For how many microseconds a blocking receive, and the event loop after it has served the connection, look for more before they
    /// sleep; adaptively where it is negative.
    pub spin: f64,
    /// 0: the peer can send no descriptors, as far as the kernel refuses them; 1: it can send them outside the framing; 2: also with
    /// messages.
    pub descriptors: u32,
    /// If not, a receive takes no more from the kernel than one message.
    pub read_ahead: bool,
    /// How many bytes of shared memory each direction has; 0: messages go through the descriptor.
    pub ring_size: u32,
    /// Whether this end offers the shared memory. If not, it expects the peer's offer.
    pub offers: bool,
    /// The descriptor of shared memory that is in use, which is the connection's from then on.
    pub memory: Option<i32>,
    /// The side of that memory: as `ringParts` says.
    pub second: Option<bool>,
}

impl OpenOptions {
    fn spin(&self) -> Spin {
        match Duration::try_from_secs_f64(self.spin / 1_000_000.0) {
            Ok(duration) => Spin::fixed(duration),
            Err(_) => Spin::adaptive(),
        }
    }

    fn ring(&self) -> Option<RingRole> {
        let size = self.ring_size as usize;
        match size {
            0 => None,
            _ if self.offers => Some(RingRole::Offering(size)),
            _ => Some(RingRole::Expecting(ring::ACCEPTED_MAX.max(size.saturating_mul(2)))),
        }
    }
}

/// The parts that another process needs, besides the descriptor of a connection, to go on with its shared memory.
#[derive(Debug)]
#[napi(object)]
pub struct RingParts {
    /// The memory's descriptor, which stays the connection's.
    pub memory: i32,
    /// Whether this end is the second of the two.
    pub second: bool,
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

/// Two connected descriptors, with shared memory of `size` bytes for each direction offered to both: their first use takes it.
#[napi(catch_unwind)]
pub fn ring_pair(size: u32) -> Result<Vec<i32>> {
    let (a, b) = ring::pair(size as usize).map_err(|error| status::refused(&error))?;
    let give = |fd| numbers::give(fd).map_err(|error| status::thrown("socketpair", &error));
    Ok(vec![give(a)?, give(b)?])
}

/// Has messages cross shared memory. The end that offers it does so at once, for its peer may have to wait for it.
fn use_ring(channel: &mut Channel, role: RingRole) -> Result<()> {
    let mut begun = channel.use_ring(role);
    if let RingRole::Offering(_) = role {
        begun = begun.and_then(|()| channel.start_ring(Deadline::Now).map(drop));
    }
    begun.map_err(|error| status::refused(&error))
}

fn adopt_memory(number: i32) -> Result<OwnedFd> {
    let memory = numbers::adopt(number).map_err(|error| numbers::refused(number, &error))?;
    numbers::forget(memory.as_fd());
    Ok(memory)
}

/// Goes on with shared memory that another process has used.
fn resume_ring(channel: &mut Channel, memory: OwnedFd, options: &OpenOptions) -> Result<()> {
    let side = if options.second == Some(true) {
        Side::Second
    } else {
        Side::First
    };
    let largest = ring::ACCEPTED_MAX.max((options.ring_size as usize).saturating_mul(2));
    channel
        .resume_ring(memory, side, largest)
        .map_err(|error| status::refused(&error))
}

/// A descriptor that could not be adopted stays the caller's.
fn not_a_connection(fd: OwnedFd, error: &io::Error) -> napi::Error {
    let number = numbers::give(fd).unwrap_or(-1);
    match error.kind() {
        io::ErrorKind::InvalidInput => status::told(
            FailureKind::Argument,
            format!("descriptor {number} is neither a stream socket nor a FIFO: no connection can be made of it"),
        ),
        _ => status::thrown("getsockopt", error),
    }
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

    /// Adopts the descriptor `fd`. One that it refuses stays the caller's.
    #[napi(catch_unwind)]
    #[allow(clippy::needless_pass_by_value, reason = "what generated code takes")]
    pub fn open(&self, fd: i32, options: OpenOptions) -> Result<Opened> {
        // It is taken whatever happens, as its caller relies on.
        let memory = options.memory.map(adopt_memory).transpose()?;
        let fd = numbers::adopt(fd).map_err(|error| numbers::refused(fd, &error))?;
        let kind = match sys::kind(fd.as_fd()) {
            Ok(kind) => kind,
            Err(error) => return Err(not_a_connection(fd, &error)),
        };
        let ring = options.ring();
        if ring.is_some() && !kind.carries_descriptors {
            let number = numbers::give(fd).unwrap_or(-1);
            return Err(status::told(
                FailureKind::Argument,
                format!(
                    "descriptor {number} is no Unix socket: transport: 'shared-memory' needs one, between processes of one machine"
                ),
            ));
        }
        let mut channel = Channel::of_kind(fd, kind, options.limit as u64, options.spin());
        let arranged = match options.descriptors {
            0 => channel.refuse_descriptors(),
            1 => channel.pass_descriptors(),
            _ => channel.accept_descriptors(),
        };
        if let Err(error) = arranged {
            return Err(not_a_connection(channel.into_fd(), &error));
        }
        if !options.read_ahead {
            channel.disable_read_ahead();
        }
        let begun = match (memory, ring) {
            (Some(memory), _) => resume_ring(&mut channel, memory, &options),
            (None, Some(role)) => use_ring(&mut channel, role),
            (None, None) => Ok(()),
        };
        if let Err(error) = begun {
            let _ = numbers::give(channel.into_fd());
            return Err(error);
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

    /// The parts of a connection's shared memory, where it is in use; `null` where it is not, or where something has come in part.
    #[napi(catch_unwind)]
    pub fn ring_parts(&self, id: u32) -> Result<Option<RingParts>> {
        let mut slots = self.environment.slots.borrow_mut();
        let parts = slots.channel(id)?.ring_parts();
        Ok(parts.map(|parts| RingParts {
            memory: numbers::of(parts.memory),
            second: parts.side == Side::Second,
        }))
    }

    /// Whether the connection's shared memory is in use: its descriptor alone is no connection any more.
    #[napi(catch_unwind)]
    pub fn has_ring(&self, id: u32) -> Result<bool> {
        Ok(self.environment.slots.borrow_mut().channel(id)?.has_ring())
    }

    /// A number for the descriptor `fd`, to wait on. It stays the caller's.
    #[napi(catch_unwind)]
    pub fn open_watched(&self, fd: i32) -> Result<u32> {
        let fd = numbers::duplicate(fd).map_err(|error| numbers::thrown_of(fd, "fcntl", &error))?;
        Ok(self.environment.slots.borrow_mut().insert(Slot::Held(fd)))
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
