import { markAsShared } from '../native/builtins.js'
import { Memory } from './memory.js'

/** Memory for a frame that is expected. */
export class Room extends Memory {
  readonly size: number

  constructor(bytes: Buffer, size: number) {
    super(bytes)
    this.size = size
  }

  /** Whether a message of `size` bytes leaves little of it unused. */
  fits(size: number): boolean {
    return size >= this.size / 2
  }
}

/** Clears the memory around a message: reused memory may hold bytes of an earlier one. */
export function wipeAround({ buffer, byteOffset, length }: Buffer): void {
  const all = new Uint8Array(buffer)
  all.fill(0, 0, byteOffset)
  all.fill(0, byteOffset + length)
}

/** Memory for one message. Node's pool serves small ones without an allocation each. */
export function allocate(size: number): Buffer {
  return size < Buffer.poolSize / 2 ? Buffer.allocUnsafe(size) : Buffer.allocUnsafeSlow(size)
}

/** Memory for several messages, which can't be transferred to another thread: nor can Node's pool. */
export function allocateShared(size: number): Buffer {
  const bytes = allocate(size)
  if (size >= Buffer.poolSize / 2) markAsShared(bytes.buffer)
  return bytes
}
