import { EncodeError, SystemError } from '../api/errors.js'
import { PlacedError } from '../codecs/path.js'

/** Returns `error`. If it is about a call that can't be sent, its place begins with `args` or `kwargs`, the caller's own terms. */
export function inCall(error: unknown): unknown {
  return named(error, { 3: 'args', 4: 'kwargs' })
}

/** Returns `error`. If it is about a result or a stream's item that can't be sent, its place begins with `result`. */
export function inAnswer(error: unknown): unknown {
  return named(error, { 2: 'result' })
}

/** Replaces the index of a message's part by the part's name. */
function named(error: unknown, parts: Readonly<Record<string, string>>): unknown {
  if (error instanceof SystemError) return namedInSystemError(error, parts)
  if (!(error instanceof EncodeError)) return error
  const [, index = '', rest = ''] = /^the value can't be encoded: \[(\d+)\](.*)$/s.exec(error.message) ?? []
  const part = parts[index]
  return part === undefined ? error : new EncodeError(new PlacedError(`${part}${rest}`, { cause: error.cause }))
}

/** Does the same for an object that the connection can't transfer. */
function namedInSystemError(error: SystemError, parts: Readonly<Record<string, string>>): SystemError {
  const [, index = '', rest = ''] = /^\[(\d+)\](.*)$/s.exec(error.message) ?? []
  const part = parts[index]
  return part === undefined ? error : new SystemError(`${part}${rest}`, error.code, error.errno, error.syscall)
}
