//! No descriptor is leaked or inherited. One test, alone in its process: it counts all descriptors.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Write;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, IntoRawFd};
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::time::Duration;

use carom::reactor::Reactor;
use carom::sys::{adopt, duplicate};
use carom::{Connection, one_way_pipe, pipe, wait};

mod peer;

use peer::{close_on_exec, frame};

/// The open descriptors, but for the one that reads the list.
fn open() -> BTreeSet<i32> {
    let listed: Vec<i32> = fs::read_dir("/dev/fd")
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_str().unwrap().parse().unwrap())
        .collect();
    let still_open = |number: &i32| {
        // SAFETY: borrowed for one call, which fails cleanly where the number isn't open.
        rustix::io::fcntl_getfd(unsafe { BorrowedFd::borrow_raw(*number) }).is_ok()
    };
    listed.into_iter().filter(still_open).collect()
}

#[test]
fn every_descriptor_is_close_on_exec_and_closed_with_its_owner() {
    let before = open();
    {
        let ((mut a, mut b), (mut receiver, mut sender)) = (pipe().unwrap(), one_way_pipe().unwrap());
        let reactor = Reactor::new().unwrap();
        let (_registry, _waker) = (reactor.registry().unwrap(), reactor.waker().unwrap());
        let copy = duplicate(a.as_fd().as_raw_fd()).unwrap();
        let inheritable = UnixStream::pair().unwrap().0.into_raw_fd();
        // SAFETY: the descriptor has no other owner.
        let adopted = unsafe {
            assert_eq!(libc::fcntl(inheritable, libc::F_SETFD, 0), 0);
            adopt(inheritable).unwrap()
        };
        assert_eq!(adopted.as_raw_fd(), inheritable);
        let made: Vec<_> = open().difference(&before).copied().collect();
        assert!(made.len() >= 4 + 3 + 2, "{made:?}");
        for number in made {
            // SAFETY: nothing is closed before the end of the block.
            let made = unsafe { BorrowedFd::borrow_raw(number) };
            assert!(close_on_exec(made), "descriptor {number}");
        }

        a.send_bytes(b"x").unwrap();
        sender.send_bytes(b"y").unwrap();
        assert_eq!(wait(&mut [&mut b, &mut receiver], None).unwrap(), [0, 1]);
        assert!(wait(&mut [&mut a], Some(Duration::from_millis(1))).unwrap().is_empty());
        drop(copy);
    }
    assert_eq!(open(), before, "after their owners were dropped");

    let (datagrams, peer) = UnixDatagram::pair().unwrap();
    Connection::new(datagrams.into()).unwrap_err();
    Connection::new(File::open("/").unwrap().into()).unwrap_err();
    drop(peer);
    assert_eq!(open(), before, "after descriptors were refused");

    let (ours, mut theirs) = UnixStream::pair().unwrap();
    let mut connection = Connection::new(ours.into()).unwrap();
    theirs.write_all(&[frame(b"one"), frame(b"two")].concat()).unwrap();
    connection.recv_bytes().unwrap();
    let mut connection = connection.into_fd().unwrap_err();
    connection.recv_bytes().unwrap();
    drop((connection.into_fd().unwrap(), theirs));
    assert_eq!(open(), before, "after a descriptor was given up");

    for number in [-1, i32::MAX] {
        duplicate(number).unwrap_err();
        // SAFETY: a descriptor that isn't open has no owner.
        unsafe { adopt(number) }.unwrap_err();
    }
}
