//! The speed of bare system calls, and of bare memory, between two processes on one machine: the floor for carom's benchmarks.
//!
//! ```text
//! carom-floor round-trip [--size 64] [--spin MICROSECONDS] [--send-buffer BYTES] [--warm-up SECONDS] [--seconds SECONDS]
//!                        [--shared-memory BYTES]
//! carom-floor one-way    (the same) [--interval MICROSECONDS]
//! ```
//!
//! Each run forks, measures for about the given time and prints one line of JSON. Messages are framed as carom frames
//! them (a 4-byte big-endian length, then the payload), so the same bytes cross.

mod one_way;
mod options;
mod peer;
mod processor;
mod ring;
mod round_trip;
mod socket;
mod stream;

use std::process::ExitCode;

use options::Options;
use ring::RingEnd;
use socket::Socket;

/// Bytes of a frame's header: the payload's length, big-endian.
pub(crate) const HEADER: usize = 4;

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let workload = args.next().unwrap_or_default();
    let line = Options::parse(args).and_then(|options| {
        let ring = options.shared_memory;
        match workload.as_str() {
            "round-trip" if ring > 0 => Ok(RingEnd::pair(ring).and_then(|pair| round_trip::measure(pair, &options))),
            "round-trip" => Ok(Socket::pair(&options).and_then(|pair| round_trip::measure(pair, &options))),
            "one-way" if ring > 0 => Ok(RingEnd::pair(ring).and_then(|pair| one_way::measure(pair, &options))),
            "one-way" => Ok(Socket::pair(&options).and_then(|pair| one_way::measure(pair, &options))),
            other => Err(format!("unknown workload {other:?}: it is round-trip or one-way")),
        }
    });
    match line {
        Ok(Ok(line)) => {
            println!("{line}");
            ExitCode::SUCCESS
        }
        Ok(Err(error)) => {
            eprintln!("carom-floor {workload}: {error}");
            ExitCode::FAILURE
        }
        Err(usage) => {
            eprintln!("carom-floor: {usage}");
            ExitCode::from(2)
        }
    }
}
