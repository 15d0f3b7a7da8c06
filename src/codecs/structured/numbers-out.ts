import { BIGINT, BIGINT64, FLOAT64, INT16, INT32, NEGATIVE8, UINT8 } from './format.js'
import type { Output } from './output.js'

/** Writes a number, where there is room for one. */
export function writeNumber(output: Output, value: number): void {
  const { bytes, at } = output
  if ((value | 0) !== value || (value === 0 && 1 / value < 0)) {
    bytes[output.at++] = FLOAT64
    output.float64(value)
  } else if (value >= 0 && value < 64) {
    bytes[at] = value
    output.at = at + 1
  } else if (value >= -256 && value < 256) {
    bytes[at] = value < 0 ? NEGATIVE8 : UINT8
    bytes[at + 1] = value < 0 ? ~value : value
    output.at = at + 2
  } else if (value >= -0x8000 && value < 0x8000) {
    bytes[at] = INT16
    bytes[at + 1] = value
    bytes[at + 2] = value >> 8
    output.at = at + 3
  } else {
    bytes[at] = INT32
    bytes[at + 1] = value
    bytes[at + 2] = value >> 8
    bytes[at + 3] = value >> 16
    bytes[at + 4] = value >> 24
    output.at = at + 5
  }
}

export function writeBigint(output: Output, value: bigint): void {
  if (BigInt.asIntN(64, value) === value) {
    output.byte(BIGINT64)
    output.at = output.bytes.writeBigInt64LE(value, output.at)
    return
  }
  const hex = (value < 0n ? -value : value).toString(16)
  const size = (hex.length + 1) >>> 1
  output.reserve(size + 12)
  output.byte(BIGINT)
  output.byte(value < 0n ? 1 : 0)
  output.count(size)
  output.at += output.bytes.hexWrite(hex.length % 2 === 0 ? hex : `0${hex}`, output.at, size)
}
