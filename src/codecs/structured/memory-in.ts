import { VIEWS } from './format.js'
import { Malformed } from './input.js'
import type { PartReader } from './part-reader.js'

/** A `Buffer` from this size on, in bytes, need not be copied out of a message that has memory of its own. */
const LONG = 16 * 1024

/** Makes a `Buffer` with memory of its own: Node's pool has other messages in it. */
const OwnBuffer = (Buffer as unknown as { [Symbol.species]: new (size: number) => Buffer })[Symbol.species]

/** Memory of its own with the next bytes. */
export function readMemory(reader: PartReader): ArrayBuffer {
  const bytes = reader.blob()
  // The bytes of a message never lie in shared memory.
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer
}

export function readBuffer(reader: PartReader): Buffer {
  const size = reader.count()
  const at = reader.skip(size)
  const { bytes } = reader
  if (size >= LONG && reader.whole && 2 * size >= bytes.length && bytes.length === bytes.buffer.byteLength)
    return bytes.subarray(at, at + size)
  const copy = size < LONG ? new OwnBuffer(size) : Buffer.allocUnsafeSlow(size)
  copy.set(bytes.subarray(at, at + size))
  return copy
}

export function readView(reader: PartReader): ArrayBufferView {
  const name = VIEWS[reader.byte()]
  if (name === undefined) throw new Malformed('a view in the message is of no known kind')
  const type = (globalThis as unknown as Record<string, View | undefined>)[name]
  if (type === undefined) throw new Malformed(`this runtime has no ${name}`)
  const memory = readMemory(reader)
  if (memory.byteLength % (type.BYTES_PER_ELEMENT ?? 1) !== 0) {
    throw new Malformed(`a ${name} in the message ends inside an element`)
  }
  return new type(memory)
}

interface View {
  new (memory: ArrayBuffer): ArrayBufferView
  readonly BYTES_PER_ELEMENT?: number
}
