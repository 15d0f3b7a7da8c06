import type { Coder, Encoded, EncodeOptions } from './coder.js'
import { invalidType } from '../api/arguments.js'
import { v8 } from '../native/builtins.js'
import { DecodeError, EncodeError } from '../api/errors.js'
import type { Memory } from '../connection/memory.js'
import { hint } from './foreign.js'
import { inPlace, isInPlace } from './in-place.js'
import type * as Msgpack from './msgpack.js'
import type * as Python from '../python.js'
import type { Arrived } from '../wire/arrived.js'
import { StructuredCoder } from './structured/coder.js'
import * as descriptors from '../wire/descriptors.js'

/** Turns values into messages and back. */
export interface Codec {
  /** The message for a value. Its memory must not be written again: the message may still be on its way. */
  encode(value: unknown): Uint8Array
  /** The value of a message, whose memory is the codec's to keep. */
  decode(bytes: Buffer): unknown
}

/** A codec by name, or the caller's own. */
export type CodecOption = 'structured' | 'msgpack' | 'json' | 'v8' | 'pickle' | Codec

/** The coder of a codec. Whatever a codec throws becomes an `EncodeError` or a `DecodeError`. */
export function coderOf(codec: unknown): Coder {
  switch (codec) {
    case undefined:
    case 'structured':
      return new StructuredCoder()
    case 'msgpack':
      return (msgpack ??= (require('./msgpack.js') as typeof Msgpack).createMsgpack(descriptors))
    case 'json':
      return json
    case 'v8':
      return (v8Coder ??= createV8())
    case 'pickle':
      return (pickle ??= (require('../python.js') as typeof Python).pickle()[inPlace])
    default: {
      const own = (codec ?? {}) as Partial<Codec>
      if (isInPlace(own)) return own[inPlace]
      if (typeof own.encode !== 'function' || typeof own.decode !== 'function') {
        throw invalidType(
          'codec',
          "'structured', 'msgpack', 'json', 'v8', 'pickle', or an object with encode and decode",
          codec,
        )
      }
      return new Whole(codec as Codec)
    }
  }
}

/** Whether a coder is the one that a codec's name stands for: another process has the same by that name. */
export function isKnownBy(name: string | undefined, coder: Coder): name is string {
  return name !== undefined && (name === 'structured' ? coder instanceof StructuredCoder : coder === coderOf(name))
}

export function encode(coder: Coder, value: unknown, options?: EncodeOptions): Encoded {
  try {
    return coder.encode(value, options)
  } catch (error) {
    throw new EncodeError(error)
  }
}

export function decode(coder: Coder, memory: Memory, start: number, end: number, arrived?: Arrived): unknown {
  try {
    return coder.decode(memory, start, end, arrived)
  } catch (error) {
    throw new DecodeError(memory.part(start, end), error, hint(memory.bytes, start, end, coder.name))
  }
}

/** A codec that takes and gives whole messages. */
class Whole implements Coder {
  readonly #codec: Codec
  readonly #encoded: Encoded = { bytes: new Uint8Array(0), start: 0, end: 0, transferList: undefined }

  constructor(codec: Codec) {
    this.#codec = codec
  }

  encode(value: unknown): Encoded {
    const bytes = this.#codec.encode(value)
    if (!(bytes instanceof Uint8Array)) throw invalidType("what the codec's encode returns", 'a Uint8Array', bytes)
    const encoded = this.#encoded
    encoded.bytes = bytes
    encoded.end = bytes.length
    return encoded
  }

  decode(memory: Memory, start: number, end: number): unknown {
    return this.#codec.decode(memory.part(start, end))
  }
}

let msgpack: Coder | undefined
let pickle: Coder | undefined
let v8Coder: Coder | undefined

const json = new Whole({
  encode(value) {
    const text = JSON.stringify(value) as string | undefined
    if (text === undefined) throw new TypeError(`JSON has no ${typeof value}`)
    return Buffer.from(text)
  },
  decode: (bytes) => JSON.parse((bytes as Buffer).toString()) as unknown,
})

function createV8(): Coder {
  const { serialize, deserialize } = v8()
  return new Whole({ encode: serialize, decode: (bytes) => deserialize(bytes) as unknown })
}
