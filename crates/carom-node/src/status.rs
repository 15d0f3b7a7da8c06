//! How a call's outcome crosses into JavaScript: a count, or one of these negative numbers. An exception per outcome would
//! cost more than the call.

use std::io;

use carom::frame::FrameError;
use carom::handshake::HandshakeError;
use carom::{Error, SystemError};

/// Nothing came, or there was no room, in time.
pub(crate) const NOTHING: f64 = -1.0;
/// The peer has closed.
pub(crate) const END: f64 = -2.0;
/// The peer closed inside a message.
pub(crate) const TRUNCATED: f64 = -3.0;
/// The peer announced a negative length, which is in the report.
pub(crate) const MALFORMED: f64 = -4.0;
/// The peer announced a length over the limit, which is in the report.
pub(crate) const TOO_LONG: f64 = -5.0;
/// A system call failed: this less the error number.
pub(crate) const SYSTEM: f64 = -1000.0;

/// The number that Node has for an error of the system.
#[cfg(unix)]
fn number(error: &io::Error) -> i32 {
    error.raw_os_error().unwrap_or(libc::EIO)
}

/// The number that Node has for an error of the system: on Windows, libuv's own, as a positive one.
#[cfg(windows)]
fn number(error: &io::Error) -> i32 {
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
        "EINVAL" => 4071,
        "EMFILE" => 4066,
        "ENETUNREACH" => 4062,
        "ENOBUFS" => 4060,
        "ENOENT" => 4058,
        "ENOMEM" => 4057,
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
        _ => SYSTEM - f64::from(number(&io::ErrorKind::Other.into())),
    }
}

/// A failed system call as a JavaScript exception, whose message is `number syscall` for the TypeScript layer to read.
pub(crate) fn thrown(syscall: &str, error: &io::Error) -> napi::Error {
    napi::Error::from_reason(format!("{} {syscall}", number(error)))
}

/// A failure to bind, accept, connect or authenticate as a JavaScript exception. Its message says what kind it is, for the
/// TypeScript layer, and then, after a space, what people read.
pub(crate) fn refused(error: &Error) -> napi::Error {
    napi::Error::from_reason(match error {
        Error::System(error) => format!("{} {} {error}", errno(error), error.operation().syscall()),
        Error::Handshake(error) => format!("handshake {} {error}", reason(error)),
        Error::Address(error) => format!("address {error}"),
        Error::TimedOut => "timeout".to_owned(),
        Error::Io(error) => return thrown("socket", error),
        error => error.to_string(),
    })
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
