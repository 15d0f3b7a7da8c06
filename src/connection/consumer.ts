import type { AsyncResource } from 'node:async_hooks'

import { BusyError, WouldBlockError } from '../api/errors.js'
import { asyncHooks } from '../native/builtins.js'
import type { ReadLoop } from './read-loop.js'
import type { Receive } from './receive.js'

/** The receive path that a consumer takes messages from. */
export interface ConsumerOwner {
  /** Whether a receive that would have to wait fails. */
  readonly nonblocking: boolean
  /** Whether more may be taken from the kernel than the message that was asked for. */
  readonly readAhead: boolean
  /** Whether `error` ends a loop without an error. */
  endsQuietly(how: Receive, error: unknown): boolean
  /** The consumer begins or ceases to wait for a message. */
  onAwaited(): void
  /** The consumer is over: it takes no more. */
  onConsumed(): void
}

/** A call of `forEach`: takes one message after the other, until the end. */
export class Consumer {
  readonly done: Promise<void>
  /** Removes the abort listener. */
  settled: (() => void) | undefined
  readonly how: Receive
  readonly #reading: ReadLoop
  readonly #owner: ConsumerOwner
  readonly #callback: (value: unknown) => unknown
  /** Runs callbacks in the async context of the `forEach` call, not in that of the event that brought the message. */
  readonly #context: AsyncResource
  /** The callback has returned a promise: the next message waits for it. */
  #busy = false
  #idle = false
  #over = false
  /** Why it must end once the message that is being received is complete. */
  #ending: { reason: unknown } | undefined
  #resolve!: () => void
  #reject!: (error: unknown) => void

  constructor(how: Receive, reading: ReadLoop, owner: ConsumerOwner, callback: (value: unknown) => unknown) {
    this.how = how
    this.#reading = reading
    this.#owner = owner
    this.#callback = callback
    this.#context = new (asyncHooks().AsyncResource)('CaromForEach')
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  /** Whether it waits for a message that keeps the event loop alive. */
  get awaited(): boolean {
    return !this.#busy && !this.#idle
  }

  /** Whether it is idle: it still takes what arrives, but keeps nothing alive and gives way to any other receive. */
  get idle(): boolean {
    return this.#idle
  }

  setIdle(idle: boolean): void {
    this.#idle = idle
    this.#owner.onAwaited()
  }

  /** Delivers received messages, within this turn's share, until the callback returns a promise. */
  feed(): void {
    if (this.#over || this.#busy) return
    this.#context.runInAsyncScope(() => {
      try {
        while (!this.#over && this.#takeOne()) {
          // On to the next one.
        }
      } catch (error) {
        const quietly = this.#owner.endsQuietly(this.how, error)
        this.end(quietly ? undefined : { reason: error })
      }
    })
  }

  /** Delivers one message; returns whether another may follow at once. */
  #takeOne(): boolean {
    const reading = this.#reading
    const { how } = this
    const { nonblocking } = this.#owner
    if (!(nonblocking ? reading.look('again', how) : reading.mayTake(how))) {
      if (nonblocking) throw new WouldBlockError('receive')
      return false
    }
    const waiting = thenable(this.#callback(reading.take(how)))
    if (this.#ending) this.end(this.#ending)
    if (!waiting) return true
    this.#busy = true
    this.#owner.onAwaited()
    void this.#goOnAfter(waiting)
    return false
  }

  async #goOnAfter(waiting: PromiseLike<unknown>): Promise<void> {
    try {
      await waiting
      this.#busy = false
      this.#owner.onAwaited()
      this.feed()
    } catch (error) {
      this.end({ reason: error })
    }
  }

  /** Ends it: with an error, or without one. */
  end(failure?: { reason: unknown }): void {
    if (this.#over) return
    // Without reading ahead, a message that has begun belongs to this call: no other call may receive the rest of it.
    if (!this.#owner.readAhead && this.#reading.reader.insideMessage) {
      this.#ending = failure
      return
    }
    this.#over = true
    this.#owner.onConsumed()
    this.settled?.()
    if (failure) this.#reject(failure.reason)
    else this.#resolve()
  }
}

/** `result`, if the next message has to wait for it. */
function thenable(result: unknown): PromiseLike<unknown> | undefined {
  if (typeof result !== 'object' || result === null) return undefined
  return typeof (result as Partial<PromiseLike<unknown>>).then === 'function'
    ? (result as PromiseLike<unknown>)
    : undefined
}

/** Throws if `consumer` takes all messages; an idle one is ended instead. */
export function assertGivesWay(consumer: Consumer): void {
  if (!consumer.idle) {
    throw new BusyError('a forEach() takes all messages of this connection: end it by its signal first')
  }
  consumer.end()
}
