import { writeMissing } from './property-out.js'
import type { WriteObject, WriterShape } from './writer-shape.js'

/** With more names than this, the code gets long and gains little. */
const NAMES_MAX = 32

let allowed = true

/**
 * Generates code that writes objects of one shape. The engine records, for each piece of code, which object shapes it has seen.
 * Code that has seen only one looks up inherited members and reads properties several times as fast. Only the names go into the
 * code, each as a string literal. Returns nothing if the program forbids code generation.
 */
export function generateWriter(shape: WriterShape): WriteObject | undefined {
  const { names } = shape
  if (!allowed || names.length === 0 || names.length > NAMES_MAX) return undefined
  const literals = names.map((name) => JSON.stringify(name))
  // All properties are read before any is written: a getter inside one may change this object.
  const code = [
    'return (writer, value, step) => {',
    'let n = 0',
    'for (const name in value) {',
    'switch (n++) {',
    ...literals.map((name, n) => `case ${n}: if (name !== ${name}) return false; break`),
    'default: return false',
    '}',
    '}',
    `if (n !== ${names.length} || value[tag] !== undefined || getPrototypeOf(value) !== prototype) return false`,
    'writer.enter(step)',
    'writer.shapes.last = shape',
    ...literals.map((name, n) => `const v${n} = value[${name}]`),
    'writer.begin(shape)',
    ...literals.map(
      (name, n) => `if (v${n} === undefined) missing(writer, value, ${name}); else writer.write(v${n}, ${name})`,
    ),
    'writer.leave()',
    'return true',
    '}',
  ].join('\n')
  try {
    // oxlint-disable-next-line no-new-func
    const make = new Function('shape', 'missing', 'tag', 'getPrototypeOf', 'prototype', code) as Make
    return make(shape, writeMissing, Symbol.toStringTag, Object.getPrototypeOf, Object.prototype)
  } catch {
    allowed = false
    return undefined
  }
}

type Make = (
  shape: WriterShape,
  missing: typeof writeMissing,
  tag: symbol,
  getPrototypeOf: (value: object) => object | null,
  prototype: object,
) => WriteObject
