//! Memory in long runs, which comes straight from the system and goes straight back, past the process's allocator.

pub use crate::sys::pages::Run;
