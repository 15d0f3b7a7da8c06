//! The example server, on the reactor: many clients, long answers, and clients that do not read them.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::thread;

use carom::{Address, Connection, Deadline, connect};

mod peer;
mod scratch;

use peer::example;
use scratch::Scratch;

/// The example, ended with the test.
struct Server(Child);

impl Server {
    fn start(address: &Address) -> Self {
        let Address::Unix(path) = address else { unreachable!() };
        let mut command = Command::new(example("server"));
        let mut child = command.arg(path).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap())
            .read_line(&mut line)
            .unwrap();
        assert_eq!(line, "listening\n");
        Self(child)
    }

    /// How much memory it has, in KiB.
    #[cfg(target_os = "linux")]
    fn memory(&self) -> usize {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn client(address: &Address) -> Connection {
    connect(address, None, Deadline::Never).unwrap()
}

fn ask(client: &mut Connection, length: usize) {
    client.send_bytes(length.to_string().as_bytes()).unwrap();
}

#[test]
fn clients_that_do_not_read_long_answers_hold_up_nobody_and_take_one_answer_of_memory() {
    const SLOW: usize = 4;
    const REQUESTS: usize = 60;
    let scratch = Scratch::new("server");
    let address = scratch.address("socket");
    let server = Server::start(&address);

    let mut slow: Vec<_> = (0..SLOW).map(|_| client(&address)).collect();
    for _ in 0..REQUESTS {
        for client in &mut slow {
            ask(client, 1_000_000);
        }
    }
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut client = client(&address);
                for length in [1_000_000, 0, 300_000, 1, 65_536].repeat(5) {
                    ask(&mut client, length);
                    assert_eq!(client.recv_bytes().unwrap().len(), length);
                }
            });
        }
    });
    // 240 MB have been asked for and not read.
    #[cfg(target_os = "linux")]
    assert!(server.memory() < 100 * 1024, "{} KiB", server.memory());

    for client in &mut slow {
        for _ in 0..REQUESTS {
            assert_eq!(client.recv_bytes().unwrap().len(), 1_000_000);
        }
    }
    drop(server);
    scratch.clear();
}

#[test]
fn a_client_that_floods_it_with_requests_gets_all_answers() {
    const REQUESTS: usize = 20_000;
    let scratch = Scratch::new("server-flood");
    let address = scratch.address("socket");
    let server = Server::start(&address);
    let mut flood = client(&address);
    let mut other = client(&address);
    for _ in 0..REQUESTS {
        flood.feed_bytes(b"10").unwrap();
    }
    // It may stop in the middle, where the server waits for its answers to be taken.
    let mut answers = 0;
    while !flood.try_flush().unwrap() {
        while let Some(answer) = flood.try_recv_bytes().unwrap() {
            assert_eq!(answer.len(), 10);
            answers += 1;
        }
    }
    ask(&mut other, 5);
    assert_eq!(other.recv_bytes().unwrap().len(), 5);
    while answers < REQUESTS {
        assert_eq!(flood.recv_bytes().unwrap().len(), 10);
        answers += 1;
    }
    drop(server);
    scratch.clear();
}

#[test]
fn a_client_that_breaks_off_or_lies_is_dropped_alone() {
    use std::io::Write;
    use std::os::unix::net::UnixStream;
    let scratch = Scratch::new("server-hostile");
    let address = scratch.address("socket");
    let server = Server::start(&address);
    for bytes in [
        &b"\0\0"[..],
        b"\0\0\0\x05hel",
        b"\x80\0\0\0",
        b"\x7f\xff\xff\xff",
        b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
    ] {
        let mut stranger = UnixStream::connect(scratch.path("socket")).unwrap();
        stranger.write_all(bytes).unwrap();
    }
    let mut gone = client(&address);
    ask(&mut gone, 1_000_000);
    drop(gone);
    let mut last = client(&address);
    ask(&mut last, 7);
    assert_eq!(last.recv_bytes().unwrap().len(), 7);
    drop(server);
    scratch.clear();
}
