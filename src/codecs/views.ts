/** Views and buffers of any realm, by what they are. */

import { types } from 'node:util'

interface Views {
  Int8Array: Int8Array
  Uint8Array: Uint8Array
  Uint8ClampedArray: Uint8ClampedArray
  Int16Array: Int16Array
  Uint16Array: Uint16Array
  Int32Array: Int32Array
  Uint32Array: Uint32Array
  BigInt64Array: BigInt64Array
  BigUint64Array: BigUint64Array
  /** Newer than the oldest Node.js that carom runs on, and than the library of types that it is compiled with. */
  Float16Array: NumberView16
  Float32Array: Float32Array
  Float64Array: Float64Array
}

/** A `Float16Array`, to a compiler that may not know it. */
export interface NumberView16 extends ArrayBufferView {
  readonly BYTES_PER_ELEMENT: number
  readonly length: number
  [index: number]: number
}

export type NumberViewName = keyof Views

/** A typed array of numbers. */
export type NumberView = Views[NumberViewName]

type ViewType = new (memory: ArrayBufferLike, at: number, length: number) => NumberView

const TYPES: Readonly<Record<string, ViewType | undefined>> = {
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  BigInt64Array,
  BigUint64Array,
  Float16Array: (globalThis as { Float16Array?: ViewType }).Float16Array,
  Float32Array,
  Float64Array,
}

/** The accessors that every typed array has, whatever its class or a property of its own may say. */
const tag = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype) as object, Symbol.toStringTag)!
  .get! as (this: ArrayBufferView) => string | undefined

/** The name and this realm's class of a typed array; `undefined` for a `DataView`, or for one that carom doesn't know. */
export function numberViewOf(view: ArrayBufferView): { name: NumberViewName; type: ViewType } | undefined {
  const name = tag.call(view)
  const type = name === undefined || !Object.hasOwn(TYPES, name) ? undefined : TYPES[name]
  return type && { name: name as NumberViewName, type }
}

/** The name of a typed array's class; `undefined` for a `DataView`. */
export function tagOf(view: ArrayBufferView): string | undefined {
  return tag.call(view)
}

const { keys } = Object.getPrototypeOf(Uint8Array.prototype) as { keys: (this: ArrayBufferView) => unknown }

/**
 * The bytes of a view. Throws where its memory is gone, transferred to another thread or cut off below it, and where other threads
 * may write it meanwhile.
 */
export function bytesOf(view: ArrayBufferView): Uint8Array {
  if (types.isSharedArrayBuffer(view.buffer)) throw sharedMemory('a view of a SharedArrayBuffer')
  // Of a typed array, its length is then 0; a `DataView` has none.
  const gone = view.byteLength === 0 && tagOf(view) !== undefined && throws(() => keys.call(view))
  if (gone) throw goneMemory()
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength)
}

/** The bytes of a buffer, as `bytesOf`. */
export function bytesOfBuffer(buffer: ArrayBufferLike): Uint8Array {
  if (types.isSharedArrayBuffer(buffer)) throw sharedMemory('a SharedArrayBuffer')
  if (buffer.byteLength === 0 && throws(() => new Uint8Array(buffer))) throw goneMemory()
  return new Uint8Array(buffer)
}

function throws(call: () => unknown): boolean {
  try {
    call()
    return false
  } catch {
    return true
  }
}

function sharedMemory(what: string): TypeError {
  return new TypeError(`${what} can't be sent: copy it, or use carom's shared memory`)
}

/** The refusal of memory that was taken away. */
export function goneMemory(): TypeError {
  return new TypeError("memory that is no longer here can't be sent: it was transferred, or its buffer has shrunk")
}
