//! Two processes that exchange values: the program starts itself a second time, with one end of a pipe.
//!
//! ```sh
//! cargo run --example two_processes
//! ```
//!
//! How a child inherits a descriptor is Unix's own; on Windows it is a handle's number, which this example does not show.

#[cfg(unix)]
mod unix;

#[cfg(unix)]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    unix::main()
}

#[cfg(not(unix))]
fn main() {}
