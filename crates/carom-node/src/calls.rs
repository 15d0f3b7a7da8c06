//! The calls that every message makes, registered by hand: measured, the generated glue costs about a microsecond a call,
//! more than twice the system call behind it; this costs a fifth of that.

use std::ffi::{CStr, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::rc::Rc;

use napi::bindgen_prelude::{JsObjectValue, Object, Result, Unknown};
use napi::{Env, Error, check_status, sys};
use napi_derive::napi;

use crate::transfer::Transfer;

/// The calls that move bytes. Positions are in bytes, times in milliseconds; a negative one is for ever. Each returns a
/// count, or a negative status: `NOTHING`, `END`, `TRUNCATED`, `MALFORMED`, `TOO_LONG`, or `SYSTEM` less the system's error
/// number.
#[allow(missing_debug_implementations, reason = "it only names a type for JavaScript")]
#[napi(object, object_from_js = false, object_to_js = false, js_name = "Transfer")]
pub struct TransferCalls {
    /// Reads into `slab`, once. Returns how many runs of whole frames are there. The constants `REPORT_…` say where `report` has
    /// what; one that is too short for `slab` is refused before anything is read.
    #[napi(ts_type = "(id: number, slab: Uint8Array, report: Float64Array, timeout: number) => number")]
    pub receive: (),
    /// Reads more of a long message to `memory[start..end]`, once. Returns how many bytes.
    #[napi(ts_type = "(id: number, memory: Uint8Array, start: number, end: number, timeout: number) => number")]
    pub receive_payload: (),
    /// Hands `head[headStart..headEnd]`, then `body[bodyStart..bodyEnd]`, to the kernel. Returns how many bytes it took.
    #[napi(
        ts_type = "(id: number, head: Uint8Array, headStart: number, headEnd: number, body: Uint8Array, bodyStart: number, bodyEnd: number, timeout: number) => number"
    )]
    pub send: (),
    /// Whether the event loop goes on while nothing else keeps it.
    #[napi(ts_type = "(on: boolean) => number")]
    pub keep_alive: (),
}

/// An object with the calls on `transfer`.
pub(crate) fn object<'env>(env: Env, transfer: Rc<Transfer>) -> Result<Object<'env>> {
    let mut object = Object::new(&env)?;
    for (name, callback) in [
        (c"receive", receive as Callback),
        (c"receivePayload", receive_payload),
        (c"send", send),
        (c"keepAlive", keep_alive),
    ] {
        let function = function(env.raw(), name, callback, Rc::clone(&transfer))?;
        object.set_named_property(&name.to_string_lossy(), function)?;
    }
    drop(transfer);
    Ok(object)
}

type Callback = unsafe extern "C" fn(sys::napi_env, sys::napi_callback_info) -> sys::napi_value;

fn function<'env>(
    env: sys::napi_env,
    name: &CStr,
    callback: Callback,
    transfer: Rc<Transfer>,
) -> Result<Unknown<'env>> {
    let data = Rc::into_raw(transfer).cast_mut().cast::<c_void>();
    let length = name.count_bytes() as isize;
    let mut function = ptr::null_mut();
    // SAFETY: called on the environment's thread while a scope is open. The function owns one count of the transfer, which
    // its finalizer gives back.
    unsafe {
        check_status!(sys::napi_create_function(
            env,
            name.as_ptr(),
            length,
            Some(callback),
            data,
            &raw mut function
        ))?;
        check_status!(sys::napi_add_finalizer(
            env,
            function,
            data,
            Some(release),
            ptr::null_mut(),
            ptr::null_mut()
        ))?;
        Ok(Unknown::from_raw_unchecked(env, function))
    }
}

unsafe extern "C" fn release(_env: sys::napi_env, data: *mut c_void, _hint: *mut c_void) {
    // SAFETY: the count that the function owned, given back once.
    drop(unsafe { Rc::from_raw(data.cast::<Transfer>().cast_const()) });
}

unsafe extern "C" fn receive(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    run(env, info, |transfer, [id, slab, report, timeout]| {
        transfer.receive(
            id.integer()?,
            slab.bytes_mut()?,
            report.numbers_mut()?,
            timeout.number()?,
        )
    })
}

unsafe extern "C" fn receive_payload(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    run(env, info, |transfer, [id, memory, start, end, timeout]| {
        let (start, end) = (start.number()?, end.number()?);
        transfer.receive_payload(id.integer()?, memory.bytes_mut()?, start, end, timeout.number()?)
    })
}

unsafe extern "C" fn send(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    run(
        env,
        info,
        |transfer, [id, head, head_start, head_end, body, body_start, body_end, timeout]| {
            let head = part(head.bytes()?, head_start.number()?, head_end.number()?);
            let body = part(body.bytes()?, body_start.number()?, body_end.number()?);
            transfer.send(id.integer()?, head, body, timeout.number()?)
        },
    )
}

unsafe extern "C" fn keep_alive(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    run(env, info, |transfer, [on]| {
        transfer.keep_alive(on.boolean()?);
        Ok(0.0)
    })
}

/// The part of `memory` that JavaScript names; none where it isn't inside.
fn part(memory: &[u8], start: f64, end: f64) -> &[u8] {
    memory.get(start as usize..end as usize).unwrap_or_default()
}

/// Runs a call, and turns its failure, or a panic, into a JavaScript exception.
fn run<const N: usize>(
    env: sys::napi_env,
    info: sys::napi_callback_info,
    call: impl FnOnce(&Transfer, [Argument; N]) -> Result<f64>,
) -> sys::napi_value {
    let (mut count, mut values, mut data) = (N, [ptr::null_mut(); N], ptr::null_mut());
    // SAFETY: there is room for as many values as `count` says; missing ones are `undefined`.
    let status = unsafe {
        sys::napi_get_cb_info(
            env,
            info,
            &raw mut count,
            values.as_mut_ptr(),
            ptr::null_mut(),
            &raw mut data,
        )
    };
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        check_status!(status)?;
        // SAFETY: the function that is called owns a count of the transfer.
        let transfer = unsafe { &*data.cast::<Transfer>().cast_const() };
        call(transfer, values.map(|value| Argument { env, value }))
    }));
    let mut result = ptr::null_mut();
    match outcome {
        // SAFETY: a valid out pointer; the scope of the call is open.
        Ok(Ok(number)) => unsafe {
            sys::napi_create_double(env, number, &raw mut result);
        },
        Ok(Err(error)) => throw(env, &error.reason),
        Err(_) => throw(env, "a panic in the native part of carom: please report it"),
    }
    result
}

fn throw(env: sys::napi_env, reason: &str) {
    let reason = std::ffi::CString::new(reason).unwrap_or_default();
    // SAFETY: both strings end with a NUL, or are absent.
    unsafe {
        sys::napi_throw_error(env, ptr::null(), reason.as_ptr());
    }
}

/// A value that JavaScript passes, for the time of the call.
#[derive(Clone, Copy)]
struct Argument {
    env: sys::napi_env,
    value: sys::napi_value,
}

impl Argument {
    fn integer(self) -> Result<u32> {
        let mut number = 0;
        // SAFETY: a value of this environment, while the call's scope is open.
        check_status!(unsafe { sys::napi_get_value_uint32(self.env, self.value, &raw mut number) })?;
        Ok(number)
    }

    fn number(self) -> Result<f64> {
        let mut number = 0.0;
        // SAFETY: as above.
        check_status!(unsafe { sys::napi_get_value_double(self.env, self.value, &raw mut number) })?;
        Ok(number)
    }

    fn boolean(self) -> Result<bool> {
        let mut value = false;
        // SAFETY: as above.
        check_status!(unsafe { sys::napi_get_value_bool(self.env, self.value, &raw mut value) })?;
        Ok(value)
    }

    fn bytes<'call>(self) -> Result<&'call [u8]> {
        let (data, length) = self.memory(sys::TypedarrayType::uint8_array)?;
        // SAFETY: JavaScript doesn't run during the call, so the memory is not moved, freed or written by it.
        Ok(unsafe { std::slice::from_raw_parts(data.cast(), length) })
    }

    fn bytes_mut<'call>(self) -> Result<&'call mut [u8]> {
        let (data, length) = self.memory(sys::TypedarrayType::uint8_array)?;
        // SAFETY: as above; a call writes to one array of a kind, so that two are never the same.
        Ok(unsafe { std::slice::from_raw_parts_mut(data.cast(), length) })
    }

    fn numbers_mut<'call>(self) -> Result<&'call mut [f64]> {
        let (data, length) = self.memory(sys::TypedarrayType::float64_array)?;
        // SAFETY: as above; a typed array's memory is aligned for its items.
        Ok(unsafe { std::slice::from_raw_parts_mut(data.cast(), length) })
    }

    /// The memory of a typed array, and how many items it has.
    fn memory(self, expected: sys::napi_typedarray_type) -> Result<(*mut c_void, usize)> {
        let (mut kind, mut length, mut data) = (0, 0, ptr::null_mut());
        // SAFETY: as above; the other out pointers may be null.
        check_status!(unsafe {
            sys::napi_get_typedarray_info(
                self.env,
                self.value,
                &raw mut kind,
                &raw mut length,
                &raw mut data,
                ptr::null_mut(),
                ptr::null_mut(),
            )
        })?;
        if kind != expected {
            return Err(Error::from_reason("a typed array of another kind was expected"));
        }
        // An empty array may have no memory, which a slice must have.
        Ok(if data.is_null() {
            (ptr::NonNull::<f64>::dangling().as_ptr().cast(), 0)
        } else {
            (data, length)
        })
    }
}
