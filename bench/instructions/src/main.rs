//! The core's hot paths: `carom-instructions PATH` runs one of them, whose instructions callgrind counts.
//!
//! Each path is a function that isn't inlined and keeps its name, so that the counter can be told to count inside it and nowhere
//! else. `bench/instructions.ts` runs them all.

use std::hint::black_box;
use std::process::ExitCode;

use carom::frame::{Decoder, Header, Runs, SLAB_MIN, Tail};
use carom::handshake::{Handshake, Options, Peer, Status};
use carom::{AuthKey, Connection};

type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

/// The number of times that a path repeats its work.
const TIMES: usize = 1000;

/// Bytes of a small payload, and of a large one.
const SMALL: usize = 64;
const LARGE: usize = 1 << 20;

/// Bytes read at once.
const SLAB: usize = 64 * 1024;

fn main() -> ExitCode {
    let path = std::env::args().nth(1).unwrap_or_default();
    match run(&path) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("carom-instructions {path}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(path: &str) -> Result {
    match path {
        "encode_small" => {
            let mut stream = Vec::with_capacity(TIMES * (4 + SMALL));
            encode_small(&mut stream, &[0x63; SMALL]);
            expect(stream.len(), TIMES * (4 + SMALL))
        }
        "decode_small" => {
            let mut decoder = Decoder::new(u64::MAX);
            let count = decode_small(
                &mut decoder,
                &frames(SMALL, TIMES),
                &mut vec![0; SLAB],
                &mut Runs::default(),
            )?;
            expect(count, TIMES * (4 + SMALL))
        }
        "decode_cut" => {
            let mut decoder = Decoder::new(u64::MAX);
            let count = decode_cut(
                &mut decoder,
                &frames(SMALL, TIMES),
                &mut vec![0; SLAB_MIN],
                &mut Runs::default(),
            )?;
            expect(count, TIMES * (4 + SMALL))
        }
        "decode_large" => {
            let frame = frames(LARGE, 1);
            expect(
                decode_large(&mut Decoder::new(u64::MAX), &frame[..SLAB], &mut Runs::default())?,
                TIMES * LARGE,
            )
        }
        "send_and_receive" => {
            let (mut near, mut far) = carom::pipe()?;
            expect(send_and_receive(&mut near, &mut far, &[0x63; SMALL])?, TIMES * SMALL)
        }
        "handshake" => {
            let key = AuthKey::new(b"secret")?;
            for _ in 0..TIMES {
                handshake(&key)?;
            }
            Ok(())
        }
        other => Err(format!("unknown path {other:?}").into()),
    }
}

/// A stream of `count` frames of `size` bytes.
fn frames(size: usize, count: usize) -> Vec<u8> {
    let frame = [Header::new(size as u64).as_bytes(), &vec![0x63; size]].concat();
    frame.repeat(count)
}

/// A path that did less than it should would look fast.
fn expect(found: usize, wanted: usize) -> Result {
    if found == wanted {
        Ok(())
    } else {
        Err(format!("{found} instead of {wanted}").into())
    }
}

#[inline(never)]
#[unsafe(no_mangle)]
fn encode_small(stream: &mut Vec<u8>, payload: &[u8]) {
    for _ in 0..TIMES {
        stream.extend_from_slice(Header::new(black_box(payload.len() as u64)).as_bytes());
        stream.extend_from_slice(payload);
    }
}

/// Full slabs, as they come from a sender that is ahead.
#[inline(never)]
#[unsafe(no_mangle)]
fn decode_small(decoder: &mut Decoder, stream: &[u8], slab: &mut [u8], runs: &mut Runs) -> Result<usize> {
    decode(decoder, stream, SLAB - carom::frame::CARRY_MAX, slab, runs)
}

/// Reads that end inside a frame, as they come from a sender that isn't.
#[inline(never)]
#[unsafe(no_mangle)]
fn decode_cut(decoder: &mut Decoder, stream: &[u8], slab: &mut [u8], runs: &mut Runs) -> Result<usize> {
    decode(decoder, stream, 100, slab, runs)
}

/// The bytes of the whole frames in `stream`, of which each read finds `read` bytes.
#[inline(always)]
fn decode(decoder: &mut Decoder, stream: &[u8], read: usize, slab: &mut [u8], runs: &mut Runs) -> Result<usize> {
    let mut found = 0;
    for bytes in stream.chunks(read) {
        let start = decoder.begin(slab);
        let filled = start + bytes.len();
        slab[start..filled].copy_from_slice(bytes);
        decoder.find(&slab[..filled], runs)?;
        found += runs.end();
    }
    Ok(found)
}

/// Payloads that are read into memory of their own: only the first part goes through a slab.
#[inline(never)]
#[unsafe(no_mangle)]
fn decode_large(decoder: &mut Decoder, first: &[u8], runs: &mut Runs) -> Result<usize> {
    let mut found = 0;
    for _ in 0..TIMES {
        let Tail::Own { announced, arrived } = decoder.find(first, runs)? else {
            return Err("the payload is not given memory of its own".into());
        };
        let mut remaining = usize::try_from(announced)? - arrived.len();
        while remaining > 0 {
            let read = remaining.min(SLAB);
            decoder.payload_filled(read);
            remaining -= read;
        }
        found += usize::try_from(announced)?;
    }
    Ok(found)
}

/// The work of a Rust program for a message, without the kernel's.
#[inline(never)]
#[unsafe(no_mangle)]
fn send_and_receive(near: &mut Connection, far: &mut Connection, payload: &[u8]) -> Result<usize> {
    let mut found = 0;
    for _ in 0..TIMES {
        near.send_bytes(payload)?;
        found += far.recv_bytes()?.len();
    }
    Ok(found)
}

/// Both ends of a handshake.
#[inline(never)]
#[unsafe(no_mangle)]
fn handshake(key: &AuthKey) -> Result {
    let mut listener = Handshake::listener(key, Options::default())?;
    let mut client = Handshake::client(key, Options::default())?;
    while listener.wants() > 0 || client.wants() > 0 {
        client.feed(&listener.take_outgoing())?;
        listener.feed(&client.take_outgoing())?;
    }
    match (listener.status(), client.status()) {
        (Status::Done(Peer::Modern), Status::Done(Peer::Modern)) => Ok(()),
        other => Err(format!("{other:?}").into()),
    }
}
