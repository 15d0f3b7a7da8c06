import { constants } from 'node:os'

import type { Address } from '../api/address.js'
import type { Authentication } from '../api/authentication.js'
import { BusyError, ConnectionClosedError, SystemError } from '../api/errors.js'
import { onAbort } from '../event-loop/abort.js'
import { Deadline, FOR_EVER } from '../event-loop/blocking.js'
import type { Environment, Watcher } from '../event-loop/environment.js'
import { ACCEPT, type Deferred } from '../event-loop/read-budget.js'
import { Registration } from '../event-loop/registration.js'
import type { Listener as Subscriber, Source } from '../event-loop/waitable.js'
import { checked } from '../native/status.js'
import { shakeHandsSync } from './handshake.js'
import { Handshakes, type HandshakesOwner } from './handshakes.js'
import type { Admitted, ListenerResource } from './listener-resource.js'

/** A pending `accept`. */
interface Pending<T> {
  resolve: (accepted: T) => void
  reject: (error: unknown) => void
  settled?: () => void
}

/** The listener that an accept path is a part of. */
export interface Accepting<T> {
  /** Makes what a call of `accept` resolves with. */
  connectionTo(peer: Admitted): T
  /** The peer at `address` did not prove that it knows the key. */
  onRefused(error: unknown, address: Address): void
}

/** Accepts a listener's peers, and decides which `accept` gets each. It lives as long as its resource. */
export class AcceptPath<T> implements Watcher, Deferred, Source, HandshakesOwner {
  readonly #environment: Environment
  readonly #resource: ListenerResource
  readonly #authentication: Authentication | undefined
  readonly #listener: Accepting<T>
  readonly #registration: Registration
  readonly #handshakes: Handshakes | undefined
  #pending: Pending<T>[] = []
  /** The pending calls of `wait`, and whether a peer must be accepted for them, or could not be. */
  readonly #subscribers = new Set<Subscriber>()
  #wanted = false
  #failed = false
  #mayAccept = true
  #deferred = false
  #lastAccepted: Address | undefined

  constructor(
    environment: Environment,
    resource: ListenerResource,
    authentication: Authentication | undefined,
    listener: Accepting<T>,
  ) {
    this.#environment = environment
    this.#resource = resource
    this.#authentication = authentication
    this.#listener = listener
    this.#registration = new Registration(environment, resource.id, this)
    this.#handshakes = authentication && new Handshakes(resource.address, authentication, this)
  }

  /** Where the last accepted connection came from. */
  get lastAccepted(): Address | undefined {
    return this.#lastAccepted
  }

  /** The state, for debugging. */
  get state(): Record<string, unknown> {
    return {
      accepting: this.#pending.length || undefined,
      handshakes: this.#handshakes?.size || undefined,
      admitted: this.#resource.admitted.length || undefined,
    }
  }

  /** Throws if the listener is closed. */
  assertOpen(): void {
    if (this.#resource.released) throw closedError()
  }

  accept(signal: AbortSignal | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#failed = false
      const pending: Pending<T> = { resolve, reject }
      this.#pending.push(pending)
      if (signal) {
        pending.settled = onAbort(signal, () => {
          this.#pending.splice(this.#pending.indexOf(pending), 1)
          this.#updateAwaited()
          reject(signal.reason)
        })
      }
      this.#serve()
    })
  }

  /** Like `accept`, but blocks, and throws if the peer doesn't prove that it knows the key. */
  acceptSync(): T {
    this.assertOpen()
    if (this.#pending.length > 0) {
      const count = this.#pending.length
      const calls = count === 1 ? '1 asynchronous accept waits' : `${count} asynchronous accepts wait`
      throw new BusyError(`${calls} for peers, and a blocking one would overtake: await or abort them first`)
    }
    const admitted = this.#resource.admitted.shift()
    if (admitted) return this.#connectionTo(admitted)
    this.#failed = false
    const { native } = this.#environment
    const { id, address: own } = this.#resource
    this.#environment.sends.flush()
    let accepted = null
    while (!accepted) accepted = checked(() => native.accept(id, FOR_EVER.slice()), own)
    const { id: peer, address } = accepted
    if (!this.#authentication) return this.#connectionTo({ id: peer, legacy: false, address })
    this.#lastAccepted = address
    const known = shakeHandsSync(native.detach(peer), 'accept', own, this.#authentication, new Deadline(Infinity))
    return this.#connectionTo({ ...known, address })
  }

  /** Ends all waiting: the resource has been released. */
  end(): void {
    this.#handshakes?.abandon()
    this.#rejectAll(closedError())
    this.#tellSubscribers()
    this.#updateAwaited()
  }

  /** Whether waiting for peers keeps the event loop alive. */
  reference(on: boolean): void {
    this.#registration.reference(on)
  }

  // Readiness.

  ready(): void {
    this.#mayAccept = true
    this.#serve()
  }

  resume(): void {
    this.#deferred = false
    if (!this.#resource.released) this.#serve()
  }

  // As a source of `wait`.

  arm(): void {
    this.#wanted = true
    if (!this.#resource.released) this.#serve()
  }

  isReady(blocking: boolean): boolean {
    this.assertOpen()
    if (blocking && this.#wants) this.#serve(blocking)
    return this.#isReady
  }

  subscribe(subscriber: Subscriber): void {
    this.#subscribers.add(subscriber)
    this.#updateAwaited()
  }

  unsubscribe(subscriber: Subscriber): void {
    this.#subscribers.delete(subscriber)
    this.#updateAwaited()
  }

  // Handshakes.

  onProved(peer: Admitted): void {
    this.#resource.admitted.push(peer)
    this.#serve()
  }

  onRefused(error: unknown, address: Address): void {
    this.#goOnLater()
    this.#listener.onRefused(error, address)
  }

  onRoom(): void {
    this.#serve()
  }

  /** Whether an `accept` would not wait. */
  get #isReady(): boolean {
    return this.#resource.admitted.length > 0 || this.#failed
  }

  /** Whether a peer must be accepted now: for an `accept`, or so that `wait` knows whether one would succeed. */
  get #wants(): boolean {
    return this.#pending.length > 0 || (this.#wanted && !this.#isReady)
  }

  /** Gives peers to the pending `accept` calls. */
  #serve(blocking = false): void {
    this.#deliver()
    const { reads } = this.#environment
    while (this.#mayAccept && this.#wants) {
      if (reads.spent && !blocking) {
        this.#goOnLater()
        break
      }
      reads.spend(ACCEPT)
      if (this.#handshakes?.hasRoom() === false) break
      if (!this.#acceptOne()) break
      this.#deliver()
    }
    this.#tellSubscribers()
    if (this.#wants) this.#registration.arm()
    this.#updateAwaited()
  }

  /** Accepts a peer if there is one; returns false if there is nothing to do but wait. */
  #acceptOne(): boolean {
    try {
      const { id, address: own, admitted } = this.#resource
      const { native } = this.#environment
      const accepted = checked(() => native.accept(id, 0), own)
      if (!accepted) {
        this.#mayAccept = false
        return false
      }
      const { id: peer, address } = accepted
      if (this.#handshakes) this.#handshakes.begin(native.detach(peer), address)
      else admitted.push({ id: peer, legacy: false, address })
      return true
    } catch (error) {
      if (isOutOfDescriptors(error) && this.#handshakes && this.#handshakes.size > 0) return this.#handshakes.makeRoom()
      // All pending calls would fail alike, and no event would tell them to retry. To `wait`, an `accept` would not block.
      this.#failed = this.#pending.length === 0
      this.#rejectAll(error)
      return false
    }
  }

  #goOnLater(): void {
    if (this.#deferred) return
    this.#deferred = true
    this.#environment.reads.defer(this)
  }

  #deliver(): void {
    while (this.#pending.length > 0) {
      const admitted = this.#resource.admitted.shift()
      if (!admitted) return
      const pending = this.#pending.shift()
      pending?.settled?.()
      pending?.resolve(this.#connectionTo(admitted))
    }
  }

  #connectionTo(peer: Admitted): T {
    this.#lastAccepted = peer.address
    return this.#listener.connectionTo(peer)
  }

  #rejectAll(error: unknown): void {
    for (const pending of this.#pending.splice(0)) {
      pending.settled?.()
      pending.reject(error)
    }
  }

  /** Tells the calls of `wait` that an `accept` would not wait, or that the listener is closed. */
  #tellSubscribers(): void {
    if (!this.#isReady && !this.#resource.released) return
    this.#wanted = false
    for (const subscriber of this.#subscribers) subscriber(this)
  }

  /** While a call is pending, keeps the listener reachable and the event loop alive. */
  #updateAwaited(): void {
    this.#registration.awaited = this.#pending.length > 0 || this.#subscribers.size > 0
  }
}

function closedError(): ConnectionClosedError {
  return new ConnectionClosedError('the listener is closed')
}

function isOutOfDescriptors(error: unknown): boolean {
  const errno = error instanceof SystemError ? -error.errno : 0
  return errno === constants.errno.EMFILE || errno === constants.errno.ENFILE
}
