//! Named segments of memory.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::sync::atomic::Ordering::Relaxed;

use carom::shared_memory::{SharedMemory, SharedMemoryError, check_name, unlink};

/// Unlinks a segment, however its test ends.
struct Unlinked(SharedMemory);

impl Drop for Unlinked {
    fn drop(&mut self) {
        let _ = self.0.unlink();
    }
}

fn create(name: Option<&str>, size: usize) -> Unlinked {
    Unlinked(SharedMemory::create(name, size).unwrap())
}

fn code(error: &SharedMemoryError) -> Option<&'static str> {
    match error {
        SharedMemoryError::System { source, .. } => carom::sys::error_name(source),
        _ => None,
    }
}

fn fresh_name(what: &str) -> String {
    format!("carom-{what}-{}", std::process::id())
}

#[test]
fn what_one_mapping_has_another_one_has() {
    let Unlinked(ours) = &create(None, 10_000);
    let theirs = SharedMemory::open(ours.name()).unwrap();
    assert!(theirs.size() >= 10_000);
    assert!(ours.bytes().iter().all(|byte| byte.load(Relaxed) == 0));
    ours.bytes()[9_999].store(7, Relaxed);
    assert_eq!(theirs.bytes()[9_999].load(Relaxed), 7);
    assert_ne!(ours.as_ptr(), theirs.as_ptr());
}

#[test]
fn a_name_belongs_to_one_segment() {
    let name = fresh_name("taken");
    let first = create(Some(&name), 1);
    let error = SharedMemory::create(Some(&name), 1).unwrap_err();
    assert_eq!(code(&error), Some("EEXIST"), "{error}");
    assert_eq!(first.0.name(), name);
}

#[cfg(unix)]
#[test]
fn an_unlinked_segment_lives_as_long_as_its_mappings() {
    let name = fresh_name("unlinked");
    let memory = SharedMemory::create(Some(&name), 1).unwrap();
    memory.unlink().unwrap();
    memory.bytes()[0].store(1, Relaxed);
    for error in [
        SharedMemory::open(&name).unwrap_err(),
        memory.unlink().unwrap_err(),
        unlink(&name).unwrap_err(),
    ] {
        assert_eq!(code(&error), Some("ENOENT"));
        assert!(
            error.to_string().contains("no shared memory of that name (ENOENT)"),
            "{error}"
        );
    }
}

#[test]
fn a_name_is_that_of_a_file_and_nothing_else() {
    let long = "x".repeat(1 << 20);
    for name in ["", ".", "..", "/x", "../x", "a/b", "a\0b", &long] {
        assert!(matches!(check_name(name), Err(SharedMemoryError::Name { .. })));
        let error = SharedMemory::open(name).unwrap_err();
        assert!(matches!(error, SharedMemoryError::Name { .. }));
        assert!(error.to_string().len() < 200);
        assert!(SharedMemory::create(Some(name), 1).is_err());
        assert!(unlink(name).is_err());
    }
    check_name("psm_01234567").unwrap();
}

#[test]
fn no_segment_is_empty_or_larger_than_memory() {
    for size in [0, usize::MAX] {
        let error = SharedMemory::create(None, size).unwrap_err();
        assert!(matches!(error, SharedMemoryError::Size(_)), "{error}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn without_room_there_is_an_error_and_no_name() {
    let name = fresh_name("room");
    let error = SharedMemory::create(Some(&name), 1 << 50).unwrap_err();
    assert_eq!(code(&error), Some("ENOSPC"), "{error}");
    assert_eq!(code(&SharedMemory::open(&name).unwrap_err()), Some("ENOENT"));
}
