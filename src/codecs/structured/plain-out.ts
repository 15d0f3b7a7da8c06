import { types } from 'node:util'

import { NEW_SHAPE, OBJECT, RECORD, SHORT_ARRAY, SHORT_OBJECT } from './format.js'
import { isIndexLike } from './indexes.js'
import { writeNames } from './names.js'
import type { PartWriter } from './part-writer.js'
import { writeProperty } from './property-out.js'
import type { Step } from './refusal.js'
import type { WriterShape } from './writer-shape.js'

const { getPrototypeOf, prototype } = Object
const { isArgumentsObject } = types

/** Writes an object without a class whose enumerable properties are all its own; returns whether it was one. */
export function writePlain(writer: PartWriter, value: object, step: Step): boolean {
  if (writer.inherits) return false
  const { shapes } = writer
  const guess = shapes.last.next
  if (guess !== undefined && guess.write !== undefined && guess.write(writer, value, step)) return true
  return writeNewly(writer, value, step)
}

/** Writes such an object without code for its shape. */
function writeNewly(writer: PartWriter, value: object, step: Step): boolean {
  if (getPrototypeOf(value) !== prototype || (value as Tagged)[Symbol.toStringTag] !== undefined) return false
  const given = Object.keys(value)
  const shape = writer.shapes.find(given)
  if (shape === undefined) {
    if (isArgumentsObject(value)) return false
    writeRecord(writer, value, given, step)
    return true
  }
  const { names } = shape
  // One of another kind may have lost its prototype, and a function's arguments have that of an object.
  if (names.length === 0 || (isIndexLike(names[0]!) && isArgumentsObject(value))) return false
  if (shape.write !== undefined) {
    if (shape.write(writer, value, step)) return true
  } else writer.shapes.met(shape)
  writer.begin(shape)
  writer.enter(step)
  let n = 0
  for (const name in value) {
    if (n === names.length || name !== names[n]) break
    writer.write((value as Record<string, unknown>)[name], name)
    n++
  }
  // A getter has removed properties behind its own.
  for (; n < names.length; n++) writeProperty(writer, value, names[n]!)
  writer.leave()
  return true
}

interface Tagged {
  readonly [Symbol.toStringTag]?: unknown
}

/** Writes an object as its own enumerable properties. */
export function writeProperties(writer: PartWriter, value: object, names: readonly string[], step: Step): void {
  const shape = writer.shapes.find(names)
  if (shape === undefined) {
    writeRecord(writer, value, names, step)
    return
  }
  writer.begin(shape)
  writer.enter(step)
  for (const name of names) writeProperty(writer, value, name)
  writer.leave()
}

function writeRecord(writer: PartWriter, value: object, names: readonly string[], step: Step): void {
  writer.byte(RECORD)
  writeNamed(writer, value, names, step)
}

/** Writes a count, and as many pairs of a name and a value. */
export function writeNamed(writer: PartWriter, value: object, names: readonly string[], step: Step): void {
  writer.reserve(0)
  writer.count(names.length)
  writer.enter(step)
  for (const name of names) {
    writer.reserve(0)
    writer.text(name)
    writeProperty(writer, value, name)
  }
  writer.leave()
}

/** Writes a reference to a shape that is already in the message. */
export function writeShape(writer: PartWriter, { number }: WriterShape): void {
  if (number < SHORT_ARRAY - SHORT_OBJECT) {
    writer.byte(SHORT_OBJECT | number)
  } else {
    writer.byte(OBJECT)
    writer.count(number)
  }
}

/** Writes a shape that is not in the message yet. */
export function defineShape(writer: PartWriter, shape: WriterShape): void {
  const { run } = shape
  writer.byte(NEW_SHAPE)
  if (run === undefined) {
    writeNames(writer, shape)
    return
  }
  const { size, words } = run
  writer.reserve(size + 10)
  writer.count(size)
  const { view, at } = writer
  for (let n = 0; n < words.length; n++) view.setInt32(at + 4 * n, words[n]!, true)
  writer.at = at + size
  writer.reserve(0)
}
