//! Connections and listeners for programs on tokio: the same wire, the same handshake, and no thread of their own.
//!
//! With the feature `tokio`, on Unix. On Windows, where the transport is a named pipe, this module does not exist, feature or not; the
//! blocking [`Connection`](crate::Connection) on a thread is the way there.
//!
//! ```
//! # #[cfg(all(feature = "auth", feature = "serde"))]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use carom::tokio::{Listener, connect};
//! use carom::{AuthKey, Authentication, listener};
//!
//! # ::tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! let authentication = Authentication::new(AuthKey::new(b"secret")?);
//! let listener = Listener::bind_private(listener::Options::default())?;
//! let address = listener.address().clone();
//!
//! let (server, client) = ::tokio::join!(
//!     async {
//!         let mut server = listener.accept().await?.authenticate(&authentication).await?;
//!         server.send(&("welcome", 1)).await
//!     },
//!     async {
//!         let mut client = connect(&address, Some(&authentication)).await?;
//!         client.recv::<(String, u32)>().await
//!     },
//! );
//! server?;
//! assert_eq!(client?, ("welcome".to_owned(), 1));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok(())
//! # }
//! # #[cfg(not(all(feature = "auth", feature = "serde")))]
//! # fn main() {}
//! ```
//!
//! A [`Connection`] splits into a [`Sender`] and a [`Receiver`], which two tasks use at once. The runtime has to drive I/O, and time where
//! a key is used or a listener's backlog may be full: `enable_all` does both. Everything here panics outside of such a runtime.
//!
//! # Cancellation
//!
//! Every future may be dropped, by `select!` or a timeout, at any moment:
//!
//! | dropped | what that means |
//! | --- | --- |
//! | [`Receiver::recv_bytes`], `recv` | nothing is lost: what has arrived of a message is kept for the next call |
//! | [`Sender::send_bytes`], `send` | the message is not sent, if the kernel has taken none of it; otherwise it is accepted: the connection keeps the rest, which leaves with the next send or flush. [`Sender::wants_write`] says whether there is a rest |
//! | [`Sender::feed_bytes`], `feed` | the message is not sent; earlier ones are kept |
//! | [`Sender::flush`] | nothing is lost: the rest leaves with the next send or flush |
//! | [`Listener::accept`] | nothing is lost: a connection that nobody took waits in the backlog |
//! | [`Incoming::authenticate`], [`connect`] | the connection is closed |
//!
//! So no frame is ever left half sent by a connection that goes on. A future that is leaked ([`std::mem::forget`]) with a message half
//! sent can't be mended: later sends fail with [`Error::NotWritable`](crate::Error::NotWritable).
//!
//! # Back-pressure
//!
//! A send waits until the kernel has taken the message, so a peer that does not read stops the task that sends to it, and nothing else.
//! A receiver reads no more than it is asked for: at most 64 KiB of short messages and the long one behind them are ahead of it, and then
//! the kernel's buffers fill and the peer waits. Two peers that both send without receiving wait for each other for ever; let one task
//! receive while another sends.

mod connect;
mod connection;
mod handshake;
mod listener;
mod receiver;
mod sender;
mod socket;
mod watch;

pub use connect::connect;
pub use connection::{Connection, pipe};
pub use listener::{Incoming, Listener};
pub use receiver::Receiver;
pub use sender::Sender;
