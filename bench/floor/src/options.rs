//! The command line.

use std::str::FromStr;
use std::time::Duration;

/// The measurement of a run, and its length.
#[derive(Debug)]
pub(crate) struct Options {
    /// Bytes of payload in a message.
    pub(crate) size: usize,
    /// How long a receive looks for data before it sleeps.
    pub(crate) spin: Duration,
    /// Bytes asked for as the kernel's send buffer (`SO_SNDBUF`); 0 leaves the system's default.
    pub(crate) send_buffer: i32,
    /// Bytes of each ring, where the messages go through shared memory; 0 is a socket.
    pub(crate) shared_memory: usize,
    /// From one message to the next, one way; zero sends as many as the kernel takes.
    pub(crate) interval: Duration,
    /// How long to run before measuring.
    pub(crate) warm_up: Duration,
    /// How long to measure, about.
    pub(crate) time: Duration,
}

impl Options {
    pub(crate) fn parse(mut args: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self {
            size: 64,
            spin: Duration::ZERO,
            send_buffer: 0,
            shared_memory: 0,
            interval: Duration::ZERO,
            warm_up: Duration::from_millis(100),
            time: Duration::from_millis(500),
        };
        while let Some(name) = args.next() {
            let value = args.next().ok_or_else(|| format!("{name} needs a value"))?;
            match name.as_str() {
                "--size" => options.size = number(&name, &value)?,
                "--spin" => options.spin = Duration::from_micros(number(&name, &value)?),
                "--send-buffer" => options.send_buffer = number(&name, &value)?,
                "--shared-memory" => options.shared_memory = number(&name, &value)?,
                "--interval" => options.interval = Duration::from_micros(number(&name, &value)?),
                "--warm-up" => options.warm_up = seconds(&name, &value)?,
                "--seconds" => options.time = seconds(&name, &value)?,
                _ => return Err(format!("unknown option {name}")),
            }
        }
        if options.size < 1 || i32::try_from(options.size).is_err() {
            return Err(format!("--size must be 1 to {}", i32::MAX));
        }
        Ok(options)
    }
}

fn number<T: FromStr>(name: &str, value: &str) -> Result<T, String> {
    value
        .parse()
        .map_err(|_| format!("{name} needs a whole number, not {value:?}"))
}

fn seconds(name: &str, value: &str) -> Result<Duration, String> {
    let seconds = value
        .parse()
        .map_err(|_| format!("{name} needs a number of seconds, not {value:?}"))?;
    Duration::try_from_secs_f64(seconds).map_err(|error| format!("{name} {value}: {error}"))
}
