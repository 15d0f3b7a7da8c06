import { getSystemErrorMap } from 'node:util'

import { type Address, shown } from '../api/address.js'
import { AuthenticationError, EOFError, SystemError, TimeoutError } from '../api/errors.js'

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

/** What a handshake is a part of. */
export type Operation = 'accept' | 'connect'

/** The error of a failed system call, from a native call's status. */
export function systemError(status: number, syscall: string): SystemError {
  const errno = status - SYSTEM
  const [code, description] = named(errno)
  return new SystemError(`${syscall}: ${description} (${code})`, code, errno, syscall)
}

/**
 * Calls `call`, which may be a part of an operation on `address`, and throws its native exception as the error that users know. The native
 * message begins with what kind it is.
 */
export function checked<T>(call: () => T, address?: Address, operation?: Operation): T {
  try {
    return call()
  } catch (error) {
    throw error instanceof Error ? translated(error, address, operation) : error
  }
}

function translated(error: Error, address?: Address, operation?: Operation): Error {
  const [, kind, detail, message] = /^(\w+)(?: (\S+))?(?: (.*))?$/s.exec(error.message) ?? []
  if (kind === undefined) return error
  // The native side knows of a handshake's descriptor only.
  const during = operation && address !== undefined ? `${operation} ${shown(address)}: ` : ''
  if (/^\d+$/.test(kind) && detail !== undefined) {
    return failedCall(Number(kind), operation ?? detail, message, address, during)
  }
  const text = message ?? ''
  switch (kind) {
    case 'timeout':
      return new TimeoutError('the time is up')
    case 'address':
      return Object.assign(new RangeError(`${detail} ${text}`), { code: 'ERR_OUT_OF_RANGE' })
    case 'handshake':
      return failedHandshake(detail ?? '', during + text)
    default:
      return error
  }
}

function failedHandshake(reason: string, message: string): Error {
  if (reason === 'timeout') return new TimeoutError(message)
  return reason === 'closed' ? new EOFError(message) : new AuthenticationError(message, reason)
}

function failedCall(
  number: number,
  syscall: string,
  message: string | undefined,
  address: Address | undefined,
  during: string,
): Error {
  // A name that is not known has no number of the system's: libuv has one.
  const errno = number === 0 ? UV_EAI_NONAME : -number
  if (message === undefined && !during) return systemError(SYSTEM - number, syscall)
  const [code, description] = named(errno)
  return new SystemError(message ?? `${during}${description} (${code})`, code, errno, syscall, address)
}

function named(errno: number): [string, string] {
  if (errno === UV_EAI_NONAME) return ['ENOTFOUND', 'unknown name']
  return getSystemErrorMap().get(errno) ?? [`E${-errno}`, 'unknown error']
}
