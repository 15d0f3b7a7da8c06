import { ABSENT, UNDEFINED } from './format.js'
import type { Output } from './output.js'
import type { ShapeWriter } from './writer-shape.js'

const { hasOwn } = Object

/** Writes the value of a property, which a getter of another one may have removed. */
export function writeProperty(writer: ShapeWriter, value: object, name: string): void {
  if (hasOwn(value, name)) writer.write((value as Record<string, unknown>)[name], name)
  else writeMissing(writer, value, name)
}

/** Writes a property that is `undefined`, or that isn't there. */
export function writeMissing(output: Output, value: object, name: string): void {
  output.reserve(0)
  output.byte(hasOwn(value, name) ? UNDEFINED : ABSENT)
}
