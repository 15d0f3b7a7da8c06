//! The example on Unix.

use std::env;
use std::error::Error;
use std::process::Command;

use carom::Connection;
use carom::child::{inherited, spawn};
use serde::{Deserialize, Serialize};

/// The descriptor that the child has its end under.
const END: i32 = 3;

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
    // Whoever was started with a connection is the child.
    match inherited(END) {
        Ok(connection) => work(connection),
        Err(_) => ask(),
    }
}

/// The parent: hands out tasks and prints the answers.
fn ask() -> Result<(), Box<dyn Error>> {
    let (mut connection, theirs) = carom::pipe()?;
    // Only the child has this end from now on: its exit is the end of the stream here.
    let mut worker = spawn(Command::new(env::current_exe()?), [(END, theirs)])?;

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

/// The child: answers until the parent closes.
fn work(mut connection: Connection) -> Result<(), Box<dyn Error>> {
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
