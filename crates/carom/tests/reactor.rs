//! Readiness of many descriptors.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::fs::File;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::thread;
use std::time::{Duration, Instant};

use carom::pipe;
use carom::reactor::{Reactor, Readiness, Registry};
use carom::sys::{Deadline, poll_readable};

mod peer;

use peer::{allow_descriptors, payload};

fn reactor() -> (Reactor, Registry) {
    let reactor = Reactor::new().unwrap();
    let registry = reactor.registry().unwrap();
    (reactor, registry)
}

/// The reports that are ready now.
fn look(reactor: &mut Reactor) -> Vec<Readiness> {
    let mut reports = Vec::new();
    reactor.poll(Deadline::Now, |report| reports.push(report)).unwrap();
    reports
}

/// The token, and whether it is readable, writable, ended.
fn facts(reactor: &mut Reactor) -> Vec<(usize, bool, bool, bool)> {
    let fact = |report: Readiness| (report.token, report.readable, report.writable, report.ended);
    look(reactor).into_iter().map(fact).collect()
}

fn tokens(reactor: &mut Reactor) -> Vec<usize> {
    look(reactor).iter().map(|report| report.token).collect()
}

#[test]
fn a_connection_that_is_ready_when_first_watched_is_reported() {
    let ((mut reactor, registry), (mut a, b)) = (reactor(), pipe().unwrap());
    a.send_bytes(b"x").unwrap();
    registry.watch(b.as_fd(), 5, false).unwrap();
    assert_eq!(facts(&mut reactor), [(5, true, false, false)]);
}

#[test]
fn readiness_is_reported_once_and_again_when_more_arrives_or_it_is_asked_for() {
    let ((mut reactor, registry), (mut a, b)) = (reactor(), pipe().unwrap());
    registry.watch(b.as_fd(), 5, false).unwrap();
    assert_eq!(tokens(&mut reactor), [0; 0]);
    a.send_bytes(b"x").unwrap();
    assert_eq!(tokens(&mut reactor), [5]);
    assert_eq!(tokens(&mut reactor), [0; 0], "once");
    a.send_bytes(b"y").unwrap();
    assert_eq!(tokens(&mut reactor), [5], "more has arrived");
    registry.rearm(b.as_fd(), 6, false).unwrap();
    assert_eq!(tokens(&mut reactor), [6], "asked anew");
}

#[test]
fn room_to_write_is_reported_where_it_is_asked_for() {
    let ((mut reactor, registry), (mut a, mut b)) = (reactor(), pipe().unwrap());
    while a.try_send_bytes(&payload(10_000)).unwrap() {}
    registry.watch(a.as_fd(), 1, false).unwrap();
    assert_eq!(tokens(&mut reactor), [0; 0]);
    registry.rearm(a.as_fd(), 1, true).unwrap();
    assert!(look(&mut reactor).iter().all(|report| !report.writable));
    while b.try_recv_bytes().unwrap().is_some() {}
    assert!(
        look(&mut reactor)
            .iter()
            .any(|report| report.writable && report.token == 1)
    );
}

#[test]
fn the_end_is_reported() {
    let ((mut reactor, registry), (a, b)) = (reactor(), pipe().unwrap());
    registry.watch(b.as_fd(), 3, false).unwrap();
    drop(a);
    let reports = look(&mut reactor);
    assert!(
        matches!(
            reports[..],
            [Readiness {
                token: 3,
                readable: true,
                ended: true,
                ..
            }]
        ),
        "{reports:?}"
    );
}

#[test]
fn a_forgotten_connection_is_not_reported() {
    let ((mut reactor, registry), (mut a, b)) = (reactor(), pipe().unwrap());
    registry.watch(b.as_fd(), 3, false).unwrap();
    a.send_bytes(b"x").unwrap();
    registry.forget(b.as_fd()).unwrap();
    assert_eq!(tokens(&mut reactor), [0; 0]);
    let gone = registry.forget(b.as_fd()).unwrap_err();
    assert_eq!(gone.raw_os_error(), Some(libc::ENOENT));
    assert_eq!(
        registry.rearm(b.as_fd(), 3, false).unwrap_err().raw_os_error(),
        Some(libc::ENOENT)
    );
    registry.watch(b.as_fd(), 4, false).unwrap();
    assert_eq!(tokens(&mut reactor), [4]);
}

#[test]
#[cfg(target_os = "linux")]
fn a_descriptor_that_can_not_be_watched_is_refused() {
    let ((_reactor, registry), (_a, b)) = (reactor(), pipe().unwrap());
    registry.watch(b.as_fd(), 1, false).unwrap();
    assert_eq!(
        registry.watch(b.as_fd(), 2, false).unwrap_err().raw_os_error(),
        Some(libc::EEXIST)
    );
    let file = File::open("/proc/self/exe").unwrap();
    assert_eq!(
        registry.watch(file.as_fd(), 3, false).unwrap_err().raw_os_error(),
        Some(libc::EPERM)
    );
}

#[test]
fn a_wait_ends_when_its_time_is_up_and_not_before() {
    let ((mut reactor, registry), (_a, b)) = (reactor(), pipe().unwrap());
    registry.watch(b.as_fd(), 1, false).unwrap();
    let begin = Instant::now();
    let timeout = Duration::from_millis(20);
    let woken = reactor
        .poll(Deadline::after(Some(timeout)), |report| panic!("{report:?}"))
        .unwrap();
    assert!(!woken && begin.elapsed() >= timeout);
}

#[test]
fn a_waker_ends_a_wait_from_another_thread() {
    let (mut reactor, _registry) = reactor();
    let waker = reactor.waker().unwrap();
    let waiting = thread::spawn(move || {
        let woken = reactor.poll(Deadline::Never, |report| panic!("{report:?}")).unwrap();
        (
            woken,
            reactor.poll(Deadline::Now, |report| panic!("{report:?}")).unwrap(),
        )
    });
    waker.wake().unwrap();
    assert_eq!(waiting.join().unwrap(), (true, false), "once");
}

#[test]
fn a_wake_before_the_wait_is_not_lost() {
    let (mut reactor, _registry) = reactor();
    let waker = reactor.waker().unwrap();
    waker.wake().unwrap();
    waker.wake().unwrap();
    assert!(reactor.poll(Deadline::Never, |_| ()).unwrap());
}

#[test]
fn the_registry_is_used_from_another_thread_during_a_wait() {
    let ((mut reactor, registry), (mut a, b)) = (reactor(), pipe().unwrap());
    let waiting = thread::spawn(move || {
        let mut tokens = Vec::new();
        reactor
            .poll(Deadline::Never, |report| tokens.push(report.token))
            .unwrap();
        tokens
    });
    registry.watch(b.as_fd(), 9, false).unwrap();
    a.send_bytes(b"x").unwrap();
    assert_eq!(waiting.join().unwrap(), [9]);
}

#[test]
fn the_reactors_own_descriptor_is_readable_while_there_is_something_to_report() {
    let ((mut reactor, registry), (mut a, b)) = (reactor(), pipe().unwrap());
    registry.watch(b.as_fd(), 1, false).unwrap();
    // SAFETY: the reactor is not closed before the test ends.
    let own = unsafe { BorrowedFd::borrow_raw(reactor.as_raw_fd()) };
    assert!(!poll_readable(own, false, Deadline::Now).unwrap());
    a.send_bytes(b"x").unwrap();
    assert!(poll_readable(own, false, Deadline::Never).unwrap());
    assert_eq!(tokens(&mut reactor), [1]);
    assert!(!poll_readable(own, false, Deadline::Now).unwrap());
}

#[test]
fn more_descriptors_than_one_look_takes_are_all_reported() {
    const COUNT: usize = 1500;
    if !allow_descriptors(2 * COUNT as u64) {
        println!("skipped: the hard limit of descriptors is too low");
        return;
    }
    let (mut reactor, registry) = reactor();
    let mut pairs: Vec<_> = (0..COUNT).map(|_| pipe().unwrap()).collect();
    for (token, (a, b)) in pairs.iter_mut().enumerate() {
        registry.watch(b.as_fd(), token, false).unwrap();
        a.send_bytes(b"x").unwrap();
    }
    let mut seen = Vec::new();
    while seen.len() < COUNT {
        let found = tokens(&mut reactor);
        assert!(!found.is_empty(), "{} of {COUNT} were reported", seen.len());
        seen.extend(found);
    }
    seen.sort_unstable();
    assert!(seen.into_iter().eq(0..COUNT));
}
