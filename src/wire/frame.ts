/** The frame around a message: its length as a header, signed and big-endian, then that many bytes. */

/** How many bytes a header has in its short form. */
export const HEADER = 4

/** How many bytes it has in its longer form: −1, then 64 bits. */
export const HEADER_MAX = 12

/** The longest payload that the short form can announce. */
export const MAX_SHORT = 0x7fffffff

/** Writes the header of a payload of `size` bytes to `memory` from `at` on, and returns where it ends. */
export function writeHeader(memory: Buffer, at: number, size: number): number {
  if (size > MAX_SHORT) {
    memory.writeInt32BE(-1, at)
    memory.writeBigUInt64BE(BigInt(size), at + 4)
    return at + HEADER_MAX
  }
  memory[at] = size >>> 24
  memory[at + 1] = size >>> 16
  memory[at + 2] = size >>> 8
  memory[at + 3] = size
  return at + HEADER
}

/** How many bytes the header at `bytes[at]` has, that of a whole frame. A peer may choose the longer form without need. */
export function headerSize(bytes: Uint8Array, at: number): number {
  // The only negative length that is no error is −1.
  return bytes[at] === 0xff ? HEADER_MAX : HEADER
}

/** How many bytes the payload has that begins at `bytes[end]`, where its header ends: in a whole frame, as many as 32 bits can say. */
export function payloadSize(bytes: Uint8Array, end: number): number {
  return ((bytes[end - 4]! << 24) | (bytes[end - 3]! << 16) | (bytes[end - 2]! << 8) | bytes[end - 1]!) >>> 0
}
