import { BusyError, DirectionError, EOFError, MessageTooLongError, WouldBlockError } from '../api/errors.js'
import { onAbort } from '../event-loop/abort.js'
import { Deadline, FOR_EVER } from '../event-loop/blocking.js'
import type { Environment } from '../event-loop/environment.js'
import type { Deferred } from '../event-loop/read-budget.js'
import type { Registration } from '../event-loop/registration.js'
import type { Listener, Source } from '../event-loop/waitable.js'
import { queueMicrotask } from '../event-loop/timers.js'
import { NOTHING, systemError } from '../native/status.js'
import type { ArrivedDescriptors } from './arrived-descriptors.js'
import { Consumer } from './consumer.js'
import { takeFirst } from './queue.js'
import type { Reader } from './reader.js'
import type { Receive } from './receive.js'

/** The connection that a receive path is a part of. */
export interface Receiving {
  /** Throws where the connection is closed here. */
  assertOpen(): void
  /** Whether `error` says only that this program has closed the connection. */
  endedQuietly(error: unknown): boolean
  /** Somebody begins to wait for a message, or nobody does any more. */
  onAwaited(): void
  /** A message was too long: nothing behind it can be received. */
  onRefused(): void
}

/** A receive that waits for its message. */
class Pending {
  readonly how: Receive
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
  /** Removes what listens for its being aborted. */
  settled: (() => void) | undefined

  constructor(how: Receive, resolve: (value: unknown) => void, reject: (error: unknown) => void) {
    this.how = how
    this.resolve = resolve
    this.reject = reject
    this.settled = undefined
  }
}

/**
 * How much a call reads of what is there. `turn`: this turn's share, and the rest in the next turn. `again`: the same, but the
 * caller is not called in the next turn. `all`: blocking calls, which have the turn for themselves.
 */
type Share = 'turn' | 'again' | 'all'

/** How a connection receives, beyond what each call says. */
export interface ReceiveTraits {
  readonly readable: boolean
  /** Whether a receive that would have to wait fails. */
  readonly nonblocking: boolean
  /** Whether more may be taken from the kernel than the message that was asked for. */
  readonly readAhead: boolean
}

/** Receives messages, now, when they come, or by blocking, and gives them to the calls that wait for them, in order. */
export class ReceivePath implements Source, Deferred {
  readonly reader: Reader
  readable: boolean
  messages = 0
  bytes = 0
  readonly #environment: Environment
  readonly #id: number
  readonly #connection: Receiving
  readonly #registration: Registration
  readonly #nonblocking: boolean
  readonly #readAhead: boolean
  readonly #descriptors: ArrivedDescriptors
  #pending: Pending[] = []
  /** Made for the first one: most connections have none, and an empty set is a tenth of a connection at rest. */
  #listeners: Set<Listener> | undefined
  #deferred = false
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
    this.#id = id
    this.reader = reader
    this.#registration = registration
    this.#connection = connection
    this.#descriptors = descriptors
    this.readable = readable
    this.#nonblocking = nonblocking
    this.#readAhead = readAhead
  }

  /** Whether somebody waits for a message. */
  get awaited(): boolean {
    const consumer = this.#consumer
    const consuming = consumer !== undefined && !consumer.busy && !consumer.idle
    return consuming || this.#pending.length > 0 || this.#listeners !== undefined
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
        if (this.#nonblocking) return Promise.resolve(this.#takeOrFail(how, 'again'))
        if (this.#mayTake(how)) return Promise.resolve(this.#take(how))
      }
      this.arm()
    } catch (error) {
      return this.#endsQuietly(how, error) ? Promise.resolve(how.atEnd) : Promise.reject(error)
    }
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
    this.assertIdle('a blocking one would overtake them')
    if (this.#nonblocking) return this.#takeOrFail(how, 'all')
    this.#environment.sends.flush()
    this.#block(how, Infinity)
    return this.#take(how)
  }

  /** Receives one message if it is here; `undefined` if not. */
  receiveNow(how: Receive): unknown {
    this.#assertFree()
    return this.#pending.length === 0 && this.#look('again', how) ? this.#take(how) : undefined
  }

  /** Whether a receive would not wait, as far as this turn may look. */
  pollNow(): boolean {
    this.#assertFree()
    if (this.#pending.length > 0) return false
    if (!this.#readAhead) return this.#bytesAreThere(0)
    return this.#look('again') && this.#environment.reads.mayDeliver()
  }

  /** Whether this turn has had its share, so that only the next one can say what is there. */
  get isPutOff(): boolean {
    return this.#environment.reads.spent
  }

  /** Blocks until a receive would not wait, up to `milliseconds`; whether it is so. */
  pollSync(milliseconds: number): boolean {
    this.assertReadable()
    this.assertIdle('a blocking poll would see theirs')
    if (this.#readAhead) return this.#look('all') || (milliseconds > 0 && this.#block(undefined, milliseconds))
    const environment = this.#environment
    environment.sends.flush()
    const deadline = new Deadline(milliseconds)
    for (;;) {
      const others = environment.sends.blocked > 0
      if (this.#bytesAreThere(others ? 0 : deadline.slice())) return true
      if (deadline.expired()) return false
      if (others) {
        this.#registration.watch(false)
        environment.wait(deadline.slice())
      }
    }
  }

  assertReadable(): void {
    this.#connection.assertOpen()
    if (!this.readable) throw new DirectionError('receive')
  }

  #assertFree(): void {
    this.assertReadable()
    if (this.#consumer) this.#assertIdle(this.#consumer)
  }

  #assertIdle(consumer: Consumer): void {
    if (!consumer.idle) throw consumed()
    this.endConsumer(consumer)
  }

  /** Throws where asynchronous receives wait; `why` says what is wrong with that. */
  assertIdle(why: string): void {
    if (this.#consumer) this.#assertIdle(this.#consumer)
    const count = this.#pending.length
    if (count === 0) return
    const calls =
      count === 1
        ? '1 asynchronous receive of this connection waits'
        : `${count} asynchronous receives of this connection wait`
    throw new BusyError(`${calls} for a message, and ${why}: await them, or abort them by their signal, first`)
  }

  /** Throws where the next owner of the descriptor would miss something, or somebody waits for a message. */
  assertDetachable(): void {
    this.assertIdle('the connection would be gone')
    if (this.#listeners) {
      throw new BusyError('a poll() or a wait() waits for this connection: await it, or abort it by its signal, first')
    }
    this.assertNothingHeld('a connection is handed over')
  }

  /** Throws where bytes have been received that no call has returned; `what` comes after them. */
  assertNothingHeld(what: string): void {
    if (!this.reader.holdsBytes) return
    throw new BusyError(
      `received messages are held back in this process: receive them, by tryRecvBytes() until it returns undefined, before ${what}`,
    )
  }

  /**
   * Calls `callback` for each message. The consumer is done at the end of the stream, and when the connection is closed here; a
   * message that it has not been given is there for the next call.
   */
  consume(how: Receive, callback: (value: unknown) => unknown): Consumer {
    this.assertReadable()
    this.assertIdle('forEach would overtake them')
    this.arm()
    const consumer = new Consumer(how, callback)
    this.#consumer = consumer
    this.#connection.onAwaited()
    // Not before the call has returned.
    queueMicrotask(() => this.#feed(consumer))
    return consumer
  }

  /** Whether `consumer` expects nothing for now, and so keeps nothing alive. */
  setIdle(consumer: Consumer, idle: boolean): void {
    consumer.idle = idle
    this.#connection.onAwaited()
  }

  /** Ends `consumer`: with an error, or without one. */
  endConsumer(consumer: Consumer, failure?: { reason: unknown }): void {
    if (this.#consumer !== consumer) return
    // Where nothing is read ahead, the message that has begun is this call's: nobody else may find its rest.
    if (!this.#readAhead && this.reader.insideMessage) {
      consumer.ending = failure
      return
    }
    this.#consumer = undefined
    this.#connection.onAwaited()
    if (failure) consumer.reject(failure.reason)
    else consumer.resolve()
  }

  /** Hands out what is here, within this turn's share, until the callback asks to wait. */
  #feed(consumer: Consumer): void {
    if (this.#consumer !== consumer || consumer.busy) return
    consumer.run(() => {
      try {
        while (this.#consumer === consumer && this.#takeFor(consumer)) {
          // On to the next one.
        }
      } catch (error) {
        const quietly = this.#endsQuietly(consumer.how, error)
        this.endConsumer(consumer, quietly ? undefined : { reason: error })
      }
    })
  }

  /** Hands out one message; whether there may be more at once. */
  #takeFor(consumer: Consumer): boolean {
    const { how } = consumer
    if (!(this.#nonblocking ? this.#look('again', how) : this.#mayTake(how))) {
      if (this.#nonblocking) throw new WouldBlockError('receive')
      return false
    }
    const waiting = consumer.call(this.#take(how))
    if (consumer.ending) this.endConsumer(consumer, consumer.ending)
    if (!waiting) return true
    consumer.busy = true
    this.#connection.onAwaited()
    void this.#awaitFor(consumer, waiting)
    return false
  }

  async #awaitFor(consumer: Consumer, waiting: PromiseLike<unknown>): Promise<void> {
    try {
      await waiting
      consumer.busy = false
      this.#connection.onAwaited()
      this.#feed(consumer)
    } catch (error) {
      this.endConsumer(consumer, { reason: error })
    }
  }

  #takeOrFail(how: Receive, share: Share): unknown {
    if (!this.#look(share, how)) throw new WouldBlockError('receive')
    return this.#take(how)
  }

  /** As `#look`, for a call that can wait: the kernel is asked only where it may have something, and this turn has its share. */
  #mayTake(how: Receive): boolean {
    if (this.#read('turn', how) && this.#environment.reads.mayDeliver()) return true
    if (this.reader.settled) this.#defer()
    return false
  }

  /** Whether a message is here, or in the kernel, for a call that doesn't wait. */
  #look(share: Share, how?: Receive): boolean {
    const { reader } = this
    if (reader.settled) return true
    // What was sent before may have its answer here, or be for an end in this very process.
    this.#environment.sends.flush()
    reader.readable = true
    return this.#read(share, how)
  }

  /** Blocks until a receive would not wait, up to `milliseconds`; whether it is so. */
  #block(how: Receive | undefined, milliseconds: number): boolean {
    const { reader } = this
    const environment = this.#environment
    const deadline = milliseconds === Infinity ? FOR_EVER : new Deadline(milliseconds)
    while (!this.#read('all', how, environment.sends.blocked > 0 ? undefined : deadline)) {
      if (deadline.expired()) return false
      if (environment.sends.blocked === 0 || reader.readable) continue
      // Others are blocked: they must go on leaving while this one waits.
      this.arm()
      environment.wait(deadline.slice())
    }
    return true
  }

  /**
   * Reads until a message is here, or the end, or the kernel has nothing more: then false. With a deadline, each read waits for the
   * kernel to have something, for a time.
   */
  #read(share: Share, how?: Receive, deadline?: Deadline): boolean {
    const { reader } = this
    const { reads } = this.#environment
    for (;;) {
      if (reader.settled) return true
      if (how?.maxLength !== undefined && reader.announced > how.maxLength) {
        throw this.#refuse(reader.announced, how.maxLength)
      }
      if (deadline) {
        if (reader.read(deadline.slice(), how?.target) === 0) return reader.settled
      } else if (!reader.readable) {
        return false
      } else if (share === 'all') {
        reader.read(0, how?.target)
      } else {
        if (reads.spent && !(share === 'again' && reads.mayReadAgain())) {
          if (share === 'turn') this.#defer()
          return false
        }
        reads.spend(reader.read(0, how?.target))
      }
    }
  }

  /** Serves the calls that wait in the next turn. */
  #defer(): void {
    if (this.#deferred) return
    this.#deferred = true
    this.#environment.reads.defer(this)
  }

  resume(): void {
    this.#deferred = false
    this.serve()
  }

  /** Without reading: whether the kernel has bytes, or the end, or a receive has something of them already. */
  #bytesAreThere(milliseconds: number): boolean {
    if (this.reader.settled) return true
    const status = this.#environment.native.poll(this.#id, false, milliseconds)
    if (status < NOTHING) throw systemError(status, 'poll')
    return status !== NOTHING
  }

  /** Takes the message or the fault that is here. */
  #take(how: Receive): unknown {
    const { inbox } = this.reader
    if (!inbox.peek()) {
      this.#connection.assertOpen()
      const fault = this.reader.takeFault()
      if (fault instanceof MessageTooLongError) this.#connection.onRefused()
      throw fault
    }
    const { chunk, start, end } = inbox
    if (how.maxLength !== undefined && end - start > how.maxLength) throw this.#refuse(end - start, how.maxLength)
    inbox.take()
    const number = this.reader.lost + this.messages++
    this.bytes += end - start
    return this.reader.descriptors
      ? this.#descriptors.take(how.take, number, chunk, start, end)
      : how.take(chunk, start, end)
  }

  /** A message is too long: as in CPython, nothing can be received behind it. */
  #refuse(length: number, maxLength: number): Error {
    const error = new MessageTooLongError(length, maxLength, 'maxLength')
    this.reader.abandon(error)
    this.#connection.onRefused()
    return error
  }

  #abort(pending: Pending, reason: unknown): void {
    const index = this.#pending.indexOf(pending)
    // Where nothing is read ahead, the message that has begun is this call's: nobody else may find its rest.
    if (!this.#readAhead && index === 0 && this.reader.insideMessage) return
    this.#pending.splice(index, 1)
    this.#connection.onAwaited()
    pending.reject(reason)
  }

  /** There is something to read. Tells callers that wait for that, then gives messages to those that wait for them. */
  serve(): void {
    this.#tellListeners()
    if (this.#consumer) this.#feed(this.#consumer)
    for (let pending = this.#pending[0]; pending; pending = this.#pending[0]) {
      try {
        if (!this.#mayTake(pending.how)) break
        // A codec may close the connection, or receive from it.
        takeFirst(this.#pending)
        pending.settled?.()
        pending.resolve(this.#take(pending.how))
      } catch (error) {
        if (this.#pending[0] === pending) this.#pending.shift()
        pending.settled?.()
        if (this.#endsQuietly(pending.how, error)) pending.resolve(pending.how.atEnd)
        else pending.reject(error)
        if (!this.readable) this.#rejectAll(() => new DirectionError('receive'))
      }
    }
    this.#connection.onAwaited()
  }

  /** Whether the receive, of a loop, ends without an error: at the end of the stream, or since this program closes the connection. */
  #endsQuietly(how: Receive, error: unknown): boolean {
    return 'atEnd' in how && (error instanceof EOFError || this.#connection.endedQuietly(error))
  }

  /** The connection is closed here: forgets all that was received, and ends all waiting. */
  end(error: () => Error): void {
    this.reader.abandon()
    this.#rejectAll(error)
    this.#tellListeners()
  }

  #rejectAll(error: () => Error): void {
    const consumer = this.#consumer
    if (consumer) {
      const reason = error()
      this.endConsumer(consumer, this.#endsQuietly(consumer.how, reason) ? undefined : { reason })
    }
    const pending = this.#pending
    this.#pending = []
    for (const each of pending) {
      const reason = error()
      each.settled?.()
      if (this.#endsQuietly(each.how, reason)) each.resolve(each.how.atEnd)
      else each.reject(reason)
    }
  }

  #tellListeners(): void {
    if (this.#listeners) for (const listener of this.#listeners) listener(this)
  }

  // As a source of `wait`.

  arm(): void {
    this.assertReadable()
    // A file that can't be watched is always ready.
    if (!this.#registration.arm()) this.reader.readable = true
  }

  isReady(blocking: boolean): boolean {
    this.assertReadable()
    if (!this.#readAhead) return this.#bytesAreThere(0)
    return this.#read(blocking ? 'all' : 'turn')
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
}

function consumed(): BusyError {
  return new BusyError('a forEach() takes all messages of this connection: end it by its signal first')
}
