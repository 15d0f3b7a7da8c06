//! Descriptors that came with messages which nobody has taken: a process holds half of all that it may have open, and no more.
//! A file of its own: the limit is the process's.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::io::{self, IoSlice, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use carom::channel::Channel;
use carom::frame::{Header, Runs, SLAB_MIN};
use carom::spin::Spin;
use carom::sys::{self, Deadline};
use rustix::process::{Resource, getrlimit, setrlimit};

const LIMIT: u64 = 400;
const EACH: usize = 70;

/// A connection on which a message of two bytes has begun, with so many descriptors of pipes; and one of their other ends.
fn begun() -> (Channel, UnixStream, io::PipeReader) {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let mut channel = Channel::new(ours.into(), u64::MAX, Spin::fixed(Duration::ZERO)).unwrap();
    channel.accept_descriptors().unwrap();
    let (reader, writer) = io::pipe().unwrap();
    let fds = [writer.as_fd(); EACH];
    let header = Header::new(2);
    sys::send_with_fds(
        theirs.as_fd(),
        &[IoSlice::new(header.as_bytes())],
        &fds,
        Deadline::Never,
    )
    .unwrap();
    drop(writer);
    receive(&mut channel);
    (channel, theirs, reader)
}

fn receive(channel: &mut Channel) {
    let (mut slab, mut runs) = (vec![0; SLAB_MIN], Runs::default());
    channel.receive(&mut slab, &mut runs, Deadline::Never).unwrap();
}

#[test]
fn messages_that_are_never_complete_leave_half_of_the_process_s_descriptors() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = Some(LIMIT);
    setrlimit(Resource::Nofile, limit).unwrap();

    let (mut first, mut peer, _reader) = begun();
    let second = begun();
    // 210 of 400 would be more than half: they are closed, off this thread, and the pipe ends.
    let (mut third, mut third_peer, mut reader) = begun();
    assert!(!third.has_descriptors());
    assert_eq!(reader.read(&mut [0]).unwrap(), 0);

    // The message itself arrives, without them.
    third_peer.write_all(b"hi").unwrap();
    receive(&mut third);
    assert_eq!(third.take_descriptors(0).len(), 0);

    // Where a message has been taken, and where a connection is closed, there is room again.
    peer.write_all(b"hi").unwrap();
    receive(&mut first);
    assert_eq!(first.take_descriptors(0).len(), EACH);
    drop(second);
    assert!(begun().0.has_descriptors());
    assert!(begun().0.has_descriptors());
}
