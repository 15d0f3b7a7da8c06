//! A reading of the wire that is too simple to be wrong, and a decoder driven so that every promise of
//! `carom::frame` is checked on the way. Shared by the tests and the fuzz target.
#![allow(dead_code, reason = "each binary uses a part")]

use carom::frame::{CARRY_MAX, Decoder, FrameError, RUN_MAX, Runs, SLAB_MIN, Tail};

/// The content of a whole stream: its messages, then a clean end or the peer's mistake.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) messages: Vec<Vec<u8>>,
    pub(crate) end: Result<(), FrameError>,
}

/// Reads a stream that is here in one piece.
pub(crate) fn parse(mut stream: &[u8], limit: u64) -> Outcome {
    let mut messages = Vec::new();
    let end = loop {
        if stream.is_empty() {
            break Ok(());
        }
        if stream.len() < 4 {
            break Err(FrameError::Truncated);
        }
        let length = i32::from_be_bytes([stream[0], stream[1], stream[2], stream[3]]);
        stream = &stream[4..];
        let announced = if length == -1 {
            if stream.len() < 8 {
                break Err(FrameError::Truncated);
            }
            let (long, rest) = stream.split_at(8);
            stream = rest;
            long.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte))
        } else if length < 0 {
            break Err(FrameError::MalformedLength { length });
        } else {
            u64::from(length.unsigned_abs())
        };
        if announced > limit {
            break Err(FrameError::TooLong { announced, limit });
        }
        if announced > stream.len() as u64 {
            break Err(FrameError::Truncated);
        }
        let (message, rest) = stream.split_at(announced as usize);
        messages.push(message.to_vec());
        stream = rest;
    };
    Outcome { messages, end }
}

/// Gives a stream to a decoder in pieces: `piece` says how much is read at most each time, `slab` how large the memory
/// is that is lent for it.
///
/// # Panics
///
/// Panics if the decoder breaks a promise.
pub(crate) fn decode(
    stream: &[u8],
    limit: u64,
    mut piece: impl FnMut() -> usize,
    mut slab: impl FnMut() -> usize,
) -> Outcome {
    let (mut decoder, mut runs, mut messages) = (Decoder::new(limit), Runs::default(), Vec::new());
    let (mut rest, mut memory) = (stream, Vec::new());
    let end = loop {
        if let error @ Err(FrameError::MalformedLength { .. } | FrameError::TooLong { .. }) = decoder.end() {
            break error;
        }
        if rest.is_empty() {
            break decoder.end();
        }
        memory.resize(slab().max(SLAB_MIN), 0);
        let start = decoder.begin(&mut memory);
        assert!(start <= CARRY_MAX, "{start} bytes were carried over");
        let length = piece().clamp(1, memory.len() - start).min(rest.len());
        let filled = start + length;
        memory[start..filled].copy_from_slice(&rest[..length]);
        rest = &rest[length..];
        let found = decoder.find(&memory[..filled], &mut runs);
        take_runs(&memory[..filled], &runs, &mut messages);
        match found {
            Err(error) => {
                assert!(runs.ends().is_empty(), "the messages before a fault come first");
                assert_eq!(decoder.find(&memory[..filled], &mut runs), Err(error), "a fault lasts");
                assert_eq!(decoder.end(), Err(error), "a fault lasts");
                break Err(error);
            }
            Ok(Tail::Carried { announced }) => {
                assert_eq!(decoder.payload_remaining(), 0);
                assert!(announced.is_none_or(|announced| announced < CARRY_MAX as u64));
                assert!(!decoder.inside_message() || runs.end() < filled);
            }
            Ok(Tail::Own { announced, arrived }) => {
                assert_eq!(
                    arrived.end, filled,
                    "the payload's first bytes are the last ones that were read"
                );
                let mut message = memory[arrived].to_vec();
                while decoder.payload_remaining() > 0 && !rest.is_empty() {
                    assert_eq!(decoder.payload_remaining(), announced - message.len() as u64);
                    assert!(decoder.inside_message());
                    let remaining = usize::try_from(decoder.payload_remaining()).unwrap_or(usize::MAX);
                    let length = piece().max(1).min(rest.len()).min(remaining);
                    message.extend_from_slice(&rest[..length]);
                    rest = &rest[length..];
                    decoder.payload_filled(length);
                }
                if decoder.payload_remaining() == 0 {
                    assert!(!decoder.inside_message());
                    messages.push(message);
                }
            }
        }
    };
    Outcome { messages, end }
}

/// Takes the messages out of the runs, each of which holds whole frames only.
fn take_runs(slab: &[u8], runs: &Runs, messages: &mut Vec<Vec<u8>>) {
    let mut begin = 0;
    for &end in runs.ends() {
        assert!(
            begin < end && end <= slab.len(),
            "run {begin}..{end} in {} bytes",
            slab.len()
        );
        let run = parse(&slab[begin..end], u64::MAX);
        assert_eq!(run.end, Ok(()), "a run holds whole frames");
        assert!(
            run.messages.len() == 1 || end - begin <= RUN_MAX,
            "a run of {} bytes",
            end - begin
        );
        messages.extend(run.messages);
        begin = end;
    }
    assert_eq!(runs.end(), begin);
    assert!(
        runs.ends().len() <= Runs::most_in(slab.len()),
        "{} runs in {} bytes",
        runs.ends().len(),
        slab.len()
    );
}
