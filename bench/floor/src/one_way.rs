//! Messages one way, as many as the kernel takes, and one answer when all have arrived.
//!
//! A run is: a 4-byte message with the count, that many messages, then an 8-byte answer from the far end: the nanoseconds of
//! processor time that it spent.

use std::io;
use std::time::{Duration, Instant};

use crate::HEADER;
use crate::options::Options;
use crate::peer::with_peer;
use crate::processor;
use crate::stream::Stream;

/// Small messages are gathered up to this before a write.
const BATCH: usize = 64 * 1024;

/// Bounds a run, whatever time was asked for.
const MOST_MESSAGES: u32 = 500_000_000;

/// Bytes of the answer's payload.
const ANSWER: usize = 8;

pub(crate) fn measure<S: Stream>(pair: (S, S), options: &Options) -> io::Result<String> {
    let size = options.size;
    with_peer(
        pair,
        |near| {
            let mut sender = Sender::new(near, options);
            if !options.interval.is_zero() {
                return paced(&mut sender, options);
            }
            // Doubling until a run is long enough to tell the rate, which also warms everything up.
            let mut count = 1;
            let mut run = sender.run(count)?;
            while run.time < options.warm_up && count < MOST_MESSAGES / 2 {
                count *= 2;
                run = sender.run(count)?;
            }
            let wanted = f64::from(count) * options.time.as_secs_f64() / run.time.as_secs_f64();
            let count = (wanted as u32).clamp(1, MOST_MESSAGES);
            let run = sender.run(count)?;
            Ok(format!(
                "{{\"messages\":{count},\"bytes\":{},\"seconds\":{},\"processor\":{}}}",
                u64::from(count) * size as u64,
                run.time.as_secs_f64(),
                run.processor().as_nanos(),
            ))
        },
        |far| receive(far, size),
    )
}

/// The cost of a message when both ends have slept before it.
fn paced(sender: &mut Sender<'_, impl Stream>, options: &Options) -> io::Result<String> {
    let count = |time: Duration| (time.as_secs_f64() / options.interval.as_secs_f64()).ceil() as u32;
    sender.run(count(options.warm_up))?;
    let count = count(options.time);
    let run = sender.run(count)?;
    Ok(format!(
        "{{\"cost\":\"processor\",\"value\":{},\"far\":{}}}",
        run.processor().as_nanos() / u128::from(count),
        run.far.as_nanos() / u128::from(count),
    ))
}

struct Run {
    time: Duration,
    /// Processor time of the sending process.
    near: Duration,
    /// Processor time of the receiving process.
    far: Duration,
}

impl Run {
    fn processor(&self) -> Duration {
        self.near + self.far
    }
}

struct Sender<'end, S> {
    end: &'end S,
    message: Vec<u8>,
    batch: Vec<u8>,
    interval: Duration,
}

impl<'end, S: Stream> Sender<'end, S> {
    fn new(end: &'end S, options: &Options) -> Self {
        Self {
            end,
            message: vec![0x63; options.size],
            batch: Vec::with_capacity(BATCH.max(HEADER + options.size)),
            interval: options.interval,
        }
    }

    fn run(&mut self, count: u32) -> io::Result<Run> {
        let (start, used) = (Instant::now(), processor::used()?);
        self.batch.extend_from_slice(&4_u32.to_be_bytes());
        self.batch.extend_from_slice(&count.to_be_bytes());
        let header = (self.message.len() as u32).to_be_bytes();
        if !self.interval.is_zero() {
            for index in 1..=count {
                self.flush()?;
                std::thread::sleep((self.interval * index).saturating_sub(start.elapsed()));
                self.batch.extend_from_slice(&header);
                self.batch.extend_from_slice(&self.message);
            }
            self.flush()?;
        } else if HEADER + self.message.len() > BATCH {
            self.flush()?;
            // The frame is made once: every rival sends a message of this size from the memory that it lies in.
            self.batch.extend_from_slice(&header);
            self.batch.extend_from_slice(&self.message);
            for _ in 0..count {
                self.end.send(&self.batch)?;
            }
            self.batch.clear();
        } else {
            for _ in 0..count {
                if self.batch.len() + HEADER + self.message.len() > BATCH {
                    self.flush()?;
                }
                self.batch.extend_from_slice(&header);
                self.batch.extend_from_slice(&self.message);
            }
            self.flush()?;
        }
        let mut answer = [0; HEADER + ANSWER];
        if !self.end.receive_exact(&mut answer)? {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let far = answer
            .last_chunk::<ANSWER>()
            .map_or(0, |nanoseconds| u64::from_be_bytes(*nanoseconds));
        Ok(Run {
            time: start.elapsed(),
            near: processor::used()? - used,
            far: Duration::from_nanos(far),
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        self.end.send(&self.batch)?;
        self.batch.clear();
        Ok(())
    }
}

/// Takes the frames where the kernel put them, in one buffer that is used again and again.
fn receive(far: &impl Stream, size: usize) -> io::Result<()> {
    let mut buffer = vec![0; BATCH.max(HEADER + size)];
    let mut have = 0;
    let mut left = 0_u32;
    let mut used = Duration::ZERO;
    loop {
        let count = far.receive(&mut buffer[have..])?;
        if count == 0 {
            return if have == 0 {
                Ok(())
            } else {
                Err(io::ErrorKind::UnexpectedEof.into())
            };
        }
        have += count;
        let mut at = 0;
        while let Some(payload) = next_frame(&buffer[at..have]) {
            at += HEADER + payload.len();
            if left == 0 {
                let announced = payload
                    .try_into()
                    .map_err(|_| malformed("a run must be announced by 4 bytes"))?;
                left = u32::from_be_bytes(announced);
                used = processor::used()?;
                continue;
            }
            if payload.len() != size || payload[0] != 0x63 || payload[size - 1] != 0x63 {
                return Err(malformed("another message than was sent"));
            }
            left -= 1;
            if left == 0 {
                let mut answer = [0; HEADER + ANSWER];
                answer[HEADER - 1] = ANSWER as u8;
                let spent = processor::used()? - used;
                answer[HEADER..].copy_from_slice(&(spent.as_nanos() as u64).to_be_bytes());
                far.send(&answer)?;
            }
        }
        // A frame cut by the end of the buffer goes on at its beginning.
        buffer.copy_within(at..have, 0);
        have -= at;
    }
}

/// The payload of the first frame in `bytes`, if it is all there.
fn next_frame(bytes: &[u8]) -> Option<&[u8]> {
    let (header, rest) = bytes.split_first_chunk::<HEADER>()?;
    rest.get(..u32::from_be_bytes(*header) as usize)
}

fn malformed(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}
