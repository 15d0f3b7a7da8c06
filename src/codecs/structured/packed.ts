import { FLOAT64S, INT16S, INT32S, INT8S } from './format.js'
import type { PartWriter } from './part-writer.js'

/** Packing fewer numbers than this saves nothing. */
export const PACKED_MIN = 4

/** Writes an array that contains only numbers; returns whether it was one. */
export function writePacked(writer: PartWriter, value: readonly unknown[], length: number): boolean {
  let low = 0
  let high = 0
  let whole = true
  for (let n = 0; n < length; n++) {
    const number = value[n]
    if (typeof number !== 'number') return false
    if ((number | 0) !== number || (number === 0 && 1 / number < 0)) {
      whole = false
      break
    }
    if (number < low) low = number
    else if (number > high) high = number
  }
  if (!whole) return writeFloats(writer, value, length)
  return low >= -0x80 && high < 0x80
    ? writeIntegers(writer, value, length, INT8S, 1)
    : low >= -0x8000 && high < 0x8000
      ? writeIntegers(writer, value, length, INT16S, 2)
      : writeIntegers(writer, value, length, INT32S, 4)
}

function begin(writer: PartWriter, kind: number, length: number, size: number): void {
  writer.reserve(length * size + 10)
  writer.byte(kind)
  writer.count(length)
}

/** An array with getters, or a proxy, may return different elements each time, and is then not packed. */
function writeIntegers(
  writer: PartWriter,
  value: readonly unknown[],
  length: number,
  kind: number,
  size: 1 | 2 | 4,
): boolean {
  const from = writer.at
  begin(writer, kind, length, size)
  const { bytes } = writer
  const shift = 32 - 8 * size
  let { at } = writer
  for (let n = 0; n < length; n++) {
    const number = value[n] as number
    if ((number << shift) >> shift !== number) {
      writer.at = from
      return false
    }
    bytes[at] = number
    if (size > 1) bytes[at + 1] = number >> 8
    if (size > 2) {
      bytes[at + 2] = number >> 16
      bytes[at + 3] = number >> 24
    }
    at += size
  }
  writer.at = at
  return true
}

function writeFloats(writer: PartWriter, value: readonly unknown[], length: number): boolean {
  const from = writer.at
  begin(writer, FLOAT64S, length, 8)
  const { bytes, at } = writer
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, length * 8)
  for (let n = 0; n < length; n++) {
    const number = value[n]
    if (typeof number !== 'number') {
      writer.at = from
      return false
    }
    view.setFloat64(n * 8, number, true)
  }
  writer.at = at + length * 8
  return true
}
