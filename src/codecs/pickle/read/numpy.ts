import { Arguments, type Construct, Internal, unexpectedArguments } from './internal.js'
import { narrow } from '../integers.js'
import { DType, itemsOfType, type NumpyItems } from './numpy-dtype.js'
import { PythonComplex } from '../types/complex.js'

/** numpy's own limit: 32, and 64 from numpy 2 on. */
const MAX_DIMENSIONS = 64

/** An array that is not filled yet. */
export class UnfinishedArray extends Internal {
  readonly name = 'numpy.ndarray'

  /** `(version, shape, dtype, whether the first index runs fastest, bytes)`. */
  override build(state: unknown): unknown {
    const [, shape, type, fortran, bytes] = state instanceof Arguments ? state.items : []
    if (typeof fortran !== 'boolean') throw unexpectedArguments(this.name)
    return numpyArray(shape, type, fortran, bytes, this.name)
  }
}

/** `numpy.ndarray((0,), 'b')`: how carom begins an array. It has no size yet that could be another one. */
export const emptyArray: Construct = ([shape, code], name) => {
  if (!Array.isArray(shape) || shape.length !== 1 || shape[0] !== 0 || code !== 'b') throw unexpectedArguments(name)
  return new UnfinishedArray()
}

/** `_frombuffer(bytes, dtype, shape, order, axes?)`, in protocol 5. */
export const fromBuffer: Construct = ([bytes, type, shape, order, axes], name) => {
  // From numpy 2.3 on: the shape in memory, and which of its dimensions each one of the array is.
  if (order === 'K' && Array.isArray(axes) && isShape(shape)) return transposed(shape, type, axes, bytes, name)
  if (order !== 'C' && order !== 'F') throw unexpectedArguments(name)
  return numpyArray(shape, type, order === 'F', bytes, name)
}

/** `scalar(dtype, bytes)`: a single value. */
export const scalar: Construct = ([type, bytes], name) => {
  const { items, dtype } = itemsFrom([], type, bytes, name)
  if (Array.isArray(items)) return items[0]
  if (items instanceof BigInt64Array && dtype !== undefined) return withShape(items, [], dtype)
  const value = items[0]!
  if (dtype === 'bool') return value !== 0
  if (items.length === 2) return new PythonComplex(Number(value), Number(items[1]))
  return typeof value === 'bigint' ? narrow(value) : value
}

function numpyArray(shape: unknown, type: unknown, fortran: boolean, bytes: unknown, name: string): unknown {
  if (!isShape(shape)) throw unexpectedArguments(name)
  const found = itemsFrom(shape, type, bytes, name)
  if (!fortran) return withShape(found.items, [...shape], found.dtype)
  let stride = 1
  const dimensions = shape.map((size) => {
    const dimension = { size, stride }
    stride *= size
    return dimension
  })
  return withShape(inOrder(found.items, dimensions, found.width), [...shape], found.dtype)
}

function transposed(shape: number[], type: unknown, axes: unknown[], bytes: unknown, name: string): unknown {
  const found = itemsFrom(shape, type, bytes, name)
  if (axes.length !== shape.length || !shape.every((_, n) => axes.includes(n))) throw unexpectedArguments(name)
  let stride = found.items.length / found.width
  const dimensions = shape.map((size) => ({ size, stride: (stride = stride / size || 0) }))
  const turned = axes.map((axis) => dimensions[axis as number]!)
  const sizes = turned.map(({ size }) => size)
  return withShape(inOrder(found.items, turned, found.width), sizes, found.dtype)
}

function itemsFrom(shape: readonly number[], type: unknown, bytes: unknown, name: string): NumpyItems {
  if (!(type instanceof DType) || !(bytes instanceof Uint8Array)) throw unexpectedArguments(name)
  const count = shape.reduce((product, size) => product * size, 1)
  if (count * type.size !== bytes.length) throw unexpectedArguments(name)
  // An empty text takes no bytes: of those there would be no end.
  if (type.size === 0 && count > 1) throw unexpectedArguments(name)
  return itemsOfType(type, bytes, count)
}

function isShape(shape: unknown): shape is number[] {
  return (
    Array.isArray(shape) &&
    shape.length <= MAX_DIMENSIONS &&
    shape.every((size) => Number.isInteger(size) && (size as number) >= 0)
  )
}

/** Texts are an `Array`, whose `shape` and `dtype` don't count among its items. */
function withShape(items: NumpyItems['items'], shape: readonly number[], dtype: string | undefined): unknown {
  if (!Array.isArray(items)) return Object.assign(items, { shape, ...(dtype !== undefined && { dtype }) })
  return Object.defineProperties(items, {
    shape: { value: shape, writable: true, configurable: true },
    dtype: { value: dtype, writable: true, configurable: true },
  })
}

/** A dimension of an array: how many items, and how far each is from the one before. */
interface Dimension {
  size: number
  stride: number
}

/**
 * The same items with the last index running fastest. `width`: how many numbers an item has.
 *
 * It moves by steps, not by indexes, and over dimensions of two or more only: an array takes as long as its items account for,
 * whatever its shape.
 */
function inOrder<T extends NumpyItems['items']>(items: T, dimensions: readonly Dimension[], width: number): T {
  const real = dimensions.filter(({ size }) => size !== 1)
  if (items.length === 0 || isOrdered(real)) return items
  const turned = items.slice() as typeof items & Record<number, never>
  const index = real.map(() => 0)
  let from = 0
  for (let to = 0; to < items.length; to += width) {
    for (let part = 0; part < width; part++) turned[to + part] = items[from * width + part] as never
    for (let dimension = real.length - 1; dimension >= 0; dimension--) {
      const { size, stride } = real[dimension]!
      from += stride
      if (++index[dimension]! < size) break
      index[dimension] = 0
      from -= stride * size
    }
  }
  return turned
}

/** Whether the last index runs fastest. */
function isOrdered(dimensions: readonly Dimension[]): boolean {
  let expected = 1
  return dimensions.every((_, n) => {
    const { size, stride } = dimensions[dimensions.length - 1 - n]!
    const ordered = stride === expected
    expected *= size
    return ordered
  })
}
