import type { Memory } from '../connection/memory.js'
import type { Coder, Encoded } from './coder.js'
import { MsgpackReader } from './msgpack/reader.js'
import { MsgpackWriter } from './msgpack/writer.js'

/** Plain MessagePack, for peers in other languages. */
class Msgpack implements Coder {
  readonly name: string = 'msgpack'
  readonly #encoded: Encoded = { bytes: new Uint8Array(0), start: 0, end: 0, transferList: undefined }
  readonly #writer = new MsgpackWriter()
  readonly #reader = new MsgpackReader()
  #writing = false

  encode(value: unknown): Encoded {
    // A getter of the value may send something itself.
    const outermost = !this.#writing
    const writer = outermost ? this.#writer : new MsgpackWriter()
    this.#writing = true
    try {
      const bytes = writer.message(value)
      this.#encoded.bytes = bytes
      this.#encoded.end = bytes.length
      return this.#encoded
    } finally {
      if (outermost) this.#writing = false
    }
  }

  decode(memory: Memory, start: number, end: number): unknown {
    return this.#reader.message(memory.part(start, end))
  }
}

export function createMsgpack(): Coder {
  return new Msgpack()
}
