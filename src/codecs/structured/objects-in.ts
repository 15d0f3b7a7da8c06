import { define } from './define.js'
import { NOTHING } from './nothing.js'
import type { PartReader } from './part-reader.js'

/** Pairs of a name and a value. */
export function readRecord(reader: PartReader): unknown {
  const count = reader.count()
  reader.enter(2 * count)
  const { absent } = reader
  const object: Record<string, unknown> = reader.number({})
  for (let n = 0; n < count; n++) {
    const name = reader.text()
    const value = reader.read()
    if (value === NOTHING) continue
    if (name in Object.prototype) define(object, name, value)
    else object[name] = value
  }
  reader.leave()
  reader.absent = absent
  return object
}

/** Removes the properties of a shape that an object of it hasn't. */
export function removeAbsent(object: Record<string, unknown>): void {
  for (const name of Object.keys(object)) if (object[name] === NOTHING) delete object[name]
}
