//! Pickles from and to the `send` and `recv` of Python's connections, by the crate `serde-pickle`.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use carom::Connection;
use serde::{Deserialize, Serialize};
use serde_pickle::{DeOptions, SerOptions, Value};

mod peer;
mod scratch;

use peer::{example, sockets, start_with_3};
use scratch::Scratch;

/// Sends back each value that it receives.
const ECHO: &str = r"
from multiprocessing.connection import Connection
with Connection(3) as connection:
    try:
        while True:
            connection.send(connection.recv())
    except EOFError:
        pass
";

/// Answers one order, as the example's documentation has it.
const TOTALS: &str = r"
import sys
from multiprocessing.connection import Listener
with Listener(sys.argv[1], authkey=b'secret') as listener:
    print('listening', flush=True)
    with listener.accept() as connection:
        order = connection.recv()
        connection.send({'customer': order['customer'], 'total': sum(order['prices'])})
";

/// Sends an object whose pickle names a class.
const FRACTION: &str = r"
from fractions import Fraction
from multiprocessing.connection import Connection
Connection(3).send(Fraction(1, 3))
";

#[derive(Serialize, Deserialize, PartialEq, Debug)]
struct Record {
    name: String,
    count: i64,
    ratio: f64,
    nothing: Option<bool>,
    pair: (u8, String),
    ages: BTreeMap<String, u32>,
}

/// A Python process that runs `script` with the other end as descriptor 3.
fn python(script: &str) -> (Connection, Child) {
    let (ours, theirs) = sockets();
    let mut command = Command::new("python3");
    command.args(["-c", script]);
    (
        Connection::new(ours.into()).unwrap(),
        start_with_3(command, theirs.into()),
    )
}

#[test]
fn plain_data_comes_back_from_python_as_it_was() {
    let (mut connection, mut process) = python(ECHO);
    let record = Record {
        name: "Zoë".to_owned(),
        count: -1 << 40,
        ratio: 0.1,
        nothing: None,
        pair: (255, String::new()),
        ages: BTreeMap::from([("Ada".to_owned(), 36)]),
    };
    connection
        .send_bytes(&serde_pickle::to_vec(&record, SerOptions::new()).unwrap())
        .unwrap();
    let message = connection.recv_bytes().unwrap();
    let back: Record = serde_pickle::from_slice(&message, DeOptions::new()).unwrap();
    assert_eq!(back, record);

    let bytes = Value::Bytes(peer::payload(100_000));
    connection
        .send_bytes(&serde_pickle::value_to_vec(&bytes, SerOptions::new()).unwrap())
        .unwrap();
    let message = connection.recv_bytes().unwrap();
    assert!(serde_pickle::value_from_slice(&message, DeOptions::new()).unwrap() == bytes);
    drop(connection);
    assert!(process.wait().unwrap().success());
}

#[test]
fn an_object_of_a_class_is_refused() {
    let (mut connection, mut process) = python(FRACTION);
    let message = connection.recv_bytes().unwrap();
    assert!(serde_pickle::value_from_slice(&message, DeOptions::new()).is_err());
    assert!(process.wait().unwrap().success());
}

#[test]
fn the_example_gets_its_answer_from_python() {
    let scratch = Scratch::new("pickle");
    let path = scratch.path("totals");
    let mut listener = Command::new("python3")
        .args(["-c", TOTALS])
        .arg(&path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut output = BufReader::new(listener.stdout.take().unwrap());
    output.read_line(&mut line).unwrap();
    assert_eq!(line, "listening\n");
    let output = Command::new(example("pickle")).arg(&path).output().unwrap();
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "Zoë: 21.75\n");
    assert!(listener.wait().unwrap().success());
}
