//! Starting a program that inherits descriptors, and no others.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};
use std::sync::Mutex;

use rustix::fs::fstat;
use rustix::io::{Errno, FdFlags, fcntl_dupfd_cloexec, fcntl_setfd};

/// The variable that tells a program which descriptors it has inherited: for each, its number and the file that it is.
const INHERITED: &str = "CAROM_INHERITED";

/// The numbers that this process has taken.
static TAKEN: Mutex<Vec<RawFd>> = Mutex::new(Vec::new());

/// Runs `command` with each descriptor open under the number given, and without any other of this library's.
pub(crate) fn spawn(mut command: Command, fds: Vec<(RawFd, OwnedFd)>) -> io::Result<Child> {
    let mut told = Vec::new();
    let mut numbered = Vec::new();
    for (number, fd) in fds {
        if number < 0 || numbered.iter().any(|(taken, _)| *taken == number) {
            return Err(Errno::INVAL.into());
        }
        told.push(identity(number, fd.as_fd())?);
        numbered.push((number, fd));
    }
    // A descriptor whose number is another's goal would be replaced before it has reached its own. And what the standard library opens to
    // hear of a failed exec must not get one of these numbers: those that are free are held until the child has been started.
    let above = numbered
        .iter()
        .map(|(number, _)| number.saturating_add(1))
        .max()
        .unwrap_or(0);
    let sources = numbered
        .iter()
        .map(|(number, fd)| Ok((*number, fcntl_dupfd_cloexec(fd, above)?)))
        .collect::<io::Result<Vec<_>>>()?;
    let held = numbered
        .iter()
        .map(|(number, fd)| fcntl_dupfd_cloexec(fd, *number))
        .collect::<Result<Vec<_>, _>>()?;
    command.env(INHERITED, told.join(","));
    // SAFETY: the closure calls dup2(2), which is async-signal-safe, and allocates nothing.
    unsafe {
        command.pre_exec(move || {
            for (number, source) in &sources {
                // The copy has no close-on-exec flag. The child's table of descriptors is a copy by now: no other process sees this.
                if libc::dup2(source.as_raw_fd(), *number) < 0 {
                    return Err(io::Error::last_os_error());
                }
            }
            Ok(())
        });
    }
    let child = command.spawn();
    drop((held, numbered));
    child
}

/// Takes the descriptor that this program has inherited under `number`: once, and only where it is still that file.
pub(crate) fn inherited(number: RawFd) -> io::Result<OwnedFd> {
    let absent = || {
        io::Error::new(
            io::ErrorKind::NotFound,
            format!("no connection was inherited as descriptor {number}"),
        )
    };
    let told = std::env::var_os(INHERITED).unwrap_or_default();
    let told = told.to_str().unwrap_or_default();
    let mut taken = TAKEN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if number < 0 || taken.contains(&number) {
        return Err(absent());
    }
    // SAFETY: borrowed for two calls, which fail cleanly where the number isn't open.
    let fd = unsafe { BorrowedFd::borrow_raw(number) };
    let same = identity(number, fd).is_ok_and(|identity| told.split(',').any(|each| each == identity));
    if !same {
        return Err(absent());
    }
    fcntl_setfd(fd, FdFlags::CLOEXEC)?;
    taken.push(number);
    // SAFETY: the parent made this descriptor for this program, which says so in its environment, and it is taken once.
    Ok(unsafe { <OwnedFd as std::os::fd::FromRawFd>::from_raw_fd(number) })
}

/// The number, and the file behind it: a program that finds the variable of its parent's has another file there, or none.
fn identity(number: RawFd, fd: BorrowedFd<'_>) -> io::Result<String> {
    let file = fstat(fd)?;
    Ok(format!("{number}={}:{}", file.st_dev, file.st_ino))
}
