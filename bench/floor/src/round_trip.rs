//! One message there and back, again and again.

use std::io;
use std::time::Instant;

use crate::HEADER;
use crate::options::Options;
use crate::peer::with_peer;
use crate::stream::Stream;

/// Bounds the samples' memory, whatever time was asked for.
const MOST_SAMPLES: usize = 1_000_000;

pub(crate) fn measure<S: Stream>(pair: (S, S), options: &Options) -> io::Result<String> {
    let samples = with_peer(pair, |near| ping(near, options), |far| echo(far, options.size))?;
    let at = |part: f64| samples[((samples.len() - 1) as f64 * part).round() as usize];
    Ok(format!(
        "{{\"p50\":{},\"p99\":{},\"samples\":{}}}",
        at(0.5),
        at(0.99),
        samples.len()
    ))
}

/// The round trips' times in nanoseconds, in ascending order.
fn ping(near: &impl Stream, options: &Options) -> io::Result<Vec<u64>> {
    let mut frame = vec![0; HEADER + options.size];
    frame[..HEADER].copy_from_slice(&(options.size as u32).to_be_bytes());
    let mut reply = frame.clone();
    let mut samples = Vec::new();
    let start = Instant::now();
    let end = options.warm_up + options.time;
    let mut before = start;
    loop {
        near.send(&frame)?;
        if !near.receive_exact(&mut reply)? {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let now = Instant::now();
        let since = now - start;
        if since >= options.warm_up {
            samples.push((now - before).as_nanos() as u64);
        }
        if since >= end || samples.len() == MOST_SAMPLES {
            break;
        }
        before = now;
    }
    samples.sort_unstable();
    Ok(samples)
}

fn echo(far: &impl Stream, size: usize) -> io::Result<()> {
    let mut frame = vec![0; HEADER + size];
    while far.receive_exact(&mut frame)? {
        far.send(&frame)?;
    }
    Ok(())
}
