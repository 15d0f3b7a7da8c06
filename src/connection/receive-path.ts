import { BusyError, DirectionError, EOFError, WouldBlockError } from '../api/errors.js'
import { onAbort } from '../event-loop/abort.js'
import type { Environment } from '../event-loop/environment.js'
import type { Registration } from '../event-loop/registration.js'
import type { Listener, Source } from '../event-loop/waitable.js'
import { queueMicrotask } from '../event-loop/timers.js'
import type { ArrivedDescriptors } from './arrived-descriptors.js'
import { assertGivesWay, Consumer, type ConsumerOwner } from './consumer.js'
import { Pending } from './pending.js'
import { takeFirst } from './queue.js'
import { ReadLoop, type ReadLoopOwner, type Share } from './read-loop.js'
import type { Reader } from './reader.js'
import type { Receive } from './receive.js'
import type { ReceiveTraits, Receiving } from './receiving.js'

/** Manages the receiving calls: which gets the next message, which wait, and which operations they exclude meanwhile. */
export class ReceivePath implements Source, ReadLoopOwner, ConsumerOwner {
  readonly reading: ReadLoop
  readable: boolean
  readonly nonblocking: boolean
  readonly readAhead: boolean
  readonly #environment: Environment
  readonly #connection: Receiving
  #pending: Pending[] = []
  /** Made for the first one: most connections have none, and an empty set is a tenth of a connection at rest. */
  #listeners: Set<Listener> | undefined
  /** The `forEach` that takes all messages, if there is one. */
  #consumer: Consumer | undefined

  constructor(
    environment: Environment,
    id: number,
    reader: Reader,
    registration: Registration,
    connection: Receiving,
    descriptors: ArrivedDescriptors,
    { readable, nonblocking, readAhead }: ReceiveTraits,
  ) {
    this.#environment = environment
    this.reading = new ReadLoop(environment, id, reader, registration, descriptors, this)
    this.#connection = connection
    this.readable = readable
    this.nonblocking = nonblocking
    this.readAhead = readAhead
  }

  get reader(): Reader {
    return this.reading.reader
  }

  /** Whether a call waits for a message. */
  get awaited(): boolean {
    return this.#consumer?.awaited === true || this.#pending.length > 0 || this.#listeners !== undefined
  }

  /** How many receives wait. */
  get pending(): number {
    return this.#pending.length
  }

  /** Receives one message, now or when it comes. */
  receive(how: Receive, signal?: AbortSignal): Promise<unknown> {
    try {
      this.#assertFree()
      if (signal?.aborted) throw signal.reason
      if (this.#pending.length === 0) {
        if (this.nonblocking) return Promise.resolve(this.#takeOrFail(how, 'again'))
        if (this.reading.mayTake(how)) return Promise.resolve(this.reading.take(how))
      }
      this.arm()
    } catch (error) {
      return this.endsQuietly(how, error) ? Promise.resolve(how.atEnd) : Promise.reject(error)
    }
    return this.#wait(how, signal)
  }

  /** A method of its own: a closure in `receive` would cost an allocation also where nothing waits. */
  #wait(how: Receive, signal: AbortSignal | undefined): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const pending = new Pending(how, resolve, reject)
      if (signal) pending.settled = onAbort(signal, () => this.#abort(pending, signal.reason))
      this.#pending.push(pending)
      this.#connection.onAwaited()
    })
  }

  /** Receives one message, blocking until it comes. */
  receiveSync(how: Receive): unknown {
    this.assertReadable()
    this.assertIdle('a blocking one would come first')
    if (this.nonblocking) return this.#takeOrFail(how, 'all')
    this.#environment.sends.flush()
    this.reading.block(how, Infinity)
    return this.reading.take(how)
  }

  /** Receives one message if it is here; `undefined` if not. */
  receiveNow(how: Receive): unknown {
    this.#assertFree()
    return this.#pending.length === 0 && this.reading.look('again', how) ? this.reading.take(how) : undefined
  }

  #takeOrFail(how: Receive, share: Share): unknown {
    if (!this.reading.look(share, how)) throw new WouldBlockError('receive')
    return this.reading.take(how)
  }

  #abort(pending: Pending, reason: unknown): void {
    const index = this.#pending.indexOf(pending)
    // Without reading ahead, a message that has begun belongs to this call: no other call may receive the rest of it.
    if (!this.readAhead && index === 0 && this.reader.insideMessage) return
    this.#pending.splice(index, 1)
    this.#connection.onAwaited()
    pending.reject(reason)
  }

  // Calls that don't wait.

  /** Whether a receive would return at once, as far as this turn's share allows reading. */
  pollNow(): boolean {
    this.#assertFree()
    if (this.#pending.length > 0) return false
    if (!this.readAhead) return this.reading.bytesAreThere(0)
    return this.reading.look('again') && this.#environment.reads.mayDeliver()
  }

  /** Whether this turn's share is used up, so that only the next turn can tell what has arrived. */
  get isPutOff(): boolean {
    return this.#environment.reads.spent
  }

  /** Whether all that had come has been read and taken, so that nothing is there until the reactor says so. */
  get isDrained(): boolean {
    const { reader } = this
    return this.readAhead && this.#pending.length === 0 && !reader.readable && !reader.settled
  }

  /** Blocks until a receive would return at once, for up to `milliseconds`; returns false if the time is up. */
  pollSync(milliseconds: number): boolean {
    this.assertReadable()
    this.assertIdle('a blocking poll would wait for the same one')
    const { reading } = this
    if (!this.readAhead) return reading.blockForBytes(milliseconds)
    return reading.look('all') || (milliseconds > 0 && reading.block(undefined, milliseconds))
  }

  // As a source of `wait`.

  arm(): void {
    this.assertReadable()
    this.reading.arm()
  }

  isReady(blocking: boolean): boolean {
    this.assertReadable()
    if (!this.readAhead) return this.reading.bytesAreThere(0)
    return this.reading.read(blocking ? 'all' : 'turn')
  }

  subscribe(listener: Listener): void {
    this.#listeners ??= new Set()
    this.#listeners.add(listener)
    this.#connection.onAwaited()
  }

  unsubscribe(listener: Listener): void {
    if (this.#listeners?.delete(listener) && this.#listeners.size === 0) this.#listeners = undefined
    this.#connection.onAwaited()
  }

  #tellListeners(): void {
    if (this.#listeners) for (const listener of this.#listeners) listener(this)
  }

  // Calls that exclude each other.

  assertOpen(): void {
    this.#connection.assertOpen()
  }

  assertReadable(): void {
    this.#connection.assertOpen()
    if (!this.readable) throw new DirectionError('receive')
  }

  #assertFree(): void {
    this.assertReadable()
    if (this.#consumer) assertGivesWay(this.#consumer)
  }

  /** Throws if asynchronous receives are pending; `why` says why that is wrong. */
  assertIdle(why: string): void {
    if (this.#consumer) assertGivesWay(this.#consumer)
    const count = this.#pending.length
    if (count === 0) return
    const calls =
      count === 1
        ? '1 asynchronous receive of this connection waits'
        : `${count} asynchronous receives of this connection wait`
    const them = count === 1 ? 'it' : 'them'
    throw new BusyError(`${calls} for a message, and ${why}: await ${them} first, or abort ${them} by a signal`)
  }

  /** Throws if the descriptor's next owner would miss received bytes, or if a call waits for a message. */
  assertDetachable(): void {
    this.assertIdle('the connection would be gone')
    if (this.#listeners) {
      throw new BusyError('a poll() or a wait() waits for this connection: await it, or abort it by its signal, first')
    }
    this.assertNothingHeld('a connection is handed over')
  }

  /** Throws if no call has returned some received bytes; `what` is the operation that would lose them. */
  assertNothingHeld(what: string): void {
    if (!this.reader.holdsBytes) return
    throw new BusyError(
      `received messages are held back in this process: receive them, by tryRecvBytes() until it returns undefined, before ${what}`,
    )
  }

  // Consumers.

  /**
   * Calls `callback` for each message. The consumer is done at the end of the stream, and when the connection is closed here; a
   * message that it has not been given is there for the next call.
   */
  consume(how: Receive, callback: (value: unknown) => unknown): Consumer {
    this.assertReadable()
    this.assertIdle('forEach would come first')
    this.arm()
    const consumer = new Consumer(how, this.reading, this, callback)
    this.#consumer = consumer
    this.#connection.onAwaited()
    // Not before the call has returned.
    queueMicrotask(() => consumer.feed())
    return consumer
  }

  onAwaited(): void {
    this.#connection.onAwaited()
  }

  onConsumed(): void {
    this.#consumer = undefined
    this.#connection.onAwaited()
  }

  onRefused(): void {
    this.#connection.onRefused()
  }

  // Calls that wait.

  /** Bytes have come: notifies the calls that wait for readiness, then gives messages to those that wait for them. */
  serve(): void {
    this.#tellListeners()
    this.#consumer?.feed()
    const { reading } = this
    for (let pending = this.#pending[0]; pending; pending = this.#pending[0]) {
      try {
        if (!reading.mayTake(pending.how)) break
        // A codec may close the connection, or receive from it.
        takeFirst(this.#pending)
        pending.settled?.()
        pending.resolve(reading.take(pending.how))
      } catch (error) {
        if (this.#pending[0] === pending) this.#pending.shift()
        pending.settled?.()
        if (this.endsQuietly(pending.how, error)) pending.resolve(pending.how.atEnd)
        else pending.reject(error)
        if (!this.readable) this.#rejectAll(() => new DirectionError('receive'))
      }
    }
    this.#connection.onAwaited()
  }

  /** Whether a loop ends without an error: at the end of the stream, or because this program closed the connection. */
  endsQuietly(how: Receive, error: unknown): boolean {
    return 'atEnd' in how && (error instanceof EOFError || this.#connection.endedQuietly(error))
  }

  /** This program has closed the connection: discards everything received, and ends all pending calls. */
  end(error: () => Error): void {
    this.reader.abandon()
    this.#rejectAll(error)
    this.#tellListeners()
  }

  #rejectAll(error: () => Error): void {
    const consumer = this.#consumer
    if (consumer) {
      const reason = error()
      consumer.end(this.endsQuietly(consumer.how, reason) ? undefined : { reason })
    }
    const pending = this.#pending
    this.#pending = []
    for (const each of pending) {
      const reason = error()
      each.settled?.()
      if (this.endsQuietly(each.how, reason)) each.resolve(each.how.atEnd)
      else each.reject(reason)
    }
  }
}
