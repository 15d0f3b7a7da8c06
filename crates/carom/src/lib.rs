//! Pipes and framed connections between processes on one machine, byte-compatible with Python's
//! `multiprocessing.connection` and its fork `billiard.connection`.
//!
//! A [`Connection`] carries whole messages. [`pipe`] makes two connected ends, either of which can be handed to
//! another process as a descriptor; a [`Listener`] is reached with [`connect()`], where both ends may have to prove that they
//! know an [`AuthKey`]; [`wait`] waits for many connections at once.
//!
//! ```
//! let (mut parent, mut child) = carom::pipe()?;
//! parent.send_bytes(b"ping")?;
//! assert_eq!(child.recv_bytes()?, b"ping");
//!
//! child.send(&("objects", 1, [0.5, 1.5]))?;
//! let (word, count, numbers): (String, u32, Vec<f64>) = parent.recv()?;
//! assert_eq!((word.as_str(), count, numbers.len()), ("objects", 1, 2));
//! # Ok::<(), carom::Error>(())
//! ```
//!
//! # Where a thing is
//!
//! | module | what it is |
//! | --- | --- |
//! | [`address`] | where a listener can be reached |
//! | [`listener`], [`mod@connect`] | sockets that others connect to, and connecting to them |
//! | [`mod@handshake`] | how two ends prove to each other that they know a key, without any I/O |
//! | [`reactor`] | readiness of many descriptors at once |
//! | [`ring`] | shared memory beneath the frames of a connection: a ring of bytes each way |
//! | [`shared_memory`] | named segments of memory that processes share, as Python's |
//! | `tokio` | the same connections on a tokio runtime, with the feature of that name, on Unix |
//! | [`child`] | how a child process has ended, and a child that ends with its parent |
//!
//! # What is not promised
//!
//! A message is not acknowledged: after a successful send it may still be lost when the peer dies before it reads.
//! Nothing is encrypted. Two peers that both send without receiving until the kernel's buffers are full wait for each
//! other for ever, as they do in Python.
#![deny(unsafe_code)]

mod accept;
pub mod address;
mod arrivals;
#[doc(hidden)]
pub mod channel;
pub mod child;
mod codec_error;
pub mod connect;
mod connection;
#[cfg(unix)]
mod conversions;
mod error;
#[doc(hidden)]
pub mod frame;
#[cfg(feature = "auth")]
pub mod handshake;
pub mod listener;
#[cfg(feature = "serde")]
mod message;
#[doc(hidden)]
pub mod pages;
mod pipe;
pub mod reactor;
pub mod ring;
pub mod shared_memory;
#[doc(hidden)]
pub mod spin;
#[allow(
    unsafe_code,
    reason = "a descriptor's number may be anybody's, and one system call isn't wrapped"
)]
#[doc(hidden)]
pub mod sys;
mod system_error;
#[cfg(all(unix, feature = "tokio"))]
pub mod tokio;
#[cfg(not(feature = "auth"))]
mod unauthenticated;
mod wait;

pub use accept::Incoming;
pub use address::Address;
pub use codec_error::{DecodeError, EncodeError};
pub use connect::{connect, connect_over_shared_memory};
pub use connection::{Connection, Receiver, Sender};
pub use error::Error;
pub use frame::FrameError;
#[cfg(feature = "auth")]
pub use handshake::{AuthKey, Authentication};
pub use listener::Listener;
pub use pipe::{one_way_pipe, pipe, pipe_over_shared_memory};
pub use shared_memory::SharedMemory;
pub use sys::{Credentials, Deadline};
pub use system_error::{Operation, SystemError};
#[cfg(not(feature = "auth"))]
pub use unauthenticated::Authentication;
pub use wait::{Waitable, wait};

/// A result whose error is a [`enum@Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The README's example is a test like those here.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
