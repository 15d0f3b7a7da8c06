//! Listening, connecting and proving a key on a tokio runtime.
#![cfg(all(unix, feature = "auth", feature = "serde", feature = "tokio"))]
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use carom::handshake::HandshakeError;
use carom::tokio::{Connection, Incoming, Listener, connect};
use carom::{Address, AuthKey, Authentication, Error, listener};

mod scratch;

use scratch::Scratch;

fn key(key: &[u8]) -> Authentication {
    Authentication::new(AuthKey::new(key).unwrap())
}

fn refusal(result: Result<Connection, Error>) -> HandshakeError {
    match result {
        Err(Error::Handshake(error)) => error,
        other => panic!("{other:?}"),
    }
}

fn private() -> Listener {
    Listener::bind_private(listener::Options::default()).unwrap()
}

/// Bytes straight into a listener's socket, from a peer that speaks no protocol.
fn stranger(listener: &Listener) -> UnixStream {
    let Address::Unix(path) = listener.address() else {
        unreachable!()
    };
    UnixStream::connect(path).unwrap()
}

/// Whether an error is the one that is expected.
type Expected = fn(&HandshakeError) -> bool;

async fn authenticated(listener: &Listener, authentication: &Authentication) -> Result<Connection, Error> {
    listener.accept().await?.authenticate(authentication).await
}

#[tokio::test]
async fn both_ends_prove_the_key_over_every_transport() {
    let scratch = Scratch::new("tokio-listener");
    let secret = key(b"secret");
    let mut addresses = vec![scratch.address("socket"), Address::tcp("localhost", 0)];
    if cfg!(target_os = "linux") {
        addresses.push(Address::unix(format!("\0carom-test-tokio-{}", std::process::id())));
    }
    for address in addresses {
        let listener = Listener::bind(&address, listener::Options::default()).await.unwrap();
        let (server, client) = tokio::join!(
            authenticated(&listener, &secret),
            connect(listener.address(), Some(&secret))
        );
        let (mut server, mut client) = (server.unwrap(), client.unwrap());
        server.send_bytes(b"from the server").await.unwrap();
        client.send(&("from the client", 1)).await.unwrap();
        assert_eq!(client.recv_bytes().await.unwrap(), b"from the server");
        assert_eq!(
            server.recv::<(String, u32)>().await.unwrap(),
            ("from the client".into(), 1)
        );
        listener.close().unwrap();
        client.send_bytes(b"it lives on").await.unwrap();
        assert_eq!(server.recv_bytes().await.unwrap(), b"it lives on");
    }
}

#[tokio::test]
async fn another_key_is_an_error_at_both_ends() {
    let listener = private();
    let (server, client) = (key(b"secret"), key(b"another"));
    let (server, client) = tokio::join!(
        authenticated(&listener, &server),
        connect(listener.address(), Some(&client))
    );
    assert_eq!(refusal(server), HandshakeError::WrongAnswer);
    assert_eq!(refusal(client), HandshakeError::Rejected);
}

#[tokio::test]
async fn a_peer_that_does_not_answer_has_the_time_that_the_authentication_gives_it() {
    let listener = private();
    let hasty = key(b"secret").timeout(Duration::from_millis(50));
    let silent = stranger(&listener);
    let refused = refusal(authenticated(&listener, &hasty).await);
    assert!(matches!(refused, HandshakeError::TimedOut { .. }), "{refused}");
    // It was sent a challenge, and then its connection was closed.
    let mut received = Vec::new();
    (&silent).read_to_end(&mut received).unwrap();
    assert_eq!(&received[4..15], b"#CHALLENGE#");

    let refused = refusal(connect(listener.address(), Some(&hasty)).await);
    assert!(matches!(refused, HandshakeError::TimedOut { .. }), "{refused}");
}

#[tokio::test]
async fn a_peer_that_stalls_in_its_handshake_holds_up_nobody() {
    let listener = private();
    let secret = key(b"secret");
    let _silent = stranger(&listener);
    let stalled = listener.accept().await.unwrap();
    let stalled = tokio::spawn({
        let secret = secret.clone();
        async move { stalled.authenticate(&secret).await }
    });
    let (server, client) = tokio::join!(
        authenticated(&listener, &secret),
        connect(listener.address(), Some(&secret))
    );
    assert!(server.is_ok() && client.is_ok());
    stalled.abort();
}

#[tokio::test]
async fn strangers_get_an_error_that_says_what_they_sent() {
    let listener = private();
    let secret = key(b"secret");
    let sent: [(&[u8], Expected); 5] = [
        (b"GET / HTTP/1.1\r\n\r\n", |error| {
            matches!(error, HandshakeError::TooLong { .. })
        }),
        (b"\0\0\0\x05hello", |error| {
            matches!(error, HandshakeError::NotAnAnswer(_))
        }),
        (b"\xff\xff\xff\xff\0\0\0\0\0\0\0\x05", |error| {
            matches!(error, HandshakeError::MalformedLength { .. })
        }),
        (b"\0\0\0", |error| matches!(error, HandshakeError::Closed { .. })),
        (b"", |error| matches!(error, HandshakeError::Closed { .. })),
    ];
    for (bytes, expected) in sent {
        let mut stranger = stranger(&listener);
        stranger.write_all(bytes).unwrap();
        stranger.shutdown(std::net::Shutdown::Write).unwrap();
        let refused = refusal(authenticated(&listener, &secret).await);
        assert!(expected(&refused), "{refused}");
    }
}

#[tokio::test]
async fn without_a_key_whoever_connects_may_speak_and_tells_who_it_is() {
    let listener = private();
    let mut client = connect(listener.address(), None).await.unwrap();
    let incoming: Incoming = listener.accept().await.unwrap();
    if cfg!(target_os = "linux") {
        assert_eq!(incoming.peer_credentials().unwrap().pid, std::process::id() as i32);
    }
    assert_eq!(incoming.peer().to_string(), "an unnamed peer");
    let mut server = incoming.without_authentication().unwrap();
    client.send_bytes(b"hello").await.unwrap();
    assert_eq!(server.recv_bytes().await.unwrap(), b"hello");
}

#[tokio::test]
async fn an_address_where_nobody_listens_is_an_error() {
    let scratch = Scratch::new("tokio-nobody");
    let refused = connect(&scratch.address("nobody"), None).await.unwrap_err();
    assert!(matches!(refused, Error::System(_)), "{refused}");
    let port = {
        let any = Address::tcp("localhost", 0);
        let listener = Listener::bind(&any, listener::Options::default()).await.unwrap();
        listener.address().clone()
    };
    assert!(matches!(connect(&port, None).await, Err(Error::System(_))));
}

#[tokio::test]
#[cfg(target_os = "linux")]
async fn a_client_waits_while_the_backlog_is_full() {
    let listener = Listener::bind_private(listener::Options::new().backlog(1)).unwrap();
    let clients: Vec<_> = (0..20)
        .map(|_| {
            let address = listener.address().clone();
            tokio::spawn(async move { connect(&address, None).await })
        })
        .collect();
    for _ in 0..20 {
        listener.accept().await.unwrap();
    }
    for client in clients {
        client.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn several_tasks_accept_from_one_listener() {
    let listener = std::sync::Arc::new(private());
    let accepting: Vec<_> = (0..10)
        .map(|_| {
            let listener = std::sync::Arc::clone(&listener);
            tokio::spawn(async move { listener.accept().await })
        })
        .collect();
    let clients: Vec<_> = (0..10).map(|_| stranger(&listener)).collect();
    for accepting in accepting {
        accepting.await.unwrap().unwrap();
    }
    drop(clients);
}
