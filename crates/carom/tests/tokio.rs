//! Connections on a tokio runtime.
#![cfg(all(unix, feature = "auth", feature = "serde", feature = "tokio"))]
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::future::{Future, poll_fn};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::pin::pin;
use std::task::Poll;

use carom::frame::FrameError;
use carom::tokio::{Connection, pipe};
use carom::{Error, one_way_pipe};
use serde::{Deserialize, Serialize};

mod peer;

use peer::{blocking, payload};

/// Polls `future` once: whether it is done.
async fn is_done<F: Future>(future: F) -> bool {
    let mut future = pin!(future);
    poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx).is_ready())).await
}

#[tokio::test]
async fn messages_of_all_sizes_arrive_whole_and_in_order() {
    let (a, mut b) = pipe().unwrap();
    let sizes = [0, 1, 1020, 1021, 8192, 65_532, 65_536, 65_537, 1 << 20, 9 << 20, 3, 0];
    let (mut sender, _receiver) = a.split();
    let sending = tokio::spawn(async move {
        for size in sizes {
            sender.send_bytes(&payload(size)).await.unwrap();
        }
        sender
    });
    for size in sizes {
        assert!(b.recv_bytes().await.unwrap() == payload(size), "{size} bytes");
    }
    drop(sending.await.unwrap());
}

#[tokio::test]
async fn fed_messages_leave_with_a_flush_or_when_they_are_many() {
    let (mut a, mut b) = pipe().unwrap();
    a.feed_bytes(b"first").await.unwrap();
    a.feed(&"second").await.unwrap();
    assert!(a.wants_write());
    assert!(!is_done(b.recv_bytes()).await, "nothing has left");
    a.flush().await.unwrap();
    assert!(!a.wants_write());
    assert_eq!(b.recv_bytes().await.unwrap(), b"first");
    assert_eq!(b.recv::<String>().await.unwrap(), "second");

    let (mut sender, _receiver) = a.split();
    let feeding = tokio::spawn(async move {
        for size in (0..200).map(|n| n * 997).chain([1 << 20, 5]) {
            sender.feed_bytes(&payload(size)).await.unwrap();
        }
        sender.close().await.unwrap();
    });
    for size in (0..200).map(|n| n * 997).chain([1 << 20, 5]) {
        assert!(b.recv_bytes().await.unwrap() == payload(size), "{size} bytes");
    }
    assert!(matches!(b.recv_bytes().await, Err(Error::Eof)));
    feeding.await.unwrap();
}

#[tokio::test]
async fn values_arrive_and_one_of_another_shape_harms_no_other() {
    #[derive(Serialize, Deserialize, PartialEq, Debug)]
    struct Point {
        x: f64,
        name: String,
    }
    let (mut a, mut b) = pipe().unwrap();
    let point = Point {
        x: 1.5,
        name: "here".into(),
    };
    a.send(&"no point").await.unwrap();
    a.send(&point).await.unwrap();
    assert!(matches!(b.recv::<Point>().await, Err(Error::Decode(_))));
    assert_eq!(b.recv::<Point>().await.unwrap(), point);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_tasks_send_and_receive_at_once() {
    let (a, b) = pipe().unwrap();
    let message = payload(1 << 20);
    let ends = [a, b].map(|end| {
        let (mut sender, mut receiver) = end.split();
        let message = message.clone();
        let sending = tokio::spawn(async move {
            for _ in 0..20 {
                sender.send_bytes(&message).await.unwrap();
            }
            sender.close().await.unwrap();
        });
        let receiving = tokio::spawn(async move {
            let mut messages = Vec::new();
            loop {
                match receiver.recv_bytes().await {
                    Ok(message) => messages.push(message),
                    Err(Error::Eof) => return messages,
                    Err(error) => panic!("{error}"),
                }
            }
        });
        (sending, receiving)
    });
    for (sending, receiving) in ends {
        sending.await.unwrap();
        let received = receiving.await.unwrap();
        assert!(received.len() == 20 && received.iter().all(|received| *received == message));
    }
}

#[tokio::test]
async fn an_end_that_has_closed_its_sending_half_goes_on_receiving() {
    let (a, mut b) = pipe().unwrap();
    let (mut sender, mut receiver) = a.split();
    sender.send_bytes(b"the last one").await.unwrap();
    sender.close().await.unwrap();
    assert_eq!(b.recv_bytes().await.unwrap(), b"the last one");
    assert!(matches!(b.recv_bytes().await, Err(Error::Eof)));
    assert!(matches!(b.recv_bytes().await, Err(Error::Eof)), "and again");
    b.send_bytes(b"the answer").await.unwrap();
    assert_eq!(receiver.recv_bytes().await.unwrap(), b"the answer");
    drop(receiver);
    let gone = b.send_bytes(b"to nobody").await.unwrap_err();
    assert!(
        matches!(&gone, Error::Io(error) if error.kind() == io::ErrorKind::BrokenPipe),
        "{gone}"
    );
}

#[tokio::test]
async fn a_connection_closes_when_both_halves_are_dropped() {
    let (a, mut b) = pipe().unwrap();
    let (sender, receiver) = a.split();
    drop(sender);
    assert!(!is_done(b.recv_bytes()).await, "one half is there");
    drop(receiver);
    assert!(matches!(b.recv_bytes().await, Err(Error::Eof)));
}

#[tokio::test]
async fn close_delivers_what_was_accepted() {
    let (mut a, mut b) = pipe().unwrap();
    a.feed_bytes(b"fed").await.unwrap();
    a.close().await.unwrap();
    assert_eq!(b.recv_bytes().await.unwrap(), b"fed");
    assert!(matches!(b.recv_bytes().await, Err(Error::Eof)));
}

#[tokio::test]
async fn a_sender_waits_for_a_receiver_that_does_not_read_and_other_connections_go_on() {
    let ((mut a, mut b), (mut c, mut d)) = (pipe().unwrap(), pipe().unwrap());
    // More than the kernel's buffers hold.
    let message = payload(4 << 20);
    let sending = tokio::spawn(async move {
        a.send_bytes(&message).await.unwrap();
        (a, message)
    });
    for _ in 0..100 {
        c.send_bytes(b"ping").await.unwrap();
        assert_eq!(d.recv_bytes().await.unwrap(), b"ping");
        assert!(!sending.is_finished());
    }
    let received = b.recv_bytes().await.unwrap();
    let (a, message) = sending.await.unwrap();
    assert!(received == message);
    drop(a);
    assert!(matches!(b.recv_bytes().await, Err(Error::Eof)));
}

#[tokio::test]
async fn a_message_that_is_too_long_ends_receiving_before_there_is_memory_for_it() {
    let (mut a, b) = pipe().unwrap();
    let mut b = b.max_message_size(100);
    a.send_bytes(&payload(100)).await.unwrap();
    a.send_bytes(&payload(101)).await.unwrap();
    assert_eq!(b.recv_bytes().await.unwrap(), payload(100));
    let refused = b.recv_bytes().await.unwrap_err();
    let expected = FrameError::TooLong {
        announced: 101,
        limit: 100,
    };
    assert!(matches!(refused, Error::Frame(fault) if fault == expected), "{refused}");
    assert!(matches!(b.recv_bytes().await, Err(Error::NotReadable)));
    assert!(!b.readable() && b.writable());
    b.send_bytes(b"it may still send").await.unwrap();
    assert_eq!(a.recv_bytes().await.unwrap(), b"it may still send");
}

#[tokio::test]
async fn an_end_of_a_one_way_pipe_refuses_the_other_direction() {
    let (receiver, sender) = one_way_pipe().unwrap();
    let (mut receiver, mut sender) = (
        Connection::try_from(receiver).unwrap(),
        Connection::try_from(sender).unwrap(),
    );
    assert!(matches!(receiver.send_bytes(b"x").await, Err(Error::NotWritable)));
    assert!(matches!(receiver.feed_bytes(b"x").await, Err(Error::NotWritable)));
    assert!(matches!(sender.recv_bytes().await, Err(Error::NotReadable)));
    sender.send_bytes(b"x").await.unwrap();
    sender.close().await.unwrap();
    assert_eq!(receiver.recv_bytes().await.unwrap(), b"x");
    receiver.close().await.unwrap();
}

#[tokio::test]
async fn a_connection_that_was_used_without_a_runtime_goes_on_where_it_was() {
    let (mut a, mut b) = carom::pipe().unwrap();
    for message in [&b"one"[..], b"two"] {
        a.send_bytes(message).unwrap();
    }
    let mut accepted = 0;
    while b.try_send_bytes(&payload(100_000)).unwrap() {
        accepted += 1;
    }
    assert_eq!(b.recv_bytes().unwrap(), b"one");
    let (mut a, mut b) = (Connection::try_from(a).unwrap(), Connection::try_from(b).unwrap());
    assert!(b.wants_write());
    assert_eq!(b.recv_bytes().await.unwrap(), b"two");
    let closing = tokio::spawn(b.close());
    for _ in 0..accepted {
        assert!(a.recv_bytes().await.unwrap() == payload(100_000));
    }
    closing.await.unwrap().unwrap();
    assert!(matches!(a.recv_bytes().await, Err(Error::Eof)));
}

#[tokio::test]
#[cfg(target_os = "linux")]
async fn a_connection_over_shared_memory_is_refused() {
    let (a, _b) = carom::pipe_over_shared_memory(carom::ring::RING_SIZE).unwrap();
    let refused = Connection::try_from(a).unwrap_err();
    assert!(refused.to_string().contains("shared memory"), "{refused}");
}

#[tokio::test]
async fn sockets_stay_in_the_blocking_mode_that_they_are_in() {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let other = ours.try_clone().unwrap();
    let mut ours = Connection::new(OwnedFd::from(ours)).unwrap();
    let mut theirs = Connection::new(OwnedFd::from(theirs)).unwrap();
    assert!(!is_done(ours.recv_bytes()).await);
    theirs.send_bytes(b"x").await.unwrap();
    assert_eq!(ours.recv_bytes().await.unwrap(), b"x");
    assert!(blocking(&other) && blocking(ours.as_fd()));
}

#[tokio::test]
async fn a_fifo_carries_messages_one_way() {
    let (reader, writer) = rustix::pipe::pipe().unwrap();
    let (mut reader, mut writer) = (Connection::new(reader).unwrap(), Connection::new(writer).unwrap());
    let writing = tokio::spawn(async move {
        for size in [0, 10, 300_000] {
            writer.send_bytes(&payload(size)).await.unwrap();
        }
    });
    for size in [0, 10, 300_000] {
        assert!(reader.recv_bytes().await.unwrap() == payload(size));
    }
    writing.await.unwrap();
    assert!(matches!(reader.recv_bytes().await, Err(Error::Eof)));
}

#[tokio::test]
async fn what_is_no_stream_is_refused() {
    let file = std::fs::File::open("/").unwrap();
    assert!(matches!(Connection::new(file.into()), Err(Error::Io(_))));
}

#[tokio::test]
async fn a_flood_leaves_the_runtime_to_other_tasks() {
    let (mut a, mut b) = pipe().unwrap();
    let flooding = tokio::spawn(async move { while a.feed_bytes(b"").await.is_ok() {} });
    let (stop, mut stopped) = tokio::sync::oneshot::channel();
    // On this one thread, it runs only where the receiver lets it.
    let other = tokio::spawn(async move {
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        stop.send(()).unwrap();
    });
    while stopped.try_recv().is_err() {
        b.recv_bytes().await.unwrap();
    }
    other.await.unwrap();
    drop(b);
    flooding.await.unwrap();
}
