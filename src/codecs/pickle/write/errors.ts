import { types } from 'node:util'

import { EXCEPTIONS } from '../built-in-exceptions.js'
import * as op from '../opcodes.js'
import { typeOf } from '../types/brands.js'
import type { PythonError } from '../types/error.js'
import type { PartWriter } from './part-writer.js'

const isText = (value: unknown): boolean => typeof value === 'string'
const isIndex = (value: unknown): boolean => Number.isSafeInteger(value)
const isBytes = (value: unknown): boolean => types.isUint8Array(value)

/** Of exceptions that can't be made of anything: what of. One made otherwise would cost the message that it is in. */
const MADE_OF: Readonly<Record<string, readonly ((arg: unknown) => boolean)[]>> = {
  UnicodeDecodeError: [isText, isBytes, isIndex, isIndex, isText],
  UnicodeEncodeError: [isText, isText, isIndex, isIndex, isText],
  UnicodeTranslateError: [isText, isIndex, isIndex, isText],
  ExceptionGroup: [isText, areErrors],
  BaseExceptionGroup: [isText, areErrors],
}

/** Exceptions that may be made of a message and a place: of file, line, column and text at least. */
const WITH_PLACE = new Set(['SyntaxError', 'IndentationError', 'TabError'])

/** The class that Python makes an `ExceptionGroup` by itself, where only exceptions are in it that may be in one. */
const GROUP = 'BaseExceptionGroup'

/** The modules of built-in exceptions: in Python, and in Python 2. */
const BUILT_IN = new Set<unknown>([undefined, 'builtins', 'exceptions'])

/**
 * Writes an error as the built-in exception of the same name, if there is one; else as an `Exception`, which says the name. A
 * `PythonError` also has the arguments of the exception, and what was set on it.
 */
export function writeError(writer: PartWriter, error: Error): true {
  const python = typeOf(error) === 'error' ? (error as PythonError) : undefined
  const { message } = error
  const name = typeof error.name === 'string' ? error.name : 'Error'
  const args = python && Array.isArray(python.args) ? Array.from(python.args) : [message]
  const known = EXCEPTIONS.has(name) && BUILT_IN.has(python?.module) && canBeMade(name, args)
  writer.globalOf('builtins', known ? (name === 'ExceptionGroup' ? GROUP : name) : 'Exception')
  if (!known) writer.tuple([name === 'Error' ? message : `${name}: ${message}`])
  else if (python) writer.arguments(args)
  else writer.tuple(args)
  writer.opcode(op.REDUCE)
  writer.memoize(error)
  const attributes: unknown = python?.attributes
  if (typeof attributes === 'object' && attributes !== null) {
    writer.writePart(attributes, '.attributes')
    writer.opcode(op.BUILD)
  }
  return true
}

function canBeMade(name: string, args: readonly unknown[]): boolean {
  if (WITH_PLACE.has(name) && args.length === 2) return Array.isArray(args[1]) && args[1].length >= 4
  const parts = Object.hasOwn(MADE_OF, name) ? MADE_OF[name]! : undefined
  return !parts || (args.length === parts.length && parts.every((fits, n) => fits(args[n])))
}

function areErrors(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0 && value.every((each) => types.isNativeError(each))
}
