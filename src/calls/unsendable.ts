import { EncodeError, SystemError } from '../api/errors.js'
import { PlacedError } from '../codecs/path.js'

/** `error`; one about a call that can't be sent gets a place that begins with `args` or `kwargs`, as the caller knows them. */
export function inCall(error: unknown): unknown {
  return named(error, { 3: 'args', 4: 'kwargs' })
}

/** `error`; one about a result, or a stream's item, that can't be sent gets a place that begins with `result`. */
export function inAnswer(error: unknown): unknown {
  return named(error, { 2: 'result' })
}

/** With the name of a message's part, by its index, where its number was. */
function named(error: unknown, parts: Readonly<Record<string, string>>): unknown {
  if (error instanceof SystemError) return namedInSystemError(error, parts)
  if (!(error instanceof EncodeError)) return error
  const [, index = '', rest = ''] = /^the value can't be encoded: \[(\d+)\](.*)$/s.exec(error.message) ?? []
  const part = parts[index]
  return part === undefined ? error : new EncodeError(new PlacedError(`${part}${rest}`, { cause: error.cause }))
}

/** The same of an object that the connection doesn't take along. */
function namedInSystemError(error: SystemError, parts: Readonly<Record<string, string>>): SystemError {
  const [, index = '', rest = ''] = /^\[(\d+)\](.*)$/s.exec(error.message) ?? []
  const part = parts[index]
  return part === undefined ? error : new SystemError(`${part}${rest}`, error.code, error.errno, error.syscall)
}
