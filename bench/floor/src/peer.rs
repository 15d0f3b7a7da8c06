//! The other process.

use std::io;

use crate::stream::Stream;

/// Forks: the child runs `far` on one end of `pair` and exits, the parent runs `near` on the other end and waits.
pub(crate) fn with_peer<S: Stream, T>(
    pair: (S, S),
    near: impl FnOnce(&S) -> io::Result<T>,
    far: impl FnOnce(&S) -> io::Result<()>,
) -> io::Result<T> {
    let (mine, theirs) = pair;
    // SAFETY: the process has one thread, so the child may do anything that the parent could.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        0 => {
            drop(mine);
            let code = match far(&theirs) {
                Ok(()) => 0,
                Err(error) => {
                    eprintln!("carom-floor, far end: {error}");
                    1
                }
            };
            theirs.close();
            std::process::exit(code)
        }
        pid => {
            drop(theirs);
            let result = near(&mine);
            // The far end stops at the end of the stream.
            mine.close();
            let mut status = 0;
            // SAFETY: `pid` is this process's own child, and `status` a place to write to.
            if unsafe { libc::waitpid(pid, &raw mut status, 0) } == -1 {
                return Err(io::Error::last_os_error());
            }
            match status {
                0 => result,
                _ => result.and(Err(io::Error::other("the far end failed"))),
            }
        }
    }
}
