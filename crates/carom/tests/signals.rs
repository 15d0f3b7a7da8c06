//! Signals that interrupt a waiting system call don't show.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::os::fd::AsFd;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use std::{mem, ptr, thread};

use carom::reactor::Reactor;
use carom::sys::Deadline;
use carom::{pipe, wait};

mod peer;

use peer::{fifo, payload};

/// How often a waiting call is interrupted.
const INTERRUPTIONS: u32 = 50;

/// How many signals have been handled.
static HANDLED: AtomicU32 = AtomicU32::new(0);

/// One test at a time: they share the count.
static TURN: Mutex<()> = Mutex::new(());

extern "C" fn handle(_signal: libc::c_int) {
    HANDLED.fetch_add(1, Ordering::SeqCst);
}

/// A thread that is interrupted by signals whose handler does not restart system calls.
struct Interruptible {
    thread: libc::pthread_t,
    _turn: MutexGuard<'static, ()>,
}

impl Interruptible {
    /// The calling thread.
    fn current() -> Self {
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        // SAFETY: all zeros are a valid action, of which the fields are set that matter. The handler only counts.
        unsafe {
            let mut action: libc::sigaction = mem::zeroed();
            action.sa_sigaction = handle as extern "C" fn(libc::c_int) as libc::sighandler_t;
            assert_eq!(libc::sigaction(libc::SIGUSR1, &raw const action, ptr::null_mut()), 0);
        }
        // SAFETY: the call can't fail.
        let thread = unsafe { libc::pthread_self() };
        Self { thread, _turn: turn }
    }

    /// Runs `wait` on this thread, interrupts it again and again from another one, and then runs `release` there.
    fn interrupt<T>(&self, wait: impl FnOnce() -> T, release: impl FnOnce() + Send) -> T {
        let thread = self.thread as usize;
        thread::scope(|scope| {
            scope.spawn(move || {
                let target = HANDLED.load(Ordering::SeqCst) + INTERRUPTIONS;
                loop {
                    let handled = HANDLED.load(Ordering::SeqCst);
                    if handled == target {
                        break;
                    }
                    // SAFETY: the thread waits for this one to end.
                    let status = unsafe { libc::pthread_kill(thread as libc::pthread_t, libc::SIGUSR1) };
                    assert_eq!(status, 0);
                    // One by one, or the kernel would make one of several.
                    while HANDLED.load(Ordering::SeqCst) == handled {
                        thread::yield_now();
                    }
                }
                release();
            });
            wait()
        })
    }
}

#[test]
fn a_receive_goes_on() {
    let thread = Interruptible::current();
    let (mut a, mut b) = pipe().unwrap();
    let message = thread.interrupt(|| b.recv_bytes(), || a.send_bytes(b"calm").unwrap());
    assert_eq!(message.unwrap(), b"calm");
    let (mut receiver, mut sender) = fifo();
    let message = thread.interrupt(|| receiver.recv_bytes(), || sender.send_bytes(b"calm").unwrap());
    assert_eq!(message.unwrap(), b"calm");
}

#[test]
fn a_receive_inside_a_long_message_goes_on() {
    let thread = Interruptible::current();
    let (mut a, mut b) = pipe().unwrap();
    let message = payload(1 << 20);
    a.try_send_bytes(&message).unwrap();
    let received = thread.interrupt(|| b.recv_bytes(), || a.flush().unwrap());
    assert!(received.unwrap() == message);
}

#[test]
fn a_send_goes_on_and_nothing_is_sent_twice() {
    let thread = Interruptible::current();
    for (mut sender, mut receiver) in [pipe().unwrap(), {
        let (receiver, sender) = fifo();
        (sender, receiver)
    }] {
        let message = payload(2 << 20);
        let expected = &message;
        let sent = thread.interrupt(
            || sender.send_bytes(&message),
            || assert!(receiver.recv_bytes().unwrap() == *expected),
        );
        sent.unwrap();
    }
}

#[test]
fn a_poll_goes_on() {
    let thread = Interruptible::current();
    let (mut a, mut b) = pipe().unwrap();
    assert!(
        thread
            .interrupt(|| b.poll(None), || a.send_bytes(b"x").unwrap())
            .unwrap()
    );
}

#[test]
fn a_wait_goes_on() {
    let thread = Interruptible::current();
    let (mut a, mut b) = pipe().unwrap();
    let (_c, mut d) = pipe().unwrap();
    let ready = thread.interrupt(|| wait(&mut [&mut d, &mut b], None), || a.send_bytes(b"x").unwrap());
    assert_eq!(ready.unwrap(), [1]);
}

#[test]
fn a_reactor_goes_on() {
    let thread = Interruptible::current();
    let (mut a, b) = pipe().unwrap();
    let mut reactor = Reactor::new().unwrap();
    reactor.registry().unwrap().watch(b.as_fd(), 1, false).unwrap();
    let mut tokens = Vec::new();
    let wait = || reactor.poll(Deadline::Never, |report| tokens.push(report.token));
    thread.interrupt(wait, || a.send_bytes(b"x").unwrap()).unwrap();
    assert_eq!(tokens, [1]);
}

/// Signals for as long as the thread waits, as those of an interval timer.
#[test]
fn interruptions_do_not_move_a_deadline() {
    let thread = Interruptible::current();
    let (mut a, mut b) = pipe().unwrap();
    let timeout = Duration::from_millis(30);
    let begin = Instant::now();
    assert!(!thread.interrupt(|| b.poll(Some(timeout)), || ()).unwrap());
    assert!(begin.elapsed() >= timeout);
    let begin = Instant::now();
    assert!(
        thread
            .interrupt(|| wait(&mut [&mut a, &mut b], Some(timeout)), || ())
            .unwrap()
            .is_empty()
    );
    assert!(begin.elapsed() >= timeout);
}
