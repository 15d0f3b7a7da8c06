//! Named pipes of Windows: messages without headers, as Python's ends have them, behind the same connections as everywhere.
#![cfg(windows)]
#![allow(clippy::unwrap_used, reason = "a test")]

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::thread;
use std::time::Duration;

use carom::channel::{Channel, Received};
use carom::frame::{Header, Runs};
use carom::listener::Options;
use carom::reactor::Reactor;
use carom::spin::Spin;
use carom::sys::{self, AsFd, Deadline};
use carom::{Address, AuthKey, Authentication, Connection, Error, Listener};

fn name(test: &str) -> String {
    format!(r"\\.\pipe\carom-test-{}-{test}", std::process::id())
}

fn patterned(size: usize, seed: usize) -> Vec<u8> {
    (0..size).map(|n| (n * 31 + seed * 7 + n / 251) as u8).collect()
}

/// Another program's end, which knows nothing of frames: each of its writes is one message.
fn stranger(listener: &Listener) -> (Connection, File) {
    let Address::Pipe(name) = listener.address() else {
        unreachable!("it listens at a pipe")
    };
    let stranger = OpenOptions::new().read(true).write(true).open(name).unwrap();
    let (fd, _) = listener.accept(Deadline::Never).unwrap().unwrap();
    (Connection::new(fd).unwrap(), stranger)
}

fn listener(test: &str) -> Listener {
    Listener::bind(&Address::Pipe(name(test)), Options::default()).unwrap()
}

#[test]
fn messages_of_all_sizes_cross_both_ways_in_order() {
    let (mut a, mut b) = carom::pipe().unwrap();
    let sizes = [
        0, 1, 127, 128, 129, 8_192, 65_535, 65_536, 65_537, 0, 0, 300_000, 3_000_000, 5,
    ];
    let echo = thread::spawn(move || {
        for _ in sizes {
            let message = b.recv_bytes().unwrap();
            b.send_bytes(&message).unwrap();
        }
        assert!(matches!(b.recv_bytes(), Err(Error::Eof)));
    });
    for (seed, size) in sizes.into_iter().enumerate() {
        a.send_bytes(&patterned(size, seed)).unwrap();
        assert_eq!(a.recv_bytes().unwrap(), patterned(size, seed), "{size} bytes");
    }
    drop(a);
    echo.join().unwrap();
}

#[test]
fn a_message_is_one_write_without_a_header() {
    let listener = listener("bare");
    let (mut connection, mut stranger) = stranger(&listener);
    // As many unread bytes as the system keeps: both ends are here.
    for message in [&b"ping"[..], &patterned(60_000, 1)] {
        connection.send_bytes(message).unwrap();
        let mut received = vec![0; message.len()];
        stranger.read_exact(&mut received).unwrap();
        assert_eq!(received, message);
        stranger.write_all(message).unwrap();
        assert_eq!(connection.recv_bytes().unwrap(), message);
    }
}

#[test]
fn an_empty_message_is_a_message() {
    let (mut a, mut b) = carom::pipe().unwrap();
    for message in [&b""[..], b"x", b"", b""] {
        a.send_bytes(message).unwrap();
    }
    assert!(b.poll(Some(Duration::ZERO)).unwrap());
    for message in [&b""[..], b"x", b"", b""] {
        assert_eq!(b.recv_bytes().unwrap(), message);
    }
    assert!(!b.poll(Some(Duration::ZERO)).unwrap());
}

#[test]
fn messages_sent_before_the_end_arrive() {
    let (mut a, mut b) = carom::pipe().unwrap();
    a.send_bytes(b"first").unwrap();
    a.send_bytes(b"last").unwrap();
    drop(a);
    assert_eq!(b.recv_bytes().unwrap(), b"first");
    assert_eq!(b.recv_bytes().unwrap(), b"last");
    assert!(matches!(b.recv_bytes(), Err(Error::Eof)));
    let error = b.send_bytes(b"nobody").unwrap_err();
    assert!(
        matches!(&error, Error::Io(error) if error.kind() == std::io::ErrorKind::BrokenPipe),
        "{error:?}"
    );
}

#[test]
fn messages_accepted_without_waiting_arrive_after_the_end() {
    let (mut a, mut b) = carom::pipe().unwrap();
    let large = patterned(1_000_000, 3);
    assert!(a.try_send_bytes(&large).unwrap());
    let mut more = 0;
    while a.try_send_bytes(b"more").unwrap() {
        more += 1;
    }
    drop(a);
    assert_eq!(b.recv_bytes().unwrap(), large);
    for _ in 0..more {
        assert_eq!(b.recv_bytes().unwrap(), b"more");
    }
    assert!(matches!(b.recv_bytes(), Err(Error::Eof)));
}

#[test]
fn frames_that_are_cut_anywhere_leave_as_whole_messages() {
    let messages = [patterned(0, 0), patterned(1, 1), patterned(40, 2), patterned(300, 3)];
    let stream: Vec<u8> = messages
        .iter()
        .flat_map(|message| [Header::new(message.len() as u64).as_bytes(), message].concat())
        .collect();
    for cut in 0..=stream.len() {
        let (a, b) = sys::pair(false).unwrap();
        let mut a = Channel::new(a, u64::MAX, Spin::fixed(Duration::ZERO)).unwrap();
        let mut b = Connection::new(b).unwrap();
        for part in [&stream[..cut], &stream[cut..]] {
            assert_eq!(a.send(part, &[], Deadline::Never).unwrap(), part.len());
        }
        for message in &messages {
            assert_eq!(&b.recv_bytes().unwrap(), message, "cut at {cut}");
        }
    }
}

#[test]
fn a_message_is_read_in_parts_of_any_size() {
    let listener = listener("parts");
    let (connection, mut stranger) = stranger(&listener);
    let fd = connection.into_fd().unwrap();
    stranger.write_all(&patterned(1000, 0)).unwrap();
    stranger.write_all(&patterned(3, 1)).unwrap();
    let expected = [
        Header::new(1000).as_bytes(),
        &patterned(1000, 0),
        Header::new(3).as_bytes(),
        &patterned(3, 1),
    ]
    .concat();
    let mut received = Vec::new();
    for size in (1..).take_while(|size| size * (size - 1) / 2 < expected.len()) {
        let mut part = vec![0; size.min(expected.len() - received.len())];
        let bytes = sys::receive(fd.as_fd(), sys::Transport::File, &mut part, Deadline::Never);
        received.extend_from_slice(&part[..bytes.unwrap().unwrap()]);
    }
    assert_eq!(received, expected);
}

#[test]
fn readiness_is_reported_for_messages_that_are_there_and_for_later_ones() {
    let (mut a, b) = carom::pipe().unwrap();
    let mut b = Channel::new(b.into_fd().unwrap(), u64::MAX, Spin::fixed(Duration::ZERO)).unwrap();
    let (mut slab, mut runs) = (vec![0; 64 * 1024], Runs::default());
    let mut reactor = Reactor::new().unwrap();
    let registry = reactor.registry().unwrap();
    a.send_bytes(b"early").unwrap();
    registry.watch(b.as_fd(), 7, false).unwrap();
    for message in [&b"early"[..], b"late", b"", b"later"] {
        if message != b"early" {
            a.send_bytes(message).unwrap();
        }
        loop {
            let mut tokens = Vec::new();
            reactor
                .poll(Deadline::Never, |readiness| {
                    tokens.push((readiness.token, readiness.readable))
                })
                .unwrap();
            assert!(tokens.iter().all(|token| *token == (7, true)), "{tokens:?}");
            match b.receive(&mut slab, &mut runs, Deadline::Now).unwrap() {
                Received::Nothing => {}
                Received::Bytes { .. } => break,
                Received::End => unreachable!("the other end is open"),
            }
        }
        assert_eq!(&slab[4..runs.end()], message);
        assert!(matches!(
            b.receive(&mut slab, &mut runs, Deadline::Now).unwrap(),
            Received::Nothing
        ));
    }
    drop(a);
    loop {
        reactor.poll(Deadline::Never, |_| ()).unwrap();
        if matches!(b.receive(&mut slab, &mut runs, Deadline::Now).unwrap(), Received::End) {
            break;
        }
    }
    registry.forget(b.as_fd()).unwrap();
}

#[test]
fn room_to_write_is_reported_when_the_peer_reads() {
    let (a, mut b) = carom::pipe().unwrap();
    let mut a = Channel::new(a.into_fd().unwrap(), u64::MAX, Spin::fixed(Duration::ZERO)).unwrap();
    let message = patterned(100_000, 5);
    let frame = [Header::new(100_000).as_bytes(), &message].concat();
    let mut taken = 0;
    let mut sent = 0;
    loop {
        let bytes = a.send(&frame[taken..], &[], Deadline::Now).unwrap();
        if bytes == 0 {
            break;
        }
        taken += bytes;
        if taken == frame.len() {
            (taken, sent) = (0, sent + 1);
        }
    }
    let mut reactor = Reactor::new().unwrap();
    reactor.registry().unwrap().watch(a.as_fd(), 1, true).unwrap();
    // The last byte of a message on its way is not taken before it has arrived.
    assert_eq!(taken, frame.len() - 1);
    for _ in 0..=sent {
        assert_eq!(b.recv_bytes().unwrap(), message);
    }
    let mut writable = false;
    while !writable {
        reactor
            .poll(Deadline::Never, |readiness| writable |= readiness.writable)
            .unwrap();
    }
    assert!(a.send(&frame[taken..], &[], Deadline::Now).unwrap() > 0);
}

#[test]
fn a_waker_ends_a_wait() {
    let mut reactor = Reactor::new().unwrap();
    let waker = reactor.waker().unwrap();
    let waking = thread::spawn(move || waker.wake().unwrap());
    assert!(reactor.poll(Deadline::Never, |_| ()).unwrap());
    waking.join().unwrap();
    assert!(
        !reactor
            .poll(Deadline::after(Some(Duration::from_millis(10))), |_| ())
            .unwrap()
    );
}

#[test]
fn clients_are_accepted_and_prove_that_they_know_the_key() {
    let authentication = Authentication::new(AuthKey::new(b"secret").unwrap());
    for address in [Address::Pipe(name("key")), Address::tcp("127.0.0.1", 0)] {
        let listener = Listener::bind(&address, Options::default()).unwrap();
        thread::scope(|scope| {
            scope.spawn(|| {
                for n in 0..20_u8 {
                    let mut server = listener
                        .accept_connection(Some(&authentication), Deadline::Never)
                        .unwrap();
                    server.send_bytes(&[n]).unwrap();
                    assert_eq!(server.recv_bytes().unwrap(), [n, n]);
                }
                let wrong = listener.accept_connection(Some(&authentication), Deadline::Never);
                assert!(matches!(wrong, Err(Error::Handshake(_))), "{wrong:?}");
            });
            for _ in 0..20 {
                let mut client = carom::connect(listener.address(), Some(&authentication), Deadline::Never).unwrap();
                let n = client.recv_bytes().unwrap()[0];
                client.send_bytes(&[n, n]).unwrap();
            }
            let wrong = Authentication::new(AuthKey::new(b"guessed").unwrap());
            let refused = carom::connect(listener.address(), Some(&wrong), Deadline::Never);
            assert!(matches!(refused, Err(Error::Handshake(_))), "{refused:?}");
        });
    }
}

#[test]
fn a_name_is_in_use_or_free() {
    let first = listener("in-use");
    match Listener::bind(first.address(), Options::default()) {
        Err(error) => assert!(
            error
                .to_string()
                .ends_with("somebody listens there already (EADDRINUSE)"),
            "{error}"
        ),
        // Wine 8 lets anybody add an instance to a pipe, whatever is asked for.
        Ok(_) => assert!(std::env::var_os("WINEPREFIX").is_some(), "two listen at one name"),
    }
    let address = first.address().clone();
    first.close().unwrap();
    let error = carom::connect(&address, None, Deadline::Never).unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("no such pipe (ENOENT); is the listener running?"),
        "{error}"
    );
    drop(Listener::bind(&address, Options::default()).unwrap());
}

#[test]
fn a_private_listener_is_reached_by_its_address() {
    let listener = Listener::bind_private(Options::default()).unwrap();
    assert!(listener.try_accept().unwrap().is_none());
    let mut client = carom::connect(listener.address(), None, Deadline::Never).unwrap();
    let mut server = listener.accept_connection(None, Deadline::Never).unwrap();
    client.send_bytes(b"hello").unwrap();
    assert_eq!(server.recv_bytes().unwrap(), b"hello");
}

#[test]
fn a_unix_socket_s_address_is_refused() {
    let error = Listener::bind(&Address::unix("/tmp/socket"), Options::default()).unwrap_err();
    assert!(error.to_string().contains("use a named pipe"), "{error}");
}

#[test]
fn pipes_and_sockets_are_waited_for_together() {
    let listener = Listener::bind(&Address::tcp("127.0.0.1", 0), Options::default()).unwrap();
    let mut client = carom::connect(listener.address(), None, Deadline::Never).unwrap();
    let mut server = listener.accept_connection(None, Deadline::Never).unwrap();
    let (mut a, mut b) = carom::pipe().unwrap();
    assert_eq!(
        carom::wait(&mut [&mut b, &mut server], Some(Duration::ZERO)).unwrap(),
        [0_usize; 0]
    );
    client.send_bytes(b"over TCP").unwrap();
    assert_eq!(carom::wait(&mut [&mut b, &mut server], None).unwrap(), [1]);
    assert_eq!(server.recv_bytes().unwrap(), b"over TCP");
    let sending = thread::spawn(move || {
        a.send_bytes(b"by a pipe").unwrap();
        a
    });
    assert_eq!(carom::wait(&mut [&mut b, &mut server], None).unwrap(), [0]);
    assert_eq!(b.recv_bytes().unwrap(), b"by a pipe");
    drop(sending.join().unwrap());
    assert_eq!(carom::wait(&mut [&mut b, &mut server], None).unwrap(), [0]);
    assert!(matches!(b.recv_bytes(), Err(Error::Eof)));
}

#[test]
fn the_ends_of_a_one_way_pipe_go_one_way() {
    let (mut receiver, mut sender) = carom::one_way_pipe().unwrap();
    sender.send_bytes(b"one way").unwrap();
    assert_eq!(receiver.recv_bytes().unwrap(), b"one way");
    assert!(matches!(receiver.send_bytes(b"back"), Err(Error::NotWritable)));
    assert!(matches!(sender.recv_bytes(), Err(Error::NotReadable)));
}

#[test]
fn a_receive_that_a_thread_has_begun_outlives_it() {
    // The end of a thread cancels its pending system calls.
    let (mut a, mut b) = carom::pipe().unwrap();
    let mut b = thread::spawn(move || {
        assert!(!b.poll(Some(Duration::ZERO)).unwrap());
        b
    })
    .join()
    .unwrap();
    a.send_bytes(b"read by another thread").unwrap();
    assert_eq!(b.recv_bytes().unwrap(), b"read by another thread");
}

#[test]
fn messages_that_a_thread_has_sent_outlive_it() {
    let (mut a, mut b) = carom::pipe().unwrap();
    let large = patterned(1_000_000, 3);
    let sent = large.clone();
    let mut a = thread::spawn(move || {
        assert!(a.try_send_bytes(&sent).unwrap());
        a
    })
    .join()
    .unwrap();
    let flushing = thread::spawn(move || a.flush());
    assert_eq!(b.recv_bytes().unwrap(), large);
    flushing.join().unwrap().unwrap();
}

#[test]
fn a_listener_that_a_thread_has_made_outlives_it() {
    let listener = thread::spawn(|| listener("thread")).join().unwrap();
    assert!(listener.try_accept().unwrap().is_none());
    thread::scope(|scope| {
        let accepting = scope.spawn(|| listener.accept_connection(None, Deadline::Never).unwrap());
        let mut client = carom::connect(listener.address(), None, Deadline::Never).unwrap();
        client.send_bytes(b"hello").unwrap();
        assert_eq!(accepting.join().unwrap().recv_bytes().unwrap(), b"hello");
    });
}

#[test]
fn flushed_messages_are_with_the_kernel() {
    let (mut a, _b) = carom::pipe().unwrap();
    assert!(a.try_send_bytes(&patterned(1_000_000, 3)).unwrap());
    // Nobody has read anything, and the system keeps less than that.
    assert!(!a.try_flush().unwrap());
}
