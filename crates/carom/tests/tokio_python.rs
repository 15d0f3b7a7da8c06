//! Python's `multiprocessing.connection` at the other end of a tokio connection, in both roles, and the example server.
//!
//! The interpreters are those that `CAROM_PYTHONS` lists, as `PATH` lists folders; without it, `python3`.
#![cfg(all(unix, feature = "auth", feature = "serde", feature = "tokio"))]
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::process::Command;

use carom::handshake::HandshakeError;
use carom::tokio::{Listener, connect};
use carom::{Address, AuthKey, Authentication, Error, listener};

mod peer;
mod program;
mod scratch;

use peer::{example, payload};
use program::{Program, pythons};
use scratch::Scratch;

/// Connects, and sends back each message that it receives.
const ECHO: &str = r"
import sys
from multiprocessing.connection import Client
try:
    with Client(sys.argv[1], authkey=sys.argv[2].encode()) as connection:
        while True:
            connection.send_bytes(connection.recv_bytes())
except Exception as error:
    print(type(error).__name__)
";

/// Listens, prints that it does, and sends back each message that its one client sends.
const LISTENER: &str = r"
import sys
from multiprocessing.connection import Listener
with Listener(sys.argv[1], authkey=sys.argv[2].encode()) as listener:
    print('listening', flush=True)
    try:
        with listener.accept() as connection:
            while True:
                connection.send_bytes(connection.recv_bytes())
    except Exception as error:
        print(type(error).__name__)
";

/// Asks a server many things without reading, then reads all answers; prints their number.
const ASKER: &str = r"
import sys, threading
from multiprocessing.connection import Client
with Client(sys.argv[1], authkey=sys.argv[2].encode()) as connection:
    requests = 20000
    def ask():
        for number in range(requests):
            connection.send_bytes(b'%d' % number)
    thread = threading.Thread(target=ask)
    thread.start()
    right = sum(connection.recv_bytes() == b'%d' % (2 * number) for number in range(requests))
    thread.join()
    print(right)
";

fn run(interpreter: &str, script: &str, address: &Address, key: &str) -> Program {
    let Address::Unix(path) = address else { unreachable!() };
    Program::python(interpreter, script, path, key)
}

async fn rest(program: Program) -> String {
    tokio::task::spawn_blocking(|| program.rest()).await.unwrap()
}

fn key(key: &str) -> Authentication {
    Authentication::new(AuthKey::new(key.as_bytes()).unwrap())
}

fn messages() -> impl Iterator<Item = Vec<u8>> {
    [0, 1, 16_384, 16_385, 1 << 20].into_iter().map(payload)
}

#[tokio::test]
async fn python_connects_with_the_right_key_and_not_with_another() {
    let scratch = Scratch::new("tokio-from-python");
    let address = scratch.address("socket");
    let listener = Listener::bind(&address, listener::Options::default()).await.unwrap();
    for python in pythons() {
        let client = run(&python, ECHO, &address, "secret");
        let mut connection = listener
            .accept()
            .await
            .unwrap()
            .authenticate(&key("secret"))
            .await
            .unwrap();
        for message in messages() {
            connection.send_bytes(&message).await.unwrap();
            assert!(connection.recv_bytes().await.unwrap() == message, "{python}");
        }
        connection.close().await.unwrap();
        assert_eq!(rest(client).await, "EOFError", "{python}");

        let client = run(&python, ECHO, &address, "another");
        let refused = listener.accept().await.unwrap().authenticate(&key("secret")).await;
        assert!(
            matches!(refused, Err(Error::Handshake(HandshakeError::WrongAnswer))),
            "{refused:?}"
        );
        assert_eq!(rest(client).await, "AuthenticationError", "{python}");
    }
}

#[tokio::test]
async fn python_is_connected_to_with_the_right_key_and_not_with_another() {
    let scratch = Scratch::new("tokio-to-python");
    let address = scratch.address("socket");
    for python in pythons() {
        let mut listener = run(&python, LISTENER, &address, "secret");
        assert_eq!(listener.line(), "listening");
        let mut connection = connect(&address, Some(&key("secret"))).await.unwrap();
        for message in messages() {
            connection.send_bytes(&message).await.unwrap();
            assert!(connection.recv_bytes().await.unwrap() == message, "{python}");
        }
        connection.close().await.unwrap();
        assert_eq!(rest(listener).await, "EOFError", "{python}");

        let mut listener = run(&python, LISTENER, &address, "secret");
        assert_eq!(listener.line(), "listening");
        let refused = connect(&address, Some(&key("another"))).await;
        assert!(
            matches!(refused, Err(Error::Handshake(HandshakeError::Rejected))),
            "{refused:?}"
        );
        assert_eq!(rest(listener).await, "AuthenticationError", "{python}");
    }
}

#[tokio::test]
async fn the_example_server_serves_clients_beside_one_that_does_not_read() {
    let scratch = Scratch::new("tokio-server");
    let address = scratch.address("socket");
    let mut server = Program::start(Command::new(example("tokio_server")).arg(scratch.path("socket")));
    assert_eq!(server.line(), "listening");

    let greedy = connect(&address, Some(&key("secret"))).await.unwrap();
    let (mut asks, reads) = greedy.split();
    let asking = tokio::spawn(async move { while asks.send_bytes(&[b'9'; 1000]).await.is_ok() {} });
    let clients: Vec<_> = pythons()
        .iter()
        .map(|python| run(python, ASKER, &address, "secret"))
        .collect();
    for client in clients {
        assert_eq!(rest(client).await, "20000");
    }
    asking.abort();
    drop(reads);

    // A client that comes after that is served too.
    let mut last = connect(&address, Some(&key("secret"))).await.unwrap();
    last.send_bytes(b"21").await.unwrap();
    assert_eq!(last.recv_bytes().await.unwrap(), b"42");
    drop(server);
    scratch.clear();
}
