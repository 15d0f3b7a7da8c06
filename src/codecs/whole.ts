import { invalidType } from '../api/arguments.js'
import type { Memory } from '../connection/memory.js'
import type { Coder, Encoded } from './coder.js'

/** A codec that takes and gives whole messages. */
export interface WholeCodec {
  encode(value: unknown): Uint8Array
  decode(bytes: Buffer): unknown
}

/** The coder of a codec that takes and gives whole messages. */
export class Whole implements Coder {
  declare readonly name?: string
  readonly #codec: WholeCodec
  readonly #encoded: Encoded = { bytes: new Uint8Array(0), start: 0, end: 0, transferList: undefined }

  /** `name`: where the codec is carom's own. */
  constructor(codec: WholeCodec, name?: string) {
    this.#codec = codec
    if (name !== undefined) this.name = name
  }

  encode(value: unknown): Encoded {
    const bytes = this.#codec.encode(value)
    if (!(bytes instanceof Uint8Array)) throw invalidType("the result of the codec's encode", 'a Uint8Array', bytes)
    const encoded = this.#encoded
    encoded.bytes = bytes
    encoded.end = bytes.length
    return encoded
  }

  decode(memory: Memory, start: number, end: number): unknown {
    return this.#codec.decode(memory.part(start, end))
  }
}
