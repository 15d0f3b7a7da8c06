//! Sends every message of every client back, with the key `secret`:
//!
//! ```sh
//! cargo run --example listener -- /tmp/echo.sock
//! python3 -c '
//! from multiprocessing.connection import Client
//! with Client("/tmp/echo.sock", authkey=b"secret") as connection:
//!     connection.send_bytes(b"hello")
//!     print(connection.recv_bytes())'
//! ```

use std::error::Error;

use carom::sys::Deadline;
use carom::{Address, AuthKey, Authentication, Listener, listener};

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args_os().nth(1).ok_or("usage: listener PATH")?;
    let authentication = Authentication::new(AuthKey::new(b"secret")?);
    let listener = Listener::bind(&Address::unix(path), listener::Options::default())?;
    loop {
        let mut connection = match listener.accept_connection(Some(&authentication), Deadline::Never) {
            Ok(connection) => connection,
            Err(error @ carom::Error::Handshake(_)) => {
                eprintln!("refused: {error}");
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        while let Ok(message) = connection.recv_bytes() {
            if connection.send_bytes(&message).is_err() {
                break;
            }
        }
    }
}
