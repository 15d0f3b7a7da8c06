import type { EngineBuffer } from './engine.js'

const { fromCharCode } = String

/** The table holds 1,024 texts. */
const TABLE_BITS = 10
const TABLE_SIZE = 2 ** TABLE_BITS

/** The longest text that is looked up, in bytes. */
const TABLED = 24

/** The size of a text's row in `rows`: its length, and its bytes as the words that `find` compares. */
const ROW = 8

/** Short texts that were read lately, by some of their bytes. A text is found by its bytes, whichever peer sent it. */
const table: string[] = Array.from({ length: TABLE_SIZE }, () => '')
const rows = new Int32Array(ROW * TABLE_SIZE)

/** The longest text that is built from its units; for longer ones the engine is faster. */
const SPELLED = 12

/** The text of `length` units of one byte each, in memory of which `view` shows all. */
export function textOf(bytes: EngineBuffer, view: DataView, at: number, length: number): string {
  if (length > TABLED) return bytes.latin1Slice(at, at + length)
  if (length < 4) return shortest(bytes, at, length)
  // The words overlap where the length is no multiple of four: nothing behind the text is looked at.
  const last = view.getInt32(at + length - 4, true)
  const first = view.getInt32(at, true)
  const middle = view.getInt32(at + ((length - 4) >>> 1), true)
  // The highest bits depend on all that are multiplied.
  const slot =
    (Math.imul(first, 0x85ebca6b) ^ Math.imul(middle, 0xc2b2ae35) ^ Math.imul(last ^ length, 0x9e3779b1)) >>>
    (32 - TABLE_BITS)
  const row = slot * ROW
  if (rows[row] === length && rows[row + 1] === last) {
    let n = 0
    while (n < length - 4 && rows[row + 2 + (n >>> 2)] === view.getInt32(at + n, true)) n += 4
    if (n >= length - 4) return table[slot]!
  }
  const text = length > SPELLED ? bytes.latin1Slice(at, at + length) : spell(bytes, at, length)
  table[slot] = text
  rows[row] = length
  rows[row + 1] = last
  for (let n = 0; n < length - 4; n += 4) rows[row + 2 + (n >>> 2)] = view.getInt32(at + n, true)
  return text
}

/** Texts of two and three units, by these. */
const shortTable: string[] = Array.from({ length: 256 }, () => '')

function shortest(bytes: EngineBuffer, at: number, length: number): string {
  if (length < 2) return length === 0 ? '' : SINGLE[bytes[at]!]!
  const one = bytes[at]!
  const two = bytes[at + 1]!
  const three = bytes[at + length - 1]!
  const slot = (one ^ (two << 3) ^ (three << 5) ^ length) & 255
  const known = shortTable[slot]!
  if (
    known.length === length &&
    known.charCodeAt(0) === one &&
    known.charCodeAt(1) === two &&
    known.charCodeAt(length - 1) === three
  )
    return known
  return (shortTable[slot] = spell(bytes, at, length))
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
