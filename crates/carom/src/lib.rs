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
//! | [`frame`] | the wire: headers, and the decoder that finds messages in a byte stream, without any I/O |
//! | [`address`] | where a listener can be reached |
//! | [`listener`], [`mod@connect`] | sockets that others connect to, and connecting to them |
//! | [`mod@handshake`] | how two ends prove to each other that they know a key, without any I/O |
//! | [`channel`] | a descriptor and its decoder, in memory that the caller lends: what a language binding builds on |
//! | [`connection`] | whole messages in memory of their own: what a Rust program uses |
//! | [`reactor`] | readiness of many descriptors at once |
//! | [`ring`] | shared memory beneath the frames of a connection: a ring of bytes each way |
//! | [`shared_memory`] | named segments of memory that processes share, as Python's |
//! | [`child`] | how a child process has ended, and a child that ends with its parent |
//! | [`spin`] | how long a blocking call looks for data before it sleeps |
//! | [`sys`] | the system calls: one face, and a folder for Unix and one for Windows behind it |
//!
//! # What is not promised
//!
//! A message is not acknowledged: after a successful send it may still be lost when the peer dies before it reads.
//! Nothing is encrypted. Two peers that both send without receiving until the kernel's buffers are full wait for each
//! other for ever, as they do in Python.
#![deny(unsafe_code)]

pub mod address;
mod arrivals;
pub mod channel;
pub mod child;
mod codec_error;
pub mod connect;
pub mod connection;
#[cfg(unix)]
mod conversions;
mod error;
pub mod frame;
pub mod handshake;
pub mod listener;
mod message;
pub mod pages;
mod pipe;
pub mod reactor;
pub mod ring;
pub mod shared_memory;
pub mod spin;
#[allow(
    unsafe_code,
    reason = "a descriptor's number may be anybody's, and one system call isn't wrapped"
)]
pub mod sys;
mod system_error;
mod wait;

pub use address::Address;
pub use codec_error::{DecodeError, EncodeError};
pub use connection::Connection;
pub use error::Error;
pub use handshake::{AuthKey, Authentication, connect, connect_over_shared_memory};
pub use listener::Listener;
pub use pipe::{one_way_pipe, pipe, pipe_over_shared_memory};
pub use shared_memory::SharedMemory;
pub use system_error::{Operation, SystemError};
pub use wait::wait;

/// A result whose error is a [`enum@Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The README's example is a test like those here.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
