//! Tells JavaScript which descriptors are ready: one call per batch.

use std::ptr;

use carom::reactor::Readiness;
use napi::bindgen_prelude::{Function, JsValue, Uint32ArraySlice};
use napi::{Result, check_status, sys};
use napi_derive::napi;

/// A bit of a report: there may be something to read.
#[napi]
pub const READABLE: u32 = 1;
/// A bit of a report: there may be room to write.
#[napi]
pub const WRITABLE: u32 = 2;
/// A bit of a report: nothing more will arrive.
#[napi]
pub const ENDED: u32 = 4;

/// The callback, and the array that carries a batch: a number and its readiness bits, in turn.
///
/// Both are JavaScript's to keep alive. Several copies of carom's JavaScript may share this binary in one environment, each in
/// a realm of its own, as the tests of Jest do: a realm that has gone is not kept, and never called.
pub(crate) struct Dispatch {
    env: sys::napi_env,
    callback: sys::napi_ref,
    reports: sys::napi_ref,
    capacity: usize,
}

impl Dispatch {
    pub(crate) fn new(
        env: sys::napi_env,
        callback: &Function<'_, u32, ()>,
        reports: &Uint32ArraySlice<'_>,
    ) -> Result<Self> {
        let mut references = [ptr::null_mut(); 2];
        for (reference, value) in references.iter_mut().zip([callback.raw(), reports.value().value]) {
            // SAFETY: a value of this environment, while its scope is open.
            check_status!(unsafe { sys::napi_create_reference(env, value, 0, reference) })?;
        }
        Ok(Self {
            env,
            callback: references[0],
            reports: references[1],
            capacity: reports.len() / 2,
        })
    }

    /// Gives up the callback and the array: to be called once, while the environment lives.
    pub(crate) fn release(&self) {
        for reference in [self.callback, self.reports] {
            // SAFETY: made by `new`, and deleted only here.
            unsafe { sys::napi_delete_reference(self.env, reference) };
        }
    }

    /// The value behind a reference.
    fn value(&self, reference: sys::napi_ref) -> Result<sys::napi_value> {
        let mut value = ptr::null_mut();
        // SAFETY: the reference is alive until `release`, a scope is open.
        check_status!(unsafe { sys::napi_get_reference_value(self.env, reference, &raw mut value) })?;
        if value.is_null() {
            return Err(napi::Error::from_reason("the realm that was to be told has gone"));
        }
        Ok(value)
    }

    /// Copies as much of `batch`, from its end, as the array holds; returns how many reports that is.
    pub(crate) fn report(&self, batch: &mut Vec<Readiness>) -> Result<u32> {
        let array = self.value(self.reports)?;
        let (mut length, mut data) = (0, ptr::null_mut());
        // SAFETY: a value of this environment, a scope is open, the out pointers are valid or null.
        unsafe {
            let env = self.env;
            let (length, data) = (&raw mut length, &raw mut data);
            check_status!(sys::napi_get_typedarray_info(
                env,
                array,
                ptr::null_mut(),
                length,
                data,
                ptr::null_mut(),
                ptr::null_mut()
            ))?;
        }
        let count = batch.len().min(self.capacity).min(length / 2);
        // SAFETY: JavaScript doesn't run meanwhile, so the array's memory is ours and is not moved or detached.
        let words = unsafe { std::slice::from_raw_parts_mut(data.cast::<u32>(), count * 2) };
        for (word, readiness) in words.chunks_exact_mut(2).zip(batch.drain(batch.len() - count..)) {
            word[0] = readiness.token as u32;
            word[1] = u32::from(readiness.readable) * READABLE
                + u32::from(readiness.writable) * WRITABLE
                + u32::from(readiness.ended) * ENDED;
        }
        Ok(count as u32)
    }

    /// Gives `batch` to JavaScript, and lets its ticks and microtasks run. To be called from an event loop's callback.
    pub(crate) fn run(&self, batch: &mut Vec<Readiness>) {
        let mut scope = ptr::null_mut();
        // SAFETY: the environment is alive while its event loop calls back; every handle stays within the scope.
        unsafe {
            if sys::napi_open_handle_scope(self.env, &raw mut scope) != sys::Status::napi_ok {
                return;
            }
            while !batch.is_empty() && self.call(batch).is_ok() {}
            sys::napi_close_handle_scope(self.env, scope);
        }
        // A report that could not be delivered concerns an environment that is ending.
        batch.clear();
    }

    fn call(&self, batch: &mut Vec<Readiness>) -> Result<()> {
        let count = self.report(batch)?;
        let (callback, receiver) = (self.value(self.callback)?, self.value(self.reports)?);
        let mut argument = ptr::null_mut();
        // Unused, but Deno writes to it without asking whether it is there.
        let mut returned = ptr::null_mut();
        // SAFETY: as in `report`; the callback and its argument are values of this environment.
        unsafe {
            check_status!(sys::napi_create_uint32(self.env, count, &raw mut argument))?;
            let status = sys::napi_make_callback(
                self.env,
                ptr::null_mut(),
                receiver,
                callback,
                1,
                &raw const argument,
                &raw mut returned,
            );
            if status == sys::Status::napi_pending_exception {
                let mut exception = ptr::null_mut();
                check_status!(sys::napi_get_and_clear_last_exception(self.env, &raw mut exception))?;
                check_status!(sys::napi_fatal_exception(self.env, exception))?;
            }
            check_status!(status)
        }
    }
}
