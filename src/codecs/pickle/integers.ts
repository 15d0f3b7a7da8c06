/** Python's `int` in pickles: little-endian two's complement of as many bytes as it takes. */

/** The limit of Python's own reader: reading decimal digits takes time that grows faster than their number. */
const MAX_DIGITS = 4300

const DECIMAL = /^[+-]?\d+$/

/** The integer at `bytes[start..end]`: a number where that is exact. */
export function decodeInteger(bytes: Uint8Array, start: number, end: number): number | bigint {
  const size = end - start
  if (size === 0) return 0
  if (size <= 6) {
    let value = (bytes[end - 1]! << 24) >> 24
    for (let p = end - 2; p >= start; p--) value = value * 256 + bytes[p]!
    return value
  }
  const hex = Buffer.from(bytes.subarray(start, end).toReversed()).toString('hex')
  return narrow(BigInt.asIntN(size * 8, BigInt(`0x${hex}`)))
}

/** The integer with these decimal digits. */
export function parseInteger(digits: string): number | bigint {
  if (!DECIMAL.test(digits)) throw new Error(`'${digits.slice(0, 40)}' is not an integer`)
  if (digits.length > MAX_DIGITS)
    throw new Error(`an integer in text has ${digits.length} digits, more than ${MAX_DIGITS}`)
  const value = Number(digits)
  // A number has no sign at zero that an integer could have.
  return Number.isSafeInteger(value) ? value + 0 : BigInt(digits.replace('+', ''))
}

export function narrow(value: bigint): number | bigint {
  return value >= -0x1fffffffffffffn && value <= 0x1fffffffffffffn ? Number(value) : value
}

/** The bytes of an integer. */
export function encodeInteger(value: bigint): Uint8Array {
  const digits = (value < 0n ? ~value : value).toString(16)
  // The highest bit is the sign's: a further byte holds it where the digits have it set.
  const size = (digits.length >> 1) + 1
  const bytes = Buffer.from(digits.padStart(size * 2, '0'), 'hex').toReversed()
  if (value < 0n) for (let i = 0; i < size; i++) bytes[i] = ~bytes[i]!
  return bytes
}
