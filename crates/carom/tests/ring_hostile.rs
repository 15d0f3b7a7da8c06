//! A peer over shared memory that keeps no rule: the worst that comes of it is an error on that connection.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::fs::{File, OpenOptions};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use carom::channel::Channel;
use carom::frame::FrameError;
use carom::ring::{RING_MIN, RingError, RingFault, RingRole};
use carom::spin::Spin;
use carom::{Connection, Error};

mod peer;
mod ring_peer;

use peer::{frame, payload};
use ring_peer::{OFFER, RingPeer, SEALS, memfd};

const EXPECTING: RingRole = RingRole::Expecting(4 * RING_MIN);

fn expecting(socket: UnixStream) -> Connection {
    Connection::with_ring(socket.into(), EXPECTING, u64::MAX, Spin::fixed(Duration::ZERO)).unwrap()
}

fn pair() -> (Connection, RingPeer) {
    let (ours, theirs) = UnixStream::pair().unwrap();
    (expecting(ours), RingPeer::offer(theirs, RING_MIN))
}

/// Offers `fd` with these bytes, and returns what the receiver says, of a receive and of a send.
fn refused(offer: &[u8], fds: &[&OwnedFd]) -> Error {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let mut connection = expecting(ours);
    let fds: Vec<_> = fds.iter().map(|fd| fd.as_fd()).collect();
    carom::sys::send_with_fds(
        theirs.as_fd(),
        &[std::io::IoSlice::new(offer)],
        &fds,
        carom::sys::Deadline::Never,
    )
    .unwrap();
    let error = connection.recv_bytes().unwrap_err();
    assert_eq!(connection.send_bytes(b"x").unwrap_err().to_string(), error.to_string());
    error
}

fn size(ring: usize) -> usize {
    4096 + 2 * ring
}

#[test]
fn a_peer_that_follows_the_documentation_is_understood() {
    let (mut connection, mut peer) = pair();
    for round in 0..200 {
        let message = payload(round * 7);
        peer.write(&frame(&message));
        assert!(connection.recv_bytes().unwrap() == message);
        connection.send_bytes(&message).unwrap();
        assert!(peer.read(usize::MAX) == frame(&message));
    }
}

#[test]
fn memory_that_could_be_taken_away_is_refused() {
    for seals in [
        0,
        libc::F_SEAL_SHRINK | libc::F_SEAL_GROW,
        libc::F_SEAL_GROW | libc::F_SEAL_SEAL,
    ] {
        let error = refused(&OFFER, &[&memfd(size(RING_MIN), seals, 0)]);
        assert!(
            matches!(error, Error::Ring(RingError::Peer(RingFault::NotSealed))),
            "{error}"
        );
    }
    let file = File::open("/proc/self/exe").unwrap().into();
    assert!(matches!(
        refused(&OFFER, &[&file]),
        Error::Ring(RingError::Peer(RingFault::NotSealed))
    ));
}

#[test]
fn memory_of_huge_pages_is_refused() {
    // 2 MiB a page; the memory is only promised, so that none has to be free.
    let fd = memfd(2 << 20, SEALS, libc::MFD_HUGETLB);
    assert!(matches!(
        refused(&OFFER, &[&fd]),
        Error::Ring(RingError::Peer(RingFault::NotSealed))
    ));
}

#[test]
fn memory_that_is_sealed_against_writing_is_refused() {
    for seal in [libc::F_SEAL_WRITE, libc::F_SEAL_FUTURE_WRITE] {
        let error = refused(&OFFER, &[&memfd(size(RING_MIN), SEALS | seal, 0)]);
        assert!(
            matches!(error, Error::Ring(RingError::Peer(RingFault::NotWritable))),
            "{error}"
        );
    }
}

#[test]
fn memory_that_was_opened_for_less_than_reading_and_writing_is_refused() {
    let memory = memfd(size(RING_MIN), SEALS, 0);
    let path = format!("/proc/self/fd/{}", memory.as_raw_fd());
    for (reads, writes) in [(true, false), (false, true)] {
        let opened = OpenOptions::new().read(reads).write(writes).open(&path).unwrap();
        let error = refused(&OFFER, &[&opened.into()]);
        assert!(
            matches!(error, Error::Ring(RingError::Peer(RingFault::NotWritable))),
            "{error}"
        );
    }
}

#[test]
fn a_descriptor_that_only_names_memory_is_refused() {
    let memory = memfd(size(RING_MIN), SEALS, 0);
    let path = format!("/proc/self/fd/{}", memory.as_raw_fd());
    let named = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_PATH)
        .open(path)
        .unwrap();
    assert!(matches!(
        refused(&OFFER, &[&named.into()]),
        Error::Ring(RingError::Peer(RingFault::NotSealed))
    ));
}

#[test]
fn what_is_no_file_is_refused() {
    let (socket, _peer) = UnixStream::pair().unwrap();
    let directory = File::open("/").unwrap();
    let (pipe, _writer) = std::io::pipe().unwrap();
    for other in [OwnedFd::from(socket), directory.into(), pipe.into()] {
        let error = refused(&OFFER, &[&other]);
        assert!(
            matches!(error, Error::Ring(RingError::Peer(RingFault::NotSealed))),
            "{error}"
        );
    }
}

#[test]
fn memory_of_no_rings_size_is_refused() {
    for length in [
        0,
        1,
        4096,
        size(RING_MIN) - 1,
        size(RING_MIN) + 1,
        size(RING_MIN / 2),
        size(3 * RING_MIN),
    ] {
        let error = refused(&OFFER, &[&memfd(length, SEALS, 0)]);
        assert!(
            matches!(error, Error::Ring(RingError::Peer(RingFault::Size { .. }))),
            "{length}: {error}"
        );
    }
    let error = refused(&OFFER, &[&memfd(size(8 * RING_MIN), SEALS, 0)]);
    assert_eq!(
        error.to_string(),
        "the peer offered a ring of 32768 bytes each way, the limit is 16384"
    );
}

#[test]
fn an_offer_comes_with_one_descriptor() {
    let fd = memfd(size(RING_MIN), SEALS, 0);
    for fds in [&[][..], &[&fd, &fd]] {
        let error = refused(&OFFER, fds);
        assert!(
            matches!(error, Error::Ring(RingError::Peer(RingFault::OfferDescriptors { .. }))),
            "{error}"
        );
    }
}

#[test]
fn an_offer_of_another_version_is_refused() {
    let mut offer = OFFER;
    offer[9] = 2;
    let error = refused(&offer, &[&memfd(size(RING_MIN), SEALS, 0)]);
    assert!(
        matches!(error, Error::Ring(RingError::Peer(RingFault::OfferForm))),
        "{error}"
    );
}

#[test]
fn an_ordinary_message_in_place_of_the_offer_says_what_to_do() {
    let error = refused(&frame(b"hello"), &[]);
    assert!(matches!(error, Error::Ring(RingError::Peer(RingFault::NoOffer))));
    assert!(
        error.to_string().contains("have both ends use shared memory"),
        "{error}"
    );
}

#[test]
fn an_end_that_expects_none_refuses_an_offer_and_says_what_to_do() {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let mut plain = Connection::new(ours.into()).unwrap();
    let Ok(_peer) = Connection::with_ring(
        theirs.into(),
        RingRole::Offering(RING_MIN),
        u64::MAX,
        Spin::fixed(Duration::ZERO),
    ) else {
        // The kernel refuses descriptors at their sender, who was told.
        return;
    };
    let error = plain.recv_bytes().unwrap_err();
    assert!(matches!(
        error,
        Error::Frame(FrameError::MalformedLength { length: -2 })
    ));
    assert!(error.to_string().contains("the peer offers shared memory"), "{error}");
}

#[test]
fn an_offer_may_come_byte_by_byte_and_an_end_inside_it_is_no_clean_one() {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let mut connection = expecting(ours);
    let peer = RingPeer::offer(UnixStream::pair().unwrap().0, RING_MIN);
    let fd = memfd(size(RING_MIN), SEALS, 0);
    for (index, byte) in OFFER.iter().enumerate() {
        assert_eq!(connection.try_recv_bytes().unwrap(), None);
        let fds = [fd.as_fd()];
        let fds = if index == 0 { &fds[..] } else { &[] };
        carom::sys::send_with_fds(
            theirs.as_fd(),
            &[std::io::IoSlice::new(&[*byte])],
            fds,
            carom::sys::Deadline::Never,
        )
        .unwrap();
    }
    assert!(!connection.poll(Some(Duration::ZERO)).unwrap());
    connection.send_bytes(b"accepted").unwrap();
    drop(peer);

    let (ours, theirs) = UnixStream::pair().unwrap();
    let mut connection = expecting(ours);
    std::io::Write::write_all(&mut &theirs, &OFFER[..5]).unwrap();
    drop(theirs);
    assert!(matches!(
        connection.recv_bytes(),
        Err(Error::Frame(FrameError::Truncated))
    ));
}

#[test]
fn a_peer_that_goes_before_its_offer_is_an_end() {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let mut connection = expecting(ours);
    drop(theirs);
    assert!(matches!(connection.recv_bytes(), Err(Error::Eof)));
    let Err(Error::Io(error)) = connection.send_bytes(b"x") else {
        panic!("accepted")
    };
    assert_eq!(error.raw_os_error(), Some(libc::EPIPE));
}

#[test]
fn a_position_that_can_not_be_is_a_fault_and_stays_one() {
    // Our ring's tail is a word of its second block; the head of the peer's is the first word.
    for (word, value) in [(0, RING_MIN as u64 + 1), (0, u64::MAX), (0, 1 << 63)] {
        let (mut connection, peer) = pair();
        assert_eq!(connection.try_recv_bytes().unwrap(), None);
        peer.scribble(word, value);
        for _ in 0..2 {
            let error = connection.recv_bytes().unwrap_err();
            assert!(
                matches!(error, Error::Ring(RingError::Peer(RingFault::Position))),
                "{error}"
            );
        }
        assert!(connection.send_bytes(b"x").is_err());
    }
}

#[test]
fn a_position_that_goes_back_is_a_fault() {
    let (mut connection, mut peer) = pair();
    peer.write(&frame(b"one"));
    assert_eq!(connection.recv_bytes().unwrap(), b"one");
    peer.scribble(0, 3);
    assert!(matches!(
        connection.recv_bytes(),
        Err(Error::Ring(RingError::Peer(RingFault::Position)))
    ));
}

#[test]
fn room_that_can_not_be_is_a_fault() {
    let (mut connection, peer) = pair();
    peer.scribble((512 + 128) / 8, 1 << 40);
    while connection.try_send_bytes(&payload(1000)).is_ok() {}
    assert!(matches!(
        connection.send_bytes(b"x"),
        Err(Error::Ring(RingError::Peer(RingFault::Position)))
    ));
}

#[test]
fn what_does_not_belong_on_the_socket_is_a_fault() {
    for bytes in [&b"\0"[..], b"\x01\x03", b"\x02\0\0\0\0\0\0\0\x05\x02\0\0\0\0\0\0\0\x05"] {
        let (mut connection, peer) = pair();
        assert_eq!(connection.try_recv_bytes().unwrap(), None);
        peer.signal(bytes);
        let error = connection.try_recv_bytes().unwrap_err();
        assert!(
            matches!(error, Error::Ring(RingError::Peer(RingFault::Signal))),
            "{error}"
        );
    }
}

#[test]
fn a_peer_that_announces_descriptors_that_never_come_delays_nothing() {
    let (mut connection, mut peer) = pair();
    peer.scribble(1, 1 << 40);
    for _ in 0..3 {
        peer.write(&frame(b"message"));
        assert_eq!(connection.recv_bytes().unwrap(), b"message");
    }
}

#[test]
fn only_a_few_descriptors_are_held_however_many_come() {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let mut channel = Channel::new(ours.into(), u64::MAX, Spin::fixed(Duration::ZERO)).unwrap();
    channel.use_ring(EXPECTING).unwrap();
    channel.accept_descriptors().unwrap();
    let mut peer = RingPeer::offer(theirs, RING_MIN);
    let (reader, writer) = std::io::pipe().unwrap();
    for _ in 0..20 {
        peer.send_fds(&[writer.as_fd(); 10]).unwrap();
        peer.write(&frame(b"x"));
    }
    drop(writer);
    let count = || {
        std::fs::read_dir("/proc/self/fd")
            .unwrap()
            .flatten()
            .filter(|entry| {
                std::fs::read_link(entry.path()).is_ok_and(|target| {
                    std::fs::read_link(format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&reader)))
                        .is_ok_and(|own| own == target)
                })
            })
            .count()
    };
    let (mut slab, mut runs) = (vec![0; carom::frame::SLAB_MIN], carom::frame::Runs::default());
    for message in 0..20 {
        while channel.decoder().messages() == message {
            channel
                .receive(&mut slab, &mut runs, carom::sys::Deadline::Never)
                .unwrap();
        }
        assert!(count() <= 1 + 4 * 10, "{} of the pipe's ends are open", count());
        assert_eq!(channel.take_descriptors(message).take().len(), 10);
    }
}

/// Many connections, since one changed length can be of a message without an end. While `talk` goes on, another thread writes to the
/// memory, by numbers that look like chance.
fn while_memory_changes(change: impl Fn(&RingPeer, u64) + Sync, talk: impl Fn(&mut Connection, &mut RingPeer)) {
    for seed in 0..30_u64 {
        let (mut connection, mut peer) = pair();
        let done = AtomicBool::new(false);
        thread::scope(|scope| {
            let memory = RingPeer::clone_of(&peer);
            let (done, change) = (&done, &change);
            scope.spawn(move || {
                let mut dice = seed;
                while !done.load(Ordering::Relaxed) {
                    dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    change(&memory, dice);
                }
            });
            talk(&mut connection, &mut peer);
            done.store(true, Ordering::Relaxed);
        });
    }
}

#[test]
fn memory_that_changes_while_it_is_read_harms_nobody() {
    while_memory_changes(
        |memory, dice| memory.smear((dice >> 33) as usize, (dice >> 20) as u8),
        |connection, peer| {
            for _ in 0..60 {
                peer.write(&frame(&[7; 300]));
                while connection.try_recv_bytes().is_ok_and(|message| message.is_some()) {}
                let _ = connection.try_send_bytes(&[9; 500]);
                peer.read(usize::MAX);
            }
        },
    );
}

#[test]
fn positions_that_change_all_the_time_harm_nobody() {
    while_memory_changes(
        |memory, dice| {
            let value = match dice >> 61 {
                0 => dice,
                _ => (dice >> 40) % 9000,
            };
            memory.scribble(RingPeer::positions()[(dice >> 33) as usize % 6], value);
            thread::yield_now();
        },
        |connection, peer| {
            for _ in 0..500 {
                peer.write(&frame(&payload(100)));
                let _ = connection.try_recv_bytes();
                let _ = connection.try_send_bytes(&payload(100));
                let _ = connection.poll(Some(Duration::ZERO));
                peer.read(200);
            }
        },
    );
}
