import { getSystemErrorMap } from 'node:util'

import { SystemError } from './errors.js'

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

/** The error of a failed system call, from a native call's status. */
export function systemError(status: number, syscall: string): SystemError {
  const errno = status - SYSTEM
  const [code, description] = getSystemErrorMap().get(errno) ?? [`E${-errno}`, 'unknown error']
  return new SystemError(code, description, errno, syscall)
}

/** Calls `operation`, whose native exception is `number syscall`, and throws it as the error that users know. */
export function checked<T>(operation: () => T): T {
  try {
    return operation()
  } catch (error) {
    const [, number, syscall] = /^(\d+) (\w+)$/.exec(error instanceof Error ? error.message : '') ?? []
    throw number && syscall ? systemError(SYSTEM - Number(number), syscall) : error
  }
}
