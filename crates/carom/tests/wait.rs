//! Waiting for many connections at once.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::io::Write;
use std::thread;
use std::time::{Duration, Instant};

use carom::{Connection, Error, Waitable, one_way_pipe, pipe, wait};

mod peer;

#[cfg(unix)]
use peer::{allow_descriptors, duplicate, fifo};
use peer::{frame, payload, socket};

const NOW: Option<Duration> = Some(Duration::ZERO);

fn all(connections: &mut [Connection]) -> Vec<&mut dyn Waitable> {
    connections.iter_mut().map(|connection| connection as _).collect()
}

#[test]
fn those_with_a_message_are_ready_in_the_order_given() {
    let (mut a, mut b) = pipe().unwrap();
    let (_c, mut d) = pipe().unwrap();
    let (mut other, mut last) = pipe().unwrap();
    assert_eq!(wait(&mut [&mut b, &mut d, &mut last], NOW).unwrap(), [0; 0]);
    other.send_bytes(b"").unwrap();
    assert_eq!(wait(&mut [&mut b, &mut d, &mut last], None).unwrap(), [2]);
    a.send_bytes(b"x").unwrap();
    assert_eq!(wait(&mut [&mut last, &mut d, &mut b], None).unwrap(), [0, 2]);
    assert_eq!(
        wait(&mut [&mut last, &mut d, &mut b], None).unwrap(),
        [0, 2],
        "nothing was taken"
    );
    last.recv_bytes().unwrap();
    assert_eq!(wait(&mut [&mut b, &mut d, &mut last], None).unwrap(), [0]);
}

#[test]
fn none_is_ready_among_none() {
    assert_eq!(wait(&mut [], None).unwrap(), [0; 0]);
    assert_eq!(wait(&mut [], NOW).unwrap(), [0; 0]);
}

#[test]
fn none_is_ready_when_the_time_is_up_and_not_before() {
    let (mut a, mut b) = pipe().unwrap();
    let begin = Instant::now();
    assert_eq!(
        wait(&mut [&mut a, &mut b], Some(Duration::from_millis(20))).unwrap(),
        [0; 0]
    );
    assert!(begin.elapsed() >= Duration::from_millis(20));
}

#[test]
fn a_message_ends_the_wait() {
    let (mut a, mut b) = pipe().unwrap();
    let (_c, mut d) = pipe().unwrap();
    let waiting = thread::spawn(move || wait(&mut [&mut d, &mut b], None).unwrap());
    a.send_bytes(&payload(300_000)).unwrap_or_default();
    assert_eq!(waiting.join().unwrap(), [1]);
}

#[test]
fn a_closed_peer_is_ready() {
    let (a, mut b) = pipe().unwrap();
    let (_c, mut d) = pipe().unwrap();
    drop(a);
    assert_eq!(wait(&mut [&mut b, &mut d], None).unwrap(), [0]);
    assert!(matches!(b.recv_bytes(), Err(Error::Eof)));
    assert_eq!(wait(&mut [&mut b, &mut d], None).unwrap(), [0], "the end stays");
}

#[test]
fn a_peer_that_does_something_wrong_is_ready() {
    let (mut connection, mut peer) = socket();
    peer.write_all(&[0x80, 0, 0, 0]).unwrap();
    assert_eq!(wait(&mut [&mut connection], None).unwrap(), [0]);
    assert!(matches!(connection.recv_bytes(), Err(Error::Frame(_))));
}

#[test]
fn a_part_of_a_message_is_not_ready_and_its_last_byte_makes_it_so() {
    for length in [3, 20_000] {
        let (mut connection, mut peer) = socket();
        let bytes = frame(&payload(length));
        let (last, first) = bytes.split_last().unwrap();
        peer.write_all(first).unwrap();
        assert_eq!(
            wait(&mut [&mut connection], Some(Duration::from_millis(2))).unwrap(),
            [0; 0]
        );
        let waiting = thread::spawn(move || (wait(&mut [&mut connection], None).unwrap(), connection));
        peer.write_all(&[*last]).unwrap();
        let (ready, mut connection) = waiting.join().unwrap();
        assert_eq!(ready, [0]);
        assert_eq!(connection.recv_bytes().unwrap().len(), length);
    }
}

#[test]
fn a_message_that_has_been_read_already_is_ready() {
    let (mut a, mut b) = pipe().unwrap();
    a.send_bytes(b"one").unwrap();
    a.send_bytes(b"two").unwrap();
    assert_eq!(b.recv_bytes().unwrap(), b"one");
    assert_eq!(wait(&mut [&mut b], NOW).unwrap(), [0]);
}

#[test]
#[cfg(unix)]
fn fifos_are_waited_for_too() {
    let ((mut receiver, mut sender), (mut other, _open)) = (fifo(), fifo());
    assert_eq!(wait(&mut [&mut receiver, &mut other], NOW).unwrap(), [0; 0]);
    sender.send_bytes(b"x").unwrap();
    assert_eq!(wait(&mut [&mut other, &mut receiver], None).unwrap(), [1]);
}

#[test]
#[cfg(unix)]
fn two_descriptors_of_one_socket_can_be_waited_for_at_once() {
    let (mut a, mut b) = pipe().unwrap();
    let mut twin = carom::Connection::new(duplicate(&b)).unwrap();
    assert_eq!(
        wait(&mut [&mut b, &mut twin], Some(Duration::from_millis(1))).unwrap(),
        [0; 0]
    );
    a.send_bytes(b"for one of them").unwrap();
    assert_eq!(wait(&mut [&mut b, &mut twin], None).unwrap(), [0]);
    b.recv_bytes().unwrap();
    drop(a);
    assert_eq!(
        wait(&mut [&mut b, &mut twin], None).unwrap(),
        [0, 1],
        "the end is for both"
    );
}

#[test]
fn an_end_that_only_sends_can_not_be_waited_for() {
    let (_receiver, mut sender) = one_way_pipe().unwrap();
    assert!(matches!(wait(&mut [&mut sender], None), Err(Error::NotReadable)));
}

#[test]
fn all_messages_of_many_writers_are_seen() {
    let mut readers = Vec::new();
    let writers: Vec<_> = (0..4_u8)
        .map(|writer| {
            let (reader, mut sender) = one_way_pipe().unwrap();
            readers.push(reader);
            thread::spawn(move || (0..10).try_for_each(|round| sender.send_bytes(&[writer, round])))
        })
        .collect();
    let mut seen = Vec::new();
    while !readers.is_empty() {
        let ready = wait(&mut all(&mut readers), None).unwrap();
        for index in ready.into_iter().rev() {
            match readers[index].recv_bytes() {
                Ok(message) => seen.push(message),
                Err(Error::Eof) => drop(readers.remove(index)),
                Err(error) => panic!("{error}"),
            }
        }
    }
    for writer in writers {
        writer.join().unwrap().unwrap();
    }
    seen.sort();
    let expected: Vec<_> = (0..4)
        .flat_map(|writer| (0..10).map(move |round| vec![writer, round]))
        .collect();
    assert_eq!(seen, expected);
}

#[test]
#[cfg(unix)]
fn more_than_1024_connections_can_be_waited_for() {
    const COUNT: usize = 1100;
    if !allow_descriptors(2 * COUNT as u64) {
        println!("skipped: the hard limit of descriptors is too low");
        return;
    }
    let (mut ours, mut theirs): (Vec<_>, Vec<_>) = (0..COUNT).map(|_| pipe().unwrap()).unzip();
    let mut all = all(&mut ours);
    assert_eq!(wait(&mut all, NOW).unwrap(), [0; 0]);
    for index in [0, 1023, 1024, COUNT - 1] {
        theirs[index].send_bytes(b"x").unwrap();
    }
    assert_eq!(wait(&mut all, None).unwrap(), [0, 1023, 1024, COUNT - 1]);
    for connection in &mut theirs {
        connection.send_bytes(b"y").unwrap();
    }
    assert_eq!(wait(&mut all, None).unwrap().len(), COUNT);
}

#[test]
#[cfg(unix)]
fn listeners_and_descriptors_are_waited_for_beside_connections() {
    use std::os::fd::{AsFd, OwnedFd};
    use std::os::unix::net::UnixStream;

    use carom::{Deadline, Listener, listener};

    let mut listener = Listener::bind_private(listener::Options::new()).unwrap();
    let (mut near, far) = UnixStream::pair().unwrap();
    let mut owned = OwnedFd::from(far.try_clone().unwrap());
    let (mut a, mut b) = pipe().unwrap();
    assert_eq!(
        wait(&mut [&mut listener, &mut far.as_fd(), &mut b, &mut owned], NOW).unwrap(),
        [0; 0]
    );
    near.write_all(b"raw").unwrap();
    assert_eq!(
        wait(&mut [&mut listener, &mut far.as_fd(), &mut b, &mut owned], None).unwrap(),
        [1, 3]
    );
    let address = listener.address().clone();
    let connecting = thread::spawn(move || carom::connect(&address, None, Deadline::Never).unwrap());
    assert_eq!(wait(&mut [&mut b, &mut listener], None).unwrap(), [1]);
    assert!(listener.try_accept().unwrap().is_some());
    connecting.join().unwrap();
    a.send_bytes(b"x").unwrap();
    assert_eq!(wait(&mut [&mut listener, &mut b], None).unwrap(), [1]);
}

/// A connection that was waited for and dropped leaves nothing behind that its number could be mistaken for.
#[test]
#[cfg(unix)]
fn a_number_that_is_used_again_is_another_connection() {
    for _ in 0..3 {
        let (mut a, mut b) = pipe().unwrap();
        assert_eq!(wait(&mut [&mut a, &mut b], NOW).unwrap(), [0; 0]);
        a.send_bytes(b"x").unwrap();
        assert_eq!(wait(&mut [&mut a, &mut b], None).unwrap(), [1]);
    }
}
