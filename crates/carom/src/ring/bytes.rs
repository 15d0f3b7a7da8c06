//! Bytes in memory that another process may write at any time: whole words, by relaxed loads and stores.
//!
//! The parts of a word before and behind the bytes in question are stored as they were: the producer alone writes a ring, so that
//! nothing is lost between its load and its store. A consumer that reads the word meanwhile finds its own bytes unchanged.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

const WORD: usize = size_of::<u64>();

/// Writes `bytes` from a position on, around the end of `ring` if need be. The ring's size is a power of two, and not less than
/// there are bytes.
pub(crate) fn write(ring: &[AtomicU64], position: u64, mut bytes: &[u8]) {
    let mut at = index(ring, position);
    if !at.is_multiple_of(WORD) {
        let (first, rest) = bytes.split_at(bytes.len().min(WORD - at % WORD));
        merge(&ring[at / WORD], at % WORD, first);
        (at, bytes) = (at + first.len(), rest);
    }
    while bytes.len() >= WORD {
        let run = &ring[(at / WORD) % ring.len()..];
        let (words, rest) = bytes.split_at((run.len() * WORD).min(bytes.len() - bytes.len() % WORD));
        let (words, _) = words.as_chunks::<WORD>();
        for (word, bytes) in run.iter().zip(words) {
            word.store(u64::from_ne_bytes(*bytes), Relaxed);
        }
        (at, bytes) = (at + words.len() * WORD, rest);
    }
    if !bytes.is_empty() {
        merge(&ring[(at / WORD) % ring.len()], 0, bytes);
    }
}

/// Reads bytes from a position on into `buffer`, which is not larger than the ring.
pub(crate) fn read(ring: &[AtomicU64], position: u64, mut buffer: &mut [u8]) {
    let mut at = index(ring, position);
    if !at.is_multiple_of(WORD) {
        let offset = at % WORD;
        let word = ring[at / WORD].load(Relaxed).to_ne_bytes();
        let (first, rest) = buffer.split_at_mut((WORD - offset).min(buffer.len()));
        first.copy_from_slice(&word[offset..offset + first.len()]);
        at += first.len();
        buffer = rest;
    }
    while buffer.len() >= WORD {
        let run = &ring[(at / WORD) % ring.len()..];
        let whole = (run.len() * WORD).min(buffer.len() - buffer.len() % WORD);
        let (words, rest) = buffer.split_at_mut(whole);
        let (words, _) = words.as_chunks_mut::<WORD>();
        for (word, bytes) in run.iter().zip(words) {
            *bytes = word.load(Relaxed).to_ne_bytes();
        }
        at += whole;
        buffer = rest;
    }
    if !buffer.is_empty() {
        let word = ring[(at / WORD) % ring.len()].load(Relaxed).to_ne_bytes();
        buffer.copy_from_slice(&word[..buffer.len()]);
    }
}

fn index(ring: &[AtomicU64], position: u64) -> usize {
    debug_assert!(ring.len().is_power_of_two());
    position as usize & (ring.len() * WORD - 1)
}

/// Stores `bytes`, a part of a word.
fn merge(word: &AtomicU64, offset: usize, bytes: &[u8]) {
    let mut value = word.load(Relaxed).to_ne_bytes();
    value[offset..offset + bytes.len()].copy_from_slice(bytes);
    word.store(u64::from_ne_bytes(value), Relaxed);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_out_as_they_went_in_wherever_they_are() {
        let ring: Vec<_> = (0..4).map(|_| AtomicU64::new(u64::MAX)).collect();
        let source: Vec<u8> = (1..=32).collect();
        for start in 0..70 {
            for length in 0..=32_usize {
                write(&ring, start, &source[..length]);
                let mut back = vec![0; length];
                read(&ring, start, &mut back);
                assert_eq!(back, source[..length], "{length} bytes at {start}");
            }
        }
    }

    #[test]
    fn the_bytes_around_stay_as_they_are() {
        let ring: Vec<_> = (0..4).map(|_| AtomicU64::new(0)).collect();
        for start in 0..32_u64 {
            for length in 0..=32_usize {
                write(&ring, 0, &[0xaa; 32]);
                write(&ring, start, &[0x55; 32][..length]);
                let mut all = [0; 32];
                read(&ring, start, &mut all);
                assert!(all[..length].iter().all(|byte| *byte == 0x55));
                assert!(
                    all[length..].iter().all(|byte| *byte == 0xaa),
                    "{length} bytes at {start}"
                );
            }
        }
    }
}
