import { define } from './define.js'
import { ARRAY, FLOAT64S, INT16S, INT32S, INT8S, NULL, SHORT_ARRAY } from './format.js'
import { Malformed } from './input.js'
import { isIndex } from './indexes.js'
import { NOTHING } from './nothing.js'
import type { PartReader } from './part-reader.js'

/** A sparse array is stored as a hash table if this many times as many elements are absent as present. */
const SPARSE = 8

/** Given the length beforehand, the engine allocates at once; from this length on, it uses a hash table instead. */
const TOLD_MAX = 1 << 24

export function readElements(reader: PartReader, length: number): unknown[] {
  reader.enter(length)
  const { absent } = reader
  const array: unknown[] = reader.number(arrayOf(length))
  for (let n = 0; n < length; n++) {
    const value = reader.read()
    if (value !== NOTHING) array[n] = value
  }
  reader.leave()
  if (reader.absent !== absent) {
    reader.absent = absent
    array.length = length
  }
  return array
}

export function readSparse(reader: PartReader): unknown {
  const length = reader.count()
  const count = reader.count()
  const { absent } = reader
  reader.enter(2 * count)
  if (length >= 2 ** 32) throw new Malformed(`an array in the message has a length of ${length}`)
  const array: unknown[] = reader.number([])
  // Elements that are far apart make the engine use a hash table: otherwise it allocates memory for the whole length.
  if (length > SPARSE * (count + 1)) {
    array[2 ** 32 - 2] = undefined
    // Setting the length removes it everywhere but in an array of the greatest length.
    delete array[2 ** 32 - 2]
  }
  array.length = length
  let next = 0
  for (let n = 0; n < count; n++) {
    next += reader.count()
    if (next >= length) throw new Malformed('an element in the message lies behind the end of its array')
    const value = reader.read()
    if (value !== NOTHING) array[next] = value
    next++
  }
  reader.absent = absent
  reader.leave()
  return array
}

/** Numbers of one size. */
export function readPacked(reader: PartReader, kind: number): unknown {
  const length = reader.count()
  const { bytes } = reader
  const size = kind === INT8S ? 1 : kind === INT16S ? 2 : kind === INT32S ? 4 : 8
  let at = reader.skip(length * size)
  const array: number[] = reader.number(arrayOf(length))
  if (kind === INT8S) for (let n = 0; n < length; n++) array[n] = (bytes[at + n]! << 24) >> 24
  else if (kind === INT16S) {
    for (let n = 0; n < length; n++, at += 2) array[n] = ((bytes[at]! | (bytes[at + 1]! << 8)) << 16) >> 16
  } else if (kind === INT32S) {
    for (let n = 0; n < length; n++, at += 4) {
      array[n] = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
    }
  } else {
    const view = new DataView(bytes.buffer, bytes.byteOffset + at, length * 8)
    for (let n = 0; n < length; n++) array[n] = view.getFloat64(8 * n, true)
  }
  return array
}

/** Reads an array, and its properties other than elements. */
export function readNamed(reader: PartReader): unknown {
  // Only an array in the message itself: what is in there twice, or deep inside each other, is no such array.
  const kind = reader.at < reader.end ? reader.bytes[reader.at]! : NULL
  if (!((kind >= SHORT_ARRAY && kind < NULL) || (kind >= ARRAY && kind <= FLOAT64S)))
    throw new Malformed('properties in the message are those of no array')
  const array = reader.read() as object
  const count = reader.count()
  const { absent } = reader
  reader.enter(2 * count)
  for (let n = 0; n < count; n++) {
    const name = reader.text()
    if (name === 'length' || isIndex(name)) throw new Malformed('a property of an array in the message is an element')
    const value = reader.read()
    if (value !== NOTHING) define(array, name, value)
  }
  reader.absent = absent
  reader.leave()
  return array
}

function arrayOf<T>(length: number): T[] {
  // oxlint-disable-next-line unicorn/no-new-array -- `Array.from` fills it
  return length < TOLD_MAX ? new Array<T>(length) : []
}
