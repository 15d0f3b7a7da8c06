//! The examples do what their documentation says.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::process::{Command, Stdio};

use carom::Connection;

mod peer;

use peer::{echo_process, example, payload, start_with_3};

#[test]
fn two_processes_exchange_values() {
    let output = Command::new(example("two_processes")).output().unwrap();
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    let expected = "task 0: the mean is 3\n\
                    task 1: refused, there are no numbers\n\
                    task 2: the mean is 0.5\n\
                    the worker has ended: exit status: 0\n";
    assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
    assert!(output.status.success());
}

#[test]
fn inherited_sends_every_message_back_until_its_peer_closes() {
    let (ours, mut process) = echo_process();
    let mut connection = Connection::new(ours.into()).unwrap();
    for message in [0, 1, 20_000, 100_000].map(payload) {
        connection.send_bytes(&message).unwrap();
        assert!(connection.recv_bytes().unwrap() == message);
    }
    drop(connection);
    assert!(process.wait().unwrap().success());
}

#[test]
fn inherited_says_what_is_wrong_with_descriptor_3() {
    let mut command = Command::new(example("inherited"));
    command.stderr(Stdio::piped());
    let directory = std::fs::File::open("/").unwrap();
    let output = start_with_3(command, directory.into()).wait_with_output().unwrap();
    assert!(!output.status.success());
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.contains("Invalid argument"), "{message}");
}
