//! Named segments of memory that processes of one machine share: those of Python's
//! `multiprocessing.shared_memory.SharedMemory`. Either side makes one, and the other opens it by its name.
//!
//! ```
//! use std::sync::atomic::Ordering;
//!
//! use carom::shared_memory::SharedMemory;
//!
//! let ours = SharedMemory::create(None, 4096)?;
//! // In another process, as a rule, which was told the name:
//! let theirs = SharedMemory::open(ours.name())?;
//! ours.bytes()[17].store(42, Ordering::Relaxed);
//! assert_eq!(theirs.bytes()[17].load(Ordering::Relaxed), 42);
//! ours.unlink()?;
//! # Ok::<(), carom::shared_memory::SharedMemoryError>(())
//! ```
//!
//! # Whom to share it with
//!
//! Processes that trust each other. Whoever can open a segment can change its bytes while they are read, and can make its file
//! shorter: the system then ends, by `SIGBUS`, each process that touches what was cut off. Nothing in the memory says when it
//! may be read: a message does.

use std::path::Path;
use std::ptr::NonNull;
use std::sync::atomic::AtomicU8;
use std::{fmt, io};

use crate::sys;
use crate::sys::shared_memory::Mapping;

/// How often a new name is made up if one is taken.
const ATTEMPTS: u32 = 100;

/// A segment, mapped into this process until it is dropped. The name stays, and so does the memory, until somebody unlinks it;
/// on Windows, both are gone when no process has it open.
#[derive(Debug)]
pub struct SharedMemory {
    name: String,
    mapping: Mapping,
}

impl SharedMemory {
    /// Makes a segment of `size` bytes, all of them 0, and maps it. The system has the memory for it from now on. Without a name,
    /// it makes one up: `psm_` and eight digits, as Python does. Only processes of this user can open it.
    ///
    /// # Errors
    ///
    /// `EEXIST` where the name is taken, `ENOSPC` where there is no room, and what else the system reports; a name or a size that
    /// no segment can have.
    pub fn create(name: Option<&str>, size: usize) -> Result<Self, SharedMemoryError> {
        if size == 0 || isize::try_from(size).is_err() {
            return Err(SharedMemoryError::Size(size));
        }
        if let Some(name) = name {
            return Self::create_named(name, size);
        }
        let mut attempt = 1;
        loop {
            let made = Self::create_named(&made_up_name()?, size);
            match made {
                Err(SharedMemoryError::System { ref source, .. })
                    if source.kind() == io::ErrorKind::AlreadyExists && attempt < ATTEMPTS =>
                {
                    attempt += 1;
                }
                made => return made,
            }
        }
    }

    fn create_named(name: &str, size: usize) -> Result<Self, SharedMemoryError> {
        check_name(name)?;
        Self::with(name, Mapping::create(name, size))
    }

    /// Maps an existing segment, all of it: its size is the file's.
    ///
    /// # Errors
    ///
    /// `ENOENT` where there is none, `EINVAL` where it is empty, and what else the system reports; a name that no segment can have.
    pub fn open(name: &str) -> Result<Self, SharedMemoryError> {
        check_name(name)?;
        Self::with(name, Mapping::open(name))
    }

    fn with(name: &str, mapping: Result<Mapping, (&'static str, io::Error)>) -> Result<Self, SharedMemoryError> {
        Ok(Self {
            mapping: mapping.map_err(|failed| SharedMemoryError::system(name, failed))?,
            name: name.to_owned(),
        })
    }

    /// The name, without the slash that POSIX has before it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many bytes it has. Where one was opened, the system may have made its size a multiple of a page's: macOS and Windows do.
    #[must_use]
    pub fn size(&self) -> usize {
        self.mapping.size()
    }

    /// The memory. Other processes may write it at any time, which no Rust reference to plain bytes allows.
    #[must_use]
    pub fn bytes(&self) -> &[AtomicU8] {
        // SAFETY: the mapping is readable, writable and as long as that, as long as `self` lives.
        #[allow(unsafe_code, reason = "it is the mapping's memory, for its life")]
        unsafe {
            std::slice::from_raw_parts(self.mapping.start().as_ptr().cast(), self.mapping.size())
        }
    }

    /// Where the memory begins: valid as long as `self` lives.
    #[must_use]
    pub fn as_ptr(&self) -> NonNull<u8> {
        self.mapping.start()
    }

    /// Removes the name: nobody can open the segment any more. Its memory is given back with its last mapping. To be done once, by one
    /// of those that share it. On Windows, nothing happens.
    ///
    /// # Errors
    ///
    /// The same as for [`unlink()`].
    pub fn unlink(&self) -> Result<(), SharedMemoryError> {
        unlink(&self.name)
    }
}

/// Removes the name of a segment, as [`SharedMemory::unlink`] does.
///
/// # Errors
///
/// `ENOENT` where there is no such segment; a name that no segment can have.
pub fn unlink(name: &str) -> Result<(), SharedMemoryError> {
    check_name(name)?;
    sys::shared_memory::unlink(name).map_err(|failed| SharedMemoryError::system(name, failed))
}

/// Checks that a segment may have this name: it is a file's, and nothing else.
///
/// # Errors
///
/// [`SharedMemoryError::Name`].
pub fn check_name(name: &str) -> Result<(), SharedMemoryError> {
    let fault = match name {
        "" => "it is empty".to_owned(),
        "." | ".." => "it is a directory's".to_owned(),
        name if name.len() > sys::shared_memory::NAME_MAX => format!(
            "it has {} bytes, of {} at most",
            name.len(),
            sys::shared_memory::NAME_MAX
        ),
        name if name.contains('\0') => "it has a NUL in it".to_owned(),
        name if name.contains('/') || (cfg!(windows) && name.contains('\\')) => "it has a slash in it".to_owned(),
        _ => return Ok(()),
    };
    Err(SharedMemoryError::Name {
        name: name.chars().take(40).collect(),
        fault,
    })
}

fn made_up_name() -> Result<String, SharedMemoryError> {
    let number = getrandom::u32().map_err(|error| {
        SharedMemoryError::system(sys::shared_memory::PREFIX, ("getrandom", io::Error::other(error)))
    })?;
    Ok(format!("{}{number:08x}", sys::shared_memory::PREFIX))
}

/// Why a segment can't be made, opened or unlinked.
#[derive(Debug)]
#[non_exhaustive]
pub enum SharedMemoryError {
    /// No segment can have that name.
    Name {
        /// The name's first characters.
        name: String,
        /// The fault in it.
        fault: String,
    },
    /// No segment can have that size.
    Size(usize),
    /// A system call failed.
    System {
        /// The call.
        syscall: &'static str,
        /// The segment.
        name: String,
        /// Why.
        source: io::Error,
    },
}

impl SharedMemoryError {
    fn system(name: &str, (syscall, source): (&'static str, io::Error)) -> Self {
        Self::System {
            syscall,
            name: name.to_owned(),
            source,
        }
    }
}

impl fmt::Display for SharedMemoryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name { name, fault } => {
                write!(f, "shared memory can't have the name {name:?}: {fault}")
            }
            Self::Size(0) => write!(f, "shared memory can't be empty"),
            Self::Size(size) => write!(f, "shared memory can't have {size} bytes"),
            Self::System { syscall, name, source } => {
                write!(f, "{syscall} {name}: ")?;
                let code = sys::error_name(source);
                match code.and_then(|code| words(syscall, code)) {
                    Some((words, "")) => write!(f, "{words} ({})", code.unwrap_or_default()),
                    Some((words, remedy)) => write!(f, "{words} ({}); {remedy}", code.unwrap_or_default()),
                    None => source.fmt(f),
                }
            }
        }
    }
}

impl std::error::Error for SharedMemoryError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::System { source, .. } => Some(source),
            Self::Name { .. } | Self::Size(_) => None,
        }
    }
}

/// The meaning of an error here, and the way out.
fn words(syscall: &str, code: &str) -> Option<(&'static str, &'static str)> {
    Some(match (syscall, code) {
        (_, "EEXIST") => ("there is shared memory of that name", "open it, or unlink it first"),
        (_, "ENOENT") if cfg!(target_os = "linux") && !Path::new("/dev/shm").is_dir() => {
            ("this system has no /dev/shm", "mount a tmpfs there")
        }
        (_, "ENOENT") => (
            "there is no shared memory of that name",
            "was it unlinked, or did a Python that had it open end, whose resource tracker unlinks what it has only opened?",
        ),
        (_, "ENOSPC") => (
            "there is no room for that much shared memory",
            "unlink what is not used any more, or have /dev/shm made larger",
        ),
        ("mmap", "EINVAL") => (
            "it is empty",
            "the process that made it may not have given it a size yet: be told the name by a message",
        ),
        (_, "EACCES") => ("it is another user's, who alone may open it", ""),
        (_, "ENOMEM") => ("this process can't map that much", ""),
        (_, "EFBIG") => ("it is larger than the system allows", ""),
        (_, "EISDIR") => ("it is a directory", ""),
        _ => return None,
    })
}
