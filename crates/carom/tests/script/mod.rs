//! The form of the fuzz target's inputs. Shared by the target and the replay of its corpus.

use carom::frame::SLAB_MIN;

use crate::reference::{decode, parse};

/// A stream and how it is cut, written in few bytes, so that a fuzzer gets at long messages cheaply.
#[derive(Debug)]
pub(crate) struct Script {
    stream: Vec<u8>,
    limit: u64,
    slab: usize,
    pieces: Vec<usize>,
}

impl Script {
    /// The longest stream that a script makes, in bytes.
    const STREAM_MAX: usize = 96 * 1024;

    /// Reads a script. All bytes mean something: a limit, a slab's size, how the stream is cut, and then what it is made
    /// of, frames of given lengths or bytes as they are.
    pub(crate) fn read(bytes: &[u8]) -> Self {
        let mut bytes = bytes.iter().copied();
        let mut next = || bytes.next();
        let limit = match next().unwrap_or(0) {
            0..128 => u64::MAX,
            step => u64::from(step - 128) * 257,
        };
        let slab = SLAB_MIN + usize::from(next().unwrap_or(0)) * 193;
        let cuts = next().unwrap_or(0) % 16;
        let pieces = (0..cuts).filter_map(|_| next()).map(piece).collect();
        let mut stream = Vec::new();
        while let Some(operation) = next()
            && stream.len() < Self::STREAM_MAX
        {
            match operation % 4 {
                // A frame as senders write it, and one in the 64-bit form, whatever its length.
                form @ (0 | 1) => {
                    let length = u16::from_be_bytes([next().unwrap_or(0), next().unwrap_or(0)]);
                    if form == 0 {
                        stream.extend_from_slice(&u32::from(length).to_be_bytes());
                    } else {
                        stream.extend_from_slice(&(-1_i32).to_be_bytes());
                        stream.extend_from_slice(&u64::from(length).to_be_bytes());
                    }
                    // No two stretches of the stream are alike, so that a byte out of place shows.
                    let begin = stream.len();
                    stream.extend((begin..begin + usize::from(length)).map(|at| (at ^ (at >> 8)) as u8));
                }
                // Bytes as they are: headers that lie, or parts of one.
                2 => stream.extend((0..4).map_while(|_| next())),
                _ => stream.extend(next()),
            }
        }
        Self {
            stream,
            limit,
            slab,
            pieces,
        }
    }

    /// Compares the decoder's outcome for the script with that of the reference.
    ///
    /// # Panics
    ///
    /// Panics if they differ.
    pub(crate) fn check(&self) {
        let mut pieces = self.pieces.iter().copied().cycle();
        let outcome = decode(
            &self.stream,
            self.limit,
            || pieces.next().unwrap_or(usize::MAX),
            || self.slab,
        );
        assert_eq!(outcome.end, parse(&self.stream, self.limit).end, "{self:?}");
        assert!(
            outcome.messages == parse(&self.stream, self.limit).messages,
            "the messages differ: {self:?}"
        );
    }
}

/// Small pieces exactly, larger ones in steps.
fn piece(byte: u8) -> usize {
    match byte {
        0..128 => usize::from(byte) + 1,
        step => usize::from(step - 127) * 255,
    }
}
