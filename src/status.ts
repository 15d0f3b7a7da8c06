import { getSystemErrorMap } from 'node:util'

import type { Address } from './address.js'
import { AuthenticationError, EOFError, SystemError, TimeoutError } from './errors.js'

/** Nothing came, or there was no room, in time. */
export const NOTHING = -1
/** The peer has closed. */
export const END = -2
/** The peer closed inside a message. */
export const TRUNCATED = -3
/** The peer announced a negative length. */
export const MALFORMED = -4
/** The peer announced a length over the limit. */
export const TOO_LONG = -5
/** A system call failed: this less the error number. */
const SYSTEM = -1000
/** The number of a name that could not be resolved. */
const UV_EAI_NONAME = -3008

/** The error of a failed system call, from a native call's status. */
export function systemError(status: number, syscall: string): SystemError {
  const errno = status - SYSTEM
  const [code, description] = named(errno)
  return new SystemError(`${syscall}: ${description} (${code})`, code, errno, syscall)
}

/**
 * Calls `operation`, which may be about `address`, and throws its native exception as the error that users know. The native
 * message begins with what kind it is.
 */
export function checked<T>(operation: () => T, address?: Address): T {
  try {
    return operation()
  } catch (error) {
    throw error instanceof Error ? translated(error, address) : error
  }
}

function translated(error: Error, address: Address | undefined): Error {
  const [, kind, detail, message] = /^(\w+)(?: (\S+))?(?: (.*))?$/s.exec(error.message) ?? []
  if (kind === undefined) return error
  if (/^\d+$/.test(kind) && detail !== undefined) return failedCall(Number(kind), detail, message, address)
  const text = message ?? ''
  switch (kind) {
    case 'timeout':
      return new TimeoutError('the time is up')
    case 'address':
      return Object.assign(new RangeError(`${detail} ${text}`), { code: 'ERR_OUT_OF_RANGE' })
    case 'handshake':
      if (detail === 'timeout') return new TimeoutError(text)
      return detail === 'closed' ? new EOFError(text) : new AuthenticationError(text, detail ?? '')
    default:
      return error
  }
}

function failedCall(number: number, syscall: string, message: string | undefined, address: Address | undefined): Error {
  if (message === undefined) return systemError(SYSTEM - number, syscall)
  // A name that is not known has no number of the system's: libuv has one.
  const errno = number === 0 ? UV_EAI_NONAME : -number
  return new SystemError(message, named(errno)[0], errno, syscall, address)
}

function named(errno: number): [string, string] {
  if (errno === UV_EAI_NONAME) return ['ENOTFOUND', 'unknown name']
  return getSystemErrorMap().get(errno) ?? [`E${-errno}`, 'unknown error']
}
