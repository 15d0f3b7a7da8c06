import { ABSENT, UNDEFINED } from './format.js'
import type { PartWriter } from './part-writer.js'

const { hasOwn } = Object

/** Writes the value of a property, which a getter of another one may have removed. */
export function writeProperty(writer: PartWriter, value: object, name: string): void {
  if (hasOwn(value, name)) writer.write((value as Record<string, unknown>)[name], name)
  else writeMissing(writer, value, name)
}

/** Writes a property that is `undefined`, or that isn't there. */
export function writeMissing(writer: PartWriter, value: object, name: string): void {
  writer.reserve(0)
  writer.byte(hasOwn(value, name) ? UNDEFINED : ABSENT)
}
