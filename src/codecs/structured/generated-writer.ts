import { writeMissing } from './property-out.js'
import type { WriteObject, WriterShape } from './writer-shape.js'

/** Beyond so many names the code gets long, and gains little. */
const NAMES_MAX = 32

let allowed = true

/**
 * Makes code that writes objects of one shape. The engine notes for each piece of code what objects it has met: code that
 * meets objects of one shape only looks up what they inherit, and reads their properties, several times as fast. Nothing
 * but the names goes into it, each as a string literal. None where the program forbids it.
 */
export function generateWriter(shape: WriterShape): WriteObject | undefined {
  const { names } = shape
  if (!allowed || names.length === 0 || names.length > NAMES_MAX) return undefined
  const literals = names.map((name) => JSON.stringify(name))
  // All are read before anything in them is written: a getter in there may change this object.
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
