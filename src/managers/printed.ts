import { isNativeError } from 'node:util/types'

import { PythonError } from '../codecs/pickle/types/error.js'

/** The text that Python prints of an error, where it expects a traceback: without the stack, which shows how this program is built. */
export function printed(error: unknown): string {
  if (!isError(error)) return `Error: ${textOf(error)}\n`
  return `${error.name}: ${error.message}\n`
}

/** An exception of Python's own, as its server would raise it. */
export function raised(name: string, text: string): PythonError {
  return new PythonError(name, [text], text)
}

/** A thrown value, as an error. */
export function asError(thrown: unknown): Error {
  return isError(thrown) ? thrown : new Error(textOf(thrown))
}

function textOf(thrown: unknown): string {
  try {
    return String(thrown)
  } catch {
    return Object.prototype.toString.call(thrown)
  }
}

/** Errors of any realm. */
function isError(value: unknown): value is Error {
  return isNativeError(value) || value instanceof Error
}
