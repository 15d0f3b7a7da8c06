/** The texts that Python's `str()` and `repr()` give of a value, for the message of an exception that was made with it. */

import { Arguments, Global, Internal, Reduction } from './internal.js'
import { PythonComplex } from '../types/complex.js'
import { PythonDateTime } from '../types/date-time.js'
import { PythonDate } from '../types/date.js'
import { PythonDecimal } from '../types/decimal.js'
import { floatText } from '../types/float-text.js'
import { PythonFloat } from '../types/float.js'
import { PythonFraction } from '../types/fraction.js'
import { PythonIPAddress } from '../types/ip-address.js'
import { PythonPath } from '../types/path.js'
import { PythonRange } from '../types/range.js'
import { PythonSlice } from '../types/slice.js'
import { PythonText } from '../types/text.js'
import { PythonTimeDelta } from '../types/time-delta.js'
import { PythonTime } from '../types/time.js'
import { PythonTuple } from '../types/tuple.js'
import { PythonUUID } from '../types/uuid.js'

/** Values in values, further than this, are left out: no stack is deep enough for all that a message can nest. */
const DEEPEST = 50

/** Python refuses to print larger integers: the time that it takes grows faster than their number of digits. */
const BITS_SHOWN = 14_000

/** Stands for text that is left out. */
const MORE = '…'

/** Characters that can't be printed, and so are escaped: of the Unicode categories that Python says so of, all but the space. */
const UNPRINTABLE = /[\p{C}\p{Z}\\]/u

/**
 * Prints values. It prints no more than a number of characters, after which all else is left out: values may be shared so
 * often that the text of all would have no end.
 */
export class Printer {
  /** How many more characters may be printed. */
  #room: number
  /** Of values whose type doesn't say it, the class that made them. */
  readonly #origins: ReadonlyMap<unknown, string>
  /** The values that are being printed, from the outermost. */
  readonly #open: unknown[] = []
  readonly #messageOf: (error: Reduction) => string

  constructor(room: number, origins: ReadonlyMap<unknown, string>, messageOf: (error: Reduction) => string) {
    this.#room = room
    this.#origins = origins
    this.#messageOf = messageOf
  }

  /** As `str()` gives it. */
  str(value: unknown): string {
    if (typeof value === 'string') return this.#cut(value)
    if (value instanceof Reduction && value.isError && this.#open.length < DEEPEST) {
      this.#open.push(value)
      const message = this.#messageOf(value)
      this.#open.pop()
      return message
    }
    if (value instanceof PythonDateTime) return value.text.replace('T', ' ')
    if (value instanceof PythonText || value instanceof PythonTimeDelta || value instanceof PythonFraction) {
      return String(value)
    }
    return this.repr(value)
  }

  #cut(text: string): string {
    if (text.length > this.#room) return MORE
    this.#room -= text.length
    return text
  }

  /** As `repr()` gives it. */
  repr(value: unknown): string {
    if (this.#room <= 0 || this.#open.length >= DEEPEST) return MORE
    const text = this.#text(value)
    this.#room -= text.length + 1
    return text
  }

  #text(value: unknown): string {
    switch (typeof value) {
      case 'string':
        return value.length > this.#room ? MORE : quoted(value)
      case 'number':
        return Number.isSafeInteger(value) && !Object.is(value, -0) ? String(value) : floatText(value)
      case 'bigint':
        return BigInt.asIntN(BITS_SHOWN, value) === value ? String(value) : MORE
      case 'boolean':
        return value ? 'True' : 'False'
      default:
        return value === null || value === undefined ? 'None' : this.#object(value)
    }
  }

  #object(value: object): string {
    if (value instanceof Uint8Array) return this.#bytes(value)
    const open = this.#open.includes(value)
    this.#open.push(value)
    const text = this.#container(value, open) ?? single(value)
    this.#open.pop()
    if (text !== undefined) return text
    return `<${this.#origins.get(value) ?? (value instanceof Internal ? value.name : value.constructor.name)} object>`
  }

  #bytes(value: Uint8Array): string {
    if (value.length > this.#room) return MORE
    const text = `b${quotedBytes(value)}`
    return this.#origins.get(value) === 'builtins.bytearray' ? `bytearray(${text})` : text
  }

  /** `open`: it is inside of itself. */
  #container(value: object, open: boolean): string | undefined {
    if (value instanceof Arguments) return this.#tuple(value.items, open)
    if (value instanceof PythonTuple) return this.#tuple(value, open)
    if (value instanceof Reduction && value.isError) {
      const name = value.name.slice(value.name.lastIndexOf('.') + 1)
      return open ? `${name}(...)` : `${name}(${this.#list(value.args)})`
    }
    const origin = this.#origins.get(value)
    if (Array.isArray(value)) {
      const text = open ? '[...]' : `[${this.#list(value)}]`
      return origin === 'collections.deque' ? `deque(${text})` : text
    }
    if (value instanceof Set) {
      const name = origin === 'builtins.frozenset' ? 'frozenset' : 'set'
      if (open) return `${name}(...)`
      if (value.size === 0) return `${name}()`
      return name === 'set' ? `{${this.#list(value)}}` : `frozenset({${this.#list(value)}})`
    }
    if (value instanceof Map || Object.getPrototypeOf(value) === Object.prototype) {
      const text = open ? '{...}' : this.#dict(value instanceof Map ? value : Object.entries(value))
      const name = origin?.slice(origin.lastIndexOf('.') + 1)
      return name === 'OrderedDict' || name === 'Counter' ? `${name}(${text})` : text
    }
    if (value instanceof PythonSlice) return `slice(${this.#list([value.start, value.stop, value.step])})`
    return undefined
  }

  #tuple(items: readonly unknown[], open: boolean): string {
    if (open) return '(...)'
    return items.length === 1 ? `(${this.repr(items[0])},)` : `(${this.#list(items)})`
  }

  #list(items: Iterable<unknown>): string {
    const texts: string[] = []
    for (const item of items) {
      texts.push(this.repr(item))
      if (this.#room <= 0) break
    }
    return texts.join(', ')
  }

  #dict(entries: Iterable<readonly [unknown, unknown]>): string {
    const texts: string[] = []
    for (const [key, item] of entries) {
      texts.push(`${this.repr(key)}: ${this.repr(item)}`)
      if (this.#room <= 0) break
    }
    return `{${texts.join(', ')}}`
  }
}

/** The `repr()` of what has no other values in it. */
function single(value: object): string | undefined {
  if (value instanceof PythonFloat || value instanceof PythonComplex || value instanceof PythonRange)
    return String(value)
  if (value instanceof PythonDecimal) return `Decimal('${value.text}')`
  if (value instanceof PythonUUID) return `UUID('${value.text}')`
  if (value instanceof PythonFraction) return `Fraction(${value.numerator}, ${value.denominator})`
  if (value instanceof PythonPath) return `${value.kind}(${quoted(value.text)})`
  if (value instanceof PythonIPAddress) return `${value.kind}('${value.text}')`
  if (value instanceof PythonDate) return `datetime.date(${value.text.split('-').map(Number).join(', ')})`
  if (value instanceof PythonDateTime) {
    const { year, month, day, hour, minute, fold } = value
    return `datetime.datetime(${year}, ${month}, ${day}, ${hour}, ${minute}${small(value)}${fold ? ', fold=1' : ''})`
  }
  if (value instanceof PythonTime && value.offset === undefined) {
    return `datetime.time(${value.hour}, ${value.minute}${small(value)}${value.fold ? ', fold=1' : ''})`
  }
  if (value instanceof PythonTimeDelta) {
    const parts = Object.entries(value).filter(([, part]) => part !== 0)
    return `datetime.timedelta(${parts.map(([name, part]) => `${name}=${part}`).join(', ') || '0'})`
  }
  if (value instanceof Global) return `<class '${value.module === 'builtins' ? value.path : value.name}'>`
  return undefined
}

/** Seconds and microseconds, which Python's `repr()` leaves out where they are 0. */
function small({ second, microsecond }: { second: number; microsecond: number }): string {
  if (microsecond > 0) return `, ${second}, ${microsecond}`
  return second > 0 ? `, ${second}` : ''
}

/** A `str` in quotes. */
export function quoted(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'"
  let inside = ''
  for (const character of text) {
    if (character === quote) inside += `\\${quote}`
    else inside += character !== ' ' && UNPRINTABLE.test(character) ? escaped(character) : character
  }
  return quote + inside + quote
}

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/** A character as its escape. */
export function escaped(character: string): string {
  const short = ESCAPES[character]
  if (short !== undefined) return short
  const point = character.codePointAt(0)!
  const digits = point.toString(16)
  if (point <= 0xff) return `\\x${digits.padStart(2, '0')}`
  return point <= 0xffff ? `\\u${digits.padStart(4, '0')}` : `\\U${digits.padStart(8, '0')}`
}

/** `bytes` in quotes, without the `b` before them. */
function quotedBytes(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'"
  const inside = text.replaceAll(/[^\x20-\x7e]|[\\'"]/g, (character) => {
    if (character === quote) return `\\${quote}`
    return character === "'" || character === '"' ? character : escaped(character)
  })
  return quote + inside + quote
}
