import { define } from './define.js'
import { type ERRORS, HAS_CAUSE, HAS_CODE, HAS_ERRORS, HAS_MESSAGE, HAS_NAME, HAS_STACK } from './format.js'
import { Malformed } from './input.js'
import type { PartReader } from './part-reader.js'

/** In the order of their numbers in a message. */
const TYPES = [
  Error,
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
  AggregateError,
] as const satisfies { length: (typeof ERRORS)['length'] }

const ALL = HAS_NAME | HAS_MESSAGE | HAS_STACK | HAS_CAUSE | HAS_ERRORS | HAS_CODE

export function readError(reader: PartReader): Error {
  const type = TYPES[reader.byte()]
  const has = reader.byte()
  if (type === undefined || has > ALL) throw new Malformed('an error in the message is of no known kind')
  const error = reader.number(
    withoutStack(() => (type === AggregateError ? new AggregateError([]) : new (type as ErrorConstructor)())),
  )
  if (type === AggregateError) delete (error as { errors?: unknown }).errors
  if (has & HAS_NAME) define(error, 'name', reader.text(), false)
  if (has & HAS_MESSAGE) define(error, 'message', reader.text(), false)
  if (has & HAS_STACK) define(error, 'stack', reader.text(), false)
  else delete error.stack
  reader.enter(0)
  if (has & HAS_CAUSE) define(error, 'cause', reader.value(), false)
  if (has & HAS_ERRORS) define(error, 'errors', reader.value(), false)
  if (has & HAS_CODE) define(error, 'code', reader.value(), false)
  for (let count = reader.count(); count > 0; count--) define(error, reader.text(), reader.value())
  reader.leave()
  return error
}

export function readDomException(reader: PartReader): DOMException {
  const name = reader.text()
  const message = reader.text()
  const exception = reader.number(withoutStack(() => new DOMException(message, name)))
  const stack = reader.value()
  if (typeof stack === 'string') define(exception, 'stack', stack, false)
  return exception
}

/** Makes an error without its own stack trace: capturing one is the slowest step, and it would show this code, not the sender's. */
function withoutStack<T>(make: () => T): T {
  const { stackTraceLimit } = Error
  try {
    Error.stackTraceLimit = 0
  } catch {
    // A program that has frozen its built-in classes pays for the stack.
    return make()
  }
  try {
    return make()
  } finally {
    Error.stackTraceLimit = stackTraceLimit
  }
}
