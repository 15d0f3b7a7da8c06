//! Sends every message that arrives on descriptor 3 back, until the peer closes.
//!
//! It is meant to be started by another program that hands it one end of a connection, in any language: Node with
//! `stdio: [..., socket]`, Python with `pass_fds`, a shell with `3<>…`.
//!
//! ```sh
//! cargo build --example inherited
//! ```

use std::error::Error;

use carom::Connection;

fn main() -> Result<(), Box<dyn Error>> {
    // SAFETY: the parent made descriptor 3 for this program, and nothing else in it knows of it.
    let descriptor = unsafe { carom::sys::adopt(3) }.map_err(|error| format!("descriptor 3: {error}"))?;
    let mut connection = Connection::new(descriptor)?;
    loop {
        match connection.recv_bytes() {
            Ok(message) => connection.send_bytes(&message)?,
            Err(carom::Error::Eof) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
    }
}
