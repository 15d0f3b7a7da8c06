import { isNativeError } from 'node:util/types'

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
  const options = cause === undefined || cause === null ? undefined : { cause: errorOf(cause, depth + 1) }
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
  // A stack of this process would show who reads messages here, which is no part of the story.
  define(error, 'stack', typeof stack === 'string' ? stack : `${called}: ${said}`, false)
  if (typeof code === 'string' || typeof code === 'number') define(error, 'code', code, true)
  return error
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
