import type V8 from 'node:v8'

import { v8 } from '../native/builtins.js'
import { assertNoTransferables } from './no-transferables.js'
import { Whole } from './whole.js'

/** V8's own format, which believes what its peer says. */
export function createV8(): Whole {
  const { serialize: serializeAny, deserialize, DefaultDeserializer } = v8()
  // V8 knows nothing of what such an object is, and would write it as one without properties.
  const serialize = (value: unknown): Buffer => {
    assertNoTransferables(value, 'v8')
    return serializeAny(value)
  }
  const Deserializer = withOwnMemory(DefaultDeserializer)
  if (Deserializer === undefined) {
    // Bun: what it reads may lie in the memory of the message.
    const decode = (bytes: Buffer): unknown => deserialize(Buffer.from(Uint8Array.from(bytes).buffer))
    return new Whole({ encode: serialize, decode }, 'v8')
  }
  return new Whole(
    {
      encode: serialize,
      decode(bytes) {
        const deserializer = new Deserializer(bytes)
        deserializer.readHeader()
        return deserializer.readValue() as unknown
      },
    },
    'v8',
  )
}

type Deserializer = typeof V8.DefaultDeserializer

/** Node lets the views of a message lie in its memory, in which are other messages too. */
function withOwnMemory(base: Deserializer): Deserializer | undefined {
  // oxlint-disable-next-line no-underscore-dangle -- it is Node's name, and documented
  const read = (base.prototype as Host | undefined)?._readHostObject
  if (typeof read !== 'function') return undefined
  return class extends base {
    _readHostObject(): unknown {
      const view = read.call(this) as unknown
      if (!ArrayBuffer.isView(view)) return view
      const { buffer, byteOffset, byteLength } = view
      const memory = buffer.slice(byteOffset, byteOffset + byteLength)
      return view instanceof Buffer
        ? Buffer.from(memory)
        : new (view.constructor as new (memory: ArrayBufferLike) => unknown)(memory)
    }
  }
}

interface Host {
  _readHostObject?(): unknown
}
