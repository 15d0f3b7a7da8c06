//! Programs that are started with connections.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::env;
use std::io::ErrorKind;
use std::os::fd::AsRawFd;
use std::process::Command;

use carom::child::{inherited, spawn};
use carom::{Error, pipe};

/// What this program is to do where a test has started it: the name of its part.
const PART: &str = "CAROM_TEST_PART";

fn part() -> Option<String> {
    env::var(PART).ok()
}

/// This program, to run `test` only.
fn again(test: &str, part: &str) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture"]).env(PART, part);
    command
}

#[test]
fn python_gets_a_connection_and_the_stream_ends_with_it() {
    let program = r"
from multiprocessing.connection import Connection
with Connection(3) as connection:
    connection.send_bytes(connection.recv_bytes()[::-1])
";
    let (mut ours, theirs) = pipe().unwrap();
    let mut python = Command::new("python3");
    python.args(["-c", program]);
    let mut child = spawn(python, [(3, theirs)]).unwrap();
    ours.send_bytes(b"abc").unwrap();
    assert_eq!(ours.recv_bytes().unwrap(), b"cba");
    assert!(matches!(ours.recv_bytes(), Err(Error::Eof)));
    assert!(child.wait().unwrap().success());
}

#[test]
fn connections_reach_each_other_s_numbers() {
    let [(mut a, a_theirs), (mut b, b_theirs)] = [(); 2].map(|()| pipe().unwrap());
    let (first, second) = (a_theirs.as_raw_fd(), b_theirs.as_raw_fd());
    let program = format!("import os\nos.write({first}, b'\\0\\0\\0\\1A')\nos.write({second}, b'\\0\\0\\0\\1B')");
    let mut python = Command::new("python3");
    python.args(["-c", &program]);
    // Each under the number that the other has here.
    let mut child = spawn(python, [(second, a_theirs), (first, b_theirs)]).unwrap();
    assert_eq!(a.recv_bytes().unwrap(), b"B");
    assert_eq!(b.recv_bytes().unwrap(), b"A");
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_program_that_is_not_there_is_an_error_and_nothing_is_written_to_the_connections() {
    let (mut ours, theirs): (Vec<_>, Vec<_>) = (0..20).map(|_| pipe().unwrap()).unzip();
    let error = spawn(Command::new("/nowhere/to/be/found"), (3..).zip(theirs)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
    for end in &mut ours {
        assert!(matches!(end.recv_bytes(), Err(Error::Eof)));
    }
}

#[test]
fn a_number_is_given_once_and_is_one_that_a_descriptor_can_have() {
    let (_a, b) = pipe().unwrap();
    let (_c, d) = pipe().unwrap();
    let beyond = [-1, i32::MAX].map(|number| vec![(number, pipe().unwrap().0)]);
    for connections in beyond.into_iter().chain([vec![(7, b), (7, d)]]) {
        let error = spawn(Command::new("true"), connections).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
    }
}

#[test]
fn a_connection_that_holds_a_message_is_not_given_away() {
    let (mut a, mut b) = pipe().unwrap();
    a.send_bytes(b"first").unwrap();
    assert!(b.poll(None).unwrap());
    let error = spawn(Command::new("true"), [(3, b)]).unwrap_err();
    assert!(error.to_string().contains("in use"), "{error}");
}

#[test]
fn a_program_takes_what_it_inherited_once_and_its_own_children_have_none() {
    match part().as_deref() {
        None => {
            let (mut ours, theirs) = pipe().unwrap();
            let this = "a_program_takes_what_it_inherited_once_and_its_own_children_have_none";
            let mut child = spawn(again(this, "child"), [(5, theirs)]).unwrap();
            assert_eq!(ours.recv_bytes().unwrap(), b"once");
            assert!(matches!(ours.recv_bytes(), Err(Error::Eof)));
            assert!(child.wait().unwrap().success());
            assert!(inherited(5).is_err(), "this program was not started so");
        }
        Some("child") => {
            let mut connection = inherited(5).unwrap();
            let kind = |error: Error| error.kind();
            assert_eq!(inherited(5).map_err(kind).unwrap_err(), ErrorKind::NotFound);
            assert_eq!(inherited(6).map_err(kind).unwrap_err(), ErrorKind::NotFound);
            let this = "a_program_takes_what_it_inherited_once_and_its_own_children_have_none";
            assert!(again(this, "grandchild").status().unwrap().success());
            connection.send_bytes(b"once").unwrap();
        }
        // It has its parent's environment, and not its descriptors.
        Some(_) => assert!(inherited(5).is_err()),
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_child_has_its_own_connections_and_no_others() {
    let (_kept, _other) = pipe().unwrap();
    let (mut ours, theirs) = pipe().unwrap();
    let program = r"
import os
from multiprocessing.connection import Connection
def kind(number):
    try:
        return os.readlink(f'/proc/self/fd/{number}')
    except OSError:
        return ''
sockets = [n for n in map(int, os.listdir('/proc/self/fd')) if n > 2 and kind(n).startswith('socket:')]
Connection(9).send_bytes(repr(sockets).encode())
";
    let mut python = Command::new("python3");
    python.args(["-c", program]);
    let mut child = spawn(python, [(9, theirs)]).unwrap();
    assert_eq!(ours.recv_bytes().unwrap(), b"[9]");
    assert!(child.wait().unwrap().success());
}
