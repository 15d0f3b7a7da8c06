import type { EngineBuffer } from './engine.js'
import type { Memory } from '../../connection/memory.js'
import type { Arrived } from '../../wire/arrived.js'
import { behindMark } from '../../wire/descriptor-mark.js'
import type { Coder, Encoded, EncodeOptions } from '../coder.js'
import { VERSION } from './format.js'
import { Malformed } from './input.js'
import { Reader } from './reader.js'
import { Writer } from './writer.js'

const CODEC = 'structured'

/** All messages are written by one writer, since this program trusts itself. */
let shared: Writer | undefined
let writing = false

/** carom's own codec. Each connection has one, for the shapes that its peer sends. */
export class StructuredCoder implements Coder {
  readonly name: string = CODEC
  readonly #encoded: Encoded = { bytes: new Uint8Array(0), start: 0, end: 0, transferList: undefined }
  /** Made with the first message that is received. */
  #reader: Reader | undefined
  #reading = false

  encode(value: unknown, options?: EncodeOptions): Encoded {
    // A getter of the value may send something itself.
    const outermost = !writing
    const writer = outermost ? (shared ??= new Writer()) : new Writer()
    writing = true
    try {
      writer.message(value, options?.keepOptions ? undefined : CODEC)
    } finally {
      if (outermost) writing = false
    }
    const encoded = this.#encoded
    encoded.bytes = writer.bytes
    encoded.start = writer.start
    encoded.end = writer.at
    encoded.transferList = writer.transferList
    return encoded
  }

  decode(memory: Memory, start: number, end: number, arrived?: Arrived): unknown {
    const bytes = memory.bytes as EngineBuffer
    const from = bytes[start] === VERSION ? start : behindMark(bytes, start, end)
    if (from === end) throw new Malformed('it is empty')
    if (bytes[from] !== VERSION)
      throw new Malformed(`no message of this codec begins with the byte 0x${bytes[from]!.toString(16)}`)
    // A subscriber that sees an object arrive may receive something itself.
    const reader = this.#reading ? new Reader() : (this.#reader ??= new Reader())
    const outermost = !this.#reading
    this.#reading = true
    reader.whole = start === 0 && end === bytes.length
    try {
      return reader.message(bytes, from + 1, end, arrived)
    } finally {
      if (outermost) this.#reading = false
    }
  }
}
