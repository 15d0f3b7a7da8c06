/**
 * The mark of a message with descriptors beside it: MessagePack's 32-bit extension of type `D`, around how many there are, and
 * the message itself.
 */
const EXTENSION_32 = 0xc9
const WITH_DESCRIPTORS = 0x44

/** How many bytes the mark has. */
export const MARK = 7

/** How many descriptors the message `bytes[start..end]` says that it came with; 0 where it bears no mark. */
export function descriptorsOf(bytes: Uint8Array, start: number, end: number): number {
  return end - start > MARK && bytes[start] === EXTENSION_32 && bytes[start + 5] === WITH_DESCRIPTORS
    ? bytes[start + 6]!
    : 0
}

/** For a codec: where the message `bytes[start..end]` begins behind its mark, if it bears one. */
export function behindMark(bytes: Uint8Array, start: number, end: number): number {
  return descriptorsOf(bytes, start, end) > 0 ? start + MARK : start
}

/** The message `bytes[start..end]`, marked as one with `count` descriptors, behind room for `before` bytes. */
export function marked(bytes: Uint8Array, start: number, end: number, count: number, before: number): Buffer {
  const message = Buffer.allocUnsafeSlow(before + MARK + end - start)
  message[before] = EXTENSION_32
  message.writeUInt32BE(end - start + 1, before + 1)
  message[before + 5] = WITH_DESCRIPTORS
  message[before + 6] = count
  message.set(bytes.subarray(start, end), before + MARK)
  return message
}
