//! A thread waits on the reactor and wakes JavaScript by a thread-safe function: for runtimes without libuv, and where
//! libuv can't watch the reactor.
//!
//! The thread takes one batch at a time, and looks again only when JavaScript has taken that one, so a busy JavaScript
//! thread is not woken for nothing and nothing piles up.

use std::cell::Cell;
use std::ffi::c_void;
use std::io;
use std::ptr;
use std::rc::Rc;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use carom::reactor::{Reactor, Readiness, Registry};
use carom::sys::Deadline;
use napi::{Result, check_status, sys};

use super::Driver;
use crate::dispatch::Dispatch;

/// What the thread and JavaScript's thread share.
#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// Reports that JavaScript has not taken.
    batch: Vec<Readiness>,
    ended: bool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) struct ThreadDriver {
    env: sys::napi_env,
    shared: Arc<Shared>,
    registry: Registry,
    waker: mio::Waker,
    thread: Cell<Option<JoinHandle<()>>>,
    function: sys::napi_threadsafe_function,
    dispatch: Rc<Dispatch>,
    at_end: Cell<Option<Box<dyn FnOnce()>>>,
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
    pub(super) fn start(env: sys::napi_env, dispatch: Rc<Dispatch>, at_end: impl FnOnce() + 'static) -> Result<Rc<Self>> {
        let failed = |syscall: &'static str| move |error: io::Error| crate::status::thrown(syscall, &error);
        let mut reactor = Reactor::new().map_err(failed("epoll_create"))?;
        let registry = reactor.registry().map_err(failed("dup"))?;
        let waker = reactor.waker().map_err(failed("eventfd"))?;

        let driver = Rc::new_cyclic(|this: &std::rc::Weak<Self>| Self {
            env,
            shared: Arc::default(),
            registry,
            waker,
            thread: Cell::new(None),
            function: threadsafe_function(env, this.as_ptr()),
            dispatch,
            at_end: Cell::new(Some(Box::new(at_end))),
        });
        if driver.function.is_null() {
            return Err(napi::Error::from_reason("no thread-safe function can be made"));
        }
        let (shared, wake) = (Arc::clone(&driver.shared), Wake(driver.function));
        let thread = std::thread::Builder::new()
            .name("carom".to_owned())
            .spawn(move || watch(&mut reactor, &shared, &wake))
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
fn watch(reactor: &mut Reactor, shared: &Shared, wake: &Wake) {
    let mut batch = Vec::new();
    loop {
        // A failing look leaves the batch empty. It can only fail for want of memory, which passes.
        let _ = reactor.poll(Deadline::Never, |readiness| batch.push(readiness));
        let mut state = shared.lock();
        if state.ended {
            return;
        }
        if batch.is_empty() {
            continue;
        }
        state.batch.append(&mut batch);
        shared.changed.notify_all();
        wake.call();
        while !state.batch.is_empty() {
            state = shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if state.ended {
            return;
        }
    }
}

impl Driver for ThreadDriver {
    fn registry(&self) -> &Registry {
        &self.registry
    }

    fn collect(&self, deadline: Deadline, batch: &mut Vec<Readiness>) -> io::Result<()> {
        let mut state = self.shared.lock();
        while state.batch.is_empty() {
            let changed = &self.shared.changed;
            state = match deadline.remaining() {
                Some(Duration::ZERO) => return Ok(()),
                Some(left) => changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0,
                None => changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
        batch.append(&mut state.batch);
        self.shared.changed.notify_all();
        Ok(())
    }

    fn keep_alive(&self, on: bool) {
        let call = if on { sys::napi_ref_threadsafe_function } else { sys::napi_unref_threadsafe_function };
        // SAFETY: called on the environment's thread; the function is alive as long as the environment.
        unsafe { call(self.env, self.function) };
    }

    /// The event loop's thread doesn't wait on the reactor, so it can't spin on it.
    fn spin(&self, _duration: Duration) {}
}

/// On JavaScript's thread: the thread has reports.
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
    let mut batch = Vec::new();
    if driver.collect(Deadline::Now, &mut batch).is_ok() && !batch.is_empty() {
        driver.dispatch.run(&mut batch);
    }
}

/// The environment ends: the thread must not outlive it.
unsafe extern "C" fn on_end(data: *mut c_void) {
    // SAFETY: the hook's count of the driver, given back once.
    let driver = unsafe { Rc::from_raw(data.cast::<ThreadDriver>().cast_const()) };
    {
        let mut state = driver.shared.lock();
        state.ended = true;
        state.batch.clear();
    }
    driver.shared.changed.notify_all();
    // A waker that fails would leave the thread waiting for ever: then it is not joined.
    if driver.waker.wake().is_ok()
        && let Some(thread) = driver.thread.take()
    {
        let _ = thread.join();
    }
    if let Some(at_end) = driver.at_end.take() {
        at_end();
    }
}
