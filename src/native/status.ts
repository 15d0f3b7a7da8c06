import { getSystemErrorMap } from 'node:util'

import { type Address, shown } from '../api/address.js'
import {
  AuthenticationError,
  BusyError,
  CaromError,
  EOFError,
  ProtocolError,
  SystemError,
  TimeoutError,
} from '../api/errors.js'
import { type Failure, FailureKind, RING, SYSTEM, takeFailure } from './binding.js'
import { os } from './builtins.js'

export { END, MALFORMED, NOTHING, RING, TOO_LONG, TRUNCATED } from './binding.js'

/** The same number on every system; to ask `node:os` for it would load that on every start. */
const EPERM = 1
/** As many of this user's descriptors are on their way as may be; neither Node nor libuv has a name for it. */
const ETOOMANYREFS = process.platform === 'darwin' ? 59 : 109
export const TOO_MANY_REFERENCES: number = SYSTEM - ETOOMANYREFS
/** The kernel refuses descriptors, for the peer's socket takes none: the error `EPERM`. */
export const REFUSED: number = SYSTEM - EPERM
/** libuv's number of a name that could not be resolved: the system has none. */
const UV_EAI_NONAME = -3008

/** The operation that a handshake is a part of. */
export type Operation = 'accept' | 'connect'

/** The error of a failed system call, from a native call's status. */
export function systemError(status: number, syscall: string): SystemError {
  return failedCall(status - SYSTEM, syscall)
}

/** Makes the error of a connection that can't send any more, from a native call's status, which is the last one that failed. */
export function sendError(status: number): () => Error {
  if (status === RING) {
    const failure = takeFailure()
    return () => failedRing(failure)
  }
  if (status > SYSTEM)
    return () => new ProtocolError('the peer closed the connection inside its offer of shared memory')
  const errno = status - SYSTEM
  const { EPIPE, ECONNRESET } = os().constants.errno
  const gone = -errno === EPIPE || -errno === ECONNRESET
  const message = gone ? `the peer has closed the connection (${named(errno)[0]})` : undefined
  return () => failedCall(errno, 'sendmsg', message)
}

/** The error behind the status `RING` of the last native call. */
export function ringError(): Error {
  return failedRing(takeFailure())
}

const BOTH_ENDS = "give both ends transport: 'shared-memory', or neither"

/** The error of an end that gets an offer of shared memory in place of a message. */
export function unexpectedOffer(): ProtocolError {
  return new ProtocolError(`the peer offers shared memory, and this end is a plain one: ${BOTH_ENDS}`)
}

function failedRing(failure: Failure | null): Error {
  const { kind, errno = 0, syscall, reason, message = 'there is no shared memory' } = failure ?? {}
  if (kind === FailureKind.System) return failedCall(-errno, syscall ?? 'mmap', message)
  if (reason === 'no-offer') {
    return new ProtocolError(
      `the peer sent an ordinary message, and this end expects an offer of shared memory: ${BOTH_ENDS}`,
    )
  }
  if (reason === 'refused') return new ProtocolError(`the peer takes no shared memory: ${BOTH_ENDS}`)
  return new ProtocolError(message)
}

/** The error of a message with descriptors whose receiver takes none. */
export function refusedDescriptors(): SystemError {
  const message =
    'sendmsg: the peer takes no connections or descriptors in messages (EPERM): it was made with descriptors: false, or has not proved its key yet'
  return failedCall(-EPERM, 'sendmsg', message)
}

/**
 * Calls `call`, which may be a part of an operation on `address`, and throws its native exception as the error that users know.
 */
export function checked<T>(call: () => T, address?: Address, operation?: Operation): T {
  try {
    return call()
  } catch (error) {
    throw translated(error, address, operation)
  }
}

function translated(error: unknown, address: Address | undefined, operation: Operation | undefined): Error {
  const failure = takeFailure()
  // Code of JavaScript's may have thrown, too.
  if (!failure || (error as Error).message !== (failure.message ?? failure.syscall)) return internal(error)
  // The native side knows of a handshake's descriptor only.
  const during = operation && address !== undefined ? `${operation} ${shown(address)}: ` : ''
  const message = failure.message ?? undefined
  switch (failure.kind) {
    case FailureKind.Handshake:
      return failedHandshake(failure, `${during}${message}`)
    case FailureKind.Address:
      return Object.assign(new RangeError(message), { code: 'ERR_OUT_OF_RANGE' })
    case FailureKind.Argument:
      return Object.assign(new TypeError(message), { code: 'ERR_INVALID_ARG_VALUE' })
    case FailureKind.ExternalMemory:
      return new CaromError(message ?? 'no external memory', 'ERR_CAROM_NO_EXTERNAL_MEMORY')
    case FailureKind.Ring:
      return failedRing(failure)
    case FailureKind.Busy:
      return new BusyError(message ?? 'in use by another call')
    case FailureKind.System: {
      const errno = failure.errno === 0 ? UV_EAI_NONAME : -failure.errno
      const syscall = operation ?? failure.syscall ?? 'socket'
      return failedCall(errno, syscall, message, failure.address ?? address, during)
    }
  }
}

/** The codes of exceptions that Node-API makes, which no program of a user's can bring about. */
const NATIVE: ReadonlySet<unknown> = new Set(['GenericFailure', 'InvalidArg'])

function internal(error: unknown): Error {
  const { code, message } = error as NodeJS.ErrnoException
  if (!NATIVE.has(code)) return error as Error
  return new CaromError(`a fault of carom itself, please report it: ${message}`, 'ERR_CAROM_INTERNAL', { cause: error })
}

function failedHandshake({ reason }: Failure, message: string): Error {
  if (reason === 'timeout') return new TimeoutError(message)
  return reason === 'closed' ? new EOFError(message) : new AuthenticationError(message, reason ?? 'protocol')
}

function failedCall(errno: number, syscall: string, message?: string, address?: Address, during = ''): SystemError {
  const [code, description] = named(errno)
  const text = message ?? `${during || `${syscall}: `}${description} (${code})`
  return new SystemError(text, code, errno, syscall, address)
}

function named(errno: number): [string, string] {
  if (errno === UV_EAI_NONAME) return ['ENOTFOUND', 'unknown name']
  if (errno === -ETOOMANYREFS) return ['ETOOMANYREFS', "too many of this user's descriptors are on their way"]
  return getSystemErrorMap().get(errno) ?? [`E${-errno}`, 'unknown error']
}
