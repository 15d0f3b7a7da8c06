//! Descriptors as JavaScript has them: by number.

#[cfg(unix)]
#[path = "numbers/unix.rs"]
mod system;
#[cfg(windows)]
#[path = "numbers/windows.rs"]
mod system;

pub(crate) use system::{adopt, borrowing, duplicate, give, of, unknown};
