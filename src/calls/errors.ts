import { isNativeError } from 'node:util/types'

import type * as Python from '../codecs/pickle/types/error.js'
import { malformed } from './messages.js'

/** An error as plain values. A thrown value that is not an error is in `thrown`. */
export interface ErrorForm {
  name?: string
  message?: string
  stack?: string
  code?: string | number
  cause?: ErrorForm
  errors?: ErrorForm[]
  /** Its own enumerable properties. */
  fields?: Record<string, unknown>
  thrown?: unknown
  /** From Python: the class's module, the exception's `args`, and where it was raised. */
  module?: string
  args?: unknown[]
  traceback?: string
  context?: ErrorForm
  exceptions?: ErrorForm[]
}

/** How deep causes and nested errors are followed. */
const DEPTH = 8
/** How many errors of an `AggregateError` are sent. */
const INNER_MAX = 100
/** How many errors are sent in all: an error that is nested in several others is sent once for each. */
const SENT_MAX = 1000
/** How many errors one message may contain. A peer that is not carom may count differently. */
const RECEIVED_MAX = 10_000

/** The longest name and the longest text of an error that are kept, in characters: joined, they must still fit a string. */
const TEXT_MAX = 1024 * 1024

/** How many more errors may be created from the current message. */
interface Budget {
  left: number
}

const BUILT_IN: Record<string, ErrorConstructor> = {
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
}

/** The fields with a fixed place in an error's plain form. */
const PLACED = new Set(['name', 'message', 'stack', 'code', 'cause', 'errors'])

/**
 * Converts what a function threw to its plain form: with its stack if `stacks` is set, and without `fields` if they can't be sent.
 * A property whose getter throws is left out.
 */
export function formOf(thrown: unknown, stacks: boolean, withFields: boolean): ErrorForm {
  return formWithin({ left: SENT_MAX }, thrown, stacks, withFields, 0)
}

function formWithin(budget: Budget, thrown: unknown, stacks: boolean, withFields: boolean, depth: number): ErrorForm {
  budget.left--
  if (!isError(thrown)) return withFields ? { thrown } : { name: 'Error', message: textOf(thrown) }
  const form: ErrorForm = {
    name: textOf(read(thrown, 'name') ?? 'Error'),
    message: textOf(read(thrown, 'message') ?? ''),
  }
  const stack = stacks ? read(thrown, 'stack') : undefined
  if (typeof stack === 'string') form.stack = stack
  const code = read(thrown, 'code')
  if (typeof code === 'string' || typeof code === 'number') form.code = code
  if (depth < DEPTH) {
    const inner = (each: unknown): ErrorForm => formWithin(budget, each, stacks, withFields, depth + 1)
    const [cause, errors] = [read(thrown, 'cause'), read(thrown, 'errors')]
    if (cause !== undefined && budget.left > 0) form.cause = inner(cause)
    if (Array.isArray(errors)) {
      form.errors = []
      for (const each of errors.slice(0, INNER_MAX) as unknown[]) if (budget.left > 0) form.errors.push(inner(each))
    }
  }
  if (withFields) {
    const fields = Object.keys(thrown).filter((name) => !PLACED.has(name))
    if (fields.length > 0) form.fields = Object.fromEntries(fields.map((name) => [name, read(thrown, name)]))
  }
  return form
}

/** Reads a property of an error whose getter may throw, as V8's own `stack` does when its text would get too long. */
function read(error: Error, key: string): unknown {
  try {
    return (error as unknown as Record<string, unknown>)[key]
  } catch {
    return undefined
  }
}

/** Makes an error of its plain form: of the built-in class with its name, or an `Error` with that name; never one of carom's. */
export function errorOf(form: unknown): unknown {
  return errorWithin({ left: RECEIVED_MAX }, form, 0)
}

function errorWithin(budget: Budget, form: unknown, depth: number): unknown {
  if (typeof form !== 'object' || form === null || Array.isArray(form)) throw malformed('the error is no object')
  if (--budget.left < 0) throw malformed(`the error has more than ${RECEIVED_MAX} errors in it`)
  const { name, message, stack, code, cause, errors, fields } = form as ErrorForm
  if (name === undefined && 'thrown' in form) return form.thrown
  if (depth > 2 * DEPTH) throw malformed('the error has causes without end')
  const inner = (each: unknown): unknown => errorWithin(budget, each, depth + 1)
  const called = typeof name === 'string' ? name.slice(0, TEXT_MAX) : 'Error'
  const said = typeof message === 'string' ? message.slice(0, TEXT_MAX) : ''
  if ('module' in form) return pythonErrorOf(form as ErrorForm, called, said, inner)
  const options = isForm(cause) ? { cause: inner(cause) } : undefined
  const error = Array.isArray(errors)
    ? new AggregateError(eachOf(errors, inner), said, options)
    : new (Object.hasOwn(BUILT_IN, called) ? BUILT_IN[called]! : Error)(said, options)
  for (const [key, value] of Object.entries(typeof fields === 'object' && fields !== null ? fields : {})) {
    if (!PLACED.has(key)) define(error, key, value, true)
  }
  if (error.name !== called) define(error, 'name', called, false)
  // This process's own stack would only show the code that reads messages.
  define(error, 'stack', typeof stack === 'string' ? stack : `${called}: ${said}`, false)
  if (typeof code === 'string' || typeof code === 'number') define(error, 'code', code, true)
  return error
}

/** Makes a Python exception. Its class is loaded on first use. */
function pythonErrorOf(form: ErrorForm, called: string, said: string, inner: (form: unknown) => unknown): Error {
  const { PythonError } = require('../codecs/pickle/types/error.js') as typeof Python
  const { module, args, traceback, cause, context, exceptions } = form
  const error = new PythonError(called, Array.isArray(args) ? args : [], said, typeof module === 'string' ? module : '')
  if (isForm(cause)) define(error, 'cause', inner(cause), false)
  if (isForm(context)) define(error, 'context', inner(context), false)
  if (Array.isArray(exceptions)) define(error, 'exceptions', eachOf(exceptions, inner), true)
  const where = typeof traceback === 'string' ? traceback : undefined
  if (where !== undefined) define(error, 'traceback', where, false)
  define(error, 'stack', where === undefined ? `${called}: ${said}` : `${called}: ${said}\n\n${where}`, false)
  return error
}

/** The errors in a list. Holes count as non-errors; `map` would skip them, taking hours if the list claims a huge length. */
function eachOf(forms: readonly unknown[], inner: (form: unknown) => unknown): unknown[] {
  const errors: unknown[] = []
  for (const form of forms) errors.push(inner(form))
  return errors
}

function isForm(value: unknown): boolean {
  return value !== undefined && value !== null
}

function define(error: Error, key: string, value: unknown, enumerable: boolean): void {
  Object.defineProperty(error, key, { value, enumerable, configurable: true, writable: true })
}

function isError(value: unknown): value is Error {
  try {
    return isNativeError(value) || value instanceof Error
  } catch {
    return false // a proxy whose traps throw
  }
}

function textOf(value: unknown): string {
  try {
    return String(value)
  } catch {
    return "a value that can't be shown"
  }
}
