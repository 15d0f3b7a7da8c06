//! Connecting: the error where no process listens, hosts with several addresses, a full backlog, and time limits.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::net::{SocketAddr, TcpListener};
use std::os::unix::net::UnixListener;
use std::thread;
use std::time::{Duration, Instant};

use carom::connect::{Connecting, Progress, resolve, socket};
use carom::handshake::{Awaited, HandshakeError};
use carom::listener::Options;
use carom::sys::{self, Deadline};
use carom::{Address, AuthKey, Authentication, Connection, Error, Listener, Operation};
use rustix::io::Errno;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

mod scratch;

use scratch::Scratch;

fn errno(error: &Error) -> Option<Errno> {
    match error {
        Error::System(error) => {
            assert_eq!(error.operation(), Operation::Connect);
            error.errno().map(Errno::from_raw_os_error)
        }
        other => panic!("{other}"),
    }
}

fn soon() -> Deadline {
    Deadline::after(Some(Duration::from_millis(50)))
}

/// A port without a listener.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn port_of(address: &Address) -> u16 {
    match address {
        Address::Tcp { port, .. } => *port,
        other => panic!("{other}"),
    }
}

#[test]
fn where_there_is_no_socket_the_error_says_so() {
    let scratch = Scratch::new("no-socket");
    let error = socket(&scratch.address("socket"), Deadline::Never).unwrap_err();
    assert_eq!(errno(&error), Some(Errno::NOENT));
    assert_eq!(
        error.to_string(),
        format!(
            "connect {}: no such socket (ENOENT); is the listener running?",
            scratch.path("socket").display()
        )
    );
}

#[test]
fn without_a_listener_the_error_says_so() {
    let scratch = Scratch::new("nobody");
    drop(UnixListener::bind(scratch.path("socket")).unwrap());
    for address in [scratch.address("socket"), Address::tcp("127.0.0.1", free_port())] {
        let error = socket(&address, Deadline::Never).unwrap_err();
        assert_eq!(errno(&error), Some(Errno::CONNREFUSED));
        assert_eq!(
            error.to_string(),
            format!("connect {address}: nobody listens there (ECONNREFUSED); is the listener running?")
        );
    }
    std::fs::remove_file(scratch.path("socket")).unwrap();
}

#[test]
fn an_address_that_no_call_would_take_is_refused_before_any_is_made() {
    let long = Address::unix("/".repeat(200));
    assert!(matches!(socket(&long, Deadline::Never), Err(Error::Address(_))));
    assert!(matches!(Connecting::new(&long, Vec::new()), Err(Error::Address(_))));
}

#[test]
fn a_host_that_is_not_known_is_an_error_that_names_it() {
    let error = resolve("host.invalid", 80).unwrap_err();
    assert!(
        error.to_string().starts_with("getaddrinfo host.invalid:80: "),
        "{error}"
    );
    assert!(matches!(error, Error::System(error) if error.operation() == Operation::Resolve));
}

#[test]
fn localhost_is_this_machine_in_both_versions() {
    let resolved = resolve("localhost", 7).unwrap();
    assert_eq!(
        resolved,
        ["127.0.0.1:7", "[::1]:7"].map(|address| address.parse::<SocketAddr>().unwrap())
    );
}

#[test]
fn a_listener_on_version_6_alone_is_reached_as_localhost() {
    let Ok(listener) = Listener::bind(&Address::tcp("::1", 0), Options::default()) else {
        return eprintln!("not tested: this machine does not have version 6 of the Internet Protocol");
    };
    let address = Address::tcp("localhost", port_of(listener.address()));
    socket(&address, Deadline::Never).unwrap();
    assert!(listener.accept(Deadline::Never).unwrap().is_some());
}

#[test]
fn the_first_failure_is_the_one_reported() {
    let port = free_port();
    let resolved = vec![
        SocketAddr::from(([127, 0, 0, 1], port)),
        SocketAddr::from(([255, 255, 255, 255], port)),
    ];
    let mut connecting = Connecting::new(&Address::tcp("several", port), resolved).unwrap();
    let error = loop {
        match connecting.advance() {
            Ok(Progress::Pending) => {
                sys::poll_writable(connecting.as_fd().unwrap(), Deadline::Never).unwrap();
            }
            Ok(progress) => panic!("{progress:?}"),
            Err(error) => break error,
        }
    };
    assert_eq!(errno(&error), Some(Errno::CONNREFUSED));
}

#[test]
fn the_next_address_is_tried_where_one_fails() {
    let listener = Listener::bind(&Address::tcp("127.0.0.1", 0), Options::default()).unwrap();
    let candidates = [free_port(), port_of(listener.address())].map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
    let mut connecting = Connecting::new(&Address::tcp("several", 0), candidates.to_vec()).unwrap();
    let client = loop {
        match connecting.advance().unwrap() {
            Progress::Connected(fd) => break fd,
            Progress::Pending => assert!(sys::poll_writable(connecting.as_fd().unwrap(), Deadline::Never).unwrap()),
            Progress::Retry(_) => panic!("TCP has no retries"),
        }
    };
    let (server, _) = listener.accept(Deadline::Never).unwrap().unwrap();
    Connection::new(client).unwrap().send_bytes(b"here").unwrap();
    assert_eq!(Connection::new(server).unwrap().recv_bytes().unwrap(), b"here");
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_backlog_is_waited_for_until_the_time_is_up() {
    let listener = Listener::bind_private(Options::new().backlog(0)).unwrap();
    let _first = socket(listener.address(), Deadline::Never).unwrap();
    let begin = Instant::now();
    assert!(matches!(socket(listener.address(), soon()), Err(Error::TimedOut)));
    assert!(begin.elapsed() >= Duration::from_millis(50));

    let mut connecting = Connecting::new(listener.address(), Vec::new()).unwrap();
    let retries: Vec<_> = (0..6)
        .map(|_| match connecting.advance().unwrap() {
            Progress::Retry(after) => after.as_millis(),
            progress => panic!("{progress:?}"),
        })
        .collect();
    assert_eq!(retries, [1, 2, 4, 8, 16, 16]);
    listener.accept(Deadline::Never).unwrap().unwrap();
    assert!(matches!(connecting.advance().unwrap(), Progress::Connected(_)));
}

#[test]
#[cfg(target_os = "linux")]
fn two_thousand_clients_at_once_all_get_through() {
    const CLIENTS: usize = 2000;
    let limit = getrlimit(Resource::Nofile);
    setrlimit(
        Resource::Nofile,
        Rlimit {
            current: limit.maximum,
            ..limit
        },
    )
    .unwrap();
    let listener = Listener::bind_private(Options::default()).unwrap();
    let mut waiting: Vec<_> = (0..CLIENTS)
        .map(|_| Connecting::new(listener.address(), Vec::new()).unwrap())
        .collect();
    // All have asked before the first is accepted.
    let mut connected = 0;
    waiting.retain_mut(|connecting| keep_unless_connected(connecting, &mut connected));
    assert!(!waiting.is_empty(), "the backlog held them all");
    thread::scope(|scope| {
        let acceptor = scope.spawn(|| {
            (0..CLIENTS)
                .filter_map(|_| listener.accept(Deadline::Never).unwrap())
                .count()
        });
        while !waiting.is_empty() {
            waiting.retain_mut(|connecting| keep_unless_connected(connecting, &mut connected));
            thread::yield_now();
        }
        assert_eq!((acceptor.join().unwrap(), connected), (CLIENTS, CLIENTS));
    });
}

#[cfg(target_os = "linux")]
fn keep_unless_connected(connecting: &mut Connecting, connected: &mut usize) -> bool {
    match connecting.advance().unwrap() {
        Progress::Connected(_) => {
            *connected += 1;
            false
        }
        Progress::Pending | Progress::Retry(_) => true,
    }
}

fn authentication(key: &[u8], timeout: Duration) -> Authentication {
    Authentication::new(AuthKey::new(key).unwrap()).timeout(timeout)
}

fn handshake_error(result: Result<Connection, Error>) -> HandshakeError {
    match result {
        Err(Error::Handshake(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn only_a_client_with_the_key_gets_a_connection_and_the_listener_lives_on() {
    let minute = Duration::from_secs(60);
    let listener = Listener::bind(&Address::tcp("localhost", 0), Options::default()).unwrap();
    let ours = authentication(b"secret", minute);
    thread::scope(|scope| {
        let server = scope.spawn(|| {
            let refusals = [(); 2].map(|()| handshake_error(listener.accept_connection(Some(&ours), Deadline::Never)));
            (
                refusals,
                listener.accept_connection(Some(&ours), Deadline::Never).unwrap(),
            )
        });
        let wrong = authentication(b"guess", minute);
        let refused = handshake_error(carom::connect(listener.address(), Some(&wrong), Deadline::Never));
        assert_eq!(refused, HandshakeError::Rejected);
        let mut without = carom::connect(listener.address(), None, Deadline::Never).unwrap();
        without.send_bytes(b"hello").unwrap();
        assert!(without.recv_bytes().unwrap().starts_with(b"#CHALLENGE#"));
        assert_eq!(without.recv_bytes().unwrap(), b"#FAILURE#");

        let mut client = carom::connect(listener.address(), Some(&ours), Deadline::Never).unwrap();
        client.send_bytes(b"first").unwrap();
        let (refusals, mut server) = server.join().unwrap();
        assert_eq!(refusals[0], HandshakeError::WrongAnswer);
        assert!(matches!(refusals[1], HandshakeError::NotAnAnswer(_)));
        assert_eq!(server.recv_bytes().unwrap(), b"first");
    });
}

#[test]
fn a_peer_that_stalls_is_given_up() {
    let listener = Listener::bind_private(Options::default()).unwrap();
    let hasty = authentication(b"secret", Duration::from_millis(50));
    let _silent = carom::connect(listener.address(), None, Deadline::Never).unwrap();
    let error = handshake_error(listener.accept_connection(Some(&hasty), Deadline::Never));
    assert_eq!(
        error,
        HandshakeError::TimedOut {
            awaited: Awaited::Answer
        }
    );
    // Nobody accepts this one.
    let error = handshake_error(carom::connect(listener.address(), Some(&hasty), Deadline::Never));
    assert_eq!(
        error,
        HandshakeError::TimedOut {
            awaited: Awaited::Challenge
        }
    );
    assert!(
        error
            .to_string()
            .ends_with(": does it use an authkey, and does its program accept connections?"),
        "{error}"
    );
}

#[test]
fn a_peer_that_closes_half_way_is_given_up() {
    let listener = Listener::bind_private(Options::default()).unwrap();
    let ours = Authentication::new(AuthKey::new(b"secret").unwrap());
    drop(carom::connect(listener.address(), None, Deadline::Never).unwrap());
    let error = handshake_error(listener.accept_connection(Some(&ours), Deadline::Never));
    assert_eq!(
        error,
        HandshakeError::Closed {
            awaited: Awaited::Answer
        }
    );
}
