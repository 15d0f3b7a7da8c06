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
  /** Removes what listens for its being aborted. */
  settled: (() => void) | undefined
  readonly how: Receive
  readonly #reading: ReadLoop
  readonly #owner: ConsumerOwner
  readonly #callback: (value: unknown) => unknown
  /** A callback runs in the context of the call, not of whatever has brought its message. */
  readonly #context: AsyncResource
  /** The callback has returned a promise: the next message waits for it. */
  #busy = false
  #idle = false
  #over = false
  /** Why it ends behind the message that is being received. */
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

  /** Whether nothing is expected: it takes what comes all the same, keeps nothing alive, and gives way to any other receive. */
  get idle(): boolean {
    return this.#idle
  }

  setIdle(idle: boolean): void {
    this.#idle = idle
    this.#owner.onAwaited()
  }

  /** Hands out what is here, within this turn's share, until the callback asks to wait. */
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

  /** Hands out one message; whether there may be more at once. */
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
    // Where nothing is read ahead, the message that has begun is this call's: nobody else may find its rest.
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

/** Throws where `consumer` takes all messages; one that is idle ends instead. */
export function assertGivesWay(consumer: Consumer): void {
  if (!consumer.idle) {
    throw new BusyError('a forEach() takes all messages of this connection: end it by its signal first')
  }
  consumer.end()
}
