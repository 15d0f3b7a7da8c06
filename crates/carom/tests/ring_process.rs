//! A peer over shared memory that is another process, and dies when it likes.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::io::ErrorKind;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use carom::channel::Channel;
use carom::frame::FrameError;
use carom::ring::{RING_MIN, RingRole, pair};
use carom::spin::Spin;
use carom::sys::{AsFd, Deadline, OwnedFd};
use carom::{Connection, Error};

mod peer;

use peer::payload;

/// One test at a time: a child has copies of every descriptor, and would keep the ends of other tests open.
static ALONE: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

const ROLE: RingRole = RingRole::Expecting(RING_MIN);

fn over(fd: OwnedFd, spin: Duration) -> Connection {
    Connection::with_ring(fd, ROLE, u64::MAX, Spin::fixed(spin)).unwrap()
}

/// A child process.
struct Child(i32);

impl Child {
    /// Has a child live its life with one end of a pair. Returns it with the other end.
    fn start(spin: Duration, life: impl FnOnce(Connection)) -> (Self, Connection) {
        let (ours, theirs) = pair(RING_MIN).unwrap();
        let mut ends = Some((ours, theirs));
        let child = Self::fork(|| {
            let (_, theirs) = ends.take().unwrap();
            life(over(theirs, spin));
        });
        let (ours, _) = ends.take().unwrap();
        (child, over(ours, Duration::ZERO))
    }

    fn fork(life: impl FnOnce()) -> Self {
        // SAFETY: the C library's allocator can be used in the child, which takes no lock that another thread may have.
        match unsafe { libc::fork() } {
            0 => {
                life();
                // SAFETY: the process ends without running anything else of the test's.
                unsafe { libc::_exit(0) }
            }
            pid => {
                assert!(pid > 0);
                Self(pid)
            }
        }
    }

    /// Waits for its death.
    fn join(&self) {
        // SAFETY: a child of ours.
        assert_eq!(unsafe { libc::waitpid(self.0, std::ptr::null_mut(), 0) }, self.0);
    }

    fn kill(&self) {
        // SAFETY: a child of ours.
        assert_eq!(unsafe { libc::kill(self.0, libc::SIGKILL) }, 0);
        self.join();
    }
}

/// Dies here and now.
fn die() {
    // SAFETY: concerns this process alone.
    unsafe { libc::kill(libc::getpid(), libc::SIGKILL) };
}

fn is_broken_pipe<T>(result: &Result<T, Error>) -> bool {
    matches!(result, Err(Error::Io(error)) if error.kind() == ErrorKind::BrokenPipe)
}

#[test]
fn what_a_killed_peer_has_sent_arrives_and_then_the_end() {
    let _alone = alone();
    let (child, mut connection) = Child::start(Duration::ZERO, |mut connection| {
        for message in [&b"one"[..], b"", b"three"] {
            connection.send_bytes(message).unwrap();
        }
        die();
    });
    child.join();
    assert!(is_broken_pipe(&connection.send_bytes(b"nobody")));
    for message in [&b"one"[..], b"", b"three"] {
        assert_eq!(connection.recv_bytes().unwrap(), message);
    }
    // The message that it has not read, said once as a socket does; the end follows.
    if let Err(Error::Io(error)) = connection.recv_bytes() {
        assert_eq!(error.raw_os_error(), Some(libc::ECONNRESET));
    }
    assert!(matches!(connection.recv_bytes(), Err(Error::Eof)));
}

#[test]
fn a_peer_that_is_killed_inside_a_message_is_no_clean_end() {
    let _alone = alone();
    let (child, mut connection) = Child::start(Duration::ZERO, |mut connection| {
        connection.try_send_bytes(&payload(2 * RING_MIN)).unwrap();
        die();
    });
    child.join();
    assert!(connection.poll(None).unwrap());
    assert!(matches!(
        connection.recv_bytes(),
        Err(Error::Frame(FrameError::Truncated))
    ));
}

#[test]
fn a_receiver_that_sleeps_learns_that_its_peer_was_killed() {
    let _alone = alone();
    let (child, mut connection) = Child::start(Duration::ZERO, |mut connection| {
        connection.send_bytes(b"here").unwrap();
        drop(connection.recv_bytes());
    });
    assert_eq!(connection.recv_bytes().unwrap(), b"here");
    let killer = std::thread::spawn(move || child.kill());
    assert!(matches!(connection.recv_bytes(), Err(Error::Eof)));
    killer.join().unwrap();
}

#[test]
fn a_sender_that_waits_for_room_learns_that_its_peer_was_killed() {
    let _alone = alone();
    let (child, mut connection) = Child::start(Duration::from_secs(600), |mut connection| {
        connection.recv_bytes().unwrap();
        // It is awake, and takes nothing more.
        loop {
            std::hint::spin_loop();
        }
    });
    connection.send_bytes(b"one").unwrap();
    // More than it takes with the first message, and the ring.
    while !connection.try_send_bytes(&payload(4 * RING_MIN)).unwrap() {}
    let killer = std::thread::spawn(move || child.kill());
    assert!(is_broken_pipe(&connection.flush()));
    killer.join().unwrap();
}

#[test]
fn a_sender_learns_within_a_few_messages_that_a_peer_was_killed_while_awake() {
    let _alone = alone();
    let (child, mut connection) = Child::start(Duration::from_secs(600), |mut connection| {
        connection.recv_bytes().unwrap();
        connection.send_bytes(b"awake").unwrap();
        loop {
            std::hint::spin_loop();
        }
    });
    connection.send_bytes(b"begin").unwrap();
    assert_eq!(connection.recv_bytes().unwrap(), b"awake");
    child.kill();
    let accepted = (0..200).take_while(|_| connection.send_bytes(b"x").is_ok()).count();
    assert!(accepted <= 128, "{accepted} messages were accepted for nobody");
    assert!(is_broken_pipe(&connection.send_bytes(b"x")));
}

#[test]
fn two_processes_that_sleep_and_wake_at_any_moment_lose_nothing() {
    let _alone = alone();
    let life = |mut connection: Connection, seed: u64, sends: bool| {
        let mut dice = seed;
        for round in 0..2000 {
            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let length = (dice >> 40) as usize % if dice >> 62 == 0 { 3 * RING_MIN } else { 200 };
            for _ in 0..(dice >> 33) % 400 {
                std::hint::spin_loop();
            }
            if sends == (round % 3 != 0) {
                connection.send_bytes(&payload(length)).unwrap();
            } else {
                assert_eq!(connection.recv_bytes().unwrap().len(), length);
            }
        }
    };
    // The dice are the same at both ends, and so are the lengths.
    let (child, connection) = Child::start(Duration::from_micros(3), |connection| life(connection, 7, false));
    life(connection, 7, true);
    child.join();
}

#[test]
fn another_process_goes_on_with_a_ring() {
    let _alone = alone();
    let (ours, theirs) = pair(RING_MIN).unwrap();
    let mut channel = Channel::new(ours, u64::MAX, Spin::fixed(Duration::ZERO)).unwrap();
    assert!(channel.ring_parts().is_none(), "it has not begun");
    channel.use_ring(ROLE).unwrap();
    let mut peer = over(theirs, Duration::ZERO);
    for round in 0..1000 {
        peer.send_bytes(&payload(round)).unwrap();
        let (mut slab, mut runs) = (vec![0; carom::frame::SLAB_MIN], carom::frame::Runs::default());
        channel.receive(&mut slab, &mut runs, Deadline::Never).unwrap();
        assert_eq!(
            channel.send(&slab[..runs.end()], &[], Deadline::Never).unwrap(),
            runs.end()
        );
        assert!(peer.recv_bytes().unwrap() == payload(round));
    }
    peer.send_bytes(b"for the other process").unwrap();
    let socket = channel.as_fd().try_clone_to_owned().unwrap();
    let parts = channel.ring_parts().unwrap();
    let (memory, side) = (parts.memory.try_clone_to_owned().unwrap(), parts.side);
    let mut handed = Some((channel, socket, memory, peer));
    let child = Child::fork(|| {
        let (channel, socket, memory, peer) = handed.take().unwrap();
        drop((channel, peer));
        let mut channel = Channel::new(socket, u64::MAX, Spin::fixed(Duration::ZERO)).unwrap();
        channel.resume_ring(memory, side, RING_MIN).unwrap();
        for _ in 0..100 {
            let (mut slab, mut runs) = (vec![0; carom::frame::SLAB_MIN], carom::frame::Runs::default());
            channel.receive(&mut slab, &mut runs, Deadline::Never).unwrap();
            channel.send(&slab[..runs.end()], &[], Deadline::Never).unwrap();
        }
    });
    let (_, _, _, mut peer) = handed.take().unwrap();
    assert_eq!(peer.recv_bytes().unwrap(), b"for the other process");
    for round in 0..99 {
        peer.send_bytes(&payload(round)).unwrap();
        assert!(peer.recv_bytes().unwrap() == payload(round));
    }
    assert!(matches!(peer.recv_bytes(), Err(Error::Eof)));
    child.join();
}
