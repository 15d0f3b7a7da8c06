//! A thread watches the reactor's descriptor and wakes JavaScript by a thread-safe function: for runtimes without libuv, and
//! where libuv can't watch the reactor.
//!
//! The thread takes no reports itself: it says that there are some, and looks again only when JavaScript has taken them, so
//! a busy JavaScript thread is not woken for nothing and nothing piles up.
//!
//! The event loop doesn't look for more before it sleeps: it can't be asked what else is due, so it could do so for 50 µs at most, and
//! a peer that is woken this way takes longer than that to answer. Measured, a round trip took 150 µs with such a search, and 60
//! without.

use std::cell::Cell;
use std::ffi::c_void;
use std::io;
use std::ptr;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::thread::JoinHandle;

use carom::reactor::Signal;
use napi::{Result, check_status, sys};

use super::Driver;
use super::handover::Handover;
use crate::environment::Environment;

pub(super) struct ThreadDriver {
    env: sys::napi_env,
    environment: Rc<Environment>,
    handover: Arc<Handover>,
    thread: Cell<Option<JoinHandle<()>>>,
    function: sys::napi_threadsafe_function,
}

/// The thread's handle to wake JavaScript.
struct Wake(sys::napi_threadsafe_function);

// SAFETY: a thread-safe function may be called from any thread; the thread is joined before the function is released.
unsafe impl Send for Wake {}

impl Wake {
    fn call(&self) {
        // SAFETY: the function is alive until the thread has been joined. A full queue already holds a call.
        unsafe {
            sys::napi_call_threadsafe_function(self.0, ptr::null_mut(), sys::ThreadsafeFunctionCallMode::nonblocking);
        }
    }
}

impl ThreadDriver {
    pub(super) fn start(env: sys::napi_env, environment: Rc<Environment>) -> Result<Rc<Self>> {
        let failed = |syscall: &'static str| move |error: io::Error| crate::status::thrown(syscall, &error);
        let signal = environment.signal().map_err(failed("dup"))?;

        let driver = Rc::new_cyclic(|this: &Weak<Self>| Self {
            env,
            environment,
            handover: Arc::default(),
            thread: Cell::new(None),
            function: threadsafe_function(env, this.as_ptr()),
        });
        if driver.function.is_null() {
            return Err(napi::Error::from_reason("no thread-safe function can be made"));
        }
        let (handover, wake) = (Arc::clone(&driver.handover), Wake(driver.function));
        let thread = std::thread::Builder::new()
            .name("carom".to_owned())
            .spawn(move || watch(&signal, &handover, &wake))
            .map_err(failed("pthread_create"))?;
        driver.thread.set(Some(thread));
        // The hook owns one count of the driver, which `on_end` gives back. Hooks run in reverse order, so this one runs
        // before the thread-safe function's own.
        let data = Rc::into_raw(Rc::clone(&driver)).cast_mut();
        // SAFETY: called on the environment's thread; `data` stays valid until the hook has run.
        check_status!(unsafe { sys::napi_add_env_cleanup_hook(env, Some(on_end), data.cast()) })?;
        Ok(driver)
    }
}

/// A thread-safe function that doesn't keep the event loop alive; null where none can be made.
fn threadsafe_function(env: sys::napi_env, driver: *const ThreadDriver) -> sys::napi_threadsafe_function {
    let (mut name, mut function) = (ptr::null_mut(), ptr::null_mut());
    // SAFETY: called on the environment's thread while a scope is open. The context is only used in `on_wake`, which runs
    // while the driver is alive.
    unsafe {
        sys::napi_create_string_utf8(env, c"carom".as_ptr(), 5, &raw mut name);
        sys::napi_create_threadsafe_function(
            env,
            ptr::null_mut(),
            ptr::null_mut(),
            name,
            1,
            1,
            ptr::null_mut(),
            None,
            driver.cast_mut().cast(),
            Some(on_wake),
            &raw mut function,
        );
        if !function.is_null() {
            sys::napi_unref_threadsafe_function(env, function);
        }
    }
    function
}

/// The thread's life.
fn watch(signal: &Signal, handover: &Handover, wake: &Wake) {
    loop {
        // A failing look tells JavaScript for nothing. It can only fail for want of memory, which passes.
        let _ = signal.wait();
        if !handover.tell(|| wake.call()) {
            return;
        }
    }
}

impl ThreadDriver {
    /// Ends the thread, and lets go of the thread-safe function by `mode`.
    fn join(&self, mode: sys::napi_threadsafe_function_release_mode) {
        self.handover.end();
        // A waker that fails would leave the thread waiting for ever: then it is not joined.
        if self.environment.wake().is_ok()
            && let Some(thread) = self.thread.take()
        {
            let _ = thread.join();
            // SAFETY: nobody else calls the function, whose own end is still to come. A runtime that isn't told keeps what
            // belongs to it, such as Deno a worker's event loop.
            unsafe {
                sys::napi_release_threadsafe_function(self.function, mode);
            }
        }
    }
}

impl Driver for ThreadDriver {
    fn keep_alive(&self, on: bool) {
        let call = if on {
            sys::napi_ref_threadsafe_function
        } else {
            sys::napi_unref_threadsafe_function
        };
        // SAFETY: called on the environment's thread; the function is alive as long as the environment.
        unsafe { call(self.env, self.function) };
    }

    fn stop(&self) {
        if self.environment.ended() {
            return;
        }
        let data = std::ptr::from_ref(self).cast_mut().cast();
        // SAFETY: called on the environment's thread; the hook was added with this pointer, and will not run any more, so
        // that its count of the driver is given back here. The caller has another.
        unsafe {
            sys::napi_remove_env_cleanup_hook(self.env, Some(on_end), data);
            // A call that is still queued must not come: its context goes.
            self.join(sys::ThreadsafeFunctionReleaseMode::abort);
            Rc::decrement_strong_count(std::ptr::from_ref(self));
        }
        self.environment.abandon();
    }
}

/// On JavaScript's thread: there are reports.
unsafe extern "C" fn on_wake(env: sys::napi_env, _function: sys::napi_value, context: *mut c_void, _data: *mut c_void) {
    if env.is_null() {
        // The environment is ending; nobody listens any more.
        return;
    }
    // SAFETY: the driver is alive as long as the environment; a count of our own keeps it while JavaScript runs.
    let driver = unsafe {
        let driver = context.cast::<ThreadDriver>().cast_const();
        Rc::increment_strong_count(driver);
        Rc::from_raw(driver)
    };
    driver.environment.serve();
    if !driver.environment.ended() {
        driver.handover.served();
    }
}

/// The environment ends: the thread must not outlive it.
unsafe extern "C" fn on_end(data: *mut c_void) {
    // SAFETY: the hook's count of the driver, given back once.
    let driver = unsafe { Rc::from_raw(data.cast::<ThreadDriver>().cast_const()) };
    driver.join(sys::ThreadsafeFunctionReleaseMode::release);
    driver.environment.end();
}
