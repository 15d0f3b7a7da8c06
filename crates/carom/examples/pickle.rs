//! Asks a Python program for the total of an order. Both ends exchange pickles of plain data, which Python's `send` and `recv` make and read:
//!
//! ```sh
//! python3 -c '
//! from multiprocessing.connection import Listener
//! with Listener("/tmp/totals.sock", authkey=b"secret") as listener, listener.accept() as connection:
//!     order = connection.recv()
//!     connection.send({"customer": order["customer"], "total": sum(order["prices"])})' &
//! cargo run --example pickle -- /tmp/totals.sock
//! ```
//!
//! `serde-pickle` builds values only: it imports nothing and calls nothing that a pickle names, and refuses one of a class of Python's.

use std::error::Error;
use std::time::Duration;

use carom::{Address, AuthKey, Authentication, Deadline, connect};
use serde::{Deserialize, Serialize};
use serde_pickle::{DeOptions, SerOptions};

#[derive(Serialize)]
struct Order<'a> {
    customer: &'a str,
    prices: &'a [f64],
}

#[derive(Deserialize)]
struct Answer {
    customer: String,
    total: f64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args_os().nth(1).ok_or("usage: pickle PATH")?;
    let authentication = Authentication::new(AuthKey::new(b"secret")?);
    let deadline = Deadline::after(Some(Duration::from_secs(5)));
    let mut connection = connect(&Address::unix(path), Some(&authentication), deadline)?;
    let order = Order {
        customer: "Zoë",
        prices: &[1.5, 20.25],
    };
    connection.send_bytes(&serde_pickle::to_vec(&order, SerOptions::new())?)?;
    let Answer { customer, total } = serde_pickle::from_slice(&connection.recv_bytes()?, DeOptions::new())?;
    println!("{customer}: {total}");
    Ok(())
}
