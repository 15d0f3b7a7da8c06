//! The descriptor of a connection: of every kind that there is, in either blocking mode, and given up to another owner.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics has failed")]

#[cfg(unix)]
use std::fs::File;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
#[cfg(unix)]
use std::os::unix::net::UnixDatagram;
use std::thread;
#[cfg(unix)]
use std::time::Duration;

use carom::{Connection, Error};
#[cfg(unix)]
use carom::{pipe, wait};

mod peer;

#[cfg(unix)]
use peer::{Stream, blocking, duplicate, fifo, sockets};
use peer::{descriptor, frame, payload, read_frame, socket};

const MIB: usize = 1024 * 1024;

#[test]
#[cfg(unix)]
fn the_ends_of_a_fifo_carry_messages_one_way() {
    let (mut receiver, mut sender) = fifo();
    assert_eq!((receiver.readable(), receiver.writable()), (true, false));
    assert_eq!((sender.readable(), sender.writable()), (false, true));
    assert!(matches!(receiver.send_bytes(b""), Err(Error::NotWritable)));
    assert!(matches!(sender.recv_bytes(), Err(Error::NotReadable)));
    let messages = [0, 5, 4095, 4096, 70_000, MIB].map(payload);
    let expected = messages.clone();
    let writer = thread::spawn(move || messages.iter().try_for_each(|message| sender.send_bytes(message)));
    for message in expected {
        assert!(receiver.recv_bytes().unwrap() == message);
    }
    writer.join().unwrap().unwrap();
    assert!(matches!(receiver.recv_bytes(), Err(Error::Eof)));
}

#[test]
#[cfg(unix)]
fn a_fifo_is_polled_and_filled_without_waiting() {
    let (mut receiver, mut sender) = fifo();
    let mut accepted = 0;
    while sender.try_send_bytes(&payload(3000)).unwrap() {
        accepted += 1;
    }
    assert!(
        blocking(&receiver) && blocking(&sender),
        "nobody's mode has been changed"
    );
    for _ in 0..accepted {
        assert!(receiver.poll(None).unwrap());
        assert!(receiver.try_recv_bytes().unwrap().unwrap() == payload(3000));
        sender.try_flush().unwrap();
    }
    drop(receiver);
    let error = sender.send_bytes(b"nobody reads").unwrap_err();
    assert!(
        matches!(&error, Error::Io(error) if error.kind() == std::io::ErrorKind::BrokenPipe),
        "{error}"
    );
}

#[test]
#[cfg(unix)]
fn a_descriptor_made_non_blocking_still_waits() {
    let (ours, theirs) = sockets();
    for end in [&ours, &theirs] {
        end.set_nonblocking(true).unwrap();
    }
    let (mut a, mut b) = (
        Connection::new(ours.into()).unwrap(),
        Connection::new(theirs.into()).unwrap(),
    );
    let message = payload(2 * MIB);
    let expected = message.clone();
    let echo = thread::spawn(move || -> carom::Result<()> {
        let message = b.recv_bytes()?;
        b.send_bytes(&message)?;
        assert!(!blocking(&b), "its mode belongs to the caller, who set it");
        Ok(())
    });
    a.send_bytes(&message).unwrap();
    assert!(a.recv_bytes().unwrap() == expected);
    echo.join().unwrap().unwrap();
}

#[test]
#[cfg(unix)]
fn no_operation_changes_the_blocking_mode() {
    let (mut a, mut b) = pipe().unwrap();
    while a.try_send_bytes(&payload(5000)).unwrap() {}
    b.poll(Some(Duration::ZERO)).unwrap();
    b.recv_bytes().unwrap();
    wait(&mut [&mut b], None).unwrap();
    assert!(blocking(&a) && blocking(&b));
}

#[test]
#[cfg(unix)]
fn a_descriptor_is_given_up_between_two_messages() {
    let (mut connection, mut peer) = socket();
    peer.write_all(&frame(b"one")).unwrap();
    assert_eq!(connection.recv_bytes().unwrap(), b"one");
    connection.send_bytes(b"two").unwrap();
    let mut raw = Stream::from(connection.into_fd().unwrap());
    assert_eq!(read_frame(&mut peer).unwrap(), b"two");
    peer.write_all(&frame(b"three")).unwrap();
    assert_eq!(read_frame(&mut raw).unwrap(), b"three");
}

#[test]
fn a_descriptor_is_not_given_up_while_received_bytes_are_held() {
    let (mut connection, mut peer) = socket();
    peer.write_all(&[frame(b"one"), frame(b"two"), vec![0, 0]].concat())
        .unwrap();
    assert_eq!(connection.recv_bytes().unwrap(), b"one");
    connection = *connection.into_fd().expect_err("the second message is held");
    assert_eq!(connection.recv_bytes().unwrap(), b"two");
    connection = *connection.into_fd().expect_err("a part of a header is held");
    peer.write_all(&[0x40, 0]).unwrap();
    peer.write_all(&payload(100)).unwrap();
    assert_eq!(connection.try_recv_bytes().unwrap(), None);
    connection = *connection.into_fd().expect_err("a part of a long message is held");
    peer.write_all(&payload(0x4000 - 100)).unwrap();
    assert_eq!(connection.recv_bytes().unwrap().len(), 0x4000);
    assert!(connection.into_fd().is_ok());
}

#[test]
fn a_descriptor_is_not_given_up_while_accepted_bytes_are_unsent() {
    let (mut connection, mut peer) = socket();
    assert!(connection.try_send_bytes(&payload(4 * MIB)).unwrap());
    connection = *connection.into_fd().expect_err("the kernel has not taken all of it");
    let reader = thread::spawn(move || read_frame(&mut peer).unwrap().len());
    connection.flush().unwrap();
    assert_eq!(reader.join().unwrap(), 4 * MIB);
    assert!(connection.into_fd().is_ok());
}

#[test]
#[cfg(any(target_os = "linux", target_os = "android"))]
fn the_peer_of_a_local_socket_is_known() {
    let (connection, _peer) = socket();
    let credentials = connection.peer_credentials().unwrap();
    assert_eq!(credentials.pid, std::process::id() as i32);
    // SAFETY: these calls can't fail.
    assert_eq!((credentials.uid, credentials.gid), unsafe {
        (libc::geteuid(), libc::getegid())
    });
    assert!(fifo().0.peer_credentials().is_err());
}

#[test]
fn a_tcp_socket_carries_messages() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (server, _) = listener.accept().unwrap();
    let (mut a, mut b) = (
        Connection::new(descriptor(client)).unwrap(),
        Connection::new(descriptor(server)).unwrap(),
    );
    let sender = thread::spawn(move || a.send_bytes(&payload(MIB)));
    assert!(b.recv_bytes().unwrap() == payload(MIB));
    sender.join().unwrap().unwrap();
    assert!(matches!(b.recv_bytes(), Err(Error::Eof)));
}

#[test]
#[cfg(unix)]
fn a_descriptor_that_is_no_stream_is_refused() {
    let (datagrams, _peer) = UnixDatagram::pair().unwrap();
    assert!(matches!(Connection::new(datagrams.into()), Err(Error::Io(_))));
    assert!(matches!(
        Connection::new(File::open("/").unwrap().into()),
        Err(Error::Io(_))
    ));
}

#[test]
#[cfg(unix)]
fn the_bytes_behind_a_message_stay_with_the_connection() {
    let (mut connection, mut peer) = socket();
    peer.write_all(&frame(b"one")).unwrap();
    peer.write_all(&frame(b"two")).unwrap();
    assert_eq!(connection.recv_bytes().unwrap(), b"one");
    // A program with another descriptor of the same file must know that the bytes read here are gone from it.
    let mut other = Connection::new(duplicate(&connection)).unwrap();
    assert_eq!(other.try_recv_bytes().unwrap(), None);
    assert_eq!(connection.recv_bytes().unwrap(), b"two");
}
