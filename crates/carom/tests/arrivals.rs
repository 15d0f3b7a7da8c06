//! Descriptors reach the message that they were sent with, and no other, however the stream is cut; those that were sent with none
//! are closed.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::fs::File;
use std::io::{self, IoSlice, PipeReader, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use carom::channel::{Channel, Received};
use carom::frame::{Header, Runs, SLAB_MIN, Tail, read_header};
use carom::spin::Spin;
use carom::sys::{self, Deadline};
use proptest::prelude::*;

/// One sending call.
#[derive(Debug, Clone)]
enum Call {
    /// A message of this length, with so many descriptors beside its first byte; sent in pieces of this size.
    Message { length: usize, fds: usize, piece: usize },
    /// As many descriptors beside a byte in the middle of the message before.
    Stray { fds: usize },
}

fn calls() -> impl Strategy<Value = Vec<Call>> {
    let length = prop_oneof![4 => 0..200_usize, 2 => 0..20_000_usize, 1 => 20_000..60_000_usize];
    let message = (length, prop_oneof![Just(0), 1..4_usize, Just(40)], 1..70_000_usize);
    let call = prop_oneof![
        8 => message.prop_map(|(length, fds, piece)| Call::Message { length, fds, piece: piece.max(length / 8 + 1) }),
        1 => (1..4_usize).prop_map(|fds| Call::Stray { fds }),
    ];
    prop::collection::vec(call, 1..16)
}

/// The reading ends of the pipes whose writing ends went with a message: beside its first byte, and beside its last.
#[derive(Debug, Default)]
struct Sent {
    own: Vec<PipeReader>,
    stray: Vec<PipeReader>,
}

/// Sends the calls, message by message. A message's last byte is held back for descriptors that stray into it.
fn send(socket: &UnixStream, calls: &[Call]) -> io::Result<Vec<Sent>> {
    let send = |bytes: &[u8], fds: usize| -> io::Result<Vec<PipeReader>> {
        let (readers, writers): (Vec<_>, Vec<OwnedFd>) = (0..fds)
            .map(|_| io::pipe().map(|(reader, writer)| (reader, writer.into())))
            .collect::<io::Result<Vec<_>>>()?
            .into_iter()
            .unzip();
        let mut fds: Vec<_> = writers.iter().map(AsFd::as_fd).collect();
        let mut rest = bytes;
        while !rest.is_empty() {
            let sent = sys::send_with_fds(socket.as_fd(), &[IoSlice::new(rest)], &fds, Deadline::Never)?;
            rest = &rest[sent..];
            fds.clear();
        }
        Ok(readers)
    };
    let mut messages = Vec::new();
    for (n, call) in calls.iter().enumerate() {
        let Call::Message { length, fds, piece } = *call else {
            continue;
        };
        let message = [Header::new(length as u64).as_bytes(), &vec![n as u8; length]].concat();
        let stray = match calls.get(n + 1) {
            // The message has begun before, and has a byte left.
            Some(Call::Stray { fds }) if length > 1 => *fds,
            _ => 0,
        };
        let (most, last) = message.split_at(message.len() - usize::from(stray > 0));
        let mut readers = Sent::default();
        for (n, piece) in most.chunks(piece).enumerate() {
            readers.own.extend(send(piece, if n == 0 { fds } else { 0 })?);
        }
        readers.stray = send(last, stray)?;
        messages.push(readers);
    }
    Ok(messages)
}

/// Receives all messages, reading into slabs of these sizes; gives the descriptors of each.
fn receive(socket: UnixStream, slabs: &[usize]) -> Vec<(usize, Vec<OwnedFd>)> {
    let mut channel = Channel::new(socket.into(), u64::MAX, Spin::fixed(Duration::ZERO)).unwrap();
    channel.accept_descriptors().unwrap();
    let (mut runs, mut received) = (Runs::default(), Vec::new());
    for size in slabs.iter().cycle() {
        let mut slab = vec![0; SLAB_MIN + size];
        match channel.receive(&mut slab, &mut runs, Deadline::Never).unwrap() {
            Received::Nothing => unreachable!("it waits"),
            Received::End => break,
            Received::Bytes { tail, .. } => {
                let mut rest = &slab[..runs.end()];
                while let Some(header) = read_header(rest).unwrap() {
                    let end = header.header + header.payload as usize;
                    let message = received.len() as u64;
                    received.push((end - header.header, channel.take_descriptors(message).take()));
                    rest = &rest[end..];
                }
                if let Tail::Own { announced, .. } = tail {
                    let mut part = vec![0; size + 1];
                    while channel.decoder().payload_remaining() > 0 {
                        channel.receive_payload(&mut part, Deadline::Never).unwrap();
                    }
                    let message = received.len() as u64;
                    received.push((announced as usize, channel.take_descriptors(message).take()));
                }
            }
        }
    }
    received
}

/// Whether `writer` is the other end of `reader`.
fn are_ends_of_one_pipe(reader: &PipeReader, writer: OwnedFd) -> bool {
    let inode = |fd| rustix::fs::fstat(fd).unwrap().st_ino;
    let same = inode(reader.as_fd()) == inode(writer.as_fd());
    drop(File::from(writer));
    same
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn each_message_has_its_own_descriptors(calls in calls(), slabs in prop::collection::vec(0..40_000_usize, 1..5)) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let receiving = std::thread::spawn(move || receive(ours, &slabs));
        let messages = send(&theirs, &calls).unwrap();
        drop(theirs);
        let received = receiving.join().unwrap();
        prop_assert_eq!(received.len(), messages.len());
        for (n, ((_, writers), mut sent)) in received.into_iter().zip(messages).enumerate() {
            // Where one read brought the whole message, descriptors of its last byte may as well have come with its first.
            let expected = if sent.own.is_empty() && !writers.is_empty() { &sent.stray } else { &sent.own };
            prop_assert_eq!(writers.len(), expected.len(), "message {}", n);
            for (writer, reader) in writers.into_iter().zip(expected) {
                prop_assert!(are_ends_of_one_pipe(reader, writer), "message {}", n);
            }
            // Each ends when the last descriptor of its other end is closed.
            for reader in sent.own.iter_mut().chain(&mut sent.stray) {
                prop_assert_eq!(reader.read(&mut [0]).unwrap(), 0);
            }
        }
    }
}
