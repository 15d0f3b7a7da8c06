//! Pairs of connected ends.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use carom::{Error, one_way_pipe, pipe};

#[cfg(unix)]
mod peer;

#[cfg(unix)]
use peer::{blocking, close_on_exec};

#[test]
fn both_ends_send_and_receive() {
    let (mut a, mut b) = pipe().unwrap();
    assert!(a.readable() && a.writable() && b.readable() && b.writable());
    a.send_bytes(b"there").unwrap();
    b.send_bytes(b"back").unwrap();
    assert_eq!(b.recv_bytes().unwrap(), b"there");
    assert_eq!(a.recv_bytes().unwrap(), b"back");
}

#[test]
fn a_one_way_pipe_carries_messages_from_the_second_end_to_the_first() {
    let (mut receiver, mut sender) = one_way_pipe().unwrap();
    assert_eq!((receiver.readable(), receiver.writable()), (true, false));
    assert_eq!((sender.readable(), sender.writable()), (false, true));
    sender.send_bytes(b"one").unwrap();
    assert!(sender.try_send_bytes(b"two").unwrap());
    drop(sender);
    assert_eq!(receiver.recv_bytes().unwrap(), b"one");
    assert_eq!(receiver.recv_bytes().unwrap(), b"two");
    assert!(matches!(receiver.recv_bytes(), Err(Error::Eof)));
}

#[test]
fn a_one_way_pipe_refuses_the_wrong_direction() {
    let (mut receiver, mut sender) = one_way_pipe().unwrap();
    assert!(matches!(receiver.send_bytes(b"x"), Err(Error::NotWritable)));
    assert!(matches!(receiver.try_send_bytes(b"x"), Err(Error::NotWritable)));
    assert!(matches!(receiver.send(&1), Err(Error::NotWritable)));
    assert!(matches!(receiver.flush(), Err(Error::NotWritable)));
    assert!(matches!(sender.recv_bytes(), Err(Error::NotReadable)));
    assert!(matches!(sender.try_recv_bytes(), Err(Error::NotReadable)));
    assert!(matches!(sender.recv_bytes_into(&mut []), Err(Error::NotReadable)));
    assert!(matches!(sender.recv::<u8>(), Err(Error::NotReadable)));
    assert!(matches!(sender.poll(None), Err(Error::NotReadable)));
    sender.send_bytes(b"nothing was harmed").unwrap();
    assert_eq!(receiver.recv_bytes().unwrap(), b"nothing was harmed");
}

#[test]
#[cfg(unix)]
fn the_ends_wait_and_are_not_inherited() {
    let ((a, b), (c, d)) = (pipe().unwrap(), one_way_pipe().unwrap());
    for end in [a, b, c, d] {
        assert!(blocking(&end));
        assert!(close_on_exec(&end));
    }
}

#[test]
fn a_pipe_of_a_thread_wakes_it() {
    let (mut ours, mut theirs) = pipe().unwrap();
    let thread = std::thread::spawn(move || -> carom::Result<()> {
        while let Ok(message) = theirs.recv_bytes() {
            theirs.send_bytes(&message)?;
        }
        Ok(())
    });
    for round in 0..200_u32 {
        ours.send_bytes(&round.to_be_bytes()).unwrap();
        assert_eq!(ours.recv_bytes().unwrap(), round.to_be_bytes());
    }
    drop(ours);
    thread.join().unwrap().unwrap();
}
