//! How fast messages go between two processes, over a socket and over shared memory: `cargo run --release --example speed`.
//!
//! Prints the median round trip of 64 bytes and the rate of messages of 1 MiB one way, both ends looking for data for 50 µs before they
//! sleep.

use carom::Result;

#[cfg(target_os = "linux")]
#[path = "speed/linux.rs"]
mod linux;

#[cfg(target_os = "linux")]
fn main() -> Result<()> {
    linux::main()
}

#[cfg(not(target_os = "linux"))]
#[allow(clippy::unnecessary_wraps, reason = "as on Linux")]
fn main() -> Result<()> {
    println!("There is no shared memory for connections here.");
    Ok(())
}
