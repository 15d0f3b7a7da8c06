import { withArticle } from '../../article.js'
import { layoutOf, shapeOf } from '../ndarray.js'
import * as op from '../opcodes.js'
import { bytesOf, numberViewOf, type NumberView, type NumberViewName, tagOf } from '../../views.js'
import { reduce } from './call.js'
import * as python from './globals.js'
import { halfBits } from './half.js'
import { noForm } from './refusal.js'
import type { PartWriter } from './part-writer.js'

/** Python's `array` for the numbers of a typed array: its type code, and its number for how they lie in memory. */
const ARRAY_TYPES: Readonly<Partial<Record<NumberViewName, { code: string; format: number }>>> = {
  Uint8ClampedArray: { code: 'B', format: 0 },
  Int8Array: { code: 'b', format: 1 },
  Uint16Array: { code: 'H', format: 2 },
  Int16Array: { code: 'h', format: 4 },
  Uint32Array: { code: 'I', format: 6 },
  Int32Array: { code: 'i', format: 8 },
  BigUint64Array: { code: 'Q', format: 10 },
  BigInt64Array: { code: 'q', format: 12 },
  Float32Array: { code: 'f', format: 14 },
  Float64Array: { code: 'd', format: 16 },
}

/** Of the state of an array: the first and only one, in which the order of the indexes is told by whether it is Fortran's. */
const STATE_VERSION = 1
const IN_C_ORDER = false

/** Own properties that make a typed array an array of numpy's. */
interface Shaped {
  readonly shape?: unknown
  readonly dtype?: unknown
}

/** A typed array with a `shape` as a `numpy.ndarray`; without one, bytes as `bytes` and other numbers as an `array.array`. */
export function writeView(writer: PartWriter, view: ArrayBufferView): void {
  const name = tagOf(view)
  const { shape, dtype } = view as Shaped
  if (name === undefined) writer.data(bytesOf(view))
  else if (shape !== undefined) writeNumpyArray(writer, view as NumberView, shape, dtype)
  else if (name === 'Uint8Array') writer.data(bytesOf(view))
  else writeArray(writer, view, name)
}

function writeArray(writer: PartWriter, view: ArrayBufferView, name: string): void {
  const type = Object.hasOwn(ARRAY_TYPES, name) ? ARRAY_TYPES[name as NumberViewName] : undefined
  if (!type) {
    throw noForm(
      withArticle(name),
      name === 'Float16Array' ? "Python's array has no such numbers; numpy has, by ndarray()" : undefined,
    )
  }
  writer.global(python.ARRAY_RECONSTRUCTOR)
  writer.opcode(op.MARK)
  writer.global(python.ARRAY)
  writer.text(type.code)
  writer.number(type.format)
  writer.data(bytesOf(view))
  writer.opcode(op.TUPLE)
  writer.opcode(op.REDUCE)
}

/**
 * Makes an empty `numpy.ndarray` and gives it its state, as numpy's own pickles do: an array that is large is then one on the
 * memory of the `bytes` that Python reads, and it can be written. The two names that this takes are the same in all versions.
 */
function writeNumpyArray(writer: PartWriter, view: NumberView, shape: unknown, dtype: unknown): void {
  const found = numberViewOf(view)
  if (!found) throw noForm(`a ${tagOf(view)}`)
  const sizes = shapeOf(shape)
  const layout = layoutOf(found.name, dtype)
  const bytes = bytesOf(view)
  if (sizes.reduce((product, size) => product * size, layout.width) !== view.length) {
    throw new RangeError(`an array of ${view.length} items can't have the shape [${sizes.join(', ')}]`)
  }
  writer.global(python.NDARRAY)
  writer.tuple([0])
  writer.text('b')
  writer.opcode(op.TUPLE2)
  writer.opcode(op.REDUCE)
  writer.opcode(op.MARK)
  writer.number(STATE_VERSION)
  writer.tuple(sizes)
  writeType(writer, layout.code)
  writer.write(IN_C_ORDER, false)
  writer.data(layout.halve ? bytesOf(halfBits(view as Float32Array | Float64Array)) : bytes)
  writer.opcode(op.TUPLE)
  writer.opcode(op.BUILD)
}

/** A `numpy.dtype`, once. */
function writeType(writer: PartWriter, code: string): void {
  const key = `dtype\n${code}`
  if (writer.recall(key)) return
  writer.global(python.DTYPE)
  writer.text(code)
  reduce(writer, 1)
  writer.remember(key)
}
