import { type Construct, Internal, unexpectedArguments } from './internal.js'
import { isNumberKind, type NumberArray, type NumberKind, typedArray } from './typed-array.js'

/** The items of an array of some type. */
export interface NumpyItems {
  items: NumberArray | unknown[]
  /** Numpy's name of the type, where the items don't say it. */
  dtype: string | undefined
  /** How many of the items are one of numpy's. */
  width: number
}

/** Codes of numpy for numbers that a typed array of another kind holds. */
const OTHER_NUMBERS: Readonly<Record<string, { kind: NumberKind; dtype: string; width?: number }>> = {
  b1: { kind: 'u1', dtype: 'bool' },
  f2: { kind: 'u2', dtype: 'float16' },
  c8: { kind: 'f4', dtype: 'complex64', width: 2 },
  c16: { kind: 'f8', dtype: 'complex128', width: 2 },
  M8: { kind: 'i8', dtype: 'datetime64' },
  m8: { kind: 'i8', dtype: 'timedelta64' },
}

/** Bytes of each character of numpy's `U`. */
const CHARACTER = 4

/** A `numpy.dtype`. */
export class DType extends Internal {
  readonly name = 'numpy.dtype'
  /** As numpy has it: `f8`, `U5`. */
  readonly code: string
  /** Bytes of an item. */
  readonly size: number
  littleEndian = true
  /** Of times: `ns`, `D`, `25s`. */
  unit: string | undefined

  constructor(code: string, size: number) {
    super()
    this.code = code
    this.size = size
  }

  /** `(version, byte order, subarray, names, fields, size, alignment, flags, (…, (unit, count, …)))`. */
  override build(state: unknown): this {
    const [, order, subarray, names, fields, , , , metadata] = Array.isArray(state) ? (state as unknown[]) : []
    if (typeof order !== 'string' || subarray !== null || names !== null || fields !== null) {
      throw unexpectedArguments(this.name)
    }
    this.littleEndian = order !== '>'
    this.unit = Array.isArray(metadata) ? unitOf(metadata as unknown[]) : undefined
    return this
  }
}

/** The unit of `(…, (unit, how many of them, …))`. */
function unitOf(metadata: readonly unknown[]): string | undefined {
  const [unit, count] = Array.isArray(metadata.at(-1)) ? (metadata.at(-1) as unknown[]) : []
  // Bytes, or in protocols 0 to 2 of some versions a text.
  const name = unit instanceof Uint8Array ? Buffer.from(unit).toString('latin1') : unit
  if (typeof name !== 'string' || !/^[A-Za-z]{1,7}$/.test(name) || name === 'generic') return undefined
  return count === 1 || typeof count !== 'number' ? name : `${count}${name}`
}

/** A code as numpy prints it: byte order, kind and size, and of times the unit. */
const CODE = /^([<>=|]?)([a-zA-Z]\d{0,9})(?:\[(\w{1,12})\])?$/

/** `numpy.dtype(code, False, True)`, or, as carom writes it, `numpy.dtype(code)` with the byte order and the unit in the code. */
export const numberType: Construct = ([given], name) => {
  if (typeof given !== 'string') throw unexpectedArguments(name)
  const [, order = '', code = '', unit] = CODE.exec(given) ?? []
  const size = sizeOf(code)
  if (size === undefined) throw new Error(`numpy.dtype '${given.slice(0, 20)}' is not supported`)
  const type = new DType(code, size)
  type.littleEndian = order !== '>'
  type.unit = unit
  return type
}

/** Bytes of an item; `undefined` where such items are not supported. */
function sizeOf(code: string): number | undefined {
  if (isNumberKind(code) || Object.hasOwn(OTHER_NUMBERS, code)) return Number(code.slice(1))
  const [, letter, length = ''] = /^([US])(\d+)$/.exec(code) ?? []
  return letter === undefined ? undefined : Number(length) * (letter === 'U' ? CHARACTER : 1)
}

/** The items that `bytes`, of the right length, are. */
export function itemsOfType({ code, size, littleEndian, unit }: DType, bytes: Uint8Array, count: number): NumpyItems {
  if (isNumberKind(code)) return { items: typedArray(code, bytes, littleEndian), dtype: undefined, width: 1 }
  if (code.startsWith('U')) return { items: texts(bytes, size, count, littleEndian), dtype: `<${code}`, width: 1 }
  if (code.startsWith('S')) return { items: byteTexts(bytes, size, count), dtype: `|${code}`, width: 1 }
  const { kind, dtype, width = 1 } = OTHER_NUMBERS[code]!
  const items = typedArray(kind, bytes, littleEndian)
  if (code === 'f2') return { items: halves(items as Uint16Array), dtype, width }
  return { items, dtype: unit === undefined ? dtype : `${dtype}[${unit}]`, width }
}

/** Texts of a fixed length, which zeros fill up. */
function texts(bytes: Uint8Array, size: number, count: number, littleEndian: boolean): string[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  return Array.from({ length: count }, (_, n) => {
    let end = (n + 1) * size
    while (end > n * size && view.getUint32(end - CHARACTER) === 0) end -= CHARACTER
    let text = ''
    for (let at = n * size; at < end; at += CHARACTER) text += String.fromCodePoint(view.getUint32(at, littleEndian))
    return text
  })
}

function byteTexts(bytes: Uint8Array, size: number, count: number): Buffer[] {
  return Array.from({ length: count }, (_, n) => {
    let end = (n + 1) * size
    while (end > n * size && bytes[end - 1] === 0) end--
    return Buffer.from(bytes.buffer, bytes.byteOffset + n * size, end - n * size)
  })
}

const { Float16Array } = globalThis as { Float16Array?: new (memory: ArrayBufferLike) => Float32Array }

/** Numbers of 16 bits: in the runtime's own array of them, where it has one. */
function halves(bits: Uint16Array): NumberArray {
  return Float16Array ? new Float16Array(bits.buffer) : Float32Array.from(bits, halfValue)
}

/** The number that 16 bits are. */
function halfValue(bits: number): number {
  const exponent = (bits >> 10) & 0x1f
  const fraction = bits & 0x3ff
  const size =
    exponent === 0
      ? fraction * 2 ** -24
      : exponent === 0x1f
        ? fraction === 0
          ? Infinity
          : Number.NaN
        : (1 + fraction / 1024) * 2 ** (exponent - 15)
  return bits & 0x8000 ? -size : size
}
