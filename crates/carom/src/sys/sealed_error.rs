use std::io;

/// Why memory that is shared by its descriptor can't be had.
#[derive(Debug)]
#[cfg_attr(
    not(any(target_os = "linux", target_os = "android")),
    allow(dead_code, reason = "there is one reason there: no such memory exists")
)]
pub(crate) enum SealedError {
    /// It does not exist here, or a sandbox forbids it.
    Missing,
    /// A file that can change its size, or is none in memory.
    NotSealed,
    /// Its descriptor was opened for less than reading and writing, or it is sealed against writing.
    NotWritable,
    /// A system call failed.
    System { syscall: &'static str, error: io::Error },
}

impl SealedError {
    #[cfg_attr(
        not(any(target_os = "linux", target_os = "android")),
        allow(dead_code, reason = "no system call makes such memory there")
    )]
    pub(super) fn of(syscall: &'static str, error: impl Into<io::Error>) -> Self {
        let error = error.into();
        Self::System { syscall, error }
    }
}
