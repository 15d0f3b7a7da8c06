/** Readers of the standard library's own types: of numbers, texts and containers. */

import { type Construct, Internal, unexpectedArguments } from './internal.js'
import { parseInteger } from '../integers.js'
import { addMembers, isDict } from './dict.js'
import { watchKeys } from './key-collisions.js'
import { PythonComplex } from '../types/complex.js'
import { PythonDecimal } from '../types/decimal.js'
import { fractionOf, type PythonFraction } from '../types/fraction.js'
import { compressed, PythonIPAddress, type PythonIPAddressClass } from '../types/ip-address.js'
import { PythonPattern } from '../types/pattern.js'
import { PythonRange } from '../types/range.js'
import { PythonSlice } from '../types/slice.js'
import { PythonUUID } from '../types/uuid.js'

const isLatin1 = (encoding: unknown): boolean => encoding === 'latin1' || encoding === 'latin-1'

/** `_codecs.encode(text, 'latin1')`: `bytes`, in protocols 0 to 2. */
export const encodeBytes: Construct = ([text, encoding], name) => {
  if (typeof text !== 'string' || !isLatin1(encoding)) throw unexpectedArguments(name)
  return Buffer.from(text, 'latin1')
}

/** `bytearray()`, `bytearray(bytes)` or, in protocols 0 to 2, `bytearray(text, 'latin1')` */
export const byteArray: Construct = (args, name, settings) => {
  const [bytes] = args
  if (args.length === 0) return Buffer.alloc(0)
  return bytes instanceof Buffer ? bytes : encodeBytes(args, name, settings)
}

/** `bytes()`, in protocols 0 to 2. */
export const noBytes: Construct = (args, name) => {
  if (args.length > 0) throw unexpectedArguments(name)
  return Buffer.alloc(0)
}

/** `set(list)` and `frozenset(list)`, in protocols 0 to 3. */
export const setOf: Construct = ([items = []], name) => {
  if (!Array.isArray(items)) throw unexpectedArguments(name)
  const set = new Set<unknown>()
  addMembers(set, items, 0, items.length)
  return set
}

/** `list(list)`: the view of a dict, from a Python that has imported `multiprocessing.managers`. */
export const listOf: Construct = (args, name) => {
  const [items = []] = args
  if (args.length > 1 || !Array.isArray(items)) throw unexpectedArguments(name)
  return Array.from(items)
}

/** `collections.deque(list?, longest length?)` */
export const deque: Construct = (args, name) => {
  const [items = []] = args
  if (args.length > 2 || !Array.isArray(items)) throw unexpectedArguments(name)
  return Array.from(items)
}

/** `collections.OrderedDict(pairs?)` */
export const orderedDict: Construct = (args, name) => {
  const [pairs = []] = args
  if (args.length > 1 || !Array.isArray(pairs) || !pairs.every((pair) => Array.isArray(pair) && pair.length === 2)) {
    throw unexpectedArguments(name)
  }
  const map = new Map<unknown, unknown>()
  const watch = watchKeys(map, pairs.length)
  for (const [key, item] of pairs as [unknown, unknown][]) {
    map.set(key, item)
    watch?.added(key)
  }
  return map
}

/** `collections.defaultdict(factory?)`: what it makes of a missing key is lost. */
export const defaultDict: Construct = (args, name) => {
  if (args.length > 1) throw unexpectedArguments(name)
  return new Map()
}

/** `collections.Counter(dict?)` */
export const counter: Construct = (args, name) => {
  const [counts = {}] = args
  if (args.length > 1 || !(counts instanceof Map || isDict(counts))) throw unexpectedArguments(name)
  return new Map<unknown, unknown>(counts instanceof Map ? counts : Object.entries(counts))
}

export const complex: Construct = ([real, imag], name) => {
  if (typeof real !== 'number' || typeof imag !== 'number') throw unexpectedArguments(name)
  return new PythonComplex(real, imag)
}

export const decimal: Construct = ([text], name) => {
  if (typeof text !== 'string') throw unexpectedArguments(name)
  return new PythonDecimal(text)
}

/** `fractions.Fraction('1/2')` or, from Python 3.12 on, `Fraction(1, 2)`. */
export const fraction: Construct = (args, name): PythonFraction => {
  const parts = args.length === 1 && typeof args[0] === 'string' ? args[0].split('/').map(parseInteger) : args
  const [numerator, denominator = 1] = parts
  if (parts.length > 2 || !isInteger(numerator) || !isInteger(denominator)) throw unexpectedArguments(name)
  return fractionOf(BigInt(numerator), BigInt(denominator))
}

function isInteger(value: unknown): value is number | bigint {
  return typeof value === 'bigint' || Number.isSafeInteger(value)
}

export const range: Construct = ([start, stop, step], name) => {
  if (!isInteger(start) || !isInteger(stop) || !isInteger(step)) throw unexpectedArguments(name)
  return new PythonRange(start, stop, step)
}

export const slice: Construct = (args, name) => {
  if (args.length !== 3) throw unexpectedArguments(name)
  return new PythonSlice(...args)
}

/** `re._compile(pattern, flags)` */
export const pattern: Construct = ([text, flags], name) => {
  if ((typeof text !== 'string' && !(text instanceof Uint8Array)) || typeof flags !== 'number') {
    throw unexpectedArguments(name)
  }
  return new PythonPattern(text, flags)
}

/** `ipaddress.IPv4Address(int)`, or of its text. */
export const ipAddress =
  (kind: PythonIPAddressClass): Construct =>
  ([value], name) => {
    if (typeof value === 'string') return new PythonIPAddress(value, kind)
    if (typeof value !== 'number' && typeof value !== 'bigint') throw unexpectedArguments(name)
    const bits = kind === 'IPv4Address' ? 32n : 128n
    if (value < 0 || value >= 1n << bits) throw unexpectedArguments(name)
    const hex = value.toString(16).padStart(Number(bits) / 4, '0')
    const parts = hex.match(kind === 'IPv4Address' ? /../g : /..../g)!.map((part) => Number.parseInt(part, 16))
    return new PythonIPAddress(kind === 'IPv4Address' ? parts.join('.') : compressed(parts), kind)
  }

/** A `uuid.UUID` that has no state yet. */
class UnfinishedUUID extends Internal {
  readonly name = 'uuid.UUID'

  override build(state: unknown): PythonUUID {
    const { int } = (state ?? {}) as { int?: unknown }
    if (typeof int !== 'bigint' && typeof int !== 'number') throw unexpectedArguments(this.name)
    // The digits of a longer one would take time that its reference doesn't.
    if (int < 0 || int >= 1n << 128n) throw unexpectedArguments(this.name)
    return new PythonUUID(int.toString(16).padStart(32, '0'))
  }
}

export const uuid: Construct = (args, name) => {
  const [digits] = args
  if (args.length === 0) return new UnfinishedUUID()
  if (args.length > 1 || typeof digits !== 'string') throw unexpectedArguments(name)
  return new PythonUUID(digits)
}
