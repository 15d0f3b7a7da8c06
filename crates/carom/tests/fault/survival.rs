//! A scenario, once for each fault that can be in its way.

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use carom::handshake::HandshakeError;
use carom::ring::RingError;
use carom::{Error, Listener, Result};

use super::{Fault, Injected, Plan, available, open_descriptors, run};
use crate::scratch::Scratch;

/// The faults that were met, and tried again.
#[derive(Default)]
pub(crate) struct Trouble {
    told: Vec<Error>,
    /// A listener could not remove its file, and said so.
    file_left: bool,
    /// A message takes several calls to leave.
    pub(crate) in_parts: bool,
    /// The bytes go through shared memory: a call on the socket beside it is made again by the next call.
    pub(crate) over_ring: bool,
}

impl Trouble {
    /// Tries until it works. There is one fault in a run.
    pub(crate) fn retry<T>(&mut self, mut attempt: impl FnMut() -> Result<T>) -> T {
        loop {
            match attempt() {
                Ok(value) => return value,
                Err(error) => self.told.push(error),
            }
            assert!(self.told.len() < 3, "{:?}", self.told);
        }
    }

    #[allow(dead_code, reason = "each test binary uses a part")]
    pub(crate) fn close(&mut self, listener: Listener) {
        if let Err(error) = listener.close() {
            self.told.push(error);
            self.file_left = true;
        }
    }
}

/// Runs `ours` once for each call that it makes and each fault of that call, with `theirs` at the other end of `setup`; then
/// once with every other call failing for a moment.
pub(crate) fn survive<C: Sync>(
    scratch: &Scratch,
    setup: impl Fn() -> C,
    ours: impl Fn(&C, &mut Trouble) + Sync,
    theirs: impl Fn(&C) + Sync,
) {
    if !available() {
        println!("not tried: this kernel has no SECCOMP_RET_USER_NOTIF");
        return;
    }
    let before = open_descriptors();
    let play = |plan| {
        let ends = setup();
        let mut trouble = Trouble::default();
        let outcome = run(plan, || ours(&ends, &mut trouble), || theirs(&ends));
        drop(ends);
        (outcome, trouble, (left_open(before), scratch.clear()))
    };
    let mut survived = BTreeMap::<_, usize>::new();
    for call in 0.. {
        let mut calls = 0;
        for kind in 0.. {
            let (outcome, trouble, left) = play(Plan::One { call, kind });
            calls = outcome.calls;
            let Some(injected) = outcome.injected else {
                assert!(
                    trouble.told.is_empty() && left == (0, 0),
                    "{:?}, {left:?}",
                    trouble.told
                );
                break;
            };
            check(injected, &trouble, left);
            *survived.entry(injected.call).or_default() += 1;
        }
        if call >= calls {
            break;
        }
    }
    println!("{} faults: {survived:?}", survived.values().sum::<usize>());
    let (storm, trouble, left) = play(Plan::Storm);
    assert!(
        trouble.told.is_empty() && left == (0, 0),
        "{storm:?}, {:?}, {left:?}",
        trouble.told
    );
    assert!(!survived.is_empty());
}

/// How many descriptors more than `before` are open. A socket with descriptors in its queue is closed by a thread, which takes a moment.
fn left_open(before: usize) -> usize {
    let begun = Instant::now();
    loop {
        let left = open_descriptors() - before;
        if left == 0 || begun.elapsed() > Duration::from_secs(300) {
            return left;
        }
        thread::yield_now();
    }
}

/// A fault that passes by itself doesn't show; any other is reported once, as it was. Nothing is left over.
fn check(injected: Injected, trouble: &Trouble, (descriptors, files): (usize, usize)) {
    // No caller is left to hear of a directory that can't be removed.
    let removal = injected.call.starts_with("unlink") || injected.call == "rmdir";
    match (injected.fault, &trouble.told[..]) {
        (fault, []) if fault.passes() => {}
        // In a handshake, a peer that is gone has closed.
        (Fault::Errno(libc::ECONNRESET | libc::EPIPE), [Error::Handshake(HandshakeError::Closed { .. })]) => {}
        (Fault::Errno(number), [error]) if errno(error) == Some(number) => {}
        (Fault::Errno(_), []) if removal => {}
        // TCP then acknowledges when it likes, which is no failure.
        (Fault::Errno(_), []) if injected.call == "setsockopt" => {}
        // A message that has begun to leave is kept for the next call, which meets the fault again if it persists.
        (Fault::Errno(_), []) if trouble.in_parts && matches!(injected.call, "ppoll" | "write") => {}
        (Fault::Errno(_), [])
            if trouble.over_ring && matches!(injected.call, "sendto" | "sendmsg" | "recvmsg" | "poll" | "ppoll") => {}
        (_, told) => panic!("{injected:?} was reported as {told:?}"),
    }
    assert_eq!(descriptors, 0, "{injected:?} leaves descriptors");
    assert!(
        files == 0 || trouble.file_left || removal,
        "{injected:?} leaves {files} files"
    );
}

fn errno(error: &Error) -> Option<i32> {
    match error {
        Error::Io(error) => error.raw_os_error(),
        Error::System(error) => error.errno(),
        Error::Ring(RingError::System { errno, .. }) => Some(*errno),
        _ => None,
    }
}
