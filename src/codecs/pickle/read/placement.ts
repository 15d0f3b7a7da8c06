import * as op from '../opcodes.js'

/** How far into a pickle the names and numbers go, at most, that Python writes before the bytes of an array. */
const HEAD = 512

/** The largest items of arrays, in bytes. */
const ALIGNMENT = 8

/**
 * How many bytes before a pickle of `size` bytes let the bytes that it mostly consists of begin at an address for numbers of any
 * size. `head` is how it begins. A wrong guess costs nothing but that: a reader copies numbers that lie elsewhere.
 */
export function shiftOf(head: Uint8Array, size: number): number {
  const end = Math.min(head.length - 9, HEAD)
  const view = new DataView(head.buffer, head.byteOffset, head.length)
  for (let p = 0; p < end; p++) {
    const opcode = head[p]!
    const short = opcode === op.BINBYTES
    if (!short && opcode !== op.BINBYTES8 && opcode !== op.BYTEARRAY8) continue
    const length = short ? view.getUint32(p + 1, true) : Number(view.getBigUint64(p + 1, true))
    const start = p + (short ? 5 : 9)
    if (length >= size / 2 && start + length <= size) return -start & (ALIGNMENT - 1)
  }
  return 0
}
