import { ABSENT, ARRAY, NAMED_ARRAY, SHORT_ARRAY, SPARSE_ARRAY } from './format.js'
import { namesBeside } from './names-beside.js'
import { PACKED_MIN, writePacked } from './packed.js'
import type { PartWriter } from './part-writer.js'
import { writeNamed } from './plain-out.js'
import type { Step } from './refusal.js'

/** An array from this length on may be mostly holes, and is looked at first. */
const SPARSE_MIN = 1024

const { hasOwn } = Object

/** Writes an array: its elements, its holes, and its other properties. */
export function writeArray(writer: PartWriter, value: readonly unknown[], step: Step): void {
  const { length } = value
  if (!(length >= 0 && length < 2 ** 32 && Number.isInteger(length)))
    writer.refuse("an array without a length can't be sent", step)
  const names = namesBeside(value, length)
  if (names === undefined) {
    writeElements(writer, value, length, step)
    return
  }
  writer.byte(NAMED_ARRAY)
  writeElements(writer, value, length, step)
  writeNamed(writer, value, names, step)
}

function writeElements(writer: PartWriter, value: readonly unknown[], length: number, step: Step): void {
  if (length >= PACKED_MIN) {
    if (typeof value[0] === 'number' && writePacked(writer, value, length)) return
    if (length >= SPARSE_MIN && mostlyHoles(value, length)) {
      writeSparse(writer, value, length, step)
      return
    }
  }
  if (length < 16) {
    writer.bytes[writer.at++] = SHORT_ARRAY | length
  } else {
    writer.byte(ARRAY)
    writer.count(length)
  }
  writer.enter(step)
  for (let n = 0; n < length; n++) {
    const element = value[n]
    if (element === undefined && !hasOwn(value, n)) {
      writer.reserve(0)
      writer.byte(ABSENT)
    } else writer.write(element, n)
  }
  writer.leave()
}

function writeSparse(writer: PartWriter, value: readonly unknown[], length: number, step: Step): void {
  const indexes = Object.keys(value)
    .filter((name) => /^(?:0|[1-9]\d*)$/.test(name) && Number(name) < length)
    .map(Number)
  writer.byte(SPARSE_ARRAY)
  writer.count(length)
  writer.count(indexes.length)
  writer.enter(step)
  let next = 0
  for (const n of indexes) {
    writer.reserve(0)
    writer.count(n - next)
    if (hasOwn(value, n)) writer.write(value[n], n)
    else writer.byte(ABSENT)
    next = n + 1
  }
  writer.leave()
}

/** Whether at least a quarter of the elements in a sample from across the array is absent. */
function mostlyHoles(value: readonly unknown[], length: number): boolean {
  let holes = 0
  for (let n = 0; n < 32; n++) {
    const at = Math.floor((n * (length - 1)) / 31)
    if (value[at] === undefined && !hasOwn(value, at)) holes++
  }
  return holes >= 8
}
