use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Connection, Result};

/// Typed messages: `MessagePack`, with the names of a struct's fields, so that both ends may grow apart a little, and a
/// JavaScript peer reads them as objects.
impl Connection {
    /// Sends one value.
    ///
    /// # Errors
    ///
    /// [`Error::Encode`](crate::Error::Encode) before anything is sent; otherwise as [`send_bytes`](Self::send_bytes).
    pub fn send<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        let message = rmp_serde::to_vec_named(value)?;
        self.send_bytes(&message)
    }

    /// Receives one value.
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
        let message = self.recv_bytes()?;
        Ok(rmp_serde::from_slice(&message)?)
    }
}
