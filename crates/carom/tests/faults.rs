//! Every system call fails in turn, in every way in which it can: accepted messages arrive, a failed call reports it and works
//! when it is tried again, and no descriptor or file is left.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::env;
use std::fs::File;
use std::io::{self, IoSlice, Read, Write};
use std::os::fd::AsFd;
use std::sync::{Mutex, mpsc};
use std::time::Duration;

use carom::channel::Channel;
use carom::frame::{Runs, SLAB_MIN};
use carom::reactor::Reactor;
use carom::spin::Spin;
use carom::sys::{self, Deadline, Transport};
use carom::{Address, AuthKey, Authentication, Connection, Listener, Result, listener, wait};

mod fault;
mod peer;
mod scratch;

use fault::{LAST, alone, echo, survive};
use peer::{fifo, frame, payload};
use scratch::Scratch;

fn authentication() -> Authentication {
    Authentication::new(AuthKey::new(b"secret").unwrap()).timeout(Duration::MAX)
}

/// The messages that go through a connection, both ways: a long one doesn't fit into a Unix socket's buffers.
fn messages() -> [Vec<u8>; 4] {
    [b"one".to_vec(), Vec::new(), payload(230_000), LAST.to_vec()]
}

/// The messages of a listener's clients, one after the other.
fn clients() -> [Vec<Vec<u8>>; 2] {
    [messages().to_vec(), vec![LAST.to_vec()]]
}

/// Sends each message and gets it back.
fn converse(connection: &mut Connection, messages: &[Vec<u8>]) -> Result<()> {
    for message in messages {
        connection.send_bytes(message)?;
        assert!(connection.recv_bytes()? == *message, "another message came back");
    }
    Ok(())
}

/// A client whose calls fail. The server accepts until one has got through.
fn as_client(scratch: &Scratch, address: &Address) {
    survive(
        scratch,
        || Listener::bind(address, listener::Options::default()).unwrap(),
        |listener, trouble| {
            let authentication = authentication();
            let mut connection =
                trouble.retry(|| carom::connect(listener.address(), Some(&authentication), Deadline::Never));
            for message in messages() {
                trouble.retry(|| connection.send_bytes(&message));
                assert_eq!(trouble.retry(|| wait(&mut [&mut connection], None)), [0]);
                assert!(trouble.retry(|| connection.recv_bytes()) == message);
            }
        },
        |listener| {
            let authentication = authentication();
            while !listener
                .accept_connection(Some(&authentication), Deadline::Never)
                .and_then(|mut connection| echo(&mut connection))
                .unwrap_or(false)
            {}
        },
    );
}

/// A server whose calls fail. Two clients in a row try until they get through: it accepts after whatever has failed.
fn as_server(scratch: &Scratch, address: &Address) {
    survive(
        scratch,
        || {
            let (sender, receiver) = mpsc::channel();
            (Mutex::new(sender), Mutex::new(receiver))
        },
        |(listens, _), trouble| {
            let authentication = authentication();
            let listener = trouble.retry(|| Listener::bind(address, listener::Options::default()));
            listens.lock().unwrap().send(listener.address().clone()).unwrap();
            for messages in clients() {
                let mut connection =
                    trouble.retry(|| listener.accept_connection(Some(&authentication), Deadline::Never));
                for _ in messages {
                    let message = trouble.retry(|| connection.recv_bytes());
                    trouble.retry(|| connection.send_bytes(&message));
                }
            }
            trouble.close(listener);
        },
        |(_, listens)| {
            let authentication = authentication();
            let address = listens.lock().unwrap().recv().unwrap();
            for messages in clients() {
                while carom::connect(&address, Some(&authentication), Deadline::Never)
                    .and_then(|mut connection| converse(&mut connection, &messages))
                    .is_err()
                {}
            }
        },
    );
}

#[test]
fn a_client_of_a_unix_socket_survives_every_fault() {
    let _alone = alone();
    let scratch = Scratch::new("client");
    as_client(&scratch, &scratch.address("socket"));
}

#[test]
fn a_client_of_a_tcp_socket_survives_every_fault() {
    let _alone = alone();
    as_client(&Scratch::new("tcp-client"), &Address::tcp("127.0.0.1", 0));
}

#[test]
fn a_listener_on_a_unix_socket_survives_every_fault_and_accepts_after_it() {
    let _alone = alone();
    let scratch = Scratch::new("server");
    as_server(&scratch, &scratch.address("socket"));
}

#[test]
fn a_listener_on_a_tcp_socket_survives_every_fault_and_accepts_after_it() {
    let _alone = alone();
    as_server(&Scratch::new("tcp-server"), &Address::tcp("127.0.0.1", 0));
}

#[test]
fn a_private_address_leaves_nothing_behind_whatever_fails() {
    let _alone = alone();
    let scratch = Scratch::new("private");
    let usual = env::temp_dir();
    // SAFETY: nothing here reads the environment but by the standard library, which locks it.
    unsafe { env::set_var("TMPDIR", scratch.path("")) };
    survive(
        &scratch,
        || (),
        |(), trouble| {
            let listener = trouble.retry(|| Listener::bind_private(listener::Options::default()));
            trouble.close(listener);
        },
        |()| (),
    );
    // SAFETY: as above.
    unsafe { env::set_var("TMPDIR", usual) };
}

#[test]
fn calls_that_do_not_wait_survive_every_fault() {
    let _alone = alone();
    survive(
        &Scratch::new("pipes"),
        || (),
        |(), trouble| {
            let (mut a, mut b) = trouble.retry(carom::pipe);
            let (mut receiver, mut sender) = trouble.retry(carom::one_way_pipe);
            for length in [3, 5000, 0] {
                let message = payload(length);
                while !trouble.retry(|| a.try_send_bytes(&message)) {}
                while !trouble.retry(|| sender.try_send_bytes(&message)) {}
                while !(trouble.retry(|| a.try_flush()) && trouble.retry(|| sender.try_flush())) {}
                while !trouble.retry(|| b.poll(Some(Duration::ZERO))) {}
                while trouble
                    .retry(|| wait(&mut [&mut receiver], Some(Duration::ZERO)))
                    .is_empty()
                {}
                assert_eq!(until_some(|| trouble.retry(|| b.try_recv_bytes())), message);
                assert_eq!(until_some(|| trouble.retry(|| receiver.try_recv_bytes())), message);
            }
            assert_eq!(
                trouble.retry(|| Ok(a.peer_credentials()?)).uid,
                rustix::process::geteuid().as_raw()
            );
        },
        |()| (),
    );
}

/// A message may show late: the fault may be that nothing was there.
fn until_some<T>(mut attempt: impl FnMut() -> Option<T>) -> T {
    loop {
        if let Some(value) = attempt() {
            return value;
        }
    }
}

#[test]
fn a_fifo_survives_every_fault() {
    let _alone = alone();
    survive(
        &Scratch::new("fifo"),
        || Mutex::new(fifo()),
        |ends, trouble| {
            trouble.in_parts = true;
            let (receiver, sender) = &mut *ends.lock().unwrap();
            for message in [&b"one"[..], b"", &payload(9000)] {
                trouble.retry(|| sender.send_bytes(message));
                assert_eq!(trouble.retry(|| wait(&mut [receiver], None)), [0]);
                assert_eq!(trouble.retry(|| receiver.recv_bytes()), message);
            }
        },
        |_| (),
    );
}

#[test]
fn descriptors_that_are_passed_survive_every_fault() {
    let _alone = alone();
    survive(
        &Scratch::new("descriptors"),
        || {
            let (sender, receiver) = mpsc::channel();
            (Mutex::new(sender), Mutex::new(receiver))
        },
        |(passed, _), trouble| {
            let mut channel = || -> Result<_> {
                let (a, b) = sys::pair(false)?;
                let mut receiver = Channel::new(b, u64::MAX, Spin::fixed(Duration::ZERO))?;
                receiver.accept_descriptors()?;
                Ok((a, receiver, io::pipe()?))
            };
            let (sender, mut receiver, (reader, writer)) = trouble.retry(&mut channel);
            let message = frame(b"a pipe's end");
            let mut sent = trouble.retry(|| {
                let slices = [IoSlice::new(&message)];
                Ok(sys::send_with_fds(
                    sender.as_fd(),
                    &slices,
                    &[writer.as_fd()],
                    Deadline::Never,
                )?)
            });
            while sent < message.len() {
                let rest = &mut [IoSlice::new(&message[sent..])];
                sent += trouble.retry(|| Ok(sys::send(sender.as_fd(), Transport::Socket, rest, Deadline::Never)?));
            }
            let (mut slab, mut runs) = (vec![0; SLAB_MIN], Runs::default());
            while runs.ends().is_empty() {
                trouble.retry(|| receiver.receive(&mut slab, &mut runs, Deadline::Never));
            }
            assert_eq!(&slab[..runs.end()], message);
            let mut fds = receiver.take_descriptors(0).take();
            assert!(fds.len() == 1 && !receiver.has_descriptors());
            passed.lock().unwrap().send((reader, fds.remove(0))).unwrap();
        },
        |(_, passed)| {
            let (mut reader, writer) = passed.lock().unwrap().recv().unwrap();
            File::from(writer).write_all(b"through").unwrap();
            let mut text = [0; 7];
            reader.read_exact(&mut text).unwrap();
            assert_eq!(&text, b"through");
        },
    );
}

#[test]
fn unrequested_descriptors_are_closed_whatever_fails() {
    let _alone = alone();
    survive(
        &Scratch::new("unwanted"),
        || {
            let (sender, receiver) = mpsc::channel();
            (Mutex::new(sender), Mutex::new(receiver))
        },
        |(sockets, _), trouble| {
            let (ours, theirs) = trouble.retry(|| Ok(sys::pair(false)?));
            sockets.lock().unwrap().send(theirs).unwrap();
            let mut channel = trouble.retry(|| Channel::new(ours.try_clone()?, u64::MAX, Spin::fixed(Duration::ZERO)));
            trouble.retry(|| Ok(channel.accept_descriptors()?));
            drop(ours);
            let (mut slab, mut runs) = (vec![0; SLAB_MIN], Runs::default());
            while channel.decoder().messages() < 2 {
                trouble.retry(|| channel.receive(&mut slab, &mut runs, Deadline::Never));
            }
            // The call for the second message's descriptors closes those of the first.
            assert!(channel.take_descriptors(1).is_empty());
            drop(channel);
        },
        |(_, sockets)| {
            let socket = sockets.lock().unwrap().recv().unwrap();
            let (mut reader, writer) = io::pipe().unwrap();
            for (message, fds) in [(frame(b"one"), &[writer.as_fd()][..]), (frame(b"two"), &[])] {
                sys::send_with_fds(socket.as_fd(), &[IoSlice::new(&message)], fds, Deadline::Never).unwrap();
            }
            drop(writer);
            assert_eq!(reader.read(&mut [0]).unwrap(), 0, "it was closed");
        },
    );
}

#[test]
fn a_reactor_survives_every_fault() {
    let _alone = alone();
    survive(
        &Scratch::new("reactor"),
        || (),
        |(), trouble| {
            let (mut a, b) = trouble.retry(carom::pipe);
            let mut reactor = trouble.retry(|| Ok(Reactor::new()?));
            let registry = trouble.retry(|| Ok(reactor.registry()?));
            trouble.retry(|| Ok(registry.watch(b.as_fd(), 1, false)?));
            trouble.retry(|| a.send_bytes(b"ping"));
            for _ in 0..2 {
                let mut tokens = Vec::new();
                let woken = trouble.retry(|| Ok(reactor.poll(Deadline::Never, |ready| tokens.push(ready.token))?));
                assert!(!woken && tokens == [1], "{tokens:?}");
                trouble.retry(|| Ok(registry.rearm(b.as_fd(), 1, false)?));
            }
            trouble.retry(|| Ok(registry.forget(b.as_fd())?));
        },
        |()| (),
    );
}
