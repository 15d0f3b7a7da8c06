import { Internal, unexpectedArguments } from './internal.js'
import { narrow } from './integers.js'
import { isNumberKind, type NumberArray, type NumberKind, sizeOf, typedArray } from './typed-array.js'

/** A numpy array: its numbers, the last index running fastest, and how many there are in each dimension. */
export type NumpyArray = NumberArray & {
  shape: readonly number[]
  /**
   * What numpy calls its type, where the typed array doesn't say it: `'bool'`, a `Uint8Array`; `'float16'`, a `Float16Array`
   * where the runtime has one, else a `Float32Array` of the same numbers; `'complex64'` and `'complex128'`, a `Float32Array` and a
   * `Float64Array` of real and imaginary parts in turn; `'datetime64[ns]'`, `'timedelta64[D]'` and so on, a `BigInt64Array` of
   * such units.
   */
  dtype?: string
}

/** A `numpy.dtype` of plain numbers. */
export class NumberType extends Internal {
  readonly name = 'numpy.dtype'
  readonly kind: NumberKind
  littleEndian = true

  constructor(kind: NumberKind) {
    super()
    this.kind = kind
  }

  /** `(version, byte order, subarray, names, fields, size, alignment, flags)`. */
  override build(state: unknown): this {
    const [, order, subarray, names, fields] = Array.isArray(state) ? state : []
    if (typeof order !== 'string' || subarray !== null || names !== null || fields !== null) {
      throw unexpectedArguments(this.name)
    }
    this.littleEndian = order !== '>'
    return this
  }
}

/** An array that is not filled yet. */
export class UnfinishedArray extends Internal {
  readonly name = 'numpy.ndarray'

  /** `(version, shape, dtype, whether the first index runs fastest, bytes)`. */
  override build(state: unknown): NumpyArray {
    const [, shape, type, fortran, bytes] = itemsOf(state)
    if (typeof fortran !== 'boolean') throw unexpectedArguments(this.name)
    return numpyArray(shape, type, fortran, bytes, this.name)
  }
}

function itemsOf(state: unknown): unknown[] {
  const items = (state as { items?: unknown } | null)?.items
  return Array.isArray(items) ? items : []
}

/** `numpy.dtype(code, False, True)`, or, as carom writes it, `numpy.dtype(code)` with the byte order in the code. */
export function numberType(args: unknown[]): NumberType {
  const [given] = args
  const code = typeof given === 'string' ? given.replace(/^[<|]/, '') : given
  if (!isNumberKind(code)) {
    throw new Error(`numpy.dtype ${typeof given === 'string' ? `'${given.slice(0, 20)}'` : ''} is not supported`)
  }
  return new NumberType(code)
}

/** `numpy.ndarray((0,), 'b')`: how carom begins an array. It has no size yet that could be another one. */
export function emptyArray(args: unknown[], name: string): UnfinishedArray {
  const [shape, code] = args
  if (!Array.isArray(shape) || shape.length !== 1 || shape[0] !== 0 || code !== 'b') throw unexpectedArguments(name)
  return new UnfinishedArray()
}

/** `_frombuffer(bytes, dtype, shape, order)`, in protocol 5. */
export function fromBuffer(args: unknown[], name: string): NumpyArray {
  const [bytes, type, shape, order] = args
  if (order !== 'C' && order !== 'F') throw unexpectedArguments(name)
  return numpyArray(shape, type, order === 'F', bytes, name)
}

/** `scalar(dtype, bytes)`: a single number. */
export function scalar(args: unknown[], name: string): number | bigint {
  const value = numpyArray([], args[0], false, args[1], name)[0]!
  return typeof value === 'bigint' ? narrow(value) : value
}

function numpyArray(shape: unknown, type: unknown, fortran: boolean, bytes: unknown, name: string): NumpyArray {
  if (!(type instanceof NumberType) || !(bytes instanceof Uint8Array) || !isShape(shape))
    throw unexpectedArguments(name)
  const count = shape.reduce((product, size) => product * size, 1)
  if (count * sizeOf(type.kind) !== bytes.length) throw unexpectedArguments(name)
  const array = typedArray(type.kind, bytes, type.littleEndian)
  return Object.assign(fortran ? firstIndexSlowest(array, shape) : array, { shape })
}

function isShape(shape: unknown): shape is number[] {
  return Array.isArray(shape) && shape.every((size) => Number.isInteger(size) && size >= 0)
}

/** The same array with the last index running fastest. */
function firstIndexSlowest(array: NumberArray, shape: readonly number[]): NumberArray {
  const turned = array.slice()
  const index = shape.map(() => 0)
  for (let from = 0; from < array.length; from++) {
    let to = 0
    for (const [dimension, size] of shape.entries()) to = to * size + index[dimension]!
    turned[to] = array[from]!
    for (let dimension = 0; dimension < shape.length; dimension++) {
      if (++index[dimension]! < shape[dimension]!) break
      index[dimension] = 0
    }
  }
  return turned
}
