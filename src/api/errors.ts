import { PlacedError } from '../codecs/path.js'
import type { Address } from './address.js'

/**
 * Whether an error comes from carom holds across several loaded copies of the package, so `instanceof` looks for a brand.
 */
const brand = (name: string): symbol => Symbol.for(`carom.error.${name}`)

/** The base of all errors that carom makes. */
export class CaromError extends Error {
  /** A stable name for programs; `message` is for people. */
  readonly code: string

  constructor(message: string, code: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && brand(this.name) in value
  }
}

/** The peer has closed, and everything that it sent has been received. */
export class EOFError extends CaromError {
  constructor(message = 'end of stream: the peer has closed the connection') {
    super(message, 'ERR_CAROM_EOF')
  }
}

/** The connection was closed, or detached, at this end. */
export class ConnectionClosedError extends CaromError {
  constructor(message = 'the connection is closed', options?: ErrorOptions) {
    super(message, 'ERR_CAROM_CONNECTION_CLOSED', options)
  }
}

/** The peer did not prove that it knows the key, or did not accept our proof. */
export class AuthenticationError extends CaromError {
  /** The reason, in a word for programs: `rejected`, `wrong-answer`, `not-a-challenge`, … */
  readonly reason: string

  constructor(message: string, reason: string) {
    super(message, 'ERR_CAROM_AUTHENTICATION')
    this.reason = reason
  }
}

/** The caller's buffer can't hold the message, which is here whole. */
export class BufferTooShortError extends CaromError {
  /** The message; the caller's. */
  readonly data: Buffer

  constructor(data: Buffer, room: number) {
    super(
      `the message has ${data.length} bytes, the buffer has room for ${room}; the error's data is the whole message`,
      'ERR_CAROM_BUFFER_TOO_SHORT',
    )
    this.data = data
  }
}

/** A message is longer than the receiver allows. Nothing can be received behind it. */
export class MessageTooLongError extends CaromError {
  constructor(announced: number, limit: number, setting: 'maxLength' | 'maxMessageSize') {
    super(
      `the peer's message has ${announced} bytes, ${setting} is ${limit}; this connection no longer receives`,
      'ERR_CAROM_MESSAGE_TOO_LONG',
    )
  }
}

/** A message could not be decoded; the next one is unharmed. */
export class DecodeError extends CaromError {
  /** The message as it came; the caller's. */
  readonly data: Buffer

  /** `advice`: what to do, where it is known. @internal */
  constructor(data: Buffer, cause: unknown, advice?: string) {
    const why = advice === undefined ? messageOf(cause) : `${messageOf(cause)}; ${advice}`
    super(`a message of ${data.length} bytes can't be decoded: ${why}`, 'ERR_CAROM_DECODE', { cause })
    this.data = data
  }
}

/** A value could not be encoded; nothing of it was sent. */
export class EncodeError extends CaromError {
  constructor(error: unknown) {
    const cause = error instanceof PlacedError ? error.cause : error
    super(`the value can't be encoded: ${messageOf(error)}`, 'ERR_CAROM_ENCODE', { cause })
  }
}

/** A non-blocking end would have to wait. */
export class WouldBlockError extends CaromError {
  constructor(operation: 'receive' | 'send') {
    super(
      operation === 'receive'
        ? 'nothing to receive, and this end was made non-blocking (EAGAIN)'
        : 'no room to send, and this end was made non-blocking (EAGAIN); nothing of the message was sent',
      'EAGAIN',
    )
  }
}

/** The time was up. */
export class TimeoutError extends CaromError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, 'ERR_CAROM_TIMEOUT', options)
  }
}

/** The call needs something that another one uses. */
export class BusyError extends CaromError {
  constructor(message: string) {
    super(message, 'ERR_CAROM_BUSY')
  }
}

/** The connection doesn't go in that direction. */
export class DirectionError extends CaromError {
  constructor(operation: 'receive' | 'send') {
    super(
      operation === 'receive'
        ? 'this end of the connection does not receive'
        : 'this end of the connection only receives',
      'ERR_CAROM_DIRECTION',
    )
  }
}

/** A process could not be started, or did not come as far as its target; `cause` is the reason, where there is one. */
export class StartError extends CaromError {
  constructor(message: string, cause?: unknown) {
    super(
      cause === undefined ? message : `${message}: ${messageOf(cause)}`,
      'ERR_CAROM_START',
      cause === undefined ? undefined : { cause },
    )
  }
}

/** The process is not in a state for that: not started, started twice, still running. */
export class ProcessError extends CaromError {
  constructor(message: string) {
    super(message, 'ERR_CAROM_PROCESS')
  }
}

/** The peer broke the protocol: a malformed length, or an end inside a message. */
export class ProtocolError extends CaromError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, 'ERR_CAROM_PROTOCOL', options)
  }
}

/** A system call failed. */
export class SystemError extends CaromError {
  /** The system's error number, negative as in Node. */
  readonly errno: number
  /** The system call. */
  readonly syscall: string
  /** The path or the host that it was about, if any. */
  declare readonly address?: string
  /** The port, where the address is TCP. */
  declare readonly port?: number

  constructor(message: string, code: string, errno: number, syscall: string, address?: Address) {
    super(message, code)
    this.errno = errno
    this.syscall = syscall
    if (typeof address === 'string') this.address = address
    else if (address) [this.address, this.port] = [address.host, address.port]
  }
}

for (const type of [
  CaromError,
  EOFError,
  ConnectionClosedError,
  AuthenticationError,
  BufferTooShortError,
  MessageTooLongError,
  DecodeError,
  EncodeError,
  WouldBlockError,
  TimeoutError,
  BusyError,
  DirectionError,
  ProtocolError,
  SystemError,
  StartError,
  ProcessError,
]) {
  Object.defineProperty(type.prototype, 'name', { value: type.name, configurable: true, writable: true })
  Object.defineProperty(type.prototype, brand(type.name), { value: true })
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
