import { type Global, unexpectedArguments } from './internal.js'
import { type NumberArray, type NumberKind, typedArray } from './typed-array.js'

/** The machine formats of Python's `array`, by their place in its list: those of numbers, little- and big-endian. */
const FORMATS: readonly NumberKind[] = [
  'u1',
  'i1',
  'u2',
  'u2',
  'i2',
  'i2',
  'u4',
  'u4',
  'i4',
  'i4',
  'u8',
  'u8',
  'i8',
  'i8',
  'f4',
  'f4',
  'f8',
  'f8',
]

/** Type codes of Python whose numbers have the same size everywhere. */
const CODES: Readonly<Record<string, NumberKind>> = {
  b: 'i1',
  B: 'u1',
  h: 'i2',
  H: 'u2',
  i: 'i4',
  I: 'u4',
  q: 'i8',
  Q: 'u8',
  f: 'f4',
  d: 'f8',
  l: 'i8',
  L: 'u8',
}

/** `array._array_reconstructor(array.array, code, format, bytes)`, from protocol 3 on. */
export function reconstructArray(args: unknown[], name: string, arrayType: Global): NumberArray {
  const [type, code, format, bytes] = args
  const kind = FORMATS[format as number]
  if (type !== arrayType || typeof code !== 'string' || !(bytes instanceof Uint8Array)) throw unexpectedArguments(name)
  if (!kind) throw new Error(`array.array of type '${code.slice(0, 4)}' is not supported`)
  return typedArray(kind, bytes, format === 0 || format === 1 || (format as number) % 2 === 0)
}

/**
 * `array.array(code, numbers)`, up to protocol 2; and `array.array(code, bytes)` in every protocol, from a Python that has
 * imported `multiprocessing.managers`. Its bytes are as its machine has them: little-endian, for all that Python runs on today.
 */
export function arrayOf(args: unknown[], name: string): NumberArray {
  const [code, numbers] = args
  if (typeof code !== 'string') throw unexpectedArguments(name)
  const kind = Object.hasOwn(CODES, code) ? CODES[code] : undefined
  if (!kind) throw new Error(`array.array of type '${code.slice(0, 4)}' is not supported`)
  if (numbers instanceof Uint8Array) return typedArray(kind, numbers, true)
  if (!Array.isArray(numbers)) throw unexpectedArguments(name)
  const array = typedArray(kind, Buffer.alloc(numbers.length * Number(kind[1])), true)
  for (let i = 0; i < numbers.length; i++) {
    const number: unknown = numbers[i]
    if (!isItem(number, kind)) throw unexpectedArguments(name)
    array[i] = kind === 'i8' || kind === 'u8' ? BigInt(number) : number
  }
  return array
}

function isItem(value: unknown, kind: NumberKind): value is number | bigint {
  if (kind === 'i8' || kind === 'u8') {
    return Number.isSafeInteger(value) || (typeof value === 'bigint' && value >= -(1n << 63n) && value < 1n << 64n)
  }
  return typeof value === 'number'
}
