//! Every system call of a connection over shared memory fails in turn: what was accepted arrives, nobody sleeps for ever, and no
//! descriptor is left.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Mutex, mpsc};
use std::time::Duration;

use carom::channel::Channel;
use carom::frame::{Runs, SLAB_MIN};
use carom::ring::{RING_MIN, RingRole, pair};
use carom::spin::Spin;
use carom::sys::{self, Deadline};
use carom::{AuthKey, Authentication, Connection, Listener, Result, listener, wait};

mod fault;
mod peer;
mod scratch;

use fault::{LAST, alone, echo, survive};
use peer::{frame, payload};
use scratch::Scratch;

/// The messages that go through a connection, both ways: a long one doesn't fit into the ring.
fn messages() -> [Vec<u8>; 4] {
    [b"one".to_vec(), Vec::new(), payload(5 * RING_MIN), LAST.to_vec()]
}

fn over(fd: &OwnedFd, role: RingRole) -> Result<Connection> {
    Connection::with_ring(fd.try_clone()?, role, u64::MAX, Spin::fixed(Duration::ZERO))
}

/// One end of a pair whose calls fail, in a role, and the other end in another.
fn as_end(name: &str, pair: impl Fn() -> Result<(OwnedFd, OwnedFd)>, ours: RingRole, theirs: RingRole) {
    survive(
        &Scratch::new(name),
        || {
            let (a, b) = pair().unwrap();
            (a, Mutex::new(Some(over(&b, theirs).unwrap())))
        },
        |(socket, _), trouble| {
            trouble.over_ring = true;
            let mut connection = trouble.retry(|| over(socket, ours));
            for message in messages() {
                trouble.retry(|| connection.send_bytes(&message));
                assert_eq!(trouble.retry(|| wait(&mut [&mut connection], None)), [0]);
                assert!(trouble.retry(|| connection.recv_bytes()) == message);
            }
        },
        |(_, end)| assert!(echo(&mut end.lock().unwrap().take().unwrap()).unwrap()),
    );
}

#[test]
fn an_end_of_a_pipe_survives_every_fault() {
    let _alone = alone();
    let role = RingRole::Expecting(RING_MIN);
    as_end("ring-pipe", || pair(RING_MIN), role, role);
}

#[test]
fn an_end_that_expects_the_memory_survives_every_fault() {
    let _alone = alone();
    let (ours, theirs) = (RingRole::Expecting(RING_MIN), RingRole::Offering(RING_MIN));
    as_end("ring-expecting", || Ok(sys::pair(false)?), ours, theirs);
}

#[test]
fn calls_that_do_not_wait_survive_every_fault() {
    let _alone = alone();
    survive(
        &Scratch::new("ring-now"),
        || (),
        |(), trouble| {
            trouble.over_ring = true;
            let (a, b) = trouble.retry(|| Ok(sys::pair(false)?));
            let mut a = trouble.retry(|| over(&a, RingRole::Offering(RING_MIN)));
            let mut b = trouble.retry(|| over(&b, RingRole::Expecting(RING_MIN)));
            for length in [3, 2 * RING_MIN, 0] {
                let message = payload(length);
                while !trouble.retry(|| a.try_send_bytes(&message)) {}
                let received = loop {
                    trouble.retry(|| a.try_flush());
                    while !trouble.retry(|| b.poll(Some(Duration::ZERO))) {
                        trouble.retry(|| a.try_flush());
                    }
                    if let Some(message) = trouble.retry(|| b.try_recv_bytes()) {
                        break message;
                    }
                };
                assert!(received == message);
            }
        },
        |()| (),
    );
}

#[test]
fn a_client_survives_every_fault() {
    let _alone = alone();
    let scratch = Scratch::new("ring-client");
    let authentication = Authentication::new(AuthKey::new(b"secret").unwrap()).timeout(Duration::MAX);
    survive(
        &scratch,
        || Listener::bind(&scratch.address("socket"), listener::Options::default()).unwrap(),
        |listener, trouble| {
            trouble.over_ring = true;
            let key = Some(&authentication);
            let address = listener.address();
            let mut connection =
                trouble.retry(|| carom::connect_over_shared_memory(address, key, RING_MIN, Deadline::Never));
            for message in messages() {
                trouble.retry(|| connection.send_bytes(&message));
                assert!(trouble.retry(|| connection.recv_bytes()) == message);
            }
        },
        |listener| {
            while !listener
                .accept_over_shared_memory(Some(&authentication), RING_MIN, Deadline::Never)
                .and_then(|mut connection| echo(&mut connection))
                .unwrap_or(false)
            {}
        },
    );
}

#[test]
fn descriptors_that_are_passed_survive_every_fault() {
    let _alone = alone();
    survive(
        &Scratch::new("ring-descriptors"),
        || {
            let (sender, receiver) = mpsc::channel();
            (Mutex::new(sender), Mutex::new(receiver))
        },
        |(passed, _), trouble| {
            trouble.over_ring = true;
            let (a, b) = trouble.retry(|| pair(RING_MIN));
            let channel = |end: &OwnedFd| -> Result<_> {
                let mut channel = Channel::new(end.try_clone()?, u64::MAX, Spin::fixed(Duration::ZERO))?;
                channel.use_ring(RingRole::Expecting(RING_MIN))?;
                channel.accept_descriptors()?;
                Ok(channel)
            };
            let mut sender = trouble.retry(|| channel(&a));
            let mut receiver = trouble.retry(|| channel(&b));
            let (reader, writer) = trouble.retry(|| Ok(io::pipe()?));
            let message = frame(b"a pipe's end");
            let mut taken = Vec::new();
            for number in 0..2 {
                let sent = trouble.retry(|| {
                    loop {
                        let sent = sender.send_with_fds(&message, &[writer.as_fd()], Deadline::Never)?;
                        if sent > 0 {
                            return Ok(sent);
                        }
                    }
                });
                assert_eq!(sent, message.len());
                let (mut slab, mut runs) = (vec![0; SLAB_MIN], Runs::default());
                while receiver.decoder().messages() == number {
                    trouble.retry(|| receiver.receive(&mut slab, &mut runs, Deadline::Never));
                }
                taken.extend(receiver.take_descriptors(number).take());
                assert!(taken.len() as u64 == number + 1 && !receiver.has_descriptors());
            }
            passed.lock().unwrap().send((reader, taken)).unwrap();
        },
        |(_, passed)| {
            let (mut reader, writers) = passed.lock().unwrap().recv().unwrap();
            for writer in writers {
                File::from(writer).write_all(b"through").unwrap();
            }
            let mut text = [0; 14];
            reader.read_exact(&mut text).unwrap();
            assert_eq!(&text, b"throughthrough");
        },
    );
}
