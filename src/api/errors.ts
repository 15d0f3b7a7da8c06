import { PlacedError } from '../codecs/path.js'
import type { Address } from './address.js'

/**
 * The brand of each class, which `instanceof` looks for, so that it works across several loaded copies of the package.
 */
const brands = new WeakMap<object, symbol>()

/**
 * The base of all errors that carom makes. `docs/errors.md` lists them all, each with its cause and the way out.
 *
 * @example
 * ```ts
 * import { CaromError, pipe } from 'carom'
 *
 * const [here, there] = pipe()
 * await there.close()
 * try {
 *   await here.recv()
 * } catch (error) {
 *   if (error instanceof CaromError) console.log(error.name, error.code) // EOFError ERR_CAROM_EOF
 * }
 * ```
 */
export class CaromError extends Error {
  /** A stable name for programs; `message` is for people. */
  readonly code: string

  constructor(message: string, code: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    const brand = brands.get(this)
    // A class that a program derives needs no brand: there is only one copy of it.
    if (!brand) return Function.prototype[Symbol.hasInstance].call(this, value)
    return typeof value === 'object' && value !== null && brand in value
  }
}

/**
 * The peer has closed, and everything that it sent has been received.
 *
 * @example
 * ```ts
 * import { EOFError, pipe } from 'carom'
 *
 * const [here, there] = pipe()
 * await there.send('the last message')
 * await there.close()
 * console.log(await here.recv()) // the last message
 * try {
 *   await here.recv()
 * } catch (error) {
 *   if (error instanceof EOFError) console.log(error.code) // ERR_CAROM_EOF
 * }
 * ```
 */
export class EOFError extends CaromError {
  constructor(message = 'end of stream: the peer has closed the connection') {
    super(message, 'ERR_CAROM_EOF')
  }
}

/**
 * The connection was closed, or detached, at this end.
 *
 * @example
 * ```ts
 * import { ConnectionClosedError, pipe } from 'carom'
 *
 * const [here] = pipe()
 * await here.close()
 * try {
 *   await here.send('too late')
 * } catch (error) {
 *   if (error instanceof ConnectionClosedError) console.log(error.code) // ERR_CAROM_CONNECTION_CLOSED
 * }
 * ```
 */
export class ConnectionClosedError extends CaromError {
  constructor(message = 'the connection is closed', options?: ErrorOptions) {
    super(message, 'ERR_CAROM_CONNECTION_CLOSED', options)
  }
}

/**
 * The peer did not prove that it knows the key, or did not accept our proof.
 *
 * @example
 * ```ts
 * import { AuthenticationError, connect, Listener } from 'carom'
 *
 * const listener = new Listener(undefined, { authkey: 'secret' })
 * const accepting = listener.accept()
 * try {
 *   await connect(listener.address, { authkey: 'a guess' })
 * } catch (error) {
 *   if (error instanceof AuthenticationError) console.log(error.code, error.reason) // ERR_CAROM_AUTHENTICATION rejected
 * }
 * accepting.catch(() => {}) // it would go on to wait for a peer that knows the key
 * await listener.close()
 * ```
 */
export class AuthenticationError extends CaromError {
  /** The reason, in a word for programs: `rejected`, `wrong-answer`, `not-a-challenge`, … */
  readonly reason: string

  constructor(message: string, reason: string) {
    super(message, 'ERR_CAROM_AUTHENTICATION')
    this.reason = reason
  }
}

/**
 * The caller's buffer can't hold the message; `data` has all of it.
 *
 * @example
 * ```ts
 * import { BufferTooShortError, pipe } from 'carom'
 *
 * const [here, there] = pipe()
 * await there.sendBytes(Buffer.from('ten bytes!'))
 * try {
 *   await here.recvBytesInto(new Uint8Array(4))
 * } catch (error) {
 *   if (error instanceof BufferTooShortError) console.log(error.code, String(error.data)) // ERR_CAROM_BUFFER_TOO_SHORT ten bytes!
 * }
 * ```
 */
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

/**
 * A message is longer than the receiver allows. Nothing can be received after it.
 *
 * @example
 * ```ts
 * import { MessageTooLongError, pipe } from 'carom'
 *
 * const [here, there] = pipe()
 * await there.sendBytes(new Uint8Array(1000))
 * try {
 *   await here.recvBytes(100)
 * } catch (error) {
 *   if (error instanceof MessageTooLongError) console.log(error.code, here.readable) // ERR_CAROM_MESSAGE_TOO_LONG false
 * }
 * ```
 */
export class MessageTooLongError extends CaromError {
  constructor(announced: number, limit: number, setting: 'maxLength' | 'maxMessageSize') {
    super(
      `the peer's message has ${announced} bytes, ${setting} is ${limit}; this connection no longer receives`,
      'ERR_CAROM_MESSAGE_TOO_LONG',
    )
  }
}

/**
 * A message could not be decoded; the next one is unaffected.
 *
 * @example
 * ```ts
 * import { DecodeError, pipe } from 'carom'
 *
 * const [here, there] = pipe({ codec: 'json' })
 * await there.sendBytes(Buffer.from('{"cut off'))
 * await there.send('the next one')
 * try {
 *   await here.recv()
 * } catch (error) {
 *   if (error instanceof DecodeError) console.log(error.code, String(error.data)) // ERR_CAROM_DECODE {"cut off
 * }
 * console.log(await here.recv()) // the next one
 * ```
 */
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

/**
 * A value could not be encoded; none of it was sent.
 *
 * @example
 * ```ts
 * import { EncodeError, pipe } from 'carom'
 *
 * const [here] = pipe()
 * try {
 *   await here.send({ plugins: [{ onLoad: () => {} }] })
 * } catch (error) {
 *   if (error instanceof EncodeError) console.log(error.message)
 *   // the value can't be encoded: plugins[0].onLoad: a function can't be sent
 * }
 * ```
 */
export class EncodeError extends CaromError {
  constructor(error: unknown) {
    const cause = error instanceof PlacedError ? error.cause : error
    super(`the value can't be encoded: ${messageOf(error)}`, 'ERR_CAROM_ENCODE', { cause })
  }
}

/**
 * A non-blocking end would have to wait.
 *
 * @example
 * ```ts
 * import { pipe, WouldBlockError } from 'carom'
 *
 * const [here] = pipe({ rnonblock: true })
 * try {
 *   here.recvSync()
 * } catch (error) {
 *   if (error instanceof WouldBlockError) console.log(error.code) // EAGAIN
 * }
 * ```
 */
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

/**
 * The time was up.
 *
 * @example
 * ```ts
 * import { connect, TimeoutError } from 'carom'
 *
 * try {
 *   await connect('./nobody.sock', { retry: true, timeout: 30 })
 * } catch (error) {
 *   if (error instanceof TimeoutError) console.log(error.code) // ERR_CAROM_TIMEOUT
 * }
 * ```
 */
export class TimeoutError extends CaromError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, 'ERR_CAROM_TIMEOUT', options)
  }
}

/**
 * The call needs something that another call is using.
 *
 * @example
 * ```ts
 * import { BusyError, pipe } from 'carom'
 *
 * const [here, there] = pipe()
 * const pending = here.recv()
 * try {
 *   here.recvSync()
 * } catch (error) {
 *   if (error instanceof BusyError) console.log(error.code) // ERR_CAROM_BUSY
 * }
 * await there.send('for the call that came first')
 * console.log(await pending) // for the call that came first
 * ```
 */
export class BusyError extends CaromError {
  constructor(message: string) {
    super(message, 'ERR_CAROM_BUSY')
  }
}

/**
 * The connection doesn't go in that direction.
 *
 * @example
 * ```ts
 * import { DirectionError, pipe } from 'carom'
 *
 * const [receiver] = pipe({ duplex: false })
 * try {
 *   await receiver.send('the wrong way')
 * } catch (error) {
 *   if (error instanceof DirectionError) console.log(error.code) // ERR_CAROM_DIRECTION
 * }
 * ```
 */
export class DirectionError extends CaromError {
  constructor(operation: 'receive' | 'send') {
    super(
      operation === 'receive'
        ? 'this end of the connection does not receive: it only sends, or a message was too long for it'
        : 'this end of the connection only receives',
      'ERR_CAROM_DIRECTION',
    )
  }
}

/**
 * A process could not be started, or did not get as far as its target; `cause` is the reason, if there is one.
 *
 * @example
 * ```ts
 * import { Process, StartError } from 'carom'
 *
 * try {
 *   await new Process(new URL('./no-such-module.js', import.meta.url)).start()
 * } catch (error) {
 *   if (error instanceof StartError) console.log(error.code) // ERR_CAROM_START
 * }
 * ```
 */
export class StartError extends CaromError {
  constructor(message: string, cause?: unknown) {
    super(
      cause === undefined ? message : `${message}: ${messageOf(cause)}`,
      'ERR_CAROM_START',
      cause === undefined ? undefined : { cause },
    )
  }
}

/**
 * The process is not in a state for that: not started, started twice, still running.
 *
 * @example
 * ```ts
 * import { Process, ProcessError } from 'carom'
 *
 * try {
 *   new Process(import.meta.url).kill()
 * } catch (error) {
 *   if (error instanceof ProcessError) console.log(error.message) // Process-1 has not been started
 * }
 * ```
 */
export class ProcessError extends CaromError {
  constructor(message: string) {
    super(message, 'ERR_CAROM_PROCESS')
  }
}

/**
 * The peer broke the protocol: a malformed length, or an end inside a message.
 *
 * @example
 * ```ts
 * import { createConnection } from 'node:net'
 * import { Listener, ProtocolError } from 'carom'
 *
 * const listener = new Listener()
 * createConnection(listener.address as string).end('no frame')
 * const connection = await listener.accept()
 * try {
 *   await connection.recv()
 * } catch (error) {
 *   if (error instanceof ProtocolError) console.log(error.code) // ERR_CAROM_PROTOCOL
 * }
 * await listener.close()
 * ```
 */
export class ProtocolError extends CaromError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, 'ERR_CAROM_PROTOCOL', options)
  }
}

/**
 * A system call failed.
 *
 * @example
 * ```ts
 * import { connect, SystemError } from 'carom'
 *
 * try {
 *   await connect('./nobody.sock')
 * } catch (error) {
 *   if (error instanceof SystemError) console.log(error.code, error.errno, error.syscall, error.address)
 *   // ENOENT -2 connect ./nobody.sock
 * }
 * ```
 */
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

// By their names, since a minifier takes those of the classes.
for (const [name, type] of Object.entries({
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
})) {
  const brand = Symbol.for(`carom.error.${name}`)
  brands.set(type, brand)
  Object.defineProperty(type, 'name', { value: name, configurable: true })
  Object.defineProperty(type.prototype, 'name', { value: name, configurable: true, writable: true })
  Object.defineProperty(type.prototype, brand, { value: true })
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
