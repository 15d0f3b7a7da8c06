import { types } from 'node:util'
import { Encoder, encodeTimestampExtension, EXT_TIMESTAMP, ExtData } from '@msgpack/msgpack'

import { isTransferable } from '../../wire/transferable.js'
import { withArticle } from '../article.js'
import { entry, mapKey } from '../path.js'
import { kindBehindProxy } from '../proxies.js'
import { type Step, thrownAt, unsendable } from '../structured/refusal.js'
import { bytesOf } from '../views.js'
import { DEPTH_MAX } from './well-formed.js'

/** A message of this size or more takes its memory with it: it may still be on its way when the next one is encoded. */
const OWN_MEMORY = 16 * 1024

/** Methods of the library's encoder that it keeps to itself: each writes one value, or a part of its head. */
interface Internal {
  readonly bytes: Uint8Array
  readonly pos: number
  reinitializeState(): void
  encodeNil(): void
  encodeBoolean(value: boolean): void
  encodeNumber(value: number): void
  encodeNumberAsFloat(value: number): void
  encodeBigInt64(value: bigint): void
  encodeString(value: string): void
  encodeBinary(value: ArrayBufferView): void
  encodeExtension(value: ExtData): void
  writeU8(value: number): void
  writeU16(value: number): void
  writeU32(value: number): void
}

const encoder = (): Internal => new Encoder() as unknown as Internal

/** Writes values that MessagePack has a form for, and refuses all others. */
export class MsgpackWriter {
  #out = encoder()
  #steps: Step[] = []
  /** The objects around the one that is being written. */
  #around: object[] = []

  /** The message of a value. The memory of a short one is used again. */
  message(value: unknown): Uint8Array {
    this.#out.reinitializeState()
    try {
      this.#write(value, '')
      const bytes = this.#out.bytes.subarray(0, this.#out.pos)
      if (bytes.length >= OWN_MEMORY) this.#out = encoder()
      return bytes
    } catch (error) {
      throw thrownAt(error, this.#steps.slice(1))
    } finally {
      this.#steps = []
      this.#around = []
    }
  }

  #write(value: unknown, step: Step): void {
    const out = this.#out
    switch (typeof value) {
      case 'string':
        this.#text(value, step)
        break
      case 'number':
        // Its integers have no sign beside 0.
        if (Object.is(value, -0)) out.encodeNumberAsFloat(value)
        else out.encodeNumber(value)
        break
      case 'boolean':
        out.encodeBoolean(value)
        break
      case 'bigint':
        if (value < -(2n ** 63n) || value >= 2n ** 64n) this.#refuse('a bigint of more than 64 bits', step)
        out.encodeBigInt64(value)
        break
      case 'object':
        if (value === null) out.encodeNil()
        else this.#object(value, step)
        break
      case 'undefined':
        this.#refuse('undefined', step)
        break
      default:
        this.#refuse(`a ${typeof value}`, step)
    }
  }

  #text(text: string, step: Step): void {
    if (!(text as string & { isWellFormed(): boolean }).isWellFormed())
      this.#refuse('a text with a lone surrogate', step)
    this.#out.encodeString(text)
  }

  #object(value: object, step: Step): void {
    if (ArrayBuffer.isView(value)) {
      if (!types.isUint8Array(value)) this.#refuse(withArticle(tagOf(value)), step)
      if (types.isSharedArrayBuffer(value.buffer)) this.#refuse('a view of a SharedArrayBuffer', step)
      this.#binary(value, step)
      return
    }
    if (types.isDate(value)) {
      if (Number.isNaN(Date.prototype.getTime.call(value))) this.#refuse('an invalid Date', step)
      const time = new Date(Date.prototype.getTime.call(value))
      this.#out.encodeExtension(new ExtData(EXT_TIMESTAMP, encodeTimestampExtension(time)!))
      return
    }
    if (this.#around.includes(value)) this.#refuse('a cycle', step)
    if (this.#around.length === DEPTH_MAX) {
      throw unsendable(`it lies deeper than ${DEPTH_MAX} arrays and maps inside each other`, this.#path(step))
    }
    this.#around.push(value)
    this.#steps.push(step)
    if (Array.isArray(value)) this.#array(value)
    else if (types.isMap(value)) this.#map(value)
    else {
      const tag = tagOf(value)
      if (tag !== 'Object' || isTransferable(value) || types.isPromise(value)) {
        this.#steps.pop()
        const name = tag === 'Object' ? String(value.constructor?.name) : tag
        this.#refuse(withArticle(name), step)
      }
      const hidden = kindBehindProxy(value)
      if (hidden) {
        this.#steps.pop()
        this.#refuse(`a proxy of ${withArticle(hidden)}`, step)
      }
      this.#properties(value as Record<string, unknown>)
    }
    this.#around.pop()
    this.#steps.pop()
  }

  #binary(view: ArrayBufferView, step: Step): void {
    let bytes: Uint8Array
    try {
      bytes = bytesOf(view)
    } catch (error) {
      throw unsendable((error as Error).message, this.#path(step))
    }
    this.#out.encodeBinary(bytes)
  }

  #array(array: readonly unknown[]): void {
    const { length } = array
    this.#head(length, 0x90, 0xdc)
    for (let n = 0; n < length; n++) this.#write(array[n], n)
  }

  #properties(object: Record<string, unknown>): void {
    const names = Object.keys(object)
    this.#head(names.length, 0x80, 0xde)
    for (const name of names) {
      this.#text(name, name)
      this.#write(object[name], name)
    }
  }

  #map(map: Map<unknown, unknown>): void {
    const entries = [...map]
    this.#head(entries.length, 0x80, 0xde)
    for (const [n, [key, value]] of entries.entries()) {
      if (typeof key !== 'string' && typeof key !== 'number') {
        throw unsendable(
          'a Map with other keys than texts and numbers has no form in MessagePack',
          this.#path({ text: mapKey(n) }),
        )
      }
      this.#write(key, { text: mapKey(n) })
      this.#write(value, { text: entry(key, n) })
    }
  }

  /** How many values follow: up to 15, or in 16 bits, or in 32. */
  #head(count: number, small: number, large: number): void {
    const out = this.#out
    if (count < 16) {
      out.writeU8(small + count)
    } else if (count < 0x10000) {
      out.writeU8(large)
      out.writeU16(count)
    } else {
      out.writeU8(large + 1)
      out.writeU32(count)
    }
  }

  #refuse(what: string, step: Step): never {
    throw unsendable(`${what} has no form in MessagePack`, this.#path(step))
  }

  #path(step: Step): Step[] {
    return this.#steps.length === 0 ? [] : [...this.#steps.slice(1), step]
  }
}

function tagOf(value: object): string {
  return Object.prototype.toString.call(value).slice(8, -1).slice(0, 40)
}
