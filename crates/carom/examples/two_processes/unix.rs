//! The example on Unix.

use std::env;
use std::error::Error;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};

use carom::Connection;
use rustix::io::{FdFlags, fcntl_setfd};
use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize)]
struct Task {
    id: u32,
    numbers: Vec<f64>,
}

#[derive(Debug, Serialize, Deserialize)]
enum Answer {
    Mean { id: u32, mean: f64 },
    Refused { id: u32, reason: String },
}

pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    match env::args().nth(1) {
        Some(descriptor) => work(descriptor.parse()?),
        None => ask(),
    }
}

/// The parent: hands out tasks and prints the answers.
fn ask() -> Result<(), Box<dyn Error>> {
    let (mut connection, theirs) = carom::pipe()?;
    let mut worker = start(theirs.into_fd().map_err(|_| "the end was in use")?)?;

    for (id, numbers) in [vec![1.0, 2.0, 6.0], vec![], vec![0.5]].into_iter().enumerate() {
        connection.send(&Task { id: id as u32, numbers })?;
    }
    for _ in 0..3 {
        match connection.recv()? {
            Answer::Mean { id, mean } => println!("task {id}: the mean is {mean}"),
            Answer::Refused { id, reason } => println!("task {id}: refused, {reason}"),
        }
    }

    // The worker takes the end of the stream for the end of its work.
    drop(connection);
    println!("the worker has ended: {}", worker.wait()?);
    Ok(())
}

/// Starts this program again, with `end` open in it under the number that it has here.
///
/// Every descriptor of carom is close-on-exec, or each program that any thread starts would inherit it, and the peer would
/// not see the end of the stream before the last of them has exited. So the flag is cleared between fork and exec: the
/// child's table of descriptors is a copy by then, and no other process sees the change.
fn start(end: OwnedFd) -> Result<Child, Box<dyn Error>> {
    let number = end.as_raw_fd();
    let mut command = Command::new(env::current_exe()?);
    command.arg(number.to_string());
    // SAFETY: fcntl(2) is async-signal-safe, and `end` is open until the child has been started.
    unsafe {
        command.pre_exec(move || Ok(fcntl_setfd(BorrowedFd::borrow_raw(number), FdFlags::empty())?));
    }
    let child = command.spawn()?;
    // Only the child may hold this end: the parent would never see it closed otherwise.
    drop(end);
    Ok(child)
}

/// The child: answers until the parent closes.
fn work(descriptor: RawFd) -> Result<(), Box<dyn Error>> {
    // SAFETY: the parent made this descriptor for us, and nothing else here knows of it.
    let mut connection = Connection::new(unsafe { carom::sys::adopt(descriptor) }?)?;
    loop {
        let Task { id, numbers } = match connection.recv() {
            Ok(task) => task,
            Err(carom::Error::Eof) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        let answer = if numbers.is_empty() {
            Answer::Refused {
                id,
                reason: "there are no numbers".into(),
            }
        } else {
            Answer::Mean {
                id,
                mean: numbers.iter().sum::<f64>() / numbers.len() as f64,
            }
        };
        connection.send(&answer)?;
    }
}
