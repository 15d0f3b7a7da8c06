//! Python's `multiprocessing.connection` at the other end, in both roles, with the right key, a wrong one and none.
//!
//! The interpreters are those that `CAROM_PYTHONS` lists, as `PATH` lists folders; without it, `python3`, on Windows `python`.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics has failed")]

use std::time::Duration;

use carom::handshake::{self, Dialect, Digest, Handshake, HandshakeError, Options, Peer};
use carom::sys::Deadline;
use carom::{Address, AuthKey, Authentication, Connection, Error, Listener, listener};

mod peer;
mod program;
mod scratch;

use peer::payload;
use program::Program;
use scratch::Scratch;

const KEY: &[u8] = b"secret";

/// Connects, prints the message that it received, and the outcome.
const CLIENT: &str = r"
import sys
from multiprocessing.connection import Client
address, key = eval(sys.argv[1]), eval(sys.argv[2])
try:
    with Client(address, authkey=key) as connection:
        connection.send_bytes(b'from the client')
        print(connection.recv_bytes())
except Exception as error:
    print(type(error).__name__, error)
";

/// Listens, prints its address, accepts one connection and prints the outcome.
const LISTENER: &str = r"
import sys
from multiprocessing.connection import Listener
address, key = eval(sys.argv[1]), eval(sys.argv[2])
with Listener(address, authkey=key) as listener:
    print(listener.address, flush=True)
    try:
        with listener.accept() as connection:
            connection.send_bytes(b'from the listener')
            print(connection.recv_bytes())
    except Exception as error:
        print(type(error).__name__, error)
";

/// Connects, and sends back each message that it receives.
const ECHO: &str = r"
import sys
from multiprocessing.connection import Client
with Client(eval(sys.argv[1]), authkey=eval(sys.argv[2])) as connection:
    try:
        while True:
            connection.send_bytes(connection.recv_bytes())
    except EOFError:
        print('the end')
";

/// Long enough for an interpreter to start on any machine; one that never connects fails the test.
fn patience() -> Deadline {
    Deadline::after(Some(Duration::from_secs(600)))
}

/// Each interpreter, and whether its handshake is the modern one.
fn pythons() -> Vec<(String, bool)> {
    let interpreters = program::pythons().into_iter().map(|interpreter| {
        let minor = Program::python(&interpreter, "import sys; print(sys.version_info[1])", "", "").rest();
        (
            interpreter,
            minor.parse::<u32>().expect("Python does not tell its version") >= 12,
        )
    });
    interpreters.collect()
}

fn authentication(key: &[u8]) -> Authentication {
    Authentication::new(AuthKey::new(key).unwrap()).timeout(Duration::from_secs(600))
}

fn ours() -> Authentication {
    authentication(KEY)
}

fn literal(address: &Address) -> String {
    match address {
        Address::Unix(path) => format!("'{}'", path.display()),
        Address::Pipe(name) => format!("{name:?}"),
        Address::Abstract(name) => format!("'\\0{}'", name.escape_ascii()),
        Address::Tcp { host, port } => format!("({host:?}, {port})"),
        other => panic!("{other}"),
    }
}

fn refusal(result: Result<Connection, Error>) -> HandshakeError {
    match result {
        Err(Error::Handshake(error)) => error,
        other => panic!("{other:?}"),
    }
}

/// Any port.
const TCP: &str = "('localhost', 0)";

/// Connects to Python's listener at `address`, as Python writes it, and returns the reports of both.
fn to_python(
    python: &str,
    address: &str,
    key: &str,
    authentication: Option<&Authentication>,
) -> (Result<Connection, Error>, Program) {
    let mut listener = Program::python(python, LISTENER, address, key);
    let line = listener.line();
    let address = match line.strip_suffix(')').and_then(|line| line.rsplit(' ').next()) {
        Some(port) => Address::tcp("localhost", port.parse().expect("Python does not tell its port")),
        None if cfg!(windows) => Address::Pipe(line),
        None => Address::unix(line),
    };
    (carom::connect(&address, authentication, patience()), listener)
}

/// Has Python connect to us, and returns the reports of both.
fn from_python(
    python: &str,
    address: &Address,
    key: &str,
    authentication: Option<&Authentication>,
) -> (Result<Connection, Error>, Program) {
    let listener = Listener::bind(address, listener::Options::default()).unwrap();
    let client = Program::python(python, CLIENT, literal(listener.address()), key);
    (listener.accept_connection(authentication, patience()), client)
}

#[test]
fn python_connects_with_the_right_key_and_without_any() {
    let scratch = Scratch::new("python");
    let mut addresses = vec![scratch.local("socket"), Address::tcp("localhost", 0)];
    if cfg!(target_os = "linux") {
        addresses.push(Address::unix(format!("\0carom-test-python-{}", std::process::id())));
    }
    for (python, _) in pythons() {
        for address in &addresses {
            for (key, authentication) in [("b'secret'", Some(&ours())), ("None", None)] {
                let (connection, client) = from_python(&python, address, key, authentication);
                let mut connection = connection.unwrap_or_else(|error| panic!("{python}, {address}: {error}"));
                assert_eq!(connection.recv_bytes().unwrap(), b"from the client");
                connection.send_bytes(b"from the listener").unwrap();
                assert_eq!(client.rest(), "b'from the listener'", "{python}, {address}");
            }
        }
    }
}

#[test]
fn python_is_connected_to_with_the_right_key_and_without_any() {
    let scratch = Scratch::new("to-python");
    for (python, _) in pythons() {
        for address in [TCP, &literal(&scratch.local("socket"))] {
            for (key, authentication) in [("b'secret'", Some(&ours())), ("None", None)] {
                let (connection, listener) = to_python(&python, address, key, authentication);
                let mut connection = connection.unwrap_or_else(|error| panic!("{python}, {address}: {error}"));
                assert_eq!(connection.recv_bytes().unwrap(), b"from the listener");
                connection.send_bytes(b"from the client").unwrap();
                assert_eq!(listener.rest(), "b'from the client'", "{python}, {address}");
            }
        }
    }
}

#[test]
fn messages_of_all_sizes_come_back_from_python() {
    let scratch = Scratch::new("echo");
    for (python, _) in pythons() {
        for address in [Address::tcp("localhost", 0), scratch.local("socket")] {
            let listener = Listener::bind(&address, listener::Options::default()).unwrap();
            let echo = Program::python(&python, ECHO, literal(listener.address()), "b'secret'");
            let mut connection = listener.accept_connection(Some(&ours()), patience()).unwrap();
            // Around the sizes that Python's named pipes hold, at which its sends cut messages, and which carom reads at once.
            for size in [0, 1, 8191, 8192, 8193, 16_384, 16_385, 70_000, 3_000_000, 5] {
                let message = payload(size);
                connection.send_bytes(&message).unwrap();
                assert!(
                    connection.recv_bytes().unwrap() == message,
                    "{python}, {address}, {size}"
                );
            }
            drop(connection);
            assert_eq!(echo.rest(), "the end", "{python}, {address}");
        }
    }
}

#[test]
fn a_wrong_key_is_refused_and_both_ends_say_so() {
    let address = Address::tcp("localhost", 0);
    for (python, _) in pythons() {
        let (refused, client) = from_python(&python, &address, "b'guess'", Some(&ours()));
        assert_eq!(refusal(refused), HandshakeError::WrongAnswer, "{python}");
        assert_eq!(
            client.rest(),
            "AuthenticationError digest sent was rejected",
            "{python}"
        );

        let (refused, listener) = to_python(&python, TCP, "b'guess'", Some(&ours()));
        assert_eq!(refusal(refused), HandshakeError::Rejected, "{python}");
        assert_eq!(
            listener.rest(),
            "AuthenticationError digest received was wrong",
            "{python}"
        );
    }
}

#[test]
fn a_key_at_one_end_alone_is_refused() {
    let address = Address::tcp("localhost", 0);
    for (python, _) in pythons() {
        let (refused, client) = from_python(&python, &address, "None", Some(&ours()));
        assert!(matches!(refusal(refused), HandshakeError::NotAnAnswer(_)), "{python}");
        let received = client.rest();
        assert!(received.contains("#CHALLENGE#{sha256}"), "{python}: {received}");

        let (refused, _) = to_python(&python, TCP, "None", Some(&ours()));
        assert!(matches!(refusal(refused), HandshakeError::NotAChallenge(_)), "{python}");
    }
}

#[test]
fn a_python_tells_its_generation_and_the_legacy_one_can_be_refused() {
    let address = Address::tcp("localhost", 0);
    for (python, modern) in pythons() {
        let listener = Listener::bind(&address, listener::Options::default()).unwrap();
        let _client = Program::python(&python, CLIENT, literal(listener.address()), "b'secret'");
        let (fd, _) = listener.accept(patience()).unwrap().unwrap();
        let mut handshake = Handshake::listener(&AuthKey::new(KEY).unwrap(), Options::default()).unwrap();
        let peer = handshake::run_blocking(carom::sys::AsFd::as_fd(&fd), &mut handshake, patience()).unwrap();
        assert_eq!(peer, if modern { Peer::Modern } else { Peer::Legacy }, "{python}");

        let strict = authentication(KEY).digests([Digest::Sha256]);
        let (accepted, _client) = from_python(&python, &address, "b'secret'", Some(&strict));
        let (connected, _listener) = to_python(&python, TCP, "b'secret'", Some(&strict));
        if modern {
            accepted.unwrap();
            connected.unwrap();
        } else {
            assert_eq!(refusal(accepted), HandshakeError::LegacyRefused, "{python}");
            assert_eq!(refusal(connected), HandshakeError::LegacyRefused, "{python}");
        }
    }
}

#[test]
fn a_python_without_red_hat_s_patch_does_not_speak_its_dialect() {
    let patched = authentication(KEY).dialect(Dialect::RedHat);
    for (python, _) in pythons() {
        let (refused, _client) = from_python(&python, &Address::tcp("localhost", 0), "b'secret'", Some(&patched));
        assert!(matches!(refusal(refused), HandshakeError::NotAnAnswer(_)), "{python}");
    }
}
