import type { EngineBuffer } from './engine.js'

const { fromCharCode } = String

/** Short texts that were read lately, by their lengths and some of their bytes. A text is found by its characters, whichever peer sent it. */
const TABLE_SIZE = 1024
const table: string[] = Array.from({ length: TABLE_SIZE }, () => '')

/** The longest text that is looked up. */
const TABLED = 24

/** The longest text that is put together of its units; a longer one the engine makes sooner. */
const SPELLED = 12

/** The text of `length` units of one byte each. */
export function textOf(bytes: EngineBuffer, at: number, length: number): string {
  if (length > TABLED) return bytes.latin1Slice(at, at + length)
  if (length < 2) return length === 0 ? '' : SINGLE[bytes[at]!]!
  const slot =
    (Math.imul(bytes[at]!, 31) ^
      Math.imul(bytes[at + (length >>> 1)]!, 131) ^
      Math.imul(bytes[at + length - 1]!, 17) ^
      Math.imul(bytes[at + length - 2]!, 311) ^
      (length << 6)) &
    (TABLE_SIZE - 1)
  const known = table[slot]!
  if (known.length === length) {
    let n = 0
    while (n < length && known.charCodeAt(n) === bytes[at + n]) n++
    if (n === length) return known
  }
  const text = length > SPELLED ? bytes.latin1Slice(at, at + length) : spell(bytes, at, length)
  table[slot] = text
  return text
}

const SINGLE: readonly string[] = Array.from({ length: 256 }, (_, unit) => fromCharCode(unit))

/** The engine makes a text of a fixed number of units without a list of them. */
function spell(b: EngineBuffer, at: number, length: number): string {
  switch (length) {
    case 2:
      return fromCharCode(b[at]!, b[at + 1]!)
    case 3:
      return fromCharCode(b[at]!, b[at + 1]!, b[at + 2]!)
    case 4:
      return fromCharCode(b[at]!, b[at + 1]!, b[at + 2]!, b[at + 3]!)
    case 5:
      return fromCharCode(b[at]!, b[at + 1]!, b[at + 2]!, b[at + 3]!, b[at + 4]!)
    case 6:
      return fromCharCode(b[at]!, b[at + 1]!, b[at + 2]!, b[at + 3]!, b[at + 4]!, b[at + 5]!)
    case 7:
      return fromCharCode(b[at]!, b[at + 1]!, b[at + 2]!, b[at + 3]!, b[at + 4]!, b[at + 5]!, b[at + 6]!)
    case 8:
      return fromCharCode(b[at]!, b[at + 1]!, b[at + 2]!, b[at + 3]!, b[at + 4]!, b[at + 5]!, b[at + 6]!, b[at + 7]!)
    default:
      return spell(b, at, 8) + (length === 9 ? SINGLE[b[at + 8]!]! : spell(b, at + 8, length - 8))
  }
}
