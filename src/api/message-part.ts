import type { Receive, Take } from '../connection/receive.js'
import * as check from './arguments.js'
import { BufferTooShortError } from './errors.js'

/** Where the part of `bytes` ends that begins at `offset` and has `size` bytes, or all the rest. */
export function part(bytes: Uint8Array, offset: number, size: number | undefined): number {
  if (offset === 0 && size === undefined) return bytes.length
  check.integer('offset', offset, 0, bytes.length)
  if (size === undefined) return bytes.length
  return offset + check.integer('size', size, 0, bytes.length - offset)
}

/** The longest message that a caller accepts; `undefined` for any. */
export function limit(maxLength: number | undefined): number | undefined {
  if (maxLength === undefined || maxLength === Infinity) return undefined
  return check.integer('maxLength', maxLength, 0, Number.MAX_SAFE_INTEGER)
}

/** Receives into `buffer`, from `offset` on. */
export function into(buffer: ArrayBufferView | ArrayBufferLike, offset: number): Receive {
  const memory = check.bytes('buffer', buffer)
  check.integer('offset', offset, 0, memory.length)
  const target = Buffer.from(memory.buffer, memory.byteOffset + offset, memory.length - offset)
  const take: Take = (chunk, start, end) => {
    const message = chunk.message(start, end)
    if (message.length > target.length) throw new BufferTooShortError(message, target.length)
    const isThere = message.buffer === target.buffer && message.byteOffset === target.byteOffset
    if (!isThere) target.set(message)
    return message.length
  }
  return { take, target }
}
