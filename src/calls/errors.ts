import { isNativeError } from 'node:util/types'

import type * as Python from '../codecs/pickle/types/error.js'
import { malformed } from './messages.js'

/** An error as plain values. What was thrown and is no error is in `thrown`. */
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
  /** From Python: the class's module, what the exception was made with, and where it was raised. */
  module?: string
  args?: unknown[]
  traceback?: string
  context?: ErrorForm
  exceptions?: ErrorForm[]
}

/** How many causes, and errors inside errors, are followed. */
const DEPTH = 8
/** How many errors of an `AggregateError` go along. */
const ERRORS_MAX = 100

const BUILT_IN: Record<string, ErrorConstructor> = {
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
}

/** The fields of a form that have a place of their own in it. */
const PLACED = new Set(['name', 'message', 'stack', 'code', 'cause', 'errors'])

/** The form of what a function threw: with its stack where `stacks` says so, without `fields` where they can't be sent. */
export function formOf(thrown: unknown, stacks: boolean, withFields: boolean, depth = 0): ErrorForm {
  if (!isError(thrown)) return withFields ? { thrown } : { name: 'Error', message: textOf(thrown) }
  const form: ErrorForm = { name: textOf(thrown.name), message: textOf(thrown.message) }
  if (stacks && typeof thrown.stack === 'string') form.stack = thrown.stack
  const { code, cause, errors } = thrown as { code?: unknown; cause?: unknown; errors?: unknown }
  if (typeof code === 'string' || typeof code === 'number') form.code = code
  if (depth < DEPTH) {
    if (cause !== undefined) form.cause = formOf(cause, stacks, withFields, depth + 1)
    if (Array.isArray(errors)) {
      form.errors = errors.slice(0, ERRORS_MAX).map((each) => formOf(each, stacks, withFields, depth + 1))
    }
  }
  if (withFields) {
    const fields = Object.entries(thrown).filter(([name]) => !PLACED.has(name))
    if (fields.length > 0) form.fields = Object.fromEntries(fields)
  }
  return form
}

/** The error of a form: of the built-in class by its name, else an `Error` of that name; never one of carom's. */
export function errorOf(form: unknown, depth = 0): unknown {
  if (typeof form !== 'object' || form === null || Array.isArray(form)) throw malformed('the error is no object')
  const { name, message, stack, code, cause, errors, fields } = form as ErrorForm
  if (name === undefined && 'thrown' in form) return form.thrown
  if (depth > 2 * DEPTH) throw malformed('the error has causes without end')
  const [called, said] = [typeof name === 'string' ? name : 'Error', typeof message === 'string' ? message : '']
  if ('module' in form) return pythonErrorOf(form as ErrorForm, called, said, depth)
  const options = isForm(cause) ? { cause: errorOf(cause, depth + 1) } : undefined
  const error = Array.isArray(errors)
    ? new AggregateError(
        errors.map((each) => errorOf(each, depth + 1)),
        said,
        options,
      )
    : new (Object.hasOwn(BUILT_IN, called) ? BUILT_IN[called]! : Error)(said, options)
  for (const [key, value] of Object.entries(typeof fields === 'object' && fields !== null ? fields : {})) {
    if (!PLACED.has(key)) define(error, key, value, true)
  }
  if (error.name !== called) define(error, 'name', called, false)
  // A stack of this process would show its reader of messages, which is no part of the story.
  define(error, 'stack', typeof stack === 'string' ? stack : `${called}: ${said}`, false)
  if (typeof code === 'string' || typeof code === 'number') define(error, 'code', code, true)
  return error
}

/** An exception of Python's. Its class is loaded with the first one. */
function pythonErrorOf(form: ErrorForm, called: string, said: string, depth: number): Error {
  const { PythonError } = require('../codecs/pickle/types/error.js') as typeof Python
  const { module, args, traceback, cause, context, exceptions } = form
  const error = new PythonError(called, Array.isArray(args) ? args : [], said, typeof module === 'string' ? module : '')
  const inner = (each: unknown): unknown => errorOf(each, depth + 1)
  if (isForm(cause)) define(error, 'cause', inner(cause), false)
  if (isForm(context)) define(error, 'context', inner(context), false)
  if (Array.isArray(exceptions)) define(error, 'exceptions', exceptions.map(inner), true)
  const where = typeof traceback === 'string' ? traceback : undefined
  if (where !== undefined) define(error, 'traceback', where, false)
  define(error, 'stack', where === undefined ? `${called}: ${said}` : `${called}: ${said}\n\n${where}`, false)
  return error
}

function isForm(value: unknown): boolean {
  return value !== undefined && value !== null
}

function define(error: Error, key: string, value: unknown, enumerable: boolean): void {
  Object.defineProperty(error, key, { value, enumerable, configurable: true, writable: true })
}

function isError(value: unknown): value is Error {
  return isNativeError(value) || value instanceof Error
}

function textOf(value: unknown): string {
  try {
    return String(value)
  } catch {
    return Object.prototype.toString.call(value)
  }
}
