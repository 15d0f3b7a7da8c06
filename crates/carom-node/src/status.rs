//! How a call's outcome crosses into JavaScript: a count, or one of these negative numbers. An exception per outcome would
//! cost more than the call.

//!
//! Where nothing is counted, a failure is an exception. Node-API's have a text and nothing else; what failed is then in a
//! [`Failure`], which JavaScript takes right after it has caught the exception, as a program takes `errno`.

use std::cell::RefCell;
use std::io;

use carom::frame::FrameError;
use carom::handshake::HandshakeError;
use carom::ring::{RingError, RingFault};
use carom::shared_memory::SharedMemoryError;
use carom::{Error, SystemError};
use napi_derive::napi;

use crate::address::{JsAddress, to_js};

/// Status: nothing came, or there was no room, in time.
#[napi]
pub const NOTHING: f64 = -1.0;
/// Status: the peer has closed.
#[napi]
pub const END: f64 = -2.0;
/// Status: the peer closed inside a message.
#[napi]
pub const TRUNCATED: f64 = -3.0;
/// Status: the peer announced a negative length, which is in the report.
#[napi]
pub const MALFORMED: f64 = -4.0;
/// Status: the peer announced a length over the limit, which is in the report.
#[napi]
pub const TOO_LONG: f64 = -5.0;
/// Status: there is no shared memory, or the peer has broken its rules: [`take_failure`] tells more.
#[napi]
pub const RING: f64 = -6.0;
/// Status: a system call failed. It is this, less the error number.
#[napi]
pub const SYSTEM: f64 = -1000.0;

/// The kind of thing that failed.
#[derive(Debug, PartialEq, Eq)]
#[napi]
pub enum FailureKind {
    /// A system call: `errno` and `syscall` say which, and why.
    System,
    /// Proving that both ends know the key: `reason` says how.
    Handshake,
    /// An address that no system call would take.
    Address,
    /// An argument that is not what the call needs.
    Argument,
    /// Something that somebody else has.
    Busy,
    /// Memory of this library's, in a runtime that can't use it.
    ExternalMemory,
    /// The peer has broken the rules of shared memory: `reason` says how.
    Ring,
}

/// The facts behind an exception of this binding.
#[derive(Debug)]
#[napi(object)]
pub struct Failure {
    /// The kind of failure.
    pub kind: FailureKind,
    /// The event, the object and the way out, for people. A system call on no address has none.
    pub message: Option<String>,
    /// The number that Node has for the system's error, as a positive one; 0 where a host's name is not known.
    pub errno: i32,
    /// The system call.
    pub syscall: Option<String>,
    /// The address that it was about.
    pub address: Option<JsAddress>,
    /// A word for programs on what went wrong in a handshake.
    pub reason: Option<String>,
}

thread_local! {
    static LAST: RefCell<Option<Failure>> = const { RefCell::new(None) };
}

/// The facts behind the exception that this thread's last call has thrown; `null` where it is none of carom's.
#[napi(catch_unwind)]
#[must_use]
pub fn take_failure() -> Option<Failure> {
    LAST.take()
}

/// An exception of this kind, with the words that people read.
pub(crate) fn told(kind: FailureKind, message: impl Into<String>) -> napi::Error {
    exception(Failure {
        kind,
        message: Some(message.into()),
        errno: 0,
        syscall: None,
        address: None,
        reason: None,
    })
}

pub(crate) fn exception(failure: Failure) -> napi::Error {
    let text = failure.message.clone().or(failure.syscall.clone()).unwrap_or_default();
    LAST.set(Some(failure));
    napi::Error::from_reason(text)
}

/// The number that Node has for an error of the system.
#[cfg(unix)]
pub(crate) fn number(error: &io::Error) -> i32 {
    let unsupported = error.kind() == io::ErrorKind::Unsupported;
    error
        .raw_os_error()
        .unwrap_or(if unsupported { libc::ENOTSUP } else { libc::EIO })
}

/// The number that Node has for an error of the system: on Windows, libuv's own, as a positive one.
#[cfg(windows)]
pub(crate) fn number(error: &io::Error) -> i32 {
    if error.kind() == io::ErrorKind::Unsupported {
        return 4049;
    }
    match carom::sys::error_name(error).unwrap_or_default() {
        "EACCES" => 4092,
        "EADDRINUSE" => 4091,
        "EADDRNOTAVAIL" => 4090,
        "EAFNOSUPPORT" => 4089,
        "EBADF" => 4083,
        "EBUSY" => 4082,
        "ECONNABORTED" => 4079,
        "ECONNREFUSED" => 4078,
        "ECONNRESET" => 4077,
        "EHOSTUNREACH" => 4073,
        "EEXIST" => 4075,
        "EINVAL" => 4071,
        "EMFILE" => 4066,
        "ENETUNREACH" => 4062,
        "ENOBUFS" => 4060,
        "ENOENT" => 4058,
        "ENOMEM" => 4057,
        "ENOSPC" => 4055,
        "ENOTSOCK" => 4050,
        "ENOTSUP" => 4049,
        "EPIPE" => 4047,
        "ETIMEDOUT" => 4039,
        // EIO.
        _ => 4070,
    }
}

/// The number of a failed system call.
pub(crate) fn system(error: &io::Error) -> f64 {
    SYSTEM - f64::from(number(error))
}

/// The number of a failed receive; what the peer announced goes to `announced`.
pub(crate) fn failure(error: &Error, announced: &mut f64) -> f64 {
    match error {
        Error::Eof => END,
        Error::Io(error) => system(error),
        Error::Frame(FrameError::MalformedLength { length }) => {
            *announced = f64::from(*length);
            MALFORMED
        }
        Error::Frame(FrameError::TooLong { announced: length, .. }) => {
            *announced = *length as f64;
            TOO_LONG
        }
        Error::Frame(_) => TRUNCATED,
        Error::Ring(error) => {
            LAST.set(Some(no_ring(error)));
            RING
        }
        _ => SYSTEM - f64::from(number(&io::ErrorKind::Other.into())),
    }
}

/// A failed system call as a JavaScript exception.
pub(crate) fn thrown(syscall: &str, error: &io::Error) -> napi::Error {
    exception(Failure {
        kind: FailureKind::System,
        message: None,
        errno: number(error),
        syscall: Some(syscall.to_owned()),
        address: None,
        reason: None,
    })
}

/// A failure to bind, accept, connect or authenticate as a JavaScript exception.
pub(crate) fn refused(error: &Error) -> napi::Error {
    let failure = Failure {
        kind: FailureKind::System,
        message: Some(error.to_string()),
        errno: 0,
        syscall: None,
        address: None,
        reason: None,
    };
    exception(match error {
        Error::System(error) => Failure {
            errno: errno(error),
            syscall: Some(error.operation().syscall().to_owned()),
            address: Some(to_js(error.address())),
            ..failure
        },
        Error::Handshake(error) => Failure {
            kind: FailureKind::Handshake,
            reason: Some(reason(error).to_owned()),
            ..failure
        },
        Error::Address(_) => Failure {
            kind: FailureKind::Address,
            ..failure
        },
        Error::Ring(error) => no_ring(error),
        Error::Io(error) => return thrown("socket", error),
        error => return napi::Error::from_reason(error.to_string()),
    })
}

/// A failure to make, open or unlink shared memory as a JavaScript exception.
pub(crate) fn no_segment(error: &SharedMemoryError) -> napi::Error {
    let SharedMemoryError::System { syscall, source, .. } = error else {
        return told(FailureKind::Argument, error.to_string());
    };
    exception(Failure {
        kind: FailureKind::System,
        message: Some(error.to_string()),
        errno: number(source),
        syscall: Some((*syscall).to_owned()),
        address: None,
        reason: None,
    })
}

/// Why a connection has no shared memory.
fn no_ring(error: &RingError) -> Failure {
    let (kind, errno, syscall, reason) = match error {
        RingError::System { syscall, errno } => (FailureKind::System, *errno, *syscall, None),
        RingError::Unsupported => {
            let errno = number(&io::ErrorKind::Unsupported.into());
            (FailureKind::System, errno, "memfd_create", None)
        }
        RingError::Peer(RingFault::NoOffer) => (FailureKind::Ring, 0, "", Some("no-offer")),
        RingError::Refused => (FailureKind::Ring, 0, "", Some("refused")),
        _ => (FailureKind::Ring, 0, "", None),
    };
    Failure {
        kind,
        message: Some(error.to_string()),
        errno,
        syscall: (!syscall.is_empty()).then(|| syscall.to_owned()),
        address: None,
        reason: reason.map(str::to_owned),
    }
}

/// 0 where a name could not be resolved, which has no number.
fn errno(error: &SystemError) -> i32 {
    error
        .errno()
        .map_or(0, |errno| number(&io::Error::from_raw_os_error(errno)))
}

/// One word for what went wrong in a handshake, which programs may compare.
fn reason(error: &HandshakeError) -> &'static str {
    match error {
        HandshakeError::NotAChallenge(_) => "not-a-challenge",
        HandshakeError::ChallengeTooShort { .. } => "challenge-too-short",
        HandshakeError::ChallengeUnknown(_) => "challenge-unknown",
        HandshakeError::Reflected => "reflected",
        HandshakeError::NotAnAnswer(_) => "not-an-answer",
        HandshakeError::AnswerLength { .. } => "answer-length",
        HandshakeError::WrongAnswer => "wrong-answer",
        HandshakeError::DigestRefused(_) => "digest-refused",
        HandshakeError::LegacyRefused => "legacy-refused",
        HandshakeError::Rejected => "rejected",
        HandshakeError::NotAVerdict(_) => "not-a-verdict",
        HandshakeError::TooLong { .. } => "too-long",
        HandshakeError::MalformedLength { .. } => "malformed-length",
        HandshakeError::Closed { .. } => "closed",
        HandshakeError::TimedOut { .. } => "timeout",
        _ => "protocol",
    }
}
