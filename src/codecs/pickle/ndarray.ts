import { invalidType, outOfRange } from '../../api/arguments.js'
import type { NumberArray } from './read/typed-array.js'
import { type NumberView, numberViewOf, type NumberViewName } from '../views.js'

/**
 * A numpy array: its numbers, the last index running fastest, and how many there are in each dimension.
 * See {@link ndarray}.
 */
export type NumpyArray = NumberArray & {
  shape: readonly number[]
  /**
   * Numpy's name of its type, where the typed array doesn't say it: `'bool'`, a `Uint8Array`; `'float16'`, a `Float16Array`
   * where the runtime has one, else a `Float32Array` of the same numbers; `'complex64'` and `'complex128'`, a `Float32Array` and a
   * `Float64Array` of real and imaginary parts in turn; `'datetime64[ns]'`, `'timedelta64[D]'` and so on, a `BigInt64Array` of
   * such units.
   */
  dtype?: string
}

/** How numpy stores an array. */
export interface Layout {
  /** numpy's code for it, with the byte order. */
  readonly code: string
  /** Items of the typed array that one item of numpy's takes. */
  readonly width: 1 | 2
  /** Whether the numbers are to be rounded to 16 bits. */
  readonly halve?: boolean
}

/** The type of each typed array in numpy, unless its `dtype` says otherwise. */
const NATURAL: Readonly<Record<NumberViewName, readonly [dtype: string, code: string]>> = {
  Int8Array: ['int8', '|i1'],
  Uint8Array: ['uint8', '|u1'],
  Uint8ClampedArray: ['uint8', '|u1'],
  Int16Array: ['int16', '<i2'],
  Uint16Array: ['uint16', '<u2'],
  Int32Array: ['int32', '<i4'],
  Uint32Array: ['uint32', '<u4'],
  BigInt64Array: ['int64', '<i8'],
  BigUint64Array: ['uint64', '<u8'],
  Float16Array: ['float16', '<f2'],
  Float32Array: ['float32', '<f4'],
  Float64Array: ['float64', '<f8'],
}

/** Other types that a typed array can have, by its `dtype`. */
const OTHERS: Readonly<Record<string, Partial<Record<NumberViewName, Layout>>>> = {
  bool: { Uint8Array: { code: '|b1', width: 1 }, Uint8ClampedArray: { code: '|b1', width: 1 } },
  float16: {
    Uint16Array: { code: '<f2', width: 1 },
    Float32Array: { code: '<f2', width: 1, halve: true },
    Float64Array: { code: '<f2', width: 1, halve: true },
  },
  complex64: { Float32Array: { code: '<c8', width: 2 } },
  complex128: { Float64Array: { code: '<c16', width: 2 } },
}

/** A moment or a duration, with its unit: `datetime64[ns]`, `timedelta64[25s]`. */
const TIME = /^(datetime64|timedelta64)(\[\d{0,9}(?:Y|M|W|D|h|m|s|ms|us|μs|ns|ps|fs|as)\])?$/

/** numpy has no more; its version 1 has 32. */
const DIMENSIONS = 64

/**
 * A typed array that is a `numpy.ndarray` in Python, real and writable: one on the same memory, with a `shape` and, where it
 * is needed, a `dtype`. The last index runs fastest, as in C. While a message with it is being sent, until the promise of
 * `send` resolves, the memory must not be written.
 *
 * @param array - The numbers. For `'complex64'` and `'complex128'`, pairs of a real and an imaginary part.
 * @param shape - How many in each dimension; by default it has one dimension. `[]` is an array without dimensions.
 * @param dtype - What numpy calls the numbers, where the typed array doesn't say it: `'bool'` for a `Uint8Array`; `'float16'` for
 * the bits in a `Uint16Array`, or for a `Float32Array` that is to be rounded; `'complex64'`, `'complex128'`;
 * `'datetime64[ns]'`, `'timedelta64[s]'` and the like for a `BigInt64Array`.
 *
 * @example
 * ```ts
 * import { Process } from 'carom'
 * import { ndarray } from 'carom/python'
 *
 * await using python = new Process(new URL('./model.py', import.meta.url), { serve: true })
 * await python.start()
 * const means = await python.remote.means(ndarray(Float64Array.of(1, 2, 3, 4), [2, 2]))
 * console.log(means) // Float64Array(2) [ 2, 3, shape: [ 2 ] ]
 * ```
 *
 * ```python
 * # model.py
 * def means(image):
 *     return image.mean(axis=0)
 * ```
 */
export function ndarray<T extends NumberView>(
  array: T,
  shape?: readonly number[],
  dtype?: string,
): T & Pick<NumpyArray, 'shape' | 'dtype'> {
  const found = ArrayBuffer.isView(array) ? numberViewOf(array) : undefined
  if (!found) throw invalidType('array', 'a typed array', array)
  const layout = layoutOf(found.name, dtype)
  const { length } = array
  if (length % layout.width !== 0) throw outOfRange(`the length of an array of '${dtype}'`, 'even', length)
  const sizes = shape === undefined ? [length / layout.width] : shapeOf(shape)
  if (sizes.reduce((product, size) => product * size, layout.width) !== length) {
    const items = layout.width === 1 ? `${length} items` : `${length / layout.width} pairs`
    throw outOfRange('shape', `one of the array's ${items}`, `[${sizes.join(', ')}]`)
  }
  const view = Buffer.isBuffer(array)
    ? Buffer.from(array.buffer, array.byteOffset, length)
    : new found.type(array.buffer as ArrayBuffer, array.byteOffset, length)
  const natural = NATURAL[found.name][0]
  return Object.assign(view, {
    shape: Object.freeze(sizes),
    ...(dtype === undefined || dtype === natural ? {} : { dtype }),
  }) as unknown as ReturnType<typeof ndarray<T>>
}

/** A copy of `shape`, which must be the sizes of some dimensions. */
export function shapeOf(shape: unknown): number[] {
  if (!Array.isArray(shape)) throw invalidType('shape', 'an array of sizes', shape)
  const sizes = Array.from(shape as unknown[])
  if (sizes.length > DIMENSIONS) throw outOfRange('the number of dimensions', `at most ${DIMENSIONS}`, sizes.length)
  for (const size of sizes) {
    if (!Number.isSafeInteger(size) || (size as number) < 0) {
      throw outOfRange('each size in shape', 'a whole number from 0 on', size)
    }
  }
  return sizes as number[]
}

/** How numpy stores a typed array of that kind as `dtype`. */
export function layoutOf(name: NumberViewName, dtype: unknown): Layout {
  const [natural, code] = NATURAL[name]
  if (dtype === undefined || dtype === natural) return { code, width: 1 }
  if (typeof dtype !== 'string') throw invalidType('dtype', 'a string', dtype)
  const [, kind, unit = ''] = TIME.exec(dtype) ?? []
  if (kind !== undefined && name === 'BigInt64Array') {
    return { code: `<${kind === 'datetime64' ? 'M8' : 'm8'}${unit.replace('μ', 'u')}`, width: 1 }
  }
  const other = Object.hasOwn(OTHERS, dtype) ? OTHERS[dtype]![name] : undefined
  if (other) return other
  throw new TypeError(
    `${name.startsWith('I') ? 'an' : 'a'} ${name} can't be an ndarray of dtype '${dtype.slice(0, 40)}'; ${formsOf(name)}`,
  )
}

/** For a refusal: which dtypes a typed array may have. */
function formsOf(name: NumberViewName): string {
  const others = Object.keys(OTHERS).filter((dtype) => OTHERS[dtype]![name])
  if (name === 'BigInt64Array') others.push('datetime64[ns]', 'timedelta64[ns]')
  return `it may be of ${[NATURAL[name][0], ...others].map((dtype) => `'${dtype}'`).join(', ')}`
}
