use std::io::ErrorKind;

use rmp_serde::Deserializer;
use rmp_serde::decode::Error;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::codec_error::{DecodeError, EncodeError};
#[cfg(unix)]
use crate::sys::{BorrowedFd, OwnedFd};
use crate::{Connection, Receiver, Result, Sender};

/// Typed messages: `MessagePack`, with the names of a struct's fields, so that both ends may grow apart a little, and a
/// JavaScript peer reads them as objects.
impl Connection {
    /// Sends one value.
    ///
    /// Serde takes a `Vec<u8>` for a sequence of numbers, and so it is sent: an array in which every other byte takes two; 8 MiB
    /// cross in 43 ms, and in 2 ms as bytes. A large one,
    /// and one that a JavaScript peer is to get as bytes, is sent as bytes by the crate `serde_bytes` (`#[serde(with = "serde_bytes")]` on the
    /// field, or `serde_bytes::Bytes` around it), and received as a `Vec<u8>` either way; a message that is nothing but bytes, by
    /// [`send_bytes`](Self::send_bytes).
    ///
    /// # Errors
    ///
    /// [`Error::Encode`](crate::Error::Encode) before anything is sent; otherwise as [`send_bytes`](Self::send_bytes).
    pub fn send<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.send_bytes(&encode(value)?)
    }

    /// Accepts one value without a system call, as [`feed_bytes`](Self::feed_bytes) does.
    ///
    /// # Errors
    ///
    /// [`Error::Encode`](crate::Error::Encode); otherwise as [`feed_bytes`](Self::feed_bytes).
    pub fn feed<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.feed_bytes(&encode(value)?)
    }

    /// Receives one value.
    ///
    /// The `send` of Python's connections makes pickles, which are no typed messages: such a peer is talked to by
    /// [`recv_bytes`](Self::recv_bytes) and [`send_bytes`](Self::send_bytes), with the bytes of a pickle library (the crate `serde-pickle`, for plain
    /// data: the example `pickle`), or by its `send_bytes` and a `MessagePack` library there.
    ///
    /// ```
    /// #[derive(serde::Serialize, serde::Deserialize, PartialEq, Debug)]
    /// struct Point { x: f64, y: f64 }
    ///
    /// let (mut a, mut b) = carom::pipe()?;
    /// a.send(&Point { x: 1.0, y: 2.0 })?;
    /// assert_eq!(b.recv::<Point>()?, Point { x: 1.0, y: 2.0 });
    /// # Ok::<(), carom::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Decode`](crate::Error::Decode) for a message of another shape, which is then consumed; otherwise as
    /// [`recv_bytes`](Self::recv_bytes).
    pub fn recv<T: DeserializeOwned>(&mut self) -> Result<T> {
        decode(self.recv_bytes()?)
    }
}

/// Typed messages with descriptors.
#[cfg(unix)]
impl Connection {
    /// As [`send`](Self::send), with descriptors as [`send_bytes_with_fds`](Self::send_bytes_with_fds) sends them.
    ///
    /// # Errors
    ///
    /// As both.
    pub fn send_with_fds<T: Serialize + ?Sized>(&mut self, value: &T, fds: &[BorrowedFd<'_>]) -> Result<()> {
        self.send_bytes_with_fds(&encode(value)?, fds)
    }

    /// As [`recv`](Self::recv), with the descriptors that came with the value. They are closed where the message is of another shape.
    ///
    /// # Errors
    ///
    /// The same as for [`recv`](Self::recv).
    pub fn recv_with_fds<T: DeserializeOwned>(&mut self) -> Result<(T, Vec<OwnedFd>)> {
        let (message, fds) = self.0.recv_with_fds()?;
        Ok((decode(message)?, fds.take()))
    }
}

impl Sender {
    /// As [`Connection::send`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn send<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.send_bytes(&encode(value)?)
    }

    /// As [`Connection::feed`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn feed<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.feed_bytes(&encode(value)?)
    }
}

impl Receiver {
    /// As [`Connection::recv`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn recv<T: DeserializeOwned>(&mut self) -> Result<T> {
        decode(self.recv_bytes()?)
    }
}

/// The message that carries `value`.
pub(crate) fn encode<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>> {
    Ok(rmp_serde::to_vec_named(value).map_err(EncodeError::new)?)
}

/// The value that `message` carries.
pub(crate) fn decode<T: DeserializeOwned>(message: Vec<u8>) -> Result<T> {
    read(&message).map_err(|error| DecodeError::new(message, error).into())
}

/// The value that `message` is, all of it: an integer may begin a text of another protocol, and an empty map a pickle.
fn read<T: DeserializeOwned>(message: &[u8]) -> Result<T, Error> {
    let mut deserializer = Deserializer::from_read_ref(message);
    let value = T::deserialize(&mut deserializer)?;
    match <()>::deserialize(&mut deserializer) {
        Err(Error::InvalidMarkerRead(error)) if error.kind() == ErrorKind::UnexpectedEof => Ok(value),
        _ => Err(Error::Uncategorized("more bytes follow the value".to_owned())),
    }
}
