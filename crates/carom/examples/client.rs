//! Sends one message to a listener with the key `secret`, and shows the answer:
//!
//! ```sh
//! python3 -c '
//! from multiprocessing.connection import Listener
//! with Listener("/tmp/echo.sock", authkey=b"secret") as listener, listener.accept() as connection:
//!     connection.send_bytes(connection.recv_bytes())' &
//! cargo run --example client -- /tmp/echo.sock hello
//! ```

use std::error::Error;
use std::io::Write;
use std::time::Duration;

use carom::sys::Deadline;
use carom::{Address, AuthKey, Authentication, connect};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let (Some(path), Some(message)) = (arguments.next(), arguments.next()) else {
        return Err("usage: client PATH MESSAGE".into());
    };
    let authentication = Authentication::new(AuthKey::new(b"secret")?);
    let deadline = Deadline::after(Some(Duration::from_secs(5)));
    let mut connection = connect(&Address::unix(path), Some(&authentication), deadline)?;
    connection.send_bytes(message.as_encoded_bytes())?;
    std::io::stdout().write_all(&connection.recv_bytes()?)?;
    Ok(())
}
