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

/** Bytes from this size on are not copied where they lie so that the numbers can be used in place. */
const IN_PLACE = 64 * 1024

type NumberArrayType = new (memory: ArrayBufferLike, at?: number, length?: number) => NumberArray

const TYPES: Record<NumberKind, NumberArrayType> = {
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

/**
 * A typed array of the numbers in `bytes`. It has a copy of them, since in a message they lie at any address; but many, at an
 * address that numbers of their size may have, stay where they are, if they are most of what that memory holds.
 */
export function typedArray(kind: NumberKind, bytes: Uint8Array, littleEndian: boolean): NumberArray {
  const size = sizeOf(kind)
  if (bytes.length % size !== 0) throw new Error(`${bytes.length} bytes are not a number of items of ${size} bytes`)
  const inPlace = bytes.length >= IN_PLACE && bytes.byteOffset % size === 0
  if (littleEndian && inPlace && bytes.length >= bytes.buffer.byteLength / 2) {
    return new TYPES[kind](bytes.buffer, bytes.byteOffset, bytes.length / size)
  }
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
