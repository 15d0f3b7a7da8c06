import type { Codec, Coder, Encoded, EncodeOptions } from './coder.js'
import { invalidType } from '../api/arguments.js'
import { DecodeError, EncodeError } from '../api/errors.js'
import type { Memory } from '../connection/memory.js'
import type * as Foreign from './foreign.js'
import { json } from './json.js'
import { inPlace, isInPlace } from './in-place.js'
import type * as Msgpack from './msgpack.js'
import type * as Python from '../python.js'
import type { Arrived } from '../wire/arrived.js'
import type * as V8 from './v8.js'
import { Whole } from './whole.js'
import type * as Structured from './structured/coder.js'

/**
 * A codec by name, or the caller's own.
 * See {@link ConnectionOptions}; `docs/codecs.md` says what each keeps.
 */
export type CodecOption = 'structured' | 'msgpack' | 'json' | 'v8' | 'pickle' | Codec

/** The coder of a codec. Whatever a codec throws becomes an `EncodeError` or a `DecodeError`. */
export function coderOf(codec: unknown): Coder {
  switch (codec) {
    case undefined:
    case 'structured':
      return new (structured().StructuredCoder)()
    case 'msgpack':
      return (msgpack ??= (require('./msgpack.js') as typeof Msgpack).createMsgpack())
    case 'json':
      return json
    case 'v8':
      return (v8Coder ??= (require('./v8.js') as typeof V8).createV8())
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

/** With the first connection that has it: a fifth of all that an `import` of carom would load. */
function structured(): typeof Structured {
  return require('./structured/coder.js') as typeof Structured
}

/** Whether a coder is the one that a codec's name stands for: another process has the same by that name. */
export function isKnownBy(name: string | undefined, coder: Coder): name is string {
  return (
    name !== undefined &&
    (name === 'structured' ? coder instanceof structured().StructuredCoder : coder === coderOf(name))
  )
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
    const { hint } = require('./foreign.js') as typeof Foreign
    throw new DecodeError(memory.part(start, end), error, hint(memory.bytes, start, end, coder.name))
  }
}

let msgpack: Coder | undefined
let pickle: Coder | undefined
let v8Coder: Coder | undefined
