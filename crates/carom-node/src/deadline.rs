//! Time limits, as JavaScript says them.

use std::time::Duration;

use carom::sys::Deadline;

/// The deadline that is `timeout` milliseconds away; never, where that is negative.
pub(crate) fn deadline(timeout: f64) -> Deadline {
    if timeout < 0.0 {
        return Deadline::Never;
    }
    Deadline::after(Duration::try_from_secs_f64(timeout / 1000.0).ok())
}
