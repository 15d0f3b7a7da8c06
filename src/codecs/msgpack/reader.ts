import { Decoder, ExtensionCodec, EXT_TIMESTAMP } from '@msgpack/msgpack'

import { define } from '../structured/define.js'
import { type EngineBuffer, viewOf } from '../structured/engine.js'
import { textOf } from '../structured/texts.js'
import { faultOf } from './well-formed.js'

/** Knows the timestamp, and no other extension. */
class Extensions extends ExtensionCodec {
  override decode(data: Uint8Array, type: number, context: undefined): unknown {
    if (type !== EXT_TIMESTAMP)
      throw new Error(`the message has an extension of type ${type}, which has no meaning here`)
    const date = super.decode(data, type, context)
    if (!(date instanceof Date) || Number.isNaN(date.getTime()))
      throw new Error('a timestamp in the message is no date')
    return date
  }
}

/** Methods of the library's decoder that it keeps to itself. */
interface Internal {
  decodeBinary(size: number, header: number): Uint8Array
  readU64AsBigInt(): bigint | number
  readI64AsBigInt(): bigint | number
}

/** Longer names are not looked up. */
const NAMED = 24

/** Stands for the name `__proto__`, which the library refuses: what is read of UTF-8 has no lone surrogate. */
const PROTO = '\ud800__proto__'

/** Makes a `Buffer` with memory of its own: Node's pool has other messages in it. */
const OwnBuffer = (Buffer as unknown as { [Symbol.species]: new (size: number) => Buffer })[Symbol.species]

const NONE = new DataView(new ArrayBuffer(0))

export class MsgpackReader {
  readonly #decoder: Decoder<undefined>
  #hasProto = false
  /** All of the message. */
  #view: DataView = NONE

  constructor() {
    this.#decoder = new Decoder({
      extensionCodec: new Extensions(),
      useBigInt64: true,
      keyDecoder: { canBeCached: (size) => size <= NAMED, decode: (bytes, at, size) => this.#name(bytes, at, size) },
    })
    const internal = this.#decoder as unknown as Internal
    const { decodeBinary, readU64AsBigInt, readI64AsBigInt } = internal
    internal.decodeBinary = function (size, header) {
      const bytes = decodeBinary.call(this, size, header)
      const copy = new OwnBuffer(bytes.length)
      copy.set(bytes)
      return copy
    }
    internal.readU64AsBigInt = function () {
      return exact(readU64AsBigInt.call(this))
    }
    internal.readI64AsBigInt = function () {
      return exact(readI64AsBigInt.call(this))
    }
  }

  message(bytes: Buffer): unknown {
    const fault = faultOf(bytes, 0, bytes.length)
    if (fault !== undefined) throw new Error(fault)
    this.#hasProto = false
    this.#view = viewOf(bytes)
    try {
      const value = this.#decoder.decode(bytes)
      if (this.#hasProto) restoreProto(value)
      return value
    } finally {
      this.#view = NONE
    }
  }

  #name(bytes: Uint8Array, at: number, size: number): string {
    const memory = bytes as EngineBuffer
    for (let n = 0; n < size; n++) if (bytes[at + n]! > 127) return memory.toString('utf8', at, at + size)
    const name = textOf(memory, this.#view, at, size)
    if (name !== '__proto__') return name
    this.#hasProto = true
    return PROTO
  }
}

function exact(value: bigint | number): bigint | number {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}

/** Gives properties their name `__proto__` back, each at its place. */
function restoreProto(value: unknown): void {
  const todo = [value]
  for (let next = todo.pop(); todo.length > 0 || next !== undefined; next = todo.pop()) {
    if (typeof next !== 'object' || next === null || ArrayBuffer.isView(next) || next instanceof Date) continue
    if (Object.hasOwn(next, PROTO)) {
      const object = next as Record<string, unknown>
      for (const [name, part] of Object.entries(object)) {
        delete object[name]
        define(object, name === PROTO ? '__proto__' : name, part)
      }
    }
    for (const part of Object.values(next)) if (typeof part === 'object') todo.push(part)
  }
}
