/**
 * Makes a `Buffer` of a part of some memory. `Buffer`'s own `subarray` takes about twice as long: it asks anew, each time,
 * which memory that is and what to make.
 */
const View = (
  Buffer as unknown as { [Symbol.species]: new (memory: ArrayBufferLike, at: number, size: number) => Buffer }
)[Symbol.species]

/** A `Buffer` over `memory[at..at + size]`. */
export function view(memory: ArrayBufferLike, at: number, size: number): Buffer {
  return new View(memory, at, size)
}

/** Bytes of which many parts are looked at. */
export class Memory {
  readonly bytes: Buffer
  readonly #buffer: ArrayBufferLike
  readonly #offset: number

  constructor(bytes: Buffer) {
    this.bytes = bytes
    this.#buffer = bytes.buffer
    this.#offset = bytes.byteOffset
  }

  /** A `Buffer` over the part `bytes[start..end]`. */
  part(start: number, end: number): Buffer {
    return new View(this.#buffer, this.#offset + start, end - start)
  }
}
