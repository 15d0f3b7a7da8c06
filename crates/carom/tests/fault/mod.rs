//! System calls that fail on purpose.
//!
//! The kernel asks before it runs a call of the thread under test (`SECCOMP_RET_USER_NOTIF`, seccomp(2)), and is allowed to go
//! on, to fail, or to move less than it was asked to. So the test runs the library as it is shipped: every call, whichever code
//! makes it, and no code for the test in it.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::sync::mpsc;
use std::thread;

use libc::{
    EADDRINUSE, EAGAIN, ECONNABORTED, ECONNREFUSED, ECONNRESET, EINTR, EMFILE, ENFILE, ENOBUFS, ENOMEM, ENOSPC, EPIPE,
};
use rustix::event::{PollFd, PollFlags};

#[allow(dead_code, reason = "each test binary uses a part")]
mod conversation;
mod survival;

#[allow(unused_imports, reason = "each test binary uses a part")]
pub(crate) use conversation::{LAST, alone, echo};
#[allow(unused_imports, reason = "each test binary uses a part")]
pub(crate) use survival::survive;

/// The outcome of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// It fails with this number, and has done nothing.
    Errno(i32),
    /// It moves one byte.
    Short,
}

use Fault::{Errno, Short};

/// A call that a fault was put in place of.
#[derive(Debug, Clone, Copy)]
struct Injected {
    call: &'static str,
    fault: Fault,
}

/// The calls that can fail, and how (their manual pages). A connection that is made at once or not at all (a Unix one) also
/// has no room, or is interrupted.
const CALLS: &[(libc::c_long, &str, &[Fault])] = &[
    (libc::SYS_read, "read", RECEIVE),
    (libc::SYS_recvfrom, "recvfrom", RECEIVE),
    (libc::SYS_recvmsg, "recvmsg", RECEIVE),
    (libc::SYS_write, "write", SEND),
    (libc::SYS_sendto, "sendto", SEND),
    (libc::SYS_sendmsg, "sendmsg", SEND),
    (libc::SYS_socket, "socket", OPEN),
    (libc::SYS_socketpair, "socketpair", OPEN),
    (libc::SYS_accept4, "accept4", ACCEPT),
    (libc::SYS_connect, "connect", CONNECT),
    (libc::SYS_bind, "bind", BIND),
    (libc::SYS_listen, "listen", BIND),
    (libc::SYS_shutdown, "shutdown", LOOK),
    (libc::SYS_getsockname, "getsockname", LOOK),
    (libc::SYS_getpeername, "getpeername", LOOK),
    (libc::SYS_getsockopt, "getsockopt", LOOK),
    (libc::SYS_setsockopt, "setsockopt", LOOK),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_poll, "poll", WAIT),
    (libc::SYS_ppoll, "ppoll", WAIT),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_epoll_wait, "epoll_wait", &[Errno(EINTR)]),
    (libc::SYS_epoll_pwait, "epoll_pwait", &[Errno(EINTR)]),
    (libc::SYS_epoll_create1, "epoll_create1", OPEN),
    (libc::SYS_epoll_ctl, "epoll_ctl", &[Errno(ENOMEM), Errno(ENOSPC)]),
    (libc::SYS_eventfd2, "eventfd2", OPEN),
    (libc::SYS_fcntl, "fcntl(F_DUPFD_CLOEXEC)", &[Errno(EMFILE)]),
    (libc::SYS_memfd_create, "memfd_create", OPEN),
    (libc::SYS_ftruncate, "ftruncate", FILE),
    (
        libc::SYS_fallocate,
        "fallocate",
        &[Errno(EINTR), Errno(ENOSPC), Errno(ENOMEM)],
    ),
    (libc::SYS_fstatfs, "fstatfs", FILE),
    (libc::SYS_mmap, "mmap", FILE),
    (libc::SYS_fstat, "fstat", FILE),
    (libc::SYS_newfstatat, "newfstatat", FILE),
    (libc::SYS_statx, "statx", FILE),
    (libc::SYS_fchmod, "fchmod", FILE),
    (libc::SYS_fchmodat, "fchmodat", FILE),
    (libc::SYS_mkdirat, "mkdirat", FILE),
    (libc::SYS_unlinkat, "unlinkat", FILE),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_unlink, "unlink", FILE),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_rmdir, "rmdir", FILE),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_mkdir, "mkdir", FILE),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_chmod, "chmod", FILE),
    (libc::SYS_getrandom, "getrandom", &[Errno(EINTR)]),
];

/// libc lacks it.
const SO_PASSRIGHTS: i32 = 83;

const RECEIVE: &[Fault] = &[
    Short,
    Errno(EINTR),
    Errno(EAGAIN),
    Errno(ECONNRESET),
    Errno(ENOBUFS),
    Errno(ENOMEM),
];
const SEND: &[Fault] = &[
    Short,
    Errno(EINTR),
    Errno(EAGAIN),
    Errno(ECONNRESET),
    Errno(EPIPE),
    Errno(ENOBUFS),
    Errno(ENOMEM),
];
const OPEN: &[Fault] = &[Errno(EMFILE), Errno(ENFILE), Errno(ENOMEM), Errno(ENOBUFS)];
const ACCEPT: &[Fault] = &[
    Errno(EINTR),
    Errno(EAGAIN),
    Errno(ECONNABORTED),
    Errno(EMFILE),
    Errno(ENFILE),
    Errno(ENOBUFS),
    Errno(ENOMEM),
];
const CONNECT: &[Fault] = &[Errno(ECONNREFUSED), Errno(ENOMEM), Errno(ENOBUFS)];
const CONNECT_AT_ONCE: &[Fault] = &[
    Errno(EINTR),
    Errno(EAGAIN),
    Errno(ECONNREFUSED),
    Errno(ENOMEM),
    Errno(ENOBUFS),
];
const BIND: &[Fault] = &[Errno(EADDRINUSE), Errno(ENOMEM), Errno(ENOBUFS)];
const LOOK: &[Fault] = &[Errno(ENOBUFS), Errno(ENOMEM)];
const WAIT: &[Fault] = &[Errno(EINTR), Errno(ENOMEM)];
const FILE: &[Fault] = &[Errno(ENOMEM)];

impl Fault {
    /// Whether it passes by itself: the caller tries again, or goes on.
    fn passes(self) -> bool {
        matches!(self, Short | Errno(EINTR | EAGAIN | ECONNABORTED))
    }
}

/// The calls that fail.
#[derive(Debug, Clone, Copy)]
enum Plan {
    /// This one, with the `kind`-th of the faults that it can have.
    One { call: usize, kind: usize },
    /// About every other one, with a fault that passes.
    Storm,
}

impl Plan {
    fn fault(self, calls: usize, faults: &[Fault]) -> Option<Fault> {
        match self {
            Self::One { call, kind } => faults.get(kind).copied().filter(|_| call == calls),
            Self::Storm => {
                // Without a period, or a loop with the same one would go on for ever.
                let dice = (calls as u32).wrapping_mul(0x9e37_79b9) >> 20;
                let passing: Vec<_> = faults.iter().filter(|fault| fault.passes()).collect();
                let which = (dice as usize / 2) % passing.len().max(1);
                passing
                    .get(which)
                    .filter(|_| dice.is_multiple_of(2))
                    .map(|fault| **fault)
            }
        }
    }
}

/// The outcome of a plan.
#[derive(Debug)]
struct Outcome {
    /// The number of calls made that can fail.
    calls: usize,
    /// The last fault.
    injected: Option<Injected>,
}

/// Runs `ours` on a thread with the fault of `plan` in its way, and `theirs` on another one.
fn run(plan: Plan, ours: impl FnOnce() + Send, theirs: impl FnOnce() + Send) -> Outcome {
    thread::scope(|scope| {
        scope.spawn(theirs);
        let (sender, receiver) = mpsc::channel();
        let ours = scope.spawn(move || {
            sender.send(watch_this_thread()).unwrap();
            ours();
        });
        let (calls, injected) = supervise(&receiver.recv().unwrap(), plan).unwrap();
        ours.join().unwrap_or_else(|_| panic!("{injected:?} made it panic"));
        Outcome { calls, injected }
    })
}

/// Whether the kernel can ask. An emulator of another processor has none of its own, and can't.
fn available() -> bool {
    let action: u32 = libc::SECCOMP_RET_USER_NOTIF;
    // SAFETY: the pointer is valid for the call, which only looks.
    unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_GET_ACTION_AVAIL, 0, &raw const action) == 0 }
}

/// Has every call of this thread fail that can, from now on: with a number that none of them has otherwise.
#[allow(dead_code, reason = "each test binary uses a part")]
pub(crate) fn forbid_on_this_thread() {
    install(libc::SECCOMP_RET_ERRNO | libc::EXDEV as u32, 0);
}

/// Has the kernel ask about this thread's calls. The descriptor carries the questions; it hangs up when the thread is gone.
fn watch_this_thread() -> OwnedFd {
    let number = install(libc::SECCOMP_RET_USER_NOTIF, libc::SECCOMP_FILTER_FLAG_NEW_LISTENER);
    // SAFETY: the call has made it, and it has no owner.
    unsafe { OwnedFd::from_raw_fd(number) }
}

/// Puts `action` in place of this thread's calls that can fail. Returns what seccomp(2) does.
fn install(action: u32, flags: libc::c_ulong) -> i32 {
    let statement = |code: u32, value: u32| libc::sock_filter {
        code: code as u16,
        jt: 0,
        jf: 0,
        k: value,
    };
    // The number is the first field of `seccomp_data`. A call that is on the list meets the statement behind its own.
    let mut program = vec![statement(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0)];
    for (number, ..) in CALLS {
        program.push(libc::sock_filter {
            jf: 1,
            ..statement(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, *number as u32)
        });
        program.push(statement(libc::BPF_RET | libc::BPF_K, action));
    }
    program.push(statement(libc::BPF_RET | libc::BPF_K, libc::SECCOMP_RET_ALLOW));
    let program = libc::sock_fprog {
        len: program.len() as u16,
        filter: program.as_mut_ptr(),
    };
    // SAFETY: the program is valid for the call, which concerns this thread alone.
    unsafe {
        assert_eq!(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
        let number = libc::syscall(
            libc::SYS_seccomp,
            libc::SECCOMP_SET_MODE_FILTER,
            flags,
            &raw const program,
        );
        assert!(number >= 0, "seccomp: {}", io::Error::last_os_error());
        number as i32
    }
}

/// Answers the kernel's questions until the thread is gone: returns their number, and the result that took the place of a call.
fn supervise(questions: &OwnedFd, plan: Plan) -> io::Result<(usize, Option<Injected>)> {
    let (mut calls, mut injected) = (0, None);
    loop {
        let mut polled = [PollFd::new(questions, PollFlags::IN)];
        rustix::event::poll(&mut polled, None)?;
        if !polled[0].revents().contains(PollFlags::IN) {
            return Ok((calls, injected));
        }
        // SAFETY: zeroes are a value of it, as the kernel wants it.
        let mut question: libc::seccomp_notif = unsafe { std::mem::zeroed() };
        // SAFETY: the descriptor is a listener of seccomp's, and takes this type.
        check(unsafe { libc::ioctl(questions.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_RECV, &raw mut question) })?;
        let mut answer = libc::seccomp_notif_resp {
            id: question.id,
            val: 0,
            error: 0,
            flags: libc::SECCOMP_USER_NOTIF_FLAG_CONTINUE as u32,
        };
        if let Some((call, faults)) = faults(&question.data) {
            if let Some(fault) = plan.fault(calls, faults) {
                injected = Some(Injected { call, fault });
                let result = match fault {
                    Errno(number) => Err(io::Error::from_raw_os_error(number)),
                    Short => shortened(&question.data),
                };
                answer.flags = 0;
                match result {
                    Ok(value) => answer.val = value,
                    Err(error) => answer.error = -error.raw_os_error().unwrap_or(libc::EIO),
                }
            }
            calls += 1;
        }
        // SAFETY: as above.
        check(unsafe { libc::ioctl(questions.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_SEND, &raw const answer) })?;
    }
}

/// A call's name and faults; none for those that only share their number with one that fails.
fn faults(call: &libc::seccomp_data) -> Option<(&'static str, &'static [Fault])> {
    let (number, name, faults) = CALLS
        .iter()
        .find(|(number, ..)| *number == libc::c_long::from(call.nr))?;
    match *number {
        // Asked before a socket is closed, which is done whatever comes of it.
        libc::SYS_getsockopt if matches!(call.args[2] as i32, libc::SO_LINGER | SO_PASSRIGHTS) => None,
        libc::SYS_fcntl if matches!(call.args[1] as i32, libc::F_ADD_SEALS | libc::F_GET_SEALS) => {
            Some(("fcntl(seals)", FILE))
        }
        libc::SYS_fcntl if call.args[1] as i32 != libc::F_DUPFD_CLOEXEC => None,
        // Memory without a file is the allocator's.
        libc::SYS_mmap if call.args[3] as i32 & libc::MAP_ANONYMOUS != 0 => None,
        // SAFETY: the address of the socket's address, in the memory of a thread that waits for the answer.
        libc::SYS_connect if unsafe { *(call.args[1] as *const libc::sa_family_t) } == libc::AF_UNIX as u16 => {
            Some((name, CONNECT_AT_ONCE))
        }
        _ => Some((name, faults)),
    }
}

/// Makes a call that moves bytes in place of the thread, for one byte. It may wait as the thread would.
fn shortened(call: &libc::seccomp_data) -> io::Result<i64> {
    let number = libc::c_long::from(call.nr);
    let [fd, memory, length, flags, address, size] = call.args;
    if !matches!(number, libc::SYS_sendmsg | libc::SYS_recvmsg) {
        // SAFETY: the thread's own arguments, with less memory to use.
        return check(unsafe { libc::syscall(number, fd, memory, length.min(1), flags, address, size) });
    }
    // SAFETY: the thread, which waits for the answer, has given the kernel a valid message, whose first part isn't empty.
    unsafe {
        let original = memory as *mut libc::msghdr;
        let mut first = *(*original).msg_iov;
        first.iov_len = first.iov_len.min(1);
        let mut message = *original;
        (message.msg_iov, message.msg_iovlen) = (&raw mut first, 1);
        let moved = check(libc::syscall(number, fd, &raw mut message, length))?;
        if number == libc::SYS_recvmsg {
            (*original).msg_controllen = message.msg_controllen;
            (*original).msg_namelen = message.msg_namelen;
            (*original).msg_flags = message.msg_flags;
        }
        Ok(moved)
    }
}

fn check(returned: impl Into<i64>) -> io::Result<i64> {
    match returned.into() {
        -1 => Err(io::Error::last_os_error()),
        value => Ok(value),
    }
}

/// How many descriptors are open.
fn open_descriptors() -> usize {
    (0..1024)
        // SAFETY: borrowed for one call, which fails cleanly where the number isn't open.
        .filter(|number| rustix::io::fcntl_getfd(unsafe { BorrowedFd::borrow_raw(*number) }).is_ok())
        .count()
}
