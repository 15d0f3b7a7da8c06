//! Named segments of memory, as `ArrayBuffer`s on the mappings themselves.
//!
//! The runtime says when an `ArrayBuffer`'s memory is not used any more, wherever it was transferred, and the mapping ends then.
//! There is one exception: when an environment ends, Node says so of all memory that it was given there, also of what was
//! transferred to another thread, which goes on using it. Such a mapping is left to the process. To know of a transfer, one has
//! to look at the buffer before Node detaches it: a second buffer, of no use otherwise, is given back just before, since Node goes
//! from the last to the first. Where nobody has looked, a mapping is left to the process as well.

use std::ffi::c_void;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use carom::shared_memory::{self, SharedMemory};
use napi::bindgen_prelude::{JavaScriptClassExt, JsObjectValue, JsValue, Object, Result, Unknown};
use napi::{Env, Status, check_status, sys};
use napi_derive::napi;

use crate::status::{self, FailureKind};

/// Makes a segment of `size` bytes, all of them 0; without a name, it makes one up. The buffer is the mapping, and has `most` bytes at
/// most.
#[napi(catch_unwind, ts_return_type = "Segment")]
#[allow(clippy::needless_pass_by_value, reason = "what generated code takes")]
pub fn create_shared_memory(env: Env, name: Option<String>, size: f64, most: f64) -> Result<Object<'static>> {
    let memory = SharedMemory::create(name.as_deref(), size as usize).map_err(|error| status::no_segment(&error))?;
    let name = memory.name().to_owned();
    // Nobody else knows yet that there is such a name.
    segment(env, memory, most).inspect_err(|_| drop(shared_memory::unlink(&name)))
}

/// Maps an existing segment of at most `most` bytes, all of it. The buffer is the mapping.
#[napi(catch_unwind, ts_return_type = "Segment")]
#[allow(clippy::needless_pass_by_value, reason = "what generated code takes")]
pub fn open_shared_memory(env: Env, name: String, most: f64) -> Result<Object<'static>> {
    let memory = SharedMemory::open(&name).map_err(|error| status::no_segment(&error))?;
    segment(env, memory, most)
}

/// Removes the name of a segment.
#[napi(catch_unwind)]
#[allow(clippy::needless_pass_by_value, reason = "what generated code takes")]
pub fn unlink_shared_memory(name: String) -> Result<()> {
    shared_memory::unlink(&name).map_err(|error| status::no_segment(&error))
}

/// Throws where no segment can have that name.
#[napi(catch_unwind)]
#[allow(clippy::needless_pass_by_value, reason = "what generated code takes")]
pub fn check_shared_memory_name(name: String) -> Result<()> {
    shared_memory::check_name(&name).map_err(|error| status::no_segment(&error))
}

/// A segment that is mapped.
#[allow(missing_debug_implementations, reason = "it only names a type for JavaScript")]
#[napi(object, object_from_js = false, object_to_js = false)]
pub struct Segment {
    /// Its name.
    pub name: String,
    /// Its memory.
    #[napi(ts_type = "ArrayBuffer")]
    pub buffer: (),
    /// The mapping that the memory is a part of.
    #[napi(ts_type = "Mapping")]
    pub mapping: (),
}

/// A mapping that a buffer is on.
#[allow(missing_debug_implementations, reason = "for JavaScript only")]
#[napi]
pub struct Mapping {
    mapped: Arc<Mapped>,
}

#[napi]
impl Mapping {
    /// Detaches `buffer`, which is the segment's, if nobody has. The mapping ends with the last `ArrayBuffer` over it.
    #[napi(catch_unwind)]
    #[allow(clippy::needless_pass_by_value, reason = "what generated code takes")]
    pub fn detach(&self, env: Env, buffer: Unknown<'_>) -> Result<()> {
        let mut detached = false;
        // SAFETY: called on the environment's thread; `buffer` is an `ArrayBuffer`.
        unsafe {
            check_status!(sys::napi_is_detached_arraybuffer(
                env.raw(),
                buffer.raw(),
                &raw mut detached
            ))?;
            if !detached {
                self.mapped.closed.store(true, Ordering::Relaxed);
                check_status!(sys::napi_detach_arraybuffer(env.raw(), buffer.raw()))?;
            }
        }
        Ok(())
    }
}

/// The object that the runtime holds on to as long as it uses the memory.
struct Mapped {
    /// None when the mapping has ended.
    memory: Mutex<Option<SharedMemory>>,
    /// Used on its thread only.
    env: AtomicPtr<sys::napi_env__>,
    /// The buffer, weakly; null when the reference has been given back. Used on the environment's thread only.
    buffer: AtomicPtr<sys::napi_ref__>,
    /// The second buffer, and the same of it.
    sentinel: AtomicPtr<sys::napi_ref__>,
    /// The memory of the second buffer.
    byte: AtomicU8,
    /// The buffer was detached here, so that nobody else has the memory.
    closed: AtomicBool,
    /// It is known that the runtime gives memory back on the environment's thread, outside of its collector: Node does, and Bun. Deno
    /// gives it back when nobody at all uses it any more, from wherever that is found out.
    watched: bool,
    /// The environment ends, and the buffer was looked at before.
    looked: AtomicBool,
    /// Another thread may have the memory, and nothing will say how long.
    kept: AtomicBool,
}

/// An object with the name, the buffer, and how that is detached.
fn segment(env: Env, memory: SharedMemory, most: f64) -> Result<Object<'static>> {
    crate::image::pin();
    let (name, start, size) = (memory.name().to_owned(), memory.as_ptr(), memory.size());
    if size as f64 > most {
        let text =
            format!("the shared memory {name} has {size} bytes, and an ArrayBuffer of this runtime {most} at most");
        return Err(status::told(FailureKind::ExternalMemory, text));
    }
    let mapped = Arc::new(Mapped {
        memory: Mutex::new(Some(memory)),
        env: AtomicPtr::new(env.raw()),
        buffer: AtomicPtr::default(),
        closed: AtomicBool::new(false),
        sentinel: AtomicPtr::default(),
        byte: AtomicU8::new(0),
        watched: env.get_node_version()?.release == "node",
        looked: AtomicBool::new(false),
        kept: AtomicBool::new(false),
    });
    let mut buffer = ptr::null_mut();
    let held = Arc::into_raw(Arc::clone(&mapped)).cast_mut().cast::<c_void>();
    // SAFETY: called on the environment's thread while a scope is open. The memory is `size` bytes, until `release` is called.
    let created = unsafe {
        sys::napi_create_external_arraybuffer(
            env.raw(),
            start.as_ptr().cast(),
            size,
            Some(release),
            held,
            &raw mut buffer,
        )
    };
    if created != sys::Status::napi_ok {
        // Whether the runtime will call `release` is not known, so its count stays.
        drop(mapped.take());
        return Err(match Status::from(created) {
            Status::NoExternalBuffersAllowed => status::told(
                FailureKind::ExternalMemory,
                "this runtime allows no ArrayBuffer on memory of another kind than its own, which shared memory is",
            ),
            other => napi::Error::new(other, "napi_create_external_arraybuffer"),
        });
    }
    if mapped.watched {
        mapped.watch(buffer)?;
    }
    let mut object = Object::new(&env)?;
    object.set_named_property("name", name)?;
    // SAFETY: a value of this environment's, in the scope of this call.
    object.set_named_property("buffer", unsafe { Unknown::from_raw_unchecked(env.raw(), buffer) })?;
    object.set_named_property("mapping", Mapping { mapped }.into_instance(&env)?)?;
    Ok(object)
}

impl Mapped {
    /// Has the buffer looked at before the runtime detaches it because the environment ends.
    fn watch(self: &Arc<Self>, buffer: sys::napi_value) -> Result<()> {
        let env = self.env.load(Ordering::Relaxed);
        let (mut sentinel, mut weak, mut strong) = (ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
        let held = Arc::into_raw(Arc::clone(self)).cast_mut().cast::<c_void>();
        // SAFETY: called on the environment's thread while a scope is open. The byte is there until `look` has been called.
        unsafe {
            check_status!(sys::napi_create_reference(env, buffer, 0, &raw mut weak))?;
            self.buffer.store(weak, Ordering::Relaxed);
            let byte = self.byte.as_ptr().cast();
            check_status!(sys::napi_create_external_arraybuffer(
                env,
                byte,
                1,
                Some(look),
                held,
                &raw mut sentinel
            ))?;
            check_status!(sys::napi_create_reference(env, sentinel, 1, &raw mut strong))?;
            self.sentinel.store(strong, Ordering::Relaxed);
        }
        Ok(())
    }

    fn take(&self) -> Option<SharedMemory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Whether somebody but this library has detached the buffer, or may have before it was collected.
    fn transferred(&self) -> bool {
        let (env, reference) = (self.env.load(Ordering::Relaxed), self.buffer.load(Ordering::Relaxed));
        let (mut scope, mut value, mut detached) = (ptr::null_mut(), ptr::null_mut(), true);
        // SAFETY: called on the environment's thread, before Node-API ends there. None of these calls runs JavaScript.
        unsafe {
            if sys::napi_open_handle_scope(env, &raw mut scope) != sys::Status::napi_ok {
                return true;
            }
            if sys::napi_get_reference_value(env, reference, &raw mut value) == sys::Status::napi_ok && !value.is_null()
            {
                sys::napi_is_detached_arraybuffer(env, value, &raw mut detached);
            }
            sys::napi_close_handle_scope(env, scope);
        }
        detached
    }
}

/// Whether the environment ends: it runs no JavaScript any more.
fn is_ending(env: sys::napi_env) -> bool {
    let (mut scope, mut object, mut has) = (ptr::null_mut(), ptr::null_mut(), false);
    // SAFETY: called on the environment's thread. The object is a new one, so that no JavaScript is run.
    unsafe {
        if sys::napi_open_handle_scope(env, &raw mut scope) != sys::Status::napi_ok {
            return true;
        }
        let status = match sys::napi_create_object(env, &raw mut object) {
            sys::Status::napi_ok => sys::napi_has_named_property(env, object, c"".as_ptr(), &raw mut has),
            status => status,
        };
        sys::napi_close_handle_scope(env, scope);
        status != sys::Status::napi_ok
    }
}

/// The second buffer is not used any more: because the first one is not, or because the environment ends.
unsafe extern "C" fn look(env: sys::napi_env, _data: *mut c_void, held: *mut c_void) {
    // SAFETY: the count that the second buffer owned, given back once.
    let mapped = unsafe { Arc::from_raw(held.cast::<Mapped>().cast_const()) };
    if mapped.buffer.load(Ordering::Relaxed).is_null() || !is_ending(env) {
        return;
    }
    mapped.looked.store(true, Ordering::Relaxed);
    let transferred = !mapped.closed.load(Ordering::Relaxed) && mapped.transferred();
    mapped.kept.store(transferred, Ordering::Relaxed);
}

/// The runtime uses the memory no more, or the environment ends.
unsafe extern "C" fn release(env: sys::napi_env, _data: *mut c_void, held: *mut c_void) {
    // SAFETY: the count that the buffer owned, given back once.
    let mapped = unsafe { Arc::from_raw(held.cast::<Mapped>().cast_const()) };
    let memory = mapped.take();
    if !mapped.watched {
        return;
    }
    let ending = is_ending(env);
    let unknown = ending && !mapped.looked.load(Ordering::Relaxed) && !mapped.closed.load(Ordering::Relaxed);
    if unknown || mapped.kept.load(Ordering::Relaxed) {
        std::mem::forget(memory);
        return;
    }
    drop(memory);
    if ending {
        return;
    }
    for reference in [&mapped.buffer, &mapped.sentinel] {
        let reference = reference.swap(ptr::null_mut(), Ordering::Relaxed);
        if !reference.is_null() {
            // SAFETY: called on the environment's thread, with a reference that was made there.
            unsafe { sys::napi_delete_reference(env, reference) };
        }
    }
}
