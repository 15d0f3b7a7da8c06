//! Memory for long messages that has been used before: the kernel needs several times as long to make fresh pages as to fill them.
//!
//! Messages of up to 32 MiB lie in the runtime's own memory, which comes from the process's allocator. glibc's gives a block that is
//! freed back to the system at once, or keeps it for the next one, at most 64 MiB of them; it learns from the program which of the
//! two it wants. Memory of this library's would be slower there: V8 takes twice the time to find out that it isn't used any more.
//!
//! glibc never keeps a longer block. So a longer message lies in a run of pages of this library's, which is lent to JavaScript as the
//! memory of an `ArrayBuffer`, and comes back by that one's finalizer, in a later turn of the event loop. A new run has no pages until
//! bytes arrive, so that a peer that only announces a message takes none. What a run holds of an older message is for the caller
//! to hide.
//!
//! Only a process's main thread has such a pool. When another environment ends, Node calls the finalizers of all memory that it was
//! given there, also of what was transferred to another thread, which goes on using it.

use std::cell::{Cell, RefCell};
use std::ffi::c_void;
use std::ptr;
use std::rc::Rc;

use carom::pages::Run;
use napi::bindgen_prelude::Unknown;
use napi::{Env, sys};
use napi_derive::napi;

/// A run is lent for a message that is at least this part of it.
const PART: usize = 2;

/// The pages of the main thread.
#[allow(missing_debug_implementations, reason = "JavaScript's, not Rust's")]
#[napi]
pub struct Pages {
    pool: Rc<Pool>,
}

#[napi]
impl Pages {
    /// Runs of `most` bytes together at most, lent ones included.
    #[napi(constructor, catch_unwind)]
    #[must_use]
    pub fn new(most: f64) -> Self {
        crate::image::pin();
        let most = most as usize;
        Self {
            pool: Rc::new(Pool {
                most,
                ..Pool::default()
            }),
        }
    }

    /// An `ArrayBuffer` of `size` bytes, which may hold older messages. `null` where too much is lent, where this runtime or the
    /// system gives no such memory, and, with `onlyUsed`, where it would be fresh.
    #[napi(catch_unwind, ts_return_type = "ArrayBuffer | null")]
    #[must_use]
    pub fn lend(&self, env: Env, size: f64, only_used: bool) -> Option<Unknown<'static>> {
        let buffer = self.pool.lend(env.raw(), size as usize, only_used)?;
        // SAFETY: a value of this environment's, in the scope of this call.
        Some(unsafe { Unknown::from_raw_unchecked(env.raw(), buffer) })
    }

    /// Gives all runs that are not lent back to the system, and those that come back before the next one is lent.
    #[napi(catch_unwind)]
    pub fn trim(&self) {
        self.pool.idle.set(true);
        self.pool.free.borrow_mut().clear();
    }
}

/// Has glibc's allocator keep freed blocks for others as long. The effect is that of a program which once frees a block of 32 MiB;
/// where the environment sets a threshold (`MALLOC_MMAP_THRESHOLD_`), nothing changes.
#[napi(catch_unwind)]
pub fn keep_freed_memory() {
    // glibc keeps blocks up to the size of the longest one that was freed, at most this one (mallopt(3), M_MMAP_THRESHOLD).
    const LONGEST: usize = 32 * 1024 * 1024 - 64 * 1024;
    drop(std::hint::black_box(Vec::<u8>::with_capacity(LONGEST)));
}

#[derive(Default)]
struct Pool {
    most: usize,
    /// Runs that can be lent; the last one came back last.
    free: RefCell<Vec<Run>>,
    /// How many bytes are lent.
    lent: Cell<usize>,
    /// Nothing was lent for a while: what comes back goes to the system.
    idle: Cell<bool>,
    /// This runtime has no memory but its own.
    refused: Cell<bool>,
}

/// A run that JavaScript has.
struct Loan {
    run: Run,
    pool: Rc<Pool>,
}

impl Pool {
    fn lend(self: &Rc<Self>, env: sys::napi_env, size: usize, only_used: bool) -> Option<sys::napi_value> {
        if self.refused.get() {
            return None;
        }
        let run = self.take(size, only_used)?;
        let (start, capacity) = (run.as_ptr(), run.size());
        let pool = Rc::clone(self);
        let loan = Box::into_raw(Box::new(Loan { run, pool }));
        let mut buffer = ptr::null_mut();
        // SAFETY: called on the environment's thread while a scope is open. The run has `size` bytes, and lives until `end` is called.
        let created = unsafe {
            let (data, hint) = (start.as_ptr().cast(), loan.cast());
            sys::napi_create_external_arraybuffer(env, data, size, Some(end), hint, &raw mut buffer)
        };
        if created != sys::Status::napi_ok {
            // Whether the runtime will call `end` is not known, so the loan stays; nothing was written to its pages.
            self.refused.set(true);
            return None;
        }
        self.lent.set(self.lent.get() + capacity);
        self.idle.set(false);
        Some(buffer)
    }

    /// A run for a message of `size` bytes: one that has been used, else a new one.
    fn take(&self, size: usize, only_used: bool) -> Option<Run> {
        let mut free = self.free.borrow_mut();
        let fits = |run: &Run| run.size() >= size && run.size() / PART <= size;
        if let Some(index) = free.iter().rposition(fits) {
            return Some(free.remove(index));
        }
        let lent = self.lent.get();
        if only_used || lent + size > self.most {
            return None;
        }
        let mut kept: usize = free.iter().map(Run::size).sum();
        while lent + kept + size > self.most && !free.is_empty() {
            kept -= free.remove(0).size();
        }
        Run::new(size).ok()
    }
}

/// The runtime uses the memory no more, or the process ends.
unsafe extern "C" fn end(_env: sys::napi_env, _data: *mut c_void, loan: *mut c_void) {
    // SAFETY: what `lend` gave to the buffer, given back once.
    let Loan { run, pool } = *unsafe { Box::from_raw(loan.cast::<Loan>()) };
    pool.lent.set(pool.lent.get().saturating_sub(run.size()));
    if !pool.idle.get() {
        pool.free.borrow_mut().push(run);
    }
}
