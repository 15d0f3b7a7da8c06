/** Arrays of numbers that lie in memory as they lie in pickles: of Python's `array` and of numpy. */

export type NumberArray =
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array
  | Float32Array
  | Float64Array

/** A kind of number, by numpy's code for it. */
export type NumberKind = 'i1' | 'u1' | 'i2' | 'u2' | 'i4' | 'u4' | 'i8' | 'u8' | 'f4' | 'f8'

const TYPES: Record<NumberKind, new (memory: ArrayBuffer) => NumberArray> = {
  i1: Int8Array,
  u1: Uint8Array,
  i2: Int16Array,
  u2: Uint16Array,
  i4: Int32Array,
  u4: Uint32Array,
  i8: BigInt64Array,
  u8: BigUint64Array,
  f4: Float32Array,
  f8: Float64Array,
}

export function isNumberKind(code: unknown): code is NumberKind {
  return typeof code === 'string' && Object.hasOwn(TYPES, code)
}

/** Bytes that one number takes. */
export function sizeOf(kind: NumberKind): number {
  return Number(kind[1])
}

/** A typed array with a copy of `bytes`: in a message, they lie at any address. */
export function typedArray(kind: NumberKind, bytes: Uint8Array, littleEndian: boolean): NumberArray {
  const size = sizeOf(kind)
  if (bytes.length % size !== 0) throw new Error(`${bytes.length} bytes are not a number of items of ${size} bytes`)
  const memory = new ArrayBuffer(bytes.length)
  const copy = Buffer.from(memory)
  copy.set(bytes)
  if (!littleEndian) {
    if (size === 2) copy.swap16()
    if (size === 4) copy.swap32()
    if (size === 8) copy.swap64()
  }
  return new TYPES[kind](memory)
}
