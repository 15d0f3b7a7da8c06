import type { Address } from '../api/address.js'
import type { Authentication } from '../api/authentication.js'
import { Deadline } from '../event-loop/blocking.js'
import { authenticated, refused } from '../api/diagnostics.js'
import { type Environment, type Watcher, environmentOf } from '../event-loop/environment.js'
import { HANDSHAKE_DONE, HANDSHAKE_DONE_LEGACY, HANDSHAKE_WRITES } from '../native/binding.js'
import { checked, type Operation } from '../native/status.js'
import { clearTimeout, now, setTimeout } from '../event-loop/timers.js'
import { Registration } from '../event-loop/registration.js'

/** A connection whose peer knows the key. */
export interface Authenticated {
  /** Its number, until `detach` gives its descriptor. */
  id: number
  /** The peer is older than Python 3.12, or billiard: it may not know the longer form of a header. */
  legacy: boolean
}

/** How a handshake ended. */
export interface HandshakeEnd {
  done(authenticated: Authenticated): void
  failed(error: unknown): void
}

/** A handshake that the event loop drives. Its descriptor is closed where it fails. */
export class Handshake implements Watcher {
  readonly #environment: Environment
  readonly #id: number
  readonly #end: HandshakeEnd
  readonly #address: Address
  readonly #operation: Operation
  readonly #timer: NodeJS.Timeout
  /** When it began, as `now()` tells the time. */
  readonly started: number = now()
  readonly #registration: Registration

  /** `operation` says which end this is; `address` is the listener's. */
  constructor(fd: number, operation: Operation, address: Address, how: Authentication, end: HandshakeEnd) {
    this.#environment = environmentOf()
    this.#id = begin(this.#environment, fd, operation, how)
    this.#address = address
    this.#operation = operation
    this.#end = end
    this.#registration = new Registration(this.#environment, this.#id, this)
    // The call that waits for the handshake keeps the event loop alive.
    this.#registration.reference(false)
    this.#registration.awaited = true
    this.#timer = setTimeout(() => this.expire(), Math.min(how.timeout, 0x7fffffff)).unref()
  }

  ready(): void {
    try {
      const { native } = this.#environment
      const state = checked(() => native.handshakeAdvance(this.#id, 0), this.#address, this.#operation)
      if (state === HANDSHAKE_DONE || state === HANDSHAKE_DONE_LEGACY) {
        this.#forget()
        const legacy = state === HANDSHAKE_DONE_LEGACY
        tellAuthenticated(this.#operation, this.#address, legacy)
        this.#end.done({ id: this.#id, legacy })
        return
      }
      this.#registration.watchFor(state === HANDSHAKE_WRITES)
    } catch (error) {
      this.#fail(error)
    }
  }

  #fail(error: unknown): void {
    this.abandon()
    tellRefused(this.#operation, this.#address, error)
    this.#end.failed(error)
  }

  /** The time is up. */
  expire(): void {
    try {
      checked(() => this.#environment.native.handshakeExpire(this.#id), this.#address, this.#operation)
    } catch (error) {
      this.#fail(error)
    }
  }

  /** Abandons the handshake: closes the descriptor without reporting anything. */
  abandon(): void {
    this.#forget()
    this.#environment.native.close(this.#id)
  }

  #forget(): void {
    clearTimeout(this.#timer)
    this.#environment.remove(this.#id)
  }
}

/** Like `Handshake`, but blocks, until `deadline` at the latest. */
export function shakeHandsSync(
  fd: number,
  operation: Operation,
  address: Address,
  how: Authentication,
  deadline: Deadline,
): Authenticated {
  const environment = environmentOf()
  const { native } = environment
  const id = begin(environment, fd, operation, how)
  const own = new Deadline(Math.min(how.timeout, deadline.left()))
  try {
    for (;;) {
      const state = checked(() => native.handshakeAdvance(id, own.slice()), address, operation)
      if (state === HANDSHAKE_DONE || state === HANDSHAKE_DONE_LEGACY) {
        tellAuthenticated(operation, address, state === HANDSHAKE_DONE_LEGACY)
        return { id, legacy: state === HANDSHAKE_DONE_LEGACY }
      }
      if (own.expired()) checked(() => native.handshakeExpire(id), address, operation)
    }
  } catch (error) {
    native.close(id)
    tellRefused(operation, address, error)
    throw error
  }
}

function begin({ native }: Environment, fd: number, operation: Operation, how: Authentication): number {
  return checked(() =>
    native.handshakeBegin(fd, operation === 'accept', how.key, how.digests, how.redhat, how.descriptors),
  )
}

function tellAuthenticated(operation: Operation, address: Address, legacy: boolean): void {
  if (authenticated.observed) authenticated.publish({ operation, address, legacy })
}

function tellRefused(operation: Operation, address: Address, error: unknown): void {
  if (refused.observed) refused.publish({ operation, address, error })
}
