// Frames written and read by hand: the tests' own idea of the wire, independent of the implementation.

import { readSync, writeSync } from 'node:fs'

/** 4 bytes of signed big-endian length, then the body. */
export function frame(body: Uint8Array | string): Buffer {
  const bytes = Buffer.from(body as Uint8Array)
  return Buffer.concat([header(bytes.length), bytes])
}

/** The length field of a frame, which may be a lie or malformed. */
export function header(length: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(length)
  return bytes
}

/** The 64-bit form of the length field: −1, then an unsigned 64-bit length. */
export function longHeader(length: bigint): Buffer {
  const bytes = Buffer.alloc(12)
  bytes.writeInt32BE(-1)
  bytes.writeBigUInt64BE(length, 4)
  return bytes
}

/** Writes all of `bytes` to a blocking descriptor. */
export function writeAll(fd: number, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length;) written += writeSync(fd, bytes, written)
}

/** Reads exactly `length` bytes from a blocking descriptor. */
export function readExactly(fd: number, length: number): Buffer {
  const bytes = Buffer.alloc(length)
  for (let filled = 0; filled < length;) {
    const count = readSync(fd, bytes, filled, length - filled, null)
    if (count === 0) throw new Error(`the stream ended after ${filled} of ${length} bytes`)
    filled += count
  }
  return bytes
}

/** Reads one frame's body from a blocking descriptor. */
export function readFrame(fd: number): Buffer {
  return readExactly(fd, readExactly(fd, 4).readInt32BE())
}

/** Bytes that differ from place to place and from seed to seed, so that a shift or a swap shows. */
export function patterned(length: number, seed = 0): Buffer {
  const bytes = Buffer.allocUnsafe(length)
  let state = (seed * 2654435761 + 1) >>> 0
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    bytes[i] = state >>> 24
  }
  return bytes
}
