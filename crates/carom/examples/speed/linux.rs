use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use carom::ring::{RING_SIZE, RingRole};
use carom::spin::Spin;
use carom::{Connection, Error, Result, ring, sys};

const ROUND_TRIPS: usize = 200_000;
const LONG: usize = 1 << 20;
const LONG_MESSAGES: usize = 3000;

pub(crate) fn main() -> Result<()> {
    if let Some(transport) = std::env::args().nth(1) {
        // SAFETY: the parent has left this descriptor for this process.
        return answer(connection(unsafe { sys::adopt(3)? }, &transport)?);
    }
    for transport in ["socket", "shared memory"] {
        let (ours, theirs) = if transport == "socket" {
            sys::pair(false)?
        } else {
            ring::pair(RING_SIZE)?
        };
        let mut child = start(theirs, transport)?;
        let connection = connection(ours, transport)?;
        measure(connection, transport)?;
        child.wait()?;
    }
    Ok(())
}

fn connection(fd: OwnedFd, transport: &str) -> Result<Connection> {
    let spin = Spin::fixed(Duration::from_micros(50));
    if transport == "socket" {
        Connection::with_options(fd, u64::MAX, spin)
    } else {
        Connection::with_ring(fd, RingRole::Expecting(RING_SIZE), u64::MAX, spin)
    }
}

/// Starts this program once more, with `end` as its descriptor 3.
fn start(end: OwnedFd, transport: &str) -> Result<Child> {
    let number = end.as_fd().as_raw_fd();
    let mut command = Command::new(std::env::current_exe()?);
    command.arg(transport);
    // SAFETY: dup2(2) is async-signal-safe; the copy is inherited. (The original is not 3: that is an earlier descriptor of this process.)
    unsafe {
        command.pre_exec(move || {
            if libc::dup2(number, 3) < 0 || libc::fcntl(3, libc::F_SETFD, 0) < 0 {
                return Err(std::io::Error::last_os_error());
            }
            Ok(())
        });
    }
    let child = command.spawn()?;
    // The child alone has it: otherwise it would not end with the other one.
    drop(end);
    Ok(child)
}

fn measure(mut connection: Connection, transport: &str) -> Result<()> {
    let mut times = Vec::with_capacity(ROUND_TRIPS);
    for _ in 0..ROUND_TRIPS {
        let begin = Instant::now();
        connection.send_bytes(&[7; 64])?;
        connection.recv_bytes()?;
        times.push(begin.elapsed());
    }
    times.sort_unstable();
    let message = vec![7; LONG];
    let begin = Instant::now();
    for _ in 0..LONG_MESSAGES {
        connection.send_bytes(&message)?;
    }
    connection.send_bytes(b"done")?;
    connection.recv_bytes()?;
    let rate = (LONG * LONG_MESSAGES) as f64 / begin.elapsed().as_secs_f64() / 1e9;
    println!(
        "{transport}: round trip {:?}, one way {rate:.2} GB/s",
        times[ROUND_TRIPS / 2]
    );
    Ok(())
}

/// Sends short messages back, and takes long ones.
fn answer(mut connection: Connection) -> Result<()> {
    loop {
        match connection.recv_bytes() {
            Ok(message) if message.len() < LONG => connection.send_bytes(&message)?,
            Ok(_) => {}
            Err(Error::Eof) => return Ok(()),
            Err(error) => return Err(error),
        }
    }
}
