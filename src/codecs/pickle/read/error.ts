import { isDict } from './dict.js'
import { Messages } from './exception-message.js'
import { exceptionName } from './exceptions.js'
import { Global, Reduction } from './internal.js'
import { PythonError } from '../types/error.js'
import type { PythonObject } from '../types/object.js'

/** The exception that a pickle describes, with the text that Python prints of it. */
export function errorFrom({ callee, args, state, cause }: Reduction, message: string): PythonError {
  const type = callee as Global
  const error = new PythonError(exceptionName(type, args), Array.from(args), message, type.module)
  // To define it anew takes three times as long, but where there is none, an assignment would make it a field.
  const stack = `${error.name}: ${error.message}`
  if (Object.hasOwn(error, 'stack')) error.stack = stack
  else Object.defineProperty(error, 'stack', { value: stack, writable: true, configurable: true })
  if (state !== undefined && state !== null) error.attributes = isDict(state) ? state : { state }
  if (typeof cause === 'string') {
    error.cause = new PythonError('RemoteTraceback', [cause], cause, 'multiprocessing.pool')
  }
  return error
}

/**
 * The exception that an object is which stands where a protocol puts an exception: a pickle doesn't say that it is one, and its
 * class may be any. For values that were read with `unknown: 'object'`; `args` and `attributes` are those of the object.
 */
export function errorOf({ module, name, args = [], state }: PythonObject): PythonError {
  const reduction = new Reduction(new Global(module, name), args, 'call')
  reduction.isError = true
  reduction.state = state
  return errorFrom(reduction, new Messages(new Map(), 0).of(reduction))
}
